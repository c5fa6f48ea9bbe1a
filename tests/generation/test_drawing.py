"""Drawing a byte: the classes of the plain search in float64, never one without a weight."""

import numpy as np
import tensorflow as tf

from wavernn_tf.generation import drawing

ROWS = 400
LAST = np.float32(1 - 2.0**-24)
"""The largest uniform number."""


def drawn(logits, temperature, uniform):
    rows = len(logits)
    temperatures = tf.fill([rows, 1], np.float32(temperature))
    uniform = np.broadcast_to(np.float32(uniform), [rows])[:, None]
    found = drawing.class_at(drawing.weigh(tf.constant(logits), temperatures), uniform)
    return found.numpy()


def searched(logits, temperature, uniform):
    """Classes and distances from the boundaries, in float64."""
    logits = logits.astype(np.float64)
    weights = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
    ends = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    classes = (ends <= np.asarray(uniform)[:, None]).sum(axis=1)
    return classes, np.abs(ends - np.asarray(uniform)[:, None]).min(axis=1)


def some_logits(scale, seed=0):
    rng = np.random.default_rng(seed)
    return (scale * rng.standard_normal([ROWS, 256])).astype(np.float32), rng


def test_classes_are_those_of_the_plain_search():
    for scale, temperature in [(0.1, 1.0), (3.0, 1.0), (8.0, 0.7), (3.0, 20.0)]:
        logits, rng = some_logits(scale)
        uniform = rng.random(ROWS)
        expected, margin = searched(logits, temperature, np.float32(uniform))
        found = drawn(logits, temperature, uniform)
        differ = found != expected
        # 256 sums in float32, each within 2^-24 of its own size.
        assert margin[differ].max(initial=0) < 256 * 2.0**-24
        assert differ.mean() < 0.01 and len(set(found)) > 20


def test_a_class_without_a_weight_is_never_drawn():
    logits, rng = some_logits(2.0)
    logits[rng.random(logits.shape) < 0.8] = -1e9
    logits[:, 240:] = -1e9  # the last span: nothing to be drawn
    logits[:, 7] = 0.0
    for uniform in (0.0, 0.5, LAST, *rng.random(20)):
        found = drawn(logits, 1.0, uniform)
        assert (logits[np.arange(ROWS), found] > -1e8).all()


def test_the_ends_of_the_uniform_numbers_take_the_ends_of_the_classes():
    logits, _ = some_logits(0.5)
    assert (drawn(logits, 1.0, 0.0) == 0).all()
    assert (drawn(logits, 1.0, LAST) >= 254).all()


def test_a_tiny_temperature_takes_the_first_of_the_likeliest():
    logits, _ = some_logits(1.0)
    logits[:, 100] = logits[:, 30] = logits.max() + 1
    assert (drawn(logits, drawing.GREEDY, 0.0) == 30).all()
