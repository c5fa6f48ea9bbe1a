"""The gate of every export: the exported voice must score speech as the Keras model does."""

from __future__ import annotations

from wavernn_tf.errors import WaveRNNError

TOLERANCE = 0.001
"""Largest relative difference in bits per sample: 0.1 %."""


def check(
    reference_bits: float, op_bits: float, tolerance: float = TOLERANCE, name: str = "the op"
) -> float:
    """Compare bits per sample of an exported voice with those of the Keras model.

    Args:
      reference_bits: bits per sample by Keras.
      op_bits: bits per sample of the same samples by the exported voice.
      tolerance: largest relative difference.
      name: what gave `op_bits`, for the message.

    Returns:
      The relative difference, |op - keras| / keras.

    Raises:
      WaveRNNError: with both numbers, if they differ by more, or are not finite.
    """
    ratio = abs(op_bits - reference_bits) / reference_bits
    if not ratio <= tolerance:  # NaN is refused too
        raise WaveRNNError(
            f"The exported voice is not the trained one: on held-out speech Keras gives "
            f"{reference_bits:.6f} bits per sample, {name} {op_bits:.6f}, a relative difference of "
            f"{ratio:.3g} (allowed: {tolerance:g}). Nothing was written. This is a bug: please "
            "report it with the run's config.yaml."
        )
    return ratio
