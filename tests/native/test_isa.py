"""The kernels of every instruction set of this machine give the same samples.

The stored samples of `tests/golden/samples.txt` are checked by the C++ test of the same build
(`test_native_op.py`) and under an ARM emulator (`make test-arm`); `golden_test FILE --write`
makes the file.
"""

import platform

import numpy as np
import pytest

from tests.export.tflite.test_tflite import converted
from tests.helpers.small import features_for, reference_for, small_config, sparse_weights
from wavernn_tf.config.matrices import BLOCK_SHAPES
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.format import op
from wavernn_tf.export.format.packing import WEIGHT_TYPES
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.runtime.library import LIBRARY, RUNTIMES, available_isas, find_runtime
from wavernn_tf.generation.reference import Reference
from wavernn_tf.voice.inputs import pad_edges


def test_available_isas():
    isas = available_isas()
    assert isas[0] == "scalar"
    assert len(set(isas)) == len(isas)
    x86 = {"avx2", "avx2vnni", "avx512", "avx512gather", "avx512vnni"}
    assert set(isas) <= {"scalar", *x86, "neon", "neondot"}
    if platform.machine() == "aarch64":
        assert isas[1] == "neon"


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("weight_type", WEIGHT_TYPES)
@pytest.mark.parametrize("block", BLOCK_SHAPES)
def test_every_isa_gives_the_same_samples(runtime, block, weight_type):
    config = small_config(block)
    model = converted(config, sparse_weights(config), weight_type)
    mel = features_for(config, 30, padded=False)

    def run(isa):
        voice = Vocoder.load(model, runtime, isa=isa)
        audio = voice.synthesize(mel, seed=3, temperature=0.9)
        return audio, voice.score(mel, audio)

    audio, score = run("scalar")
    assert np.unique(audio).size > 100  # canary: not silence
    for isa in (None, *available_isas()):
        other, other_score = run(isa)
        np.testing.assert_array_equal(other, audio, err_msg=str(isa))
        np.testing.assert_array_equal(other_score, score, err_msg=str(isa))


@pytest.mark.parametrize("block", BLOCK_SHAPES)
def test_split_outliers_count_on_every_isa(block):
    """An int8 row with two blocks of one column gives what the held weights give."""
    config = small_config(block)
    weights = sparse_weights(config)
    matrix = weights.matrices["R_e"]
    matrix[np.unravel_index(np.abs(matrix).argmax(), matrix.shape)] = 15.0
    packed, exact = (op.pack_matrices(config, weights, t)["R_e"] for t in ("int8", "float32"))
    assert len(packed.columns) > len(exact.columns)
    model = converted(config, weights, "int8")
    mel = features_for(config, 30, padded=False)
    reference, _ = reference_for(config, weights, "int8")
    audio = Vocoder.load(model).synthesize(mel, seed=3)
    expected = reference.score(pad_edges(mel, config), audio)
    for isa in available_isas():
        score = Vocoder.load(model, isa=isa).score(mel, audio)
        assert np.mean(np.abs(score - expected)) < 1e-3, isa
    # Canary: without the second block of the outlier other classes are likelier.
    held = op.held_weights(config, weights, "int8")
    held.matrices["R_e"][:] = np.clip(held.matrices["R_e"], None, 127 * packed.scales.max())
    less = Reference(config, held, weight_type="int8").score(pad_edges(mel, config), audio)
    assert np.mean(np.abs(less - expected)) > 3e-3


def test_unknown_isa_is_refused():
    model = converted(small_config(), sparse_weights(small_config()))
    listed = ", ".join(available_isas())
    with pytest.raises(WaveRNNError, match=f"this machine's, {listed}; got 'mmx'"):
        Vocoder.load(model, isa="mmx")


@pytest.mark.parametrize(
    "options, message",
    [
        ({"isa": "mmx"}, "expected isa to be one of this machine's, scalar.*; got mmx"),
        ({"isa": ""}, "expected isa to be one of this machine's, scalar.*; got $"),
        ({"isa": "scala"}, "expected isa to be one of this machine's, scalar.*; got scala$"),
        ({"threads": "2"}, "expected the delegate options? isa.*; got threads"),
        ({"is": "scalar"}, "expected the delegate options? isa.*; got is$"),
    ],
    ids=["isa", "no isa", "cut isa", "option", "cut option"],
)
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_bad_delegate_options(runtime, options, message):
    with pytest.raises(ValueError, match=message):
        find_runtime(runtime).load_delegate(str(LIBRARY), options)
