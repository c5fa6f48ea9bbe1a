"""The reader of .tflite files refuses what the op refuses, in the same words, and never crashes."""

import re

import numpy as np
import pytest

from tests.c_api.binding import BAD_MODEL, Model, WaveRNNCError
from tests.helpers import native_models as models
from tests.helpers.small import small_config, sparse_weights
from tests.native import test_native_errors
from wavernn_tf.export.tflite import flatbuffer
from wavernn_tf.voice import metadata


def described(content):
    """A bare .tflite of the op's tests with the metadata that a voice has."""
    entries = {metadata.NAME: b"{}"}
    for size in (0, len(flatbuffer.finish(content, {**entries, metadata.SIZE_NAME: bytes(8)}))):
        entries[metadata.SIZE_NAME] = metadata.size_entry(size)
    return flatbuffer.finish(content, entries)


CASES = [
    *(("float32", *case) for case in test_native_errors.BAD_TENSORS.values()),
    *(("int8", *case) for case in test_native_errors.BAD_INT8_TENSORS.values()),
]
NAMES = [*test_native_errors.BAD_TENSORS, *test_native_errors.BAD_INT8_TENSORS]


@pytest.mark.slow
@pytest.mark.parametrize("weight_type, change, message", CASES, ids=NAMES)
def test_malformed_tensor_is_the_op_s_error(library, tmp_path, weight_type, change, message):
    config = models.make_config()
    arrays = {
        **models.tensors(config, models.make_weights(config), weight_type),
        **change,
    }
    content = models.convert([a for a in arrays.values() if a is not None], tmp_path)
    with pytest.raises(WaveRNNCError, match=message) as caught:
        Model(library, described(content))
    assert caught.value.status == BAD_MODEL


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """bare(weight_type) -> the arrays and the described bytes of a model of the op's tests."""
    cache = {}

    def make(weight_type):
        if weight_type not in cache:
            config = models.make_config()
            arrays = models.tensors(config, models.make_weights(config), weight_type)
            content = models.convert(list(arrays.values()), tmp_path_factory.mktemp("saved_model"))
            cache[weight_type] = arrays, described(content)
        return cache[weight_type]

    return make


VALUES = {
    **{name: ("float32", *case) for name, case in test_native_errors.BAD_VALUES.items()},
    **test_native_errors.BAD_NARROW_VALUES,
}


@pytest.mark.parametrize("weight_type, change, message", VALUES.values(), ids=VALUES)
def test_malformed_value_is_the_op_s_error(library, bare, weight_type, change, message):
    arrays, content = bare(weight_type)
    Model(library, content)
    name, changed = change(arrays)
    assert arrays[name].tobytes() in content
    with pytest.raises(WaveRNNCError, match=message) as caught:
        Model(library, content.replace(arrays[name].tobytes(), changed.tobytes()))
    assert caught.value.status == BAD_MODEL


@pytest.fixture(scope="module")
def voice(voices):
    return voices("plain", "int8")


def refusal(library, content):
    with pytest.raises(WaveRNNCError) as caught:
        Model(library, content)
    assert caught.value.status == BAD_MODEL
    return str(caught.value)


def test_cut_off_files(library, voice):
    Model(library, voice)
    for size in (0, 3, 7, 8, 11, *range(12, len(voice), 97), len(voice) - 1):
        assert re.search("TFL3|damaged|cut off", refusal(library, voice[:size]))
    assert "cut off or damaged: it has" in refusal(library, voice + b"x")


def test_other_files(library, voice):
    assert "identifier is not TFL3" in refusal(library, voice[:4] + b"RIFF" + voice[8:])
    config = small_config()
    arrays = models.op.constants(config, sparse_weights(config))
    assert "no `wavernn_tf` metadata" in refusal(library, models_without(voice, "metadata"))
    assert "expected an op WaveRNNGenerate" in refusal(
        library, described(models_without(voice, "operatorCodes"))
    )
    assert arrays[0][0] == 0x4E4E5257
    newer = voice.replace(arrays[0][:2].tobytes(), np.array([0x4E4E5257, 99], np.int32).tobytes())
    assert "model schema 99 is newer than this library" in refusal(library, newer)


def models_without(content, what):
    """The file without its metadata, or with other ops."""

    def change(tree):
        tree.metadata = None
        if what == "operatorCodes":
            for code in tree.operatorCodes:
                code.customCode = b"Other"

    return models.rewritten(content, change)


def test_bytes_at_random(library, voice):
    """Some load, as not every byte matters; what counts is that nothing crashes or reads beyond."""
    rng = np.random.default_rng(0)
    outcomes = set()
    for _ in range(3000):
        changed = bytearray(voice)
        for _ in range(rng.integers(1, 5)):
            changed[rng.integers(len(changed))] = rng.integers(256)
        try:
            Model(library, bytes(changed))
            outcomes.add("loads")
        except WaveRNNCError as error:
            outcomes.add(re.sub(r"\d+", "#", str(error))[:40])
    assert "loads" in outcomes and len(outcomes) > 5
