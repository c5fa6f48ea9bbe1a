"""The description (`VoiceInfo`) of a voice about to be exported."""

from __future__ import annotations

import hashlib
from typing import Dict, Mapping, Sequence

import numpy as np

import wavernn_tf
from wavernn_tf.config import Config
from wavernn_tf.config.matrices import matrix_blocks
from wavernn_tf.voice.metadata import VoiceInfo
from wavernn_tf.voice.sparsity import matrix_sparsity
from wavernn_tf.voice.weights import Weights, named_arrays


def weights_hash(weights: Weights) -> str:
    """SHA-256 over the names, shapes and float32 values of all trained arrays, hex."""
    digest = hashlib.sha256()
    for name, array in named_arrays(weights).items():
        digest.update(f"{name}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array, np.float32).tobytes())
    return digest.hexdigest()


def describe(
    config: Config,
    weights: Weights,
    feature_stats: Mapping[str, Sequence[float]],
    bits_per_sample: Mapping[str, float],
    weight_type: str = "float32",
) -> VoiceInfo:
    """Describe a voice.

    Args:
      config: the voice's configuration.
      weights: its dense float32 arrays, as trained.
      feature_stats: "mean" and "std" of every feature over the training data.
      bits_per_sample: measured on held-out speech, by backend; may be empty.
      weight_type: what the artefact will hold them in, a name in `packing.WEIGHT_TYPES`.
    """
    report = matrix_sparsity(weights, config)
    blocks = matrix_blocks(config)
    statistics: Dict[str, tuple] = {
        name: tuple(round(float(v), 6) for v in feature_stats[name]) for name in ("mean", "std")
    }
    return VoiceInfo(
        mel=config.mel,
        signal=config.signal,
        state_size=config.model.state_size,
        projection_size=config.model.projection_size,
        past=config.past,
        lookahead=config.lookahead,
        steps_per_frame=config.model.conditioning.steps_per_frame,
        subscale=config.model.subscale,
        extra_inputs=config.model.extra_inputs,
        weights=weight_type,
        blocks=blocks,
        sparsity={name: matrix.sparsity for name, matrix in report.items()},
        nonzeros=sum(matrix.nonzeros for matrix in report.values()),
        weights_hash=weights_hash(weights),
        feature_mean=statistics["mean"],
        feature_std=statistics["std"],
        bits_per_sample=dict(bits_per_sample),
        producer=f"wavernn-tf {wavernn_tf.__version__}",
    )
