"""What the op refuses: bad calls, and constants that lie."""

import numpy as np
import pytest

from tests.native.models import (
    FEATURES,
    HOP,
    PROJECTION,
    STATE,
    convert,
    inputs,
    make_config,
    make_weights,
    tensors,
)

BAD_CALLS = {
    "NaN temperature": ({"temperature": np.float32([np.nan])}, "expected finite temperature"),
    "cold": ({"temperature": np.float32([-1])}, r"expected temperature >= 0; got -1"),
    "position": ({"position": np.int64([-1])}, r"expected position in \[0, .*; got -1"),
    "infinite state": (
        {"state": np.full((1, STATE + 2), np.inf, np.float32)},
        "expected finite state; got inf",
    ),
    "width of state": (
        {"state": np.zeros((1, STATE), np.float32)},
        r"expected state of shape \[1, 34\]; got \[1, 32\]|mismatch",
    ),
    "batch": ({"seed": np.zeros(2, np.int64)}, r"expected seed of shape \[1\]; got \[2\]"),
    "few frames": (
        {"features": np.zeros((1, 2, FEATURES), np.float32)},
        r"expected features of at least 3 frames \(1 \+ 1 before \+ 1 after\); got 2",
    ),
    "NaN features": (
        {"features": np.full((1, 3, FEATURES), np.nan, np.float32)},
        r"expected finite features; got -?nan at element 0 of shape \[1, 3, 5\]",
    ),
}


@pytest.mark.parametrize("change, message", BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_call_is_an_error(load, exported, change, message):
    runner = load(exported()[-1]).get_signature_runner("generate")
    with pytest.raises((RuntimeError, ValueError), match=message):
        runner(**inputs(**change))
    runner(**inputs())  # and the next call works


@pytest.mark.parametrize("samples", [0, 7 * HOP, 8 * HOP + 1])
def test_audio_must_end_in_the_last_frame(load, exported, samples):
    runner = load(exported()[-1]).get_signature_runner("score")
    audio = np.zeros((1, samples), np.int16)
    with pytest.raises((RuntimeError, ValueError), match="expected 85 to 96 samples of audio"):
        runner(features=inputs()["features"], audio=audio)


def edit(name, index, value):
    """A change of one element of the tensor `name`."""

    def change(arrays):
        changed = arrays[name].copy()
        changed.flat[index] = value
        return name, changed

    return change


def swapped_columns(arrays):
    """Two columns of one block row out of order."""
    offsets, columns = arrays["O1.row_offsets"], arrays["O1.columns"].copy()
    row = int(np.argmax(np.diff(offsets) >= 2))
    columns[offsets[row] : offsets[row] + 2] = columns[offsets[row] : offsets[row] + 2][::-1]
    return "O1.columns", columns


BAD_VALUES = {
    "magic": (edit("config", 0, 1), "expected the config's magic 0x4E4E5257; got 0x00000001"),
    "newer schema": (
        edit("config", 1, 2),
        r"model schema 2 is newer than this library \(1\): upgrade wavernn-tf",
    ),
    "old schema": (edit("config", 1, 0), r"expected a model schema in \[1, 1\]; got 0"),
    "odd state": (edit("config", 2, 33), "expected an even state_size; got 33"),
    "other state": (edit("config", 2, 64), r"expected cond_kernel of shape \[7, 192\]; got"),
    "hop": (edit("config", 5, 13), "expected hop_length divisible by"),
    "pre-emphasis": (edit("config", 7, 0x7FC00000), r"expected pre_emphasis in \[0, 1\); got nan"),
    "huge layers": (edit("config", 8, 1 << 30), r"expected n_conv in \[1, 256\]; got 1073741824"),
    "more layers": (edit("config", 9, 3), r"expected upsample\[2\].kernel of shape"),
    "context": (edit("config", 10, 2), "expected past = lookahead = 1.*; got 2 and 1"),
    "reserved": (edit("config", 15, 1), r"expected config\[15\] = 0 \(reserved\); got 1"),
    "first offset": (edit("O1.row_offsets", 0, 1), r"expected O1.row_offsets\[0\] = 0; got 1"),
    "offsets fall": (edit("O1.row_offsets", 1, 99), r"expected O1.row_offsets not to fall"),
    "last offset": (edit("O1.row_offsets", -1, 99), "expected the last of O1.row_offsets = "),
    "negative column": (edit("O3.columns", 0, -1), r"expected O3.columns in \[0, 4\); got -1"),
    "high column": (edit("R_r.columns", -1, 8), r"recurrent_r.columns in \[0, 8\); got 8"),
    "columns fall": (swapped_columns, "expected O1.columns to rise within a block row"),
}


@pytest.mark.parametrize("change, message", BAD_VALUES.values(), ids=BAD_VALUES)
def test_malformed_value_is_an_error(load, exported, change, message):
    config, weights, content = exported()
    arrays = tensors(config, weights)
    name, changed = change(arrays)
    assert arrays[name].tobytes() in content
    content = content.replace(arrays[name].tobytes(), changed.tobytes())
    runner = load(content).get_signature_runner("generate")
    with pytest.raises((RuntimeError, ValueError), match=message):
        runner(**inputs())


BAD_TENSORS = {
    "dtype": ({"O1.bias": np.zeros(PROJECTION, np.int32)}, "expected O1.bias to be float32; got"),
    "shape": (
        {"input_bias": np.zeros(95, np.float32)},
        r"expected input_bias of shape \[96\]; got \[95\]",
    ),
    "rank": ({"config": np.zeros((1, 16), np.int32)}, r"expected config of shape \[16\]; got \[1,"),
    "block": (
        {"O4.values": np.zeros((3, 8, 2), np.float32)},
        r"expected O4.values of shape \[\?, 4, 4\] or \[\?, 1, 16\]; got \[3, 8, 2\]",
    ),
    "columns": ({"O4.columns": np.zeros(3, np.int16)}, "expected O4.columns of shape"),
    "offsets": (
        {"O2.row_offsets": np.zeros(9, np.int32)},
        r"expected O2.row_offsets of shape \[65\]; got \[9\]",
    ),
    "one missing": ({"O4.bias": None}, "expected a tensor for O4.bias; got only"),
    "one more": ({"extra": np.ones(3, np.float32)}, "expected 38 weight tensors; got 39"),
}


@pytest.mark.parametrize("change, message", BAD_TENSORS.values(), ids=BAD_TENSORS)
def test_malformed_tensor_is_an_error(load, tmp_path, change, message):
    config = make_config()
    arrays = {**tensors(config, make_weights(config)), **change}
    content = convert([a for a in arrays.values() if a is not None], tmp_path)
    runner = load(content).get_signature_runner("score")
    with pytest.raises((RuntimeError, ValueError), match=message):
        runner(features=inputs()["features"], audio=np.zeros((1, 8 * HOP), np.int16))
