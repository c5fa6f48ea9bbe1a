"""Bits per sample, checks of the signal, pictures, and the HTML report."""
