"""The SavedModel: plain TensorFlow, any batch, the samples of the reference, whole or not there."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.export.tflite.test_tflite import converted, info_for
from tests.helpers.small import assert_same_samples, features_for, small_config, sparse_weights
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.serving import saved_model, versions
from wavernn_tf.export.serving import warmup as serving
from wavernn_tf.generation import products
from wavernn_tf.generation.reference import Reference
from wavernn_tf.voice.weights import named_arrays

LENGTHS = [7, 3, 5]
LONGEST = max(LENGTHS)
SEEDS = [1, -(2**40), 3]
TEMPERATURES = [1.0, 0.6, 0.0]
FINE = [1.0, 0.8, 0.0]


class Saved:
    """A saved voice, its reference, and a batch of rows of different lengths."""

    def __init__(self, folder):
        self.config = small_config()
        self.weights = sparse_weights(self.config)
        self.info = info_for(self.config, self.weights)
        self.folder = Path(folder)
        self.path = saved_model.save(self.config, self.weights, self.info, folder)
        self.signatures = tf.saved_model.load(self.path).signatures
        self.hop = self.config.mel.hop_length
        self.reference = Reference(self.config, self.weights)
        self.rows = [
            features_for(self.config, n, seed=i, padded=False) for i, n in enumerate(LENGTHS)
        ]

    def padded(self, row):
        shape = self.config.model.conditioning
        return np.pad(row, ((shape.past, shape.lookahead), (0, 0)), mode="edge")

    def draws(self, i):
        features = self.padded(self.rows[i])
        return self.reference.generate(
            features, SEEDS[i], TEMPERATURES[i], fine_temperature=FINE[i]
        )

    def batch(self, rows=(0, 1, 2), frames=LONGEST, padding=9.0):
        """Inputs of `synthesize`; what lies past a row's end must not matter."""
        features = np.full([len(rows), frames, self.config.mel.n_mels], padding, np.float32)
        for k, i in enumerate(rows):
            features[k, : LENGTHS[i]] = self.rows[i]
        return {
            "features": features,
            "lengths": np.int32([LENGTHS[i] for i in rows]),
            "seed": np.int64([SEEDS[i] for i in rows]),
            "temperature": np.float32([TEMPERATURES[i] for i in rows]),
            "fine_temperature": np.float32([FINE[i] for i in rows]),
        }

    def alone(self, i):
        return self.batch([i], LENGTHS[i])

    def for_score(self, batch, padding=5):
        """Inputs of `score` for the same rows, with recorded audio of random numbers."""
        audio = np.full([len(batch["lengths"]), batch["features"].shape[1] * self.hop], padding)
        for k, length in enumerate(batch["lengths"]):
            audio[k, : length * self.hop] = recording(length * self.hop)
        inputs = {"features": batch["features"], "lengths": batch["lengths"]}
        return {**inputs, "audio": audio.astype(np.int16)}

    def call(self, name, inputs):
        tensors = {key: tf.constant(value) for key, value in inputs.items()}
        return {key: value.numpy() for key, value in self.signatures[name](**tensors).items()}


def recording(samples):
    return (3000 * np.random.default_rng(samples).standard_normal(samples)).astype(np.int16)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return Saved(tmp_path_factory.mktemp("saved") / "voice")


# ------------------------------------------------------------------- signatures


def test_layout_is_versioned_and_carries_the_description(saved):
    assert saved.path == str(saved.folder / "1")
    assert os.listdir(saved.folder) == ["1"]
    assert (saved.folder / "1" / "saved_model.pb").is_file()
    assert saved_model.read_info(saved.path) == saved.info


@pytest.mark.parametrize("name", ["serving_default", "synthesize", "synthesize_wav", "score"])
def test_every_output_has_the_batch_first(saved, name):
    batch = saved.batch()
    outputs = saved.call(name, saved.for_score(batch) if name == "score" else batch)
    assert {len(value) for value in outputs.values()} == {len(LENGTHS)}
    assert not any(outputs["status"])


# ------------------------------------------------------------------- equalities


@pytest.mark.parametrize("i", range(len(LENGTHS)))
def test_audio_is_the_numpy_reference(saved, i):
    audio = saved.call("synthesize", saved.alone(i))["audio"][0]
    assert_same_samples(audio, saved.draws(i), at_least=LENGTHS[i] * saved.hop)


def test_audio_is_that_of_the_op(saved):
    """The same uniform draws: no draw of these lies within rounding of a boundary."""
    voice = Vocoder.load(converted(saved.config, saved.weights))
    for i, row in enumerate(saved.rows):
        audio = saved.call("serving_default", saved.alone(i))["audio"][0]
        expected = voice.synthesize(row, SEEDS[i], TEMPERATURES[i], fine_temperature=FINE[i])
        np.testing.assert_array_equal(audio, expected)


def test_rows_of_different_lengths_synthesize_as_alone(saved):
    together = saved.call("synthesize", saved.batch())
    assert together["audio"].shape == (3, LONGEST * saved.hop)
    assert together["audio_lengths"].tolist() == [n * saved.hop for n in LENGTHS]
    for i, length in enumerate(together["audio_lengths"]):
        alone = saved.call("synthesize", saved.alone(i))["audio"][0]
        assert_same_samples(together["audio"][i, :length], saved.draws(i))
        assert_same_samples(alone, saved.draws(i))
        assert not together["audio"][i, length:].any()


def test_rows_of_different_lengths_score_as_alone(saved):
    together = saved.call("score", saved.for_score(saved.batch()))["log_likelihood"]
    for i, row in enumerate(saved.rows):
        samples = len(row) * saved.hop
        alone = saved.call("score", saved.for_score(saved.alone(i)))["log_likelihood"][0]
        expected = saved.reference.score(saved.padded(row), recording(samples))
        np.testing.assert_allclose(alone, expected, atol=1e-4)
        np.testing.assert_allclose(together[i, :samples], alone, atol=1e-4)
        assert not together[i, samples:].any()


def test_requests_put_together_are_answered_as_apart(saved):
    """TF Serving concatenates every input along its first axis, and cuts every output there."""
    requests = [saved.batch([0, 1]), saved.batch([2]), saved.batch([1])]
    joined = {k: np.concatenate([request[k] for request in requests]) for k in requests[0]}
    outputs = saved.call("synthesize", joined)
    scores = saved.call("score", saved.for_score(joined))["log_likelihood"]
    for row, i in enumerate([0, 1, 2, 1]):
        samples = LENGTHS[i] * saved.hop
        assert outputs["audio_lengths"][row] == samples
        assert_same_samples(outputs["audio"][row, :samples], saved.draws(i))
    start = 0
    for request in requests:
        part = slice(start, start + len(request["seed"]))
        apart = saved.call("score", saved.for_score(request))["log_likelihood"]
        np.testing.assert_allclose(scores[part], apart, atol=1e-4)
        start = part.stop


def test_seed_and_temperature_are_each_row_s_own(saved):
    batch = saved.batch([0, 0, 0])
    batch["seed"], batch["temperature"] = np.int64([1, 2, 1]), np.float32([1, 1, 0.5])
    first, other_seed, other_temperature = saved.call("synthesize", batch)["audio"]
    assert not np.array_equal(first, other_seed)
    assert not np.array_equal(first, other_temperature)


def test_a_perturbed_weight_changes_audio_and_score(saved, tmp_path):
    matrices = {**saved.weights.matrices, "R_u": saved.weights.matrices["R_u"] * np.float32(1.1)}
    weights = dataclasses.replace(saved.weights, matrices=matrices)
    path = saved_model.save(saved.config, weights, saved.info, tmp_path / "voice")
    other = tf.saved_model.load(path).signatures
    inputs = saved.alone(0)
    audio = other["synthesize"](**{k: tf.constant(v) for k, v in inputs.items()})["audio"]
    with pytest.raises(AssertionError):
        assert_same_samples(audio.numpy()[0], saved.draws(0), at_least=LENGTHS[0] * saved.hop)
    inputs = saved.for_score(inputs)
    score = other["score"](**{k: tf.constant(v) for k, v in inputs.items()})["log_likelihood"]
    moved = score.numpy() - saved.call("score", inputs)["log_likelihood"]
    assert np.abs(moved).max() > 1e-3


# ------------------------------------------------------- without our package

PLAIN = """
import importlib.util, json, sys
sys.path.append(sys.argv[1])
import setuptools  # stands in for distutils, which TensorFlow 2.16 wants, on Python 3.12
import numpy as np
import tensorflow as tf

assert importlib.util.find_spec("wavernn_tf") is None
try:
    import wavernn_tf
    raise SystemExit("wavernn_tf is importable")
except ImportError:
    pass
signatures = tf.saved_model.load(sys.argv[2]).signatures
found = {}
for name in ("synthesize", "score"):
    with np.load(f"{sys.argv[3]}/{name}.npz") as inputs:
        outputs = signatures[name](**{k: tf.constant(inputs[k]) for k in inputs.files})
    found.update({k: v.numpy() for k, v in outputs.items()})
np.savez(f"{sys.argv[3]}/outputs.npz", **found)
print(json.dumps(sorted(m for m in sys.modules if m.startswith("wavernn"))))
"""


@pytest.mark.slow
def test_loads_in_plain_tensorflow_without_our_package(saved, tmp_path):
    site = tmp_path / "site"  # all that is installed, but for us
    site.mkdir()
    for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for entry in Path(folder).iterdir():
            if "wavernn" not in entry.name and entry.suffix != ".pth":
                (site / entry.name).symlink_to(entry)
    batch = saved.batch()
    np.savez(tmp_path / "synthesize.npz", **batch)
    np.savez(tmp_path / "score.npz", **saved.for_score(batch))
    # -I -S: neither the working folder nor the environment's own packages are searched.
    command = [sys.executable, "-I", "-S", "-c", PLAIN, site, saved.path, tmp_path]
    done = subprocess.run(list(map(str, command)), cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
    score = saved.call("score", saved.for_score(batch))["log_likelihood"]
    with np.load(tmp_path / "outputs.npz") as there:
        np.testing.assert_array_equal(there["audio"], saved.call("synthesize", batch)["audio"])
        np.testing.assert_allclose(there["log_likelihood"], score, atol=1e-5)


# -------------------------------------------------------------------- bad input

BAD = {
    "features": (np.nan, "features: expected finite values; got NaN or infinity, first in frame 1"),
    "lengths": (0, "lengths: expected 1 to 7 frames; got 0"),
    "too long": (8, "lengths: expected 1 to 7 frames; got 8"),
    "temperature": (-0.5, "temperature: expected a finite number >= 0; got -0.5"),
    "nan temperature": (np.nan, "temperature: expected a finite number >= 0; got nan"),
    "fine_temperature": (-1, "fine_temperature: expected a finite number >= 0; got -1"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_row_is_told_and_its_neighbours_are_answered(saved, case):
    value, message = BAD[case]
    inputs, good = saved.batch(), saved.batch()
    if case == "features":
        inputs["features"][1, 1, 3] = value
    else:
        key = {"too long": "lengths"}.get(case, case.split()[-1])
        inputs[key][1] = value
    expected = saved.call("synthesize", good)
    outputs = saved.call("synthesize", inputs)
    assert outputs["status"].tolist() == [b"", message.encode(), b""]
    assert outputs["audio_lengths"][1] == 0 and not outputs["audio"][1].any()
    for row in (0, 2):
        np.testing.assert_array_equal(outputs["audio"][row], expected["audio"][row])
    if "temperature" not in case:
        expected = saved.call("score", saved.for_score(good))["log_likelihood"]
        outputs = saved.call("score", {**saved.for_score(good), **pick(inputs)})
        assert outputs["status"].tolist() == [b"", message.encode(), b""]
        assert not outputs["log_likelihood"][1].any()
        for row in (0, 2):
            np.testing.assert_allclose(outputs["log_likelihood"][row], expected[row], atol=1e-5)


def test_nan_past_a_row_s_end_is_padding(saved):
    outputs = saved.call("synthesize", saved.batch(padding=np.nan))
    expected = saved.call("synthesize", saved.batch())
    assert not any(outputs["status"])
    np.testing.assert_array_equal(outputs["audio"], expected["audio"])


def pick(inputs):
    return {key: inputs[key] for key in ("features", "lengths")}


# ---------------------------------------------------------------- whole or not


def test_saving_again_adds_a_version_and_reading_takes_the_highest(saved, tmp_path):
    folder = tmp_path / "voice"
    for version in ("2", "10"):
        shutil.copytree(saved.path, folder / version)
    path = saved_model.save(saved.config, saved.weights, saved.info, folder)
    assert path == str(folder / "11")
    assert sorted(os.listdir(folder)) == ["10", "11", "2"] and os.listdir(tmp_path) == ["voice"]
    assert saved_model.read_info(path) == saved.info
    assert versions.newest(folder) == folder / "11" and versions.newest(path) == folder / "11"
    shutil.rmtree(folder / "11")
    assert versions.newest(folder) == folder / "10"  # by number, not by name
    assert versions.newest(tmp_path) is None


@pytest.mark.parametrize("name", ["notes.txt", "1", "variables"])
def test_a_folder_with_anything_else_is_kept(saved, tmp_path, name):
    folder = tmp_path / "voice"
    folder.mkdir()
    (folder / name).write_text("mine")
    with pytest.raises(WaveRNNError, match=f"nothing but numbered versions.*{name}"):
        saved_model.save(saved.config, saved.weights, saved.info, folder)
    assert os.listdir(folder) == [name] and (folder / name).read_text() == "mine"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("before", [False, True])
def test_a_failed_save_leaves_what_was_there(saved, tmp_path, monkeypatch, error, before):
    def fail(module, folder, signatures):
        Path(folder).mkdir(parents=True)
        Path(folder, "saved_model.pb").write_bytes(b"half")
        raise error

    folder = tmp_path / "voice"
    if before:
        (folder / "1").mkdir(parents=True)
        (folder / "1" / "saved_model.pb").write_bytes(b"the voice before")
    monkeypatch.setattr(saved_model.tf.saved_model, "save", fail)
    with pytest.raises(error):
        saved_model.save(saved.config, saved.weights, saved.info, folder)
    assert os.listdir(tmp_path) == (["voice"] if before else [])
    if before:
        assert (folder / "1" / "saved_model.pb").read_bytes() == b"the voice before"


def test_a_file_in_the_way_is_an_error(saved, tmp_path):
    (tmp_path / "voice").write_text("not a folder")
    with pytest.raises(WaveRNNError, match="Expected a folder.*is a file"):
        saved_model.save(saved.config, saved.weights, saved.info, tmp_path / "voice")


def test_a_foreign_saved_model_is_an_error(tmp_path):
    tf.saved_model.save(tf.Module(), str(tmp_path))
    with pytest.raises(WaveRNNError, match="not a wavernn-tf voice"):
        saved_model.read_info(tmp_path)


def test_one_seed_for_several_rows_is_an_error(tmp_path):
    config = small_config()
    weights = sparse_weights(config)
    saved_model.save(config, weights, info_for(config, weights), tmp_path / "voice")
    run = tf.saved_model.load(str(tmp_path / "voice" / "1")).signatures["synthesize"]
    features = tf.zeros([2, 3, config.mel.n_mels])
    with pytest.raises(tf.errors.InvalidArgumentError, match="one row each"):
        run(
            features=features,
            lengths=tf.constant([3, 3]),
            seed=tf.constant([1], tf.int64),
            temperature=tf.constant([1.0, 1.0]),
            fine_temperature=tf.constant([1.0, 1.0]),
        )


def test_weights_are_stored_once_and_warm_up_lies_beside(tmp_path):
    config = small_config(state_size=256)
    weights = sparse_weights(config)
    path = Path(saved_model.save(config, weights, info_for(config, weights), tmp_path / "voice"))
    dense = sum(a.nbytes for a in named_arrays(weights).values())
    # The compiled loop of a CPU reads the sparse matrices in groups, beside the dense ones.
    groups = products.sparse(weights.matrices).values()
    dense += sum(part.nbytes for group in groups for part in group)
    stored = sum(p.stat().st_size for p in (path / "variables").iterdir())
    assert dense < stored < 1.1 * dense + 50_000
    constants = b"".join(a.tobytes() for a in named_arrays(weights).values())
    graph = (path / "saved_model.pb").read_bytes()
    assert len(graph) < 2_000_000 and constants[:4096] not in graph
    assert (path / serving.WARMUP).stat().st_size > 0


def test_xla_gives_the_samples_of_the_reference(saved, tmp_path):
    path = saved_model.save(saved.config, saved.weights, saved.info, tmp_path / "xla", xla=True)
    run = tf.saved_model.load(path).signatures["synthesize"]
    inputs = {name: tf.constant(value) for name, value in saved.batch(rows=(0,)).items()}
    assert_same_samples(run(**inputs)["audio"].numpy()[0], saved.draws(0))
