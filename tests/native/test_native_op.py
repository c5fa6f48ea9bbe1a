"""The native op in real interpreters, against the NumPy transcription."""

import ctypes
import subprocess

import numpy as np
import pytest

from tests.helpers.native_models import CONTEXT, HOP, STATE, convert, inputs, tensors
from tests.helpers.small import assert_same_samples, assert_same_scores, reference_for
from wavernn_tf.config.matrices import BLOCK_SHAPES
from wavernn_tf.export.format.packing import WEIGHT_TYPES
from wavernn_tf.generation.reference import Reference
from wavernn_tf.voice.metadata import SCHEMA_VERSION


@pytest.mark.slow
def test_cpp_unit_tests(build):
    done = subprocess.run(
        ["ctest", "--output-on-failure"], cwd=build, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "100% tests passed" in done.stdout


def test_exported_symbols(build):
    library = ctypes.CDLL(str(next(build.glob("libwavernn_tf.*"))))
    library.wavernn_tf_version.restype = ctypes.c_char_p
    assert library.wavernn_tf_version().decode()[0].isdigit()
    assert library.wavernn_tf_schema_version() == SCHEMA_VERSION


@pytest.mark.parametrize("strides", [(2, 3), ()])
@pytest.mark.parametrize("pre_emphasis", [0.0, 0.85])
@pytest.mark.parametrize("block", BLOCK_SHAPES)
def test_generate_is_the_contract(load, exported, block, pre_emphasis, strides):
    config, weights, content = exported(block, pre_emphasis, strides)
    reference = Reference(config, weights)
    temperatures = np.float32([1.0, 0.7, 0.0])
    given = inputs(batch=3, temperature=temperatures, fine_temperature=temperatures)
    got = load(content).get_signature_runner("generate")(**given)
    for b in range(3):
        temperature = float(temperatures[b])
        draws = reference.generate(
            given["features"][b],
            int(given["seed"][b]),
            temperature,
            fine_temperature=temperature,
        )
        assert_same_samples(got["audio"][b], draws, at_least=40)
        if np.array_equal(got["audio"][b], draws.audio):  # else another, equally good, waveform
            # h is in (-1, 1); the gates sum some 30 float32 terms of order one.
            np.testing.assert_allclose(got["state"][b], draws.state, atol=1e-5)
            np.testing.assert_array_equal(got["state"][b, STATE:], draws.state[STATE:])
    np.testing.assert_array_equal(got["position"], [8 * HOP] * 3)


@pytest.mark.parametrize("pre_emphasis", [0.0, 0.85])
@pytest.mark.parametrize("block", BLOCK_SHAPES)
def test_score_is_the_contract(load, exported, block, pre_emphasis):
    config, weights, content = exported(block, pre_emphasis)
    features = inputs(batch=2)["features"]
    samples = 8 * HOP - 5
    audio = np.random.default_rng(6).integers(-32768, 32768, (2, samples)).astype(np.int16)
    audio[:, :4] = -32768, 32767, -32768, 32767  # clipped by the split
    got = load(content).get_signature_runner("score")(features=features, audio=audio)
    got = got["log_likelihood"]
    reference = Reference(config, weights)
    expected = np.stack([reference.score(features[b], audio[b]) for b in range(2)])
    # Logits are below 16 and sum 32 terms after a state within 1e-5.
    tolerance = 6e-5
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance)

    # Canary: the bound notices one changed bias, of a class that may not even be drawn.
    reference.bias["O4"][7] += 0.1
    changed = reference.score(features[0], audio[0])
    assert np.abs(changed - got[0]).max() > tolerance


@pytest.mark.parametrize("weight_type", ["bfloat16", "int16", "int8"])
@pytest.mark.parametrize("block", BLOCK_SHAPES)
def test_narrow_weights_are_the_contract(load, exported, block, weight_type):
    config, weights, content = exported(block, weight_type=weight_type)
    interpreter = load(content)
    reference, rounding = reference_for(config, weights, weight_type)
    temperatures = np.float32([1.0, 0.7, 0.0])
    given = inputs(batch=3, temperature=temperatures, fine_temperature=temperatures)
    got = interpreter.get_signature_runner("generate")(**given)["audio"]
    score = interpreter.get_signature_runner("score")
    scored = score(features=given["features"], audio=got)["log_likelihood"]
    for b in range(3):
        features, temperature = given["features"][b], float(temperatures[b])
        draws = reference.generate(
            features, int(given["seed"][b]), temperature, fine_temperature=temperature
        )
        assert_same_samples(got[b], draws, at_least=40, rounding=rounding)
        assert_same_scores(scored[b], reference.score(features, got[b]), weight_type, 6e-5)

    # Canary: the bounds tell the type's arithmetic from that of the trained weights.
    other = Reference(config, weights).score(features, got[b])
    with pytest.raises(AssertionError):
        assert_same_scores(scored[b], other, weight_type, 6e-5)


@pytest.mark.parametrize("weight_type", WEIGHT_TYPES)
@pytest.mark.parametrize("block", BLOCK_SHAPES)
def test_chunks_equal_one_shot(load, exported, block, weight_type):
    content = exported(block, weight_type=weight_type)[-1]
    runner = load(content).get_signature_runner("generate")
    given = inputs(batch=2, frames=9)
    whole = runner(**given)
    chunk, audio, start = dict(given), [], 0
    for size in (1, 3, 2, 1, 2):  # the runner resizes each time
        chunk["features"] = given["features"][:, start : start + size + 2 * CONTEXT]
        out = runner(**chunk)
        audio.append(out["audio"])
        chunk.update(state=out["state"], position=out["position"])
        start += size
    np.testing.assert_array_equal(np.concatenate(audio, axis=1), whole["audio"])
    np.testing.assert_array_equal(out["state"], whole["state"])
    np.testing.assert_array_equal(out["position"], whole["position"])


@pytest.mark.parametrize("weight_type", WEIGHT_TYPES)
@pytest.mark.parametrize("block", BLOCK_SHAPES)
def test_streams_of_a_batch_are_those_alone(load, exported, block, weight_type):
    # One after the other, as a batch, and both: whatever the op chooses for a size.
    runner = load(exported(block, weight_type=weight_type)[-1]).get_signature_runner("generate")
    random = np.random.default_rng(8)
    state = np.float32(random.uniform(-1, 1, (64, STATE + 2)))
    state[:, STATE:] = np.rint(30000 * state[:, STATE:])
    given = inputs(
        batch=64,
        frames=3,
        seed=random.integers(-(2**63), 2**63 - 1, 64),
        temperature=np.resize(np.float32([0.9, 0, 1, 1.4]), 64),
        fine_temperature=np.resize(np.float32([0.9, 0, 1, 1.4]), 64),
        state=state,
        position=random.integers(0, 2**40, 64),
    )

    def run(streams):
        return runner(**{name: value[streams] for name, value in given.items()})

    alone = [run(slice(b, b + 1)) for b in range(64)]
    drawn = np.flatnonzero(given["temperature"])  # the others may meet
    assert len({alone[b]["audio"].tobytes() for b in drawn}) == 48  # canary
    for batch in (*range(1, 18), 64):
        together = run(slice(64 - batch, 64))
        for name, values in together.items():
            expected = np.concatenate([result[name] for result in alone[64 - batch :]])
            np.testing.assert_array_equal(values, expected, err_msg=f"{name} of {batch}")


def test_dynamic_shapes_and_chained_ops(load, exported, tmp_path):
    config, weights, content = exported()
    chained = convert(list(tensors(config, weights).values()), tmp_path, chain=True)
    given = inputs(frames=6)
    keep = np.array([True] * 6 + [False] * 2)
    got = load(chained).get_signature_runner("chain")(keep=keep, **given)
    features = given["features"][:, :6]
    plain = load(content)
    made = plain.get_signature_runner("generate")(**{**given, "features": features})
    np.testing.assert_array_equal(got["audio"], made["audio"])
    scored = plain.get_signature_runner("score")(features=features, audio=made["audio"])
    np.testing.assert_array_equal(got["log_likelihood"], scored["log_likelihood"])


def test_unresized_model_allocates(load, exported):
    interpreter = load(exported()[-1])
    interpreter.allocate_tensors()
    assert interpreter.get_signature_list().keys() == {"generate", "score"}
