"""From a trained voice to TFLite, a SavedModel, and the runtime that needs no TensorFlow."""
