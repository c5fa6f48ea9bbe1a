"""Samples and features: pre-emphasis and split, mel filters, log-mels, files of features."""
