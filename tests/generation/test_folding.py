"""Folding: every sample at its place, and back; the dependency rule by its picture."""

import numpy as np
import pytest

from wavernn_tf.generation import folding


@pytest.mark.parametrize("batch", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("rest", [(), (3,), (3, 2)])
def test_sub_tensors_interleave(batch, rest):
    n = 5 * batch
    u = np.random.default_rng(0).standard_normal([2, n, *rest]).astype(np.float32)
    folded = folding.fold(u, batch).numpy()
    assert folded.shape == (2 * batch, 5, *rest)
    for waveform in range(2):
        for s in range(batch):
            np.testing.assert_array_equal(folded[waveform * batch + s], u[waveform, s::batch])
    np.testing.assert_array_equal(folding.unfold(folded, batch), u)


def test_the_rule_is_the_picture():
    seen = {(k, z) for z in range(3) for k in range(4) if folding.may_see((1, 1), (k, z), 3, 1)}
    assert seen == {(0, 0), (1, 0), (2, 0), (0, 1)}
    assert not folding.may_see((1, 1), (-1, 0), 3, 1)
    assert not folding.may_see((1, 1), (0, 3), 3, 1)
