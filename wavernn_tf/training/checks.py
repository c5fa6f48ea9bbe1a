"""What is checked before the first step, and told to the user."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, List, Tuple, Union

import numpy as np

from wavernn_tf.config import Config
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import dataset
from wavernn_tf.pipelines.manifest import Manifest
from wavernn_tf.voice.weights import ESTIMATOR


def check_data(folder: Union[str, Path], config: Config) -> Tuple[Dict[str, Any], List[str]]:
    """Check prepared data against a configuration; every record is read once.

    The recipe, rate, hop and signal settings must be those of the configuration; there must be
    windows in both splits; the first batch must have the right shapes and finite values.

    Returns:
      The data's description (path, fingerprint, feature statistics), and remarks for the user.

    Raises:
      WaveRNNError: naming what differs and what to do.
    """
    manifest = Manifest.load(folder)
    manifest.check(config)
    remarks = []
    count = dataset.count_windows(manifest, config)
    if count.short:
        remarks.append(
            f"{len(count.short)} training utterances are shorter than a window of "
            f"{config.training.window} samples and are left out"
        )
    if 0 < count.windows < config.training.batch_size:
        remarks.append(
            f"a data epoch has {count.windows} windows, fewer than a batch of "
            f"{config.training.batch_size}: batches will repeat data"
        )
    remarks += _pruning_remarks(config)
    dataset.check_records(folder)
    blank = _blank_estimator(config)  # the real one is trained once the data are known to be good
    for split, batches in (
        ("train", dataset.training_windows(folder, config, estimator=blank)),
        ("held_out", dataset.heldout_windows(folder, config, estimator=blank)),
    ):
        _check_batch(next(iter(batches)), split, config)
    description = {
        "path": str(Path(folder).resolve()),
        "fingerprint": _fingerprint(manifest),
        "hours": manifest.train.hours,
        "windows": count.windows,
        "mel_fingerprint": manifest.mel.fingerprint,
        "feature_mean": list(manifest.feature_mean),
        "feature_std": list(manifest.feature_std),
    }
    return description, remarks


def _pruning_remarks(config: Config) -> List[str]:
    """What keeps the pruning schedule from its sparsity."""
    pruning, steps = config.pruning, config.training.steps
    if not pruning.enabled or not any((*pruning.gate_sparsity, *pruning.head_sparsity)):
        return []
    # The masks are renewed at begin_step, and every `frequency` steps up to end_step.
    until = min(pruning.end_step, steps) - pruning.begin_step
    if until < 0:
        reached = 0.0
    else:
        span = max(pruning.end_step - pruning.begin_step, 1)
        reached = 1.0 - (1.0 - until // pruning.frequency * pruning.frequency / span) ** 3
    if reached >= _NEARLY:
        return []
    final = max((*pruning.gate_sparsity, *pruning.head_sparsity))
    if pruning.end_step > steps:
        why = f"pruning.end_step {pruning.end_step} lies beyond training.steps {steps}"
    else:
        why = (
            f"pruning.frequency {pruning.frequency} is too long for the steps from "
            f"pruning.begin_step {pruning.begin_step} to pruning.end_step {pruning.end_step}"
        )
    return [
        f"pruning will stop at {100 * final * reached:.1f} % zero blocks instead of "
        f"{100 * final:.1f} %: {why}"
    ]


_NEARLY = 0.99
"""Share of the final sparsity that passes for it."""


def _fingerprint(manifest: Manifest) -> str:
    """Of everything that decides the batches, wherever the folder lies."""
    utterances = [[u.id, u.frames] for u in manifest.train.utterances]
    held_out = [[u.id, u.frames] for u in manifest.held_out.utterances]
    shards = [len(manifest.train.shards), len(manifest.held_out.shards)]
    text = json.dumps([manifest.mel.fingerprint, utterances, held_out, shards])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _blank_estimator(config: Config) -> dataset.Layers:
    """A pitch estimator that knows nothing, of the right shape."""
    if config.signal.pitch != "estimated":
        return ()
    layers, width = [], config.mel.n_mels
    for size, channels in ESTIMATOR:
        layers.append(
            (np.zeros([size, width, channels], np.float32), np.zeros(channels, np.float32))
        )
        width = channels
    return tuple(layers)


def _check_batch(batch: Any, split: str, config: Config) -> None:
    inputs, targets = batch
    frames = dataset.window_frames(config) + config.past + config.seen_ahead
    expected = {
        "features": [frames, config.n_features],
        "inputs": [config.training.window, config.model.input_rows],
        "codes": [config.model.subscale.batch + config.training.window],
        "coarse": [config.training.window],
        "fine": [config.training.window],
    }
    for name, tensor in {**inputs, **targets}.items():
        shape = tensor.shape.as_list()[1:]
        if shape != expected[name]:
            raise WaveRNNError(f"{split}: expected `{name}` {expected[name]}; got {shape}.")
        if not np.all(np.isfinite(tensor.numpy())):
            raise WaveRNNError(
                f"{split}: `{name}` holds NaN or infinity; look for broken recordings or features "
                "and prepare again."
            )
