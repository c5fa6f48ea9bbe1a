"""The first and the last frame again."""

import numpy as np

from wavernn_tf.audio.edges import pad_edges


def test_frames_are_repeated():
    frames = np.array([[1, 2], [3, 4]], np.float32)
    padded = pad_edges(frames, 2, 1)
    assert padded.dtype == np.float32
    np.testing.assert_array_equal(padded, [[1, 2], [1, 2], [1, 2], [3, 4], [3, 4]])
    np.testing.assert_array_equal(pad_edges(frames, 0, 0), frames)
    np.testing.assert_array_equal(pad_edges(np.array([5, 6]), 1, 2), [5, 5, 6, 6, 6])
