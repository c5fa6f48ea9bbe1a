"""Timing exported voices."""
