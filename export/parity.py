"""The gate of every export: the exported voice must score speech as the Keras model does."""

from __future__ import annotations

from wavernn_tf.errors import WaveRNNError

EXACT_TOLERANCE = 0.001
"""Largest relative difference in bits per sample with float32 weights: 0.1 %."""
ROUNDED_TOLERANCE = {"bfloat16": 0.005, "int16": 0.005, "int8": 0.03}
"""Largest difference with weights of fewer bits, by type, in bits per sample."""


def limit(reference_bits: float, weight_type: str = "float32") -> float:
    """Largest difference from `reference_bits` that the gate lets pass, in bits per sample."""
    return ROUNDED_TOLERANCE.get(weight_type, EXACT_TOLERANCE * reference_bits)


def check(reference_bits: float, op_bits: float, weight_type: str = "float32") -> float:
    """Compare bits per sample of an exported voice with those of the Keras model.

    Args:
      reference_bits: bits per sample by Keras, in float32.
      op_bits: bits per sample of the same samples by the exported voice.
      weight_type: of the exported voice, a name in `wavernn_tf.export.format.packing.WEIGHT_TYPES`.

    Returns:
      The difference, |op - keras|, in bits per sample.

    Raises:
      WaveRNNError: with both numbers, if they differ by more than `limit`, or are not finite.
    """
    difference, allowed = abs(op_bits - reference_bits), limit(reference_bits, weight_type)
    if not difference <= allowed:  # NaN is refused too
        raise WaveRNNError(
            f"The exported voice is not the trained one: on held-out speech Keras gives "
            f"{reference_bits:.6f} bits per sample, the op with {weight_type} weights "
            f"{op_bits:.6f}, a difference of {difference:.3g} (allowed: {allowed:.3g}). Nothing "
            f"was written. {_WHAT_TO_DO[weight_type]}"
        )
    return difference


_WHAT_TO_DO = {
    "float32": "This is a bug: please report it with the run's config.yaml.",
    "bfloat16": "Export this voice with --weights float32.",
    "int16": "Export this voice with --weights float32.",
    "int8": "Export this voice with --weights int16, bfloat16 or float32.",
}
