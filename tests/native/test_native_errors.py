"""What the op refuses: bad calls, and constants that lie."""

import numpy as np
import pytest

from tests.helpers.native_models import (
    FEATURES,
    HOP,
    PROJECTION,
    STATE,
    convert,
    inputs,
    make_config,
    make_weights,
    rewritten,
    tensors,
)
from wavernn_tf.export.format.packing import WEIGHT_TYPES
from wavernn_tf.voice.metadata import SCHEMA_VERSION

BAD_CALLS = {
    "NaN temperature": ({"temperature": np.float32([np.nan])}, "expected finite temperature"),
    "NaN fine temperature": (
        {"fine_temperature": np.float32([np.inf])},
        "expected finite fine_temperature",
    ),
    "cold fine": (
        {"fine_temperature": np.float32([-2])},
        r"expected fine_temperature >= 0; got -2",
    ),
    "cold": ({"temperature": np.float32([-1])}, r"expected temperature >= 0; got -1"),
    "position": ({"position": np.int64([-1])}, r"expected position in \[0, .*; got -1"),
    "infinite state": (
        {"state": np.full((1, STATE + 2), np.inf, np.float32)},
        "expected finite state; got inf",
    ),
    "large state": (
        {"state": np.float32([[0] * (STATE - 1) + [-1.5, 9, 9]])},
        r"expected the first 32 values of a stream's state in \[-1, 1\]; got -1.5 at element 31 of "
        "stream 0",
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
        edit("config", 1, SCHEMA_VERSION + 1),
        rf"model schema {SCHEMA_VERSION + 1} is newer than this library \({SCHEMA_VERSION}\): "
        "upgrade wavernn-tf",
    ),
    "older schema": (
        edit("config", 1, 1),
        rf"model schema 1 is older than this library \({SCHEMA_VERSION}\): export the model again",
    ),
    "no schema": (edit("config", 1, 0), "model schema 0 is older than this library"),
    "small state": (edit("config", 2, 16), r"expected state_size in \[32, 16384\]; got 16"),
    "odd state": (edit("config", 2, 48), "expected state_size to be a multiple of 32; got 48"),
    "other state": (edit("config", 2, 64), r"expected cond_kernel of shape \[7, 192\]; got"),
    "hop": (edit("config", 5, 13), "expected hop_length divisible by"),
    "pre-emphasis": (edit("config", 7, 0x7FC00000), r"expected pre_emphasis in \[0, 1\); got nan"),
    "huge layers": (edit("config", 8, 1 << 30), r"expected n_conv in \[1, 256\]; got 1073741824"),
    "more layers": (edit("config", 9, 3), r"expected upsample\[2\].kernel of shape"),
    "context": (edit("config", 10, 2), "expected past = lookahead = 1.*; got 2 and 1"),
    "layers of no sub-tensor": (
        edit("config", 15, 1),
        r"expected subscale kernel_size in \[0, 0\]",
    ),
    "first offset": (edit("O1.row_offsets", 0, 1), r"expected O1.row_offsets\[0\] = 0; got 1"),
    "offsets fall": (edit("O1.row_offsets", 1, 99), r"expected O1.row_offsets not to fall"),
    "last offset": (edit("O1.row_offsets", -1, 99), "expected the last of O1.row_offsets = "),
    "negative column": (edit("O3.columns", 0, -1), r"expected O3.columns in \[0, 4\); got -1"),
    "high column": (edit("R_r.columns", -1, 8), r"recurrent_r.columns in \[0, 8\); got 8"),
    "columns fall": (swapped_columns, "expected O1.columns not to fall within a block row"),
    "NaN weight": (
        edit("O1.values", 3, np.nan),
        "expected finite numbers in all of O1.values; got another one at element 3",
    ),
    "NaN in a dense kernel": (
        edit("cond_kernel", 2, np.nan),
        "in all of cond_kernel; .* element 2",
    ),
    "infinite bias": (edit("O3.bias", 9, np.inf), "in all of O3.bias; got another .* element 9"),
    "infinite weight": (edit("R_r.values", 5, -np.inf), "in all of recurrent_r.values"),
}

BAD_NARROW_VALUES = {
    "bfloat16 NaN": ("bfloat16", edit("O2.values", 7, 0x7FC0), "expected finite .* O2.values"),
    "bfloat16 small NaN": (
        "bfloat16",
        edit("O2.values", 7, 0x7F81),
        "expected finite .* element 7",
    ),
    "bfloat16 infinity": (
        "bfloat16",
        edit("R_e.values", 0, 0x7F80),
        "finite .* recurrent_e.values",
    ),
    "bfloat16 -infinity": ("bfloat16", edit("O4.values", 1, -0x80), "expected finite .* O4.values"),
    "int8 -128": (
        "int8",
        edit("O3.values", 2, -128),
        "expected -127 to 127 in all of O3.values; got another one at element 2",
    ),
    "NaN scale": (
        "int8",
        edit("O1.scales", 6, np.nan),
        "expected finite numbers in all of O1.scales; got another one at element 6",
    ),
    "infinite scale": (
        "int8",
        edit("R_u.scales", 0, np.inf),
        "finite numbers in all of recurrent_u.scales; .* element 0",
    ),
    "int16 sums": (
        "int16",
        edit("O4.values", slice(0, 40), 32767),
        "magnitudes in O4.values to sum to at most 262143 for every output; got .* for output",
    ),
    "zero scale": ("int8", edit("O2.scales", -1, 0), "O2.scales > 0; got 0 at block row"),
    "negative scale": (
        "int8",
        edit("O4.scales", 1, -0.5),
        "O4.scales > 0; got -0.5 at block row 1",
    ),
}


@pytest.mark.parametrize(
    "weight_type, change, message",
    [*(("float32", *case) for case in BAD_VALUES.values()), *BAD_NARROW_VALUES.values()],
    ids=[*BAD_VALUES, *BAD_NARROW_VALUES],
)
def test_malformed_value_is_an_error(load, exported, weight_type, change, message):
    config, weights, content = exported(weight_type=weight_type)
    arrays = tensors(config, weights, weight_type)
    name, changed = change(arrays)
    assert arrays[name].tobytes() in content
    content = content.replace(arrays[name].tobytes(), changed.tobytes())
    runner = load(content).get_signature_runner("generate")
    with pytest.raises((RuntimeError, ValueError), match=message):
        runner(**inputs())


def test_blocks_must_fit_their_matrix(load, exported):
    config, weights, content = exported("8x4")
    header = tensors(config, weights)["config"]
    changed = header.copy()
    changed[3] = 36  # the projection
    runner = load(content.replace(header.tobytes(), changed.tobytes()))
    message = r"expected O1 \(36 outputs, 16 inputs\) to be a multiple of its 8x4 blocks"
    with pytest.raises((RuntimeError, ValueError), match=message):
        runner.get_signature_runner("generate")(**inputs())


BAD_TENSORS = {
    "dtype": ({"O1.bias": np.zeros(PROJECTION, np.int32)}, "expected O1.bias to be float32; got"),
    "shape": (
        {"input_bias": np.zeros(95, np.float32)},
        r"expected input_bias of shape \[96\]; got \[95\]",
    ),
    "rank": ({"config": np.zeros((1, 16), np.int32)}, r"expected config of shape \[\?\]; got \[1,"),
    "block": (
        {"O4.values": np.zeros((3, 8, 2), np.float32)},
        r"expected O4.values of shape \[\?, 4, 4\], \[\?, 1, 16\] or \[\?, 4, 8\]; got \[3, 8, 2\]",
    ),
    "rank of blocks": (
        {"O4.values": np.zeros((16, 16), np.float32)},
        r"O4.values of shape \[\?, \?, \?\]",
    ),
    "dtype of values": (
        {"R_u.values": np.zeros((3, 4, 4), np.int32)},
        r"recurrent_u.values without scales to be float32 or int16 \(bfloat16\); got int32",
    ),
    "dtype of kernel": (
        {"cond_kernel": np.zeros((7, 96), np.int8)},
        "expected cond_kernel to be float32; got int8",
    ),
    "columns": ({"O4.columns": np.zeros(3, np.int16)}, "expected O4.columns of shape"),
    "offsets": (
        {"O2.row_offsets": np.zeros(9, np.int32)},
        r"expected O2.row_offsets of shape \[65\]; got \[9\]",
    ),
    "one missing": ({"O4.bias": None}, "expected a tensor for O4.bias; got only"),
    "one more": ({"extra": np.ones(3, np.float32)}, "expected 38 weight tensors; got 39"),
}


BAD_INT8_TENSORS = {
    "scales missing": (
        {"R_u.scales": None},
        r"recurrent_u.values without scales to be float32 or int16 \(bfloat16\); got int8",
    ),
    "last scales missing": (
        {"O4.scales": None},
        r"expected O4.values without scales to be .*; got int8",
    ),
    "shape of scales": (
        {"O2.scales": np.ones(255, np.float32)},
        r"expected O2.scales of shape \[64\]; got \[255\]",
    ),
    "rank of scales": (
        {"O2.scales": np.ones((256, 1), np.float32)},
        r"expected O2.values of shape \[\?, \?, \?\]; got \[256, 1\]",
    ),
    "scales of outputs": ({"O1.scales": np.ones(32, np.float32)}, r"of shape \[8\]; got \[32\]"),
    "values of another type": (
        {"O3.values": np.zeros((1, 4, 4), np.uint8)},
        r"expected O3.values behind scales to be int8 or int16; got another type",
    ),
    "floats behind scales": (
        {"O3.values": np.zeros((1, 4, 4), np.float32)},
        r"expected O3.values behind scales to be int8 or int16; got float32",
    ),
}


@pytest.mark.parametrize(
    "weight_type, change, message",
    [
        *(("float32", *case) for case in BAD_TENSORS.values()),
        *(("int8", *case) for case in BAD_INT8_TENSORS.values()),
    ],
    ids=[*BAD_TENSORS, *BAD_INT8_TENSORS],
)
def test_malformed_tensor_is_an_error(load, tmp_path, weight_type, change, message):
    config = make_config()
    arrays = {**tensors(config, make_weights(config), weight_type), **change}
    content = convert([a for a in arrays.values() if a is not None], tmp_path)
    runner = load(content).get_signature_runner("score")
    with pytest.raises((RuntimeError, ValueError), match=message):
        runner(features=inputs()["features"], audio=np.zeros((1, 8 * HOP), np.int16))


def cut_buffers(tree):
    """Every constant of more than 64 bytes loses its end; its shape stays."""
    for buffer in tree.buffers:
        if buffer.data is not None and len(buffer.data) > 64:
            buffer.data = buffer.data[:-4]


def cut_shapes(tree):
    """Every constant of rank 3 loses its last block, or tap; its bytes stay."""
    for tensor in tree.subgraphs[0].tensors:
        if tree.buffers[tensor.buffer].data is not None and len(tensor.shape) == 3:
            tensor.shape = np.int32([tensor.shape[0] - 1, *tensor.shape[1:]])


def cut_inputs(tree):
    """Every op of ours loses its last input."""
    for graph in tree.subgraphs:
        for op in graph.operators:
            if len(op.inputs) > 10:
                op.inputs = op.inputs[:-1]


@pytest.mark.parametrize("cut", [cut_buffers, cut_shapes, cut_inputs])
@pytest.mark.parametrize("weight_type", WEIGHT_TYPES)
def test_truncated_file_is_an_error(load, exported, weight_type, cut):
    content = rewritten(exported(weight_type=weight_type)[-1], cut)
    with pytest.raises((RuntimeError, ValueError)):
        load(content).get_signature_runner("generate")(**inputs())


def test_options_of_the_op_are_not_read(load, exported):
    content = exported()[-1]

    def cut_options(tree):
        for graph in tree.subgraphs:
            for op in graph.operators:
                op.customOptions = np.uint8([255])

    run = [
        load(c).get_signature_runner("generate") for c in (content, rewritten(content, cut_options))
    ]
    np.testing.assert_array_equal(*(runner(**inputs())["audio"] for runner in run))
