"""Recordings are scored piece by piece: the same bits as at once, in the memory of a piece."""

import subprocess
import sys
from pathlib import Path
from typing import Iterator

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.small import small_config
from tests.helpers.subscale import subscale_config
from wavernn_tf.audio import signal
from wavernn_tf.generation import sampling
from wavernn_tf.models import wavernn
from wavernn_tf.models.segments import Segments
from wavernn_tf.voice import weights

BATCHES = (1, 4, 16)


class Case:
    """A small voice whose conditioning, states and network are heard, and a recording.

    Args:
      batch: B.
      frames: of the recording, the last one not whole.
    """

    def __init__(self, batch: int, frames: int) -> None:
        self.config = subscale_config(batch, pre_emphasis=0.85) if batch > 1 else small_config()
        self.model = wavernn.build(self.config)
        rng = np.random.default_rng(0)
        arrays = [rng.standard_normal(w.shape) * 0.2 for w in self.model.get_weights()]
        self.model.set_weights(arrays)
        self.weights = weights.extract(self.model)
        around = self.config.past + self.config.lookahead
        shape = [around + frames, self.config.n_features]
        self.padded = rng.standard_normal(shape).astype(np.float32)
        samples = frames * self.config.mel.hop_length - 7
        self.audio = rng.integers(-9000, 9000, samples).astype(np.int16)

    def score(self) -> np.ndarray:
        """`sampling.score` as a graph, with the blocks of now."""

        def compute(features: tf.Tensor, audio: tf.Tensor) -> tf.Tensor:
            return sampling.score(features, audio, self.config, self.weights)

        score = tf.function(compute, autograph=False)
        return score(self.padded[None], self.audio[None])[0].numpy()

    def codes(self) -> np.ndarray:
        batch = self.config.model.subscale.batch
        s = signal.pre_emphasis(self.audio, self.config.signal.pre_emphasis)
        s = np.pad(s, (batch, -len(s) % batch))
        coarse, fine = signal.split(s, self.config.signal.sample_offset)
        return np.int32(256 * coarse + fine)

    def segments(self, frames: int) -> Iterator[tuple]:
        """The outputs of the Keras model, so many frames at once."""
        made = Segments(self.config)
        made.set_weights(self.model.get_weights())
        batch = self.config.model.subscale.batch
        found = made.run(self.padded, "codes", self.codes(), batch, frames)
        return ((o["coarse"][0], o["fine"][0]) for _, o in found)


@pytest.mark.parametrize("batch", BATCHES)
def test_pieces_do_not_change_a_bit(batch, monkeypatch):
    case = Case(batch, 37)
    whole = case.score()
    monkeypatch.setattr(sampling, "BLOCK_SAMPLES", 300)
    blocks = case.score()
    np.testing.assert_array_equal(blocks, whole)
    assert np.abs(whole).max() > 1
    logits = case.model({"features": case.padded[None], "codes": case.codes()[None]})
    pieces = list(case.segments(5))
    assert len(pieces) > 3 and len(list(case.segments(100))) == 1
    for found, name in zip(zip(*pieces), ("coarse", "fine")):
        np.testing.assert_array_equal(np.concatenate(found), logits[name][0])

    # Canary: what came before a block counts in it, and with it what is in front of the network.
    per_block = sampling.block_shape(case.config)[1] * case.config.mel.hop_length
    assert per_block < len(case.audio) / 3
    case.audio[per_block - 3] += 2000
    assert np.abs(case.score() - blocks)[per_block + batch :].max() > 1e-3


def measure() -> None:
    """Print how many megabytes more long recordings need than short ones, and in one piece."""

    def run(batch: int, frames: int) -> None:
        case = Case(batch, frames)
        case.score()
        for _ in case.segments(200):
            pass

    def peak() -> float:
        # `getrusage` would tell the largest of this program and of the one that started it.
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    for batch in (1, 16):
        run(batch, 250)
    short = peak()
    for batch in (1, 16):
        run(batch, 3000)
    in_pieces = peak()
    sampling.BLOCK_SAMPLES = 10**6
    Case(16, 3000).score()
    print("growth", in_pieces - short, peak() - in_pieces)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_recording():
    """In a process of its own: TensorFlow keeps what it had, in which a growth would hide."""
    done = subprocess.run(
        [sys.executable, "-c", "from tests.models import test_segments; test_segments.measure()"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    pieces, whole = map(float, done.stdout.split("growth")[1].split())
    assert pieces < 100 and whole > 150, (pieces, whole)
