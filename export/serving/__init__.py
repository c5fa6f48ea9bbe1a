"""Making a SavedModel for TF Serving."""
