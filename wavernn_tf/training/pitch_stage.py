"""The first stage of a training run with estimated pitch: the pitch estimator.

It learns, from a few frames of the corpus' features, the class that autocorrelation finds in the
recordings (`wavernn_tf.prediction.pitch.targets`). The result is kept in RUN/pitch.npz: a
finished stage is not repeated, and one that was killed starts again, to the same weights.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Tuple, Union

import numpy as np
import tensorflow as tf

from wavernn_tf import files
from wavernn_tf._keras import keras, set_seed
from wavernn_tf.audio.edges import pad_edges
from wavernn_tf.config import ESTIMATOR_REACH, Config
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.layers import PitchEstimator
from wavernn_tf.models.run_folder import RunFolder
from wavernn_tf.pipelines import dataset
from wavernn_tf.prediction import pitch
from wavernn_tf.voice.weights import ESTIMATOR, fold_standardisation

Layers = Tuple[Tuple[np.ndarray, np.ndarray], ...]

STEPS = 5000
BATCH = 256
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-2
DROPOUT = 0.1
SPLITS = ("train", "held_out")
MAX_FRAMES = 1_000_000
"""Training frames, at most: some three hours; more do not change a network of this size."""


@dataclasses.dataclass(frozen=True)
class Estimator:
    """A trained pitch estimator.

    Attributes:
      layers: (kernel [k, in, out], bias [out]) of every convolution, on standardised features.
      accuracy: share of the held-out frames, voiced by autocorrelation, for which the likeliest
        voiced class is at most one off.
      voicing: share of the held-out frames that are rightly called voiced or unvoiced.
    """

    layers: Layers
    accuracy: float
    voicing: float


class _Examples(NamedTuple):
    """Frames and what they are.

    Attributes:
      mel: float32 [rows, n_mels], standardised.
      first: int32 [n], where in `mel` the frames that the estimator sees of an example begin.
      classes: int32 [n].
    """

    mel: np.ndarray
    first: np.ndarray
    classes: np.ndarray


def run(
    data: Union[str, Path],
    folder: RunFolder,
    config: Config,
    description: Dict[str, Any],
    echo: Callable[[str], None] = print,
) -> Layers:
    """Train the estimator, or read the one that this run has.

    Args:
      data: folder made by `wavernn_tf.pipelines.prepare`.
      folder: of the run.
      config: recipe, pitch and seed.
      description: from `checks.check_data`; gives the feature statistics.
      echo: prints one line.

    Returns:
      The layers, on raw features: the standardisation is folded in, as `Weights.pitch` has it.
      Nothing unless the pitch is estimated.

    Raises:
      WaveRNNError: if the run's estimator is damaged, or the recordings hold no voiced frame.
    """
    if config.signal.pitch != "estimated":
        return ()
    path = folder.pitch
    if path.is_file():
        found = load(path)
    else:
        echo("pitch: training the estimator on the corpus' own autocorrelation")
        found = fit(data, config, description)
        save(found, path)
    echo(
        f"pitch: {100 * found.accuracy:.1f} % of held-out voiced frames within one class (2.8 %), "
        f"{100 * found.voicing:.1f} % rightly voiced or unvoiced"
    )
    n_mels = config.mel.n_mels
    mean, std = (np.array(description[f"feature_{k}"])[:n_mels] for k in ("mean", "std"))
    return fold_standardisation(found.layers, mean, std)


def adopt(source: RunFolder, folder: RunFolder, config: Config) -> None:
    """Take the estimator of another run, if it fits the recipe and this run has none yet."""
    wanted = config.signal.pitch == "estimated" and not folder.pitch.exists()
    if wanted and source.pitch.is_file():
        found = load(source.pitch)
        if found.layers[0][0].shape[1] == config.mel.n_mels:
            save(found, folder.pitch)


def install(model: Any, path: Path) -> None:
    """Copy the weights of RUN/pitch.npz to the estimator of a model from `wavernn.build`.

    Raises:
      WaveRNNError: if the file is damaged, or of other sizes.
    """
    layer = next(layer for layer in model.layers if isinstance(layer, PitchEstimator))
    arrays = [array for pair in load(path).layers for array in pair]
    expected = [array.shape for array in layer.get_weights()]
    if [array.shape for array in arrays] != expected:
        raise WaveRNNError(
            f"{path} does not fit the model: it holds {[list(a.shape) for a in arrays]}, expected "
            f"{[list(shape) for shape in expected]}. Delete it to train it again."
        )
    layer.set_weights(arrays)


_MOST_BYTES = 1 << 26
"""Of an estimator's arrays; a mel of 1,000 bands would take a tenth of it."""


def save(found: Estimator, path: Path) -> None:
    """Write RUN/pitch.npz, whole or not at all."""
    arrays: Dict[str, Any] = {"accuracy": found.accuracy, "voicing": found.voicing}
    for i, (kernel, bias) in enumerate(found.layers):
        arrays[f"kernel_{i}"], arrays[f"bias_{i}"] = kernel, bias
    with files.replacing(path) as part:
        np.savez(part, **arrays)


def load(path: Path) -> Estimator:
    """Read RUN/pitch.npz.

    Raises:
      WaveRNNError: if it is damaged.
    """
    try:
        files.check_npz(path, _MOST_BYTES)
        with np.load(path, allow_pickle=False) as arrays:
            layers = tuple((arrays[f"kernel_{i}"], arrays[f"bias_{i}"]) for i in range(3))
            for array in (array for pair in layers for array in pair):
                if array.dtype != np.float32 or not np.isfinite(array).all():
                    raise ValueError("expected finite float32 arrays")
            return Estimator(layers, float(arrays["accuracy"]), float(arrays["voicing"]))
    except Exception as error:  # zipfile, zlib and NumPy each raise their own
        raise WaveRNNError(
            f"{path} is damaged ({error!r}): delete it to train it again."
        ) from error


def fit(data: Union[str, Path], config: Config, description: Dict[str, Any]) -> Estimator:
    """Train the estimator: AdamW, cross entropy, the same weights for the same seed.

    Args:
      data: folder made by `wavernn_tf.pipelines.prepare`.
      config: recipe and seed.
      description: gives the feature statistics.

    Raises:
      WaveRNNError: if the training recordings hold no voiced frame.
    """
    train, held_out = (_examples(data, split, config, description) for split in SPLITS)
    if not np.any(train.classes < pitch.VOICED):
        raise WaveRNNError(
            f"{data}: autocorrelation finds no voiced frame in the training recordings, so there "
            "is no pitch to learn. Are they speech? Set `signal.pitch` to off to train without."
        )
    seed = config.training.seed
    set_seed(seed)
    model = _network(config.mel.n_mels, seed)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, STEPS)
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY),
        loss=keras.losses.SparseCategoricalCrossentropy(),
    )
    mel, first, classes = map(tf.constant, train)
    seen = tf.range(2 * ESTIMATOR_REACH + 1)

    def batch(chosen: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
        frames = tf.gather(first, chosen)[:, None] + seen  # [batch, 5]
        return tf.gather(mel, frames), tf.gather(classes, chosen)[:, None]

    order = np.random.default_rng(seed).integers(0, len(train.classes), [STEPS, BATCH])
    batches = tf.data.Dataset.from_tensor_slices(order).map(batch).prefetch(4)
    model.fit(batches, epochs=1, verbose=0, shuffle=False)
    weights = model.get_weights()
    layers = tuple(zip(weights[::2], weights[1::2]))
    return Estimator(layers, *_accuracy(held_out, layers))


def _network(n_mels: int, seed: int) -> Any:
    """The estimator with dropout between its convolutions, which in use does nothing."""
    x = inputs = keras.Input([None, n_mels])
    for i, (size, channels) in enumerate(ESTIMATOR):
        last = i + 1 == len(ESTIMATOR)
        x = keras.layers.Conv1D(channels, size, activation="softmax" if last else "relu")(x)
        if not last:
            x = keras.layers.Dropout(DROPOUT, seed=seed + i)(x)
    return keras.Model(inputs, x)


def _examples(
    data: Union[str, Path], split: str, config: Config, description: Dict[str, Any]
) -> _Examples:
    """The frames of a split, the edges of every utterance repeated."""
    n_mels = config.mel.n_mels
    mean, std = (np.array(description[f"feature_{k}"])[:n_mels] for k in ("mean", "std"))
    mels: List[np.ndarray] = []
    first: List[np.ndarray] = []
    classes: List[np.ndarray] = []
    rows = frames = 0
    for utterance in dataset.utterances(data, split):
        found = pitch.targets(utterance.audio, config.mel.sample_rate, config.mel.hop_length)
        mel = ((utterance.mel[:, :n_mels] - mean) / std).astype(np.float32)
        mels.append(pad_edges(mel, ESTIMATOR_REACH, ESTIMATOR_REACH))
        classes.append(found)
        first.append(rows + np.arange(len(found), dtype=np.int32))
        rows, frames = rows + len(mels[-1]), frames + len(found)
        if frames >= MAX_FRAMES:
            break
    return _Examples(np.concatenate(mels), np.concatenate(first), np.concatenate(classes))


def _accuracy(held_out: _Examples, layers: Layers) -> Tuple[float, float]:
    """`Estimator.accuracy` and `Estimator.voicing`."""
    q, classes = pitch.estimate(held_out.mel, layers)[held_out.first], held_out.classes
    voiced = classes < pitch.VOICED
    off = np.abs(np.argmax(q[:, : pitch.VOICED], axis=1) - classes)[voiced]
    called = q[:, pitch.VOICED] < 0.5
    return float(np.mean(off <= 1)) if len(off) else 0.0, float(np.mean(called == voiced))
