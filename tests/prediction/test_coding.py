"""The coded value and its two splits, over all 16-bit values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wavernn_tf.config import SignalConfig
from wavernn_tf.generation import predictors
from wavernn_tf.prediction import coding

VALUES = np.arange(65536)
SPLITS = ("linear", "mulaw")


@settings(max_examples=25, deadline=None, derandomize=True)
@given(p=st.integers(-33023, 32767), split=st.sampled_from(SPLITS), offset=st.integers(0, 255))
def test_the_coded_value_is_a_bijection_of_the_sample(p, split, offset):
    signal = SignalConfig(split=split, sample_offset=offset)
    samples = VALUES - 32768 - signal.offset
    v = coding.value(samples, p, signal)
    assert np.array_equal(np.sort(v), VALUES)
    assert np.array_equal(coding.sample(v, p, signal), samples)
    assert np.array_equal(coding.residual(v, signal), v - 32768 - signal.offset)


def test_the_linear_split_is_high_and_low_byte():
    c, f = coding.encode(VALUES, "linear")
    assert np.array_equal(c * 256 + f, VALUES)
    assert np.array_equal(coding.decode(c, f, "linear"), VALUES)
    assert not coding.shared_nats("linear").any()
    assert np.all(coding.fine_counts("linear") == 256)


def test_the_mulaw_split_covers_every_value():
    assert coding.EDGES[0] == 0 and coding.EDGES[256] == 65536
    assert coding.WIDTHS.min() == 6 and np.all(np.diff(coding.EDGES) > 0)
    c, f = coding.encode(VALUES, "mulaw")
    width = coding.WIDTHS[c]
    assert np.all((coding.EDGES[c] <= VALUES) & (coding.EDGES[c + 1] > VALUES))
    assert np.all(f < coding.fine_counts("mulaw")[c]) and f.max() == 255
    decoded = coding.decode(c, f, "mulaw")
    exact = width <= 256
    assert np.array_equal(decoded[exact], VALUES[exact])
    assert np.all(np.abs(decoded - VALUES) <= np.ceil(width / 256))
    assert np.array_equal(coding.encode(decoded, "mulaw")[0], c)


def test_shared_values_are_counted():
    """exp(shared) is how many values have a (c, f): all classes together have all values."""
    c, f = coding.encode(VALUES, "mulaw")
    counts = np.zeros([256, 256])
    np.add.at(counts, (c, f), 1)
    present = np.arange(256) < coding.fine_counts("mulaw")[:, None]
    assert np.array_equal(counts > 0, present)
    np.testing.assert_allclose(np.exp(coding.shared_nats("mulaw"))[present], counts[present], 1e-6)


def test_silence_is_in_the_middle():
    for split in SPLITS:
        signal = SignalConfig(split=split)
        c, f = coding.start(signal)
        assert c == 128 and coding.residual(coding.decode(c, f, split), signal) == 0
        assert 0 < f < coding.fine_counts(split)[c] - 1


def test_the_logarithmic_scale():
    x = np.array([0, 8, -8, 32768, -32768])
    expected = [0, np.log(2) / np.log(4097), -np.log(2) / np.log(4097), 1, -1]
    np.testing.assert_allclose(coding.logarithmic(x), expected, rtol=1e-6)


@pytest.mark.parametrize("split", SPLITS)
def test_the_tensorflow_twins(split):
    signal = SignalConfig(split=split)
    c, f = coding.encode(VALUES, split)
    np.testing.assert_array_equal(predictors.encode(VALUES.astype(np.int32), split), (c, f))
    np.testing.assert_array_equal(predictors.decode(c, f, split), coding.decode(c, f, split))
    samples = coding.sample(VALUES, 1234, signal)
    np.testing.assert_array_equal(predictors.value(samples, 1234, signal), VALUES)
    np.testing.assert_array_equal(predictors.sample(VALUES.astype(np.int32), 1234, signal), samples)
    np.testing.assert_allclose(
        predictors.logarithmic(samples), coding.logarithmic(samples), rtol=1e-7
    )
    mask = predictors.fine_mask(split)
    assert np.array_equal(mask == 0, np.arange(256) < coding.fine_counts(split)[:, None])
