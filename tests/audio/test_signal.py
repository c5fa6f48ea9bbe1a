"""`wavernn_tf.audio.signal`, by hand, by properties, and against its TensorFlow twin."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wavernn_tf.audio import dsp, signal

AUDIO = hnp.arrays(np.int16, st.integers(1, 200), elements=st.integers(-32768, 32767))
COEFFICIENT = st.integers(0, 97).map(lambda percent: percent / 100)
OFFSET = st.integers(0, 255)
FEW = settings(max_examples=100, deadline=None, derandomize=True)


def test_pre_emphasis_by_hand() -> None:
    # x = 100 100 -50, a = 0.5: 100, 100 - 50, -50 - 50; then half to even: 1, 0 - 0.5 -> -0.
    assert signal.pre_emphasis(np.int16([100, 100, -50]), 0.5).tolist() == [100, 50, -100]
    assert signal.pre_emphasis(np.int16([1, 0, 3, 0]), 0.5).tolist() == [1, 0, 3, -2]
    assert signal.pre_emphasis(np.int16([10, 0]), 0.5, previous=-4).tolist() == [12, -5]


def test_de_emphasis_by_hand() -> None:
    audio, carry = signal.de_emphasis([100, 50, -100], 0.5)
    assert audio.tolist() == [100, 100, -50] and carry == -50
    audio, carry = signal.de_emphasis([32000, 32000], 0.5)
    assert audio.tolist() == [32000, 32767] and carry == 48000  # clipped, but carried whole


def test_split_by_hand() -> None:
    coarse, fine = signal.split([0, 127, 128, -128, -129, 40000, -40000], 128)
    assert coarse.tolist() == [128, 128, 129, 128, 127, 255, 0]
    assert fine.tolist() == [128, 255, 0, 0, 255, 255, 0]


@given(samples=st.lists(st.integers(-32768, 32767 - 255), min_size=1), offset=OFFSET)
@FEW
def test_combine_undoes_split(samples: list, offset: int) -> None:
    assert signal.combine(*signal.split(samples, offset), offset).tolist() == samples


@given(audio=AUDIO, a=COEFFICIENT)
@FEW
def test_de_emphasis_undoes_pre_emphasis(audio: np.ndarray, a: float) -> None:
    restored, _ = signal.de_emphasis(signal.pre_emphasis(audio, a), a)
    # Each sample was rounded by 1/2; the filter sums that to 1/2 (1 + a + a^2 + ...); then the
    # rounding to int16, and float32's 2^-24 of at most 2^17, twice a sample.
    bound = (0.5 + 2.0**-6) / (1 - a) + 0.5
    assert np.abs(restored.astype(int) - audio).max() <= bound


@given(audio=AUDIO, a=COEFFICIENT, cut=st.integers(0, 200))
@FEW
def test_chunks_equal_one_shot(audio: np.ndarray, a: float, cut: int) -> None:
    whole = signal.pre_emphasis(audio, a)
    first, second = audio[:cut], audio[cut:]
    previous = int(first[-1]) if len(first) else 0
    parts = [signal.pre_emphasis(first, a), signal.pre_emphasis(second, a, previous)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    one, end = signal.de_emphasis(whole, a)
    head, carry = signal.de_emphasis(whole[:cut], a)
    tail, last = signal.de_emphasis(whole[cut:], a, carry)
    np.testing.assert_array_equal(np.concatenate([head, tail]), one)
    assert last == end


@given(audio=AUDIO, a=COEFFICIENT, offset=OFFSET)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_tensorflow_equals_numpy(audio: np.ndarray, a: float, offset: int) -> None:
    samples = signal.pre_emphasis(audio, a)
    np.testing.assert_array_equal(dsp.pre_emphasis(tf.constant(audio), a), samples)
    for ours, theirs in zip(dsp.split(tf.constant(samples), offset), signal.split(samples, offset)):
        np.testing.assert_array_equal(ours, theirs)


def test_tensorflow_equals_numpy_in_a_graph() -> None:
    audio = np.random.default_rng(0).integers(-32768, 32768, 100000).astype(np.int16)
    graph = tf.function(lambda x: dsp.split(dsp.pre_emphasis(x, 0.85), 128))
    coarse, fine = signal.split(signal.pre_emphasis(audio, 0.85), 128)
    for ours, theirs in zip(graph(tf.constant(audio)), (coarse, fine)):
        np.testing.assert_array_equal(ours, theirs)


def test_scalar_is_one_division_and_one_subtraction() -> None:
    codes = np.arange(256)
    expected = np.float32(codes) / np.float32(127.5) - np.float32(1)
    np.testing.assert_array_equal(signal.scalar(codes), expected)
    np.testing.assert_array_equal(tf.function(dsp.scalar)(tf.constant(codes)), expected)
    # Canary: the division inside a graph is not that; hence the table.
    inside = tf.function(lambda v: tf.cast(v, tf.float32) / 127.5 - 1.0)(tf.constant(codes))
    assert (inside.numpy() != expected).any()


@pytest.mark.parametrize("a", [0.0, 0.85])
def test_empty_audio(a: float) -> None:
    assert signal.pre_emphasis(np.zeros(0, np.int16), a).shape == (0,)
    audio, carry = signal.de_emphasis(np.zeros(0, np.int32), a, 3.5)
    assert audio.shape == (0,) and carry == 3.5


def test_to_float() -> None:
    codes = np.int16([-32768, 0, 16384])
    for made in (signal.to_float(codes), dsp.to_float(codes).numpy()):
        assert made.dtype == np.float32 and made.tolist() == [-1.0, 0.0, 0.5]
