"""The form of features, wherever they come from."""

import numpy as np
import pytest

from wavernn_tf.audio import feature_files
from wavernn_tf.errors import WaveRNNError


def test_good_features_come_back_as_float32():
    mel = np.arange(12, dtype=np.float64).reshape(4, 3)[:, ::-1]
    checked = feature_files.check(mel, 3)
    assert checked.dtype == np.float32 and checked.flags.c_contiguous
    np.testing.assert_array_equal(checked, mel)


@pytest.mark.parametrize(
    ("mel", "expected"),
    [
        (np.zeros([4, 3], np.int16), "Expected features of a float type; got int16"),
        (np.zeros([4, 2]), r"Expected features of shape \[frames, 3\]; got \[4, 2\]\.$"),
        (np.zeros([3, 4]), r"got \[3, 4\]\. It is transposed"),
        (np.zeros([1, 4, 3]), r"got \[1, 4, 3\]\. It has a batch axis"),
        (np.zeros([0, 3]), "The features hold no frame"),
        (np.array([[0.0] * 3, [0, np.nan, 0]]), "NaN or infinity, first in frame 1"),
    ],
)
def test_bad_features_are_told(mel, expected):
    with pytest.raises(WaveRNNError, match=expected):
        feature_files.check(mel, 3)
    with pytest.raises(WaveRNNError, match="^a.npy: (expected|the) "):
        feature_files.check(mel, 3, "a.npy")


def test_files_are_checked_as_arrays_are(tmp_path):
    np.save(tmp_path / "a.npy", np.full([2, 3], np.inf))
    with pytest.raises(WaveRNNError, match="a.npy: the features hold NaN or infinity"):
        feature_files.read(tmp_path / "a.npy", 3)
