"""Making a .tflite voice."""
