"""Asking a voice behind TF Serving, over gRPC or REST; REST needs numpy only."""
