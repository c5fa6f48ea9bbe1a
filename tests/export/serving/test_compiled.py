"""Compiled loops: the reference's samples, one shape for every length, nothing pinned."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.export.tflite.test_tflite import info_for
from tests.helpers.small import features_for, small_config, sparse_weights
from tests.helpers.subscale import assert_same_draws, subscale_config, subscale_weights
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.serving import saved_model, signatures
from wavernn_tf.generation import products
from wavernn_tf.generation.reference import Reference

FORMS = {
    "cpu": {"density": 0.2},  # rows in loops of their own
    "cpu, dense": {"density": 1.0},  # side by side
    "gpu": {"device": "gpu"},  # unrolled
    "unrolled": {"density": 0.2, "unroll": 4},
    "while_loop": {"xla": False, "unroll": 2},
    "subscale": {"batch": 4},
    "subscale, gpu": {"batch": 4, "device": "gpu"},
}
LENGTHS = [4, 3, 6]


class Form:
    """A saved voice in one of `FORMS`, and the draws of three rows."""

    def __init__(self, name, folder, **more):
        options = {**FORMS[name], **more}
        self.batch = options.pop("batch", 1)
        if self.batch > 1:
            self.config = subscale_config(self.batch)
            weights = subscale_weights(self.config)
        else:
            self.config = small_config()
            weights = sparse_weights(self.config, density=options.pop("density", 0.3))
        info = info_for(self.config, weights)
        self.path = saved_model.save(self.config, weights, info, folder, **options)
        self.signatures = tf.saved_model.load(self.path).signatures
        self.reference = Reference(self.config, weights)
        self.rows = [features_for(self.config, n, seed=n, padded=False) for n in LENGTHS]
        self.weights = weights

    def speak(self, rows, frames, refused=()):
        """The audio of rows; those at the places `refused` are given a length of 0."""
        features = np.full([len(rows), frames, self.config.n_features], 7.0, np.float32)
        for place, i in zip(features, rows):
            place[: LENGTHS[i]] = self.rows[i]
        inputs = {
            "features": features,
            "lengths": np.int32([LENGTHS[i] for i in rows]),
            "seed": np.int64(rows),
            "temperature": np.ones(len(rows), np.float32),
            "fine_temperature": np.ones(len(rows), np.float32),
        }
        inputs["lengths"][list(refused)] = 0
        tensors = {key: tf.constant(value) for key, value in inputs.items()}
        outputs = self.signatures["synthesize"](**tensors)
        assert list(np.flatnonzero(outputs["status"].numpy())) == list(refused)
        samples = inputs["lengths"] * self.config.mel.hop_length
        np.testing.assert_array_equal(outputs["audio_lengths"], samples)
        return [audio[:n] for audio, n in zip(outputs["audio"].numpy(), samples)]

    def draws(self, i):
        around = ((self.config.past, self.config.lookahead), (0, 0))
        return self.reference.generate(np.pad(self.rows[i], around, mode="edge"), i)


@pytest.fixture(scope="module")
def form(request, tmp_path_factory):
    return Form(request.param, tmp_path_factory.mktemp("form") / "voice")


@pytest.mark.parametrize("form", FORMS, indirect=True)
def test_every_form_gives_the_reference_s_samples(form):
    for i, audio in enumerate(form.speak([0, 1, 2], frames=7)):
        assert_same_draws(audio, form.draws(i), form.batch)
    other = form.draws(0)
    other.audio[50] += 1
    other.margin[:] = 1.0
    with pytest.raises(AssertionError):  # what would be noticed
        assert_same_draws(form.speak([0], 4)[0], other, form.batch)


@pytest.mark.parametrize("form", ["cpu", "unrolled"], indirect=True)
def test_a_row_of_its_own_loop_is_the_same_in_every_batch(form):
    together = form.speak([2, 0, 1, 1, 0], frames=9)
    for audio, i in zip(together, [2, 0, 1, 1, 0]):
        np.testing.assert_array_equal(audio, form.speak([i], LENGTHS[i])[0])


@pytest.mark.parametrize("form", ["cpu", "gpu", "subscale"], indirect=True)
def test_rows_beside_a_refused_one_are_spoken(form):
    spoken = form.speak([1, 2, 0], frames=6, refused=[1])
    assert len(spoken[1]) == 0
    for place, i in ((0, 1), (2, 0)):
        assert_same_draws(spoken[place], form.draws(i), form.batch)


def test_an_empty_row_runs_no_block():
    """Of a sparse voice on a CPU: a row without frames takes no time."""
    config = small_config()
    weights = sparse_weights(config, density=0.2)
    info, rows = info_for(config, weights), []
    module = signatures.Signatures(config, weights, info, True, "cpu", 1)
    compiled = module._block

    def counted(arrays, features, *rest):
        with tf.control_dependencies([tf.py_function(lambda: rows.append(1), [], [])]):
            return compiled(arrays, tf.identity(features), *rest)

    module._block = counted
    inputs = np.zeros([3, 4, config.n_features], np.float32), np.int32([4, 0, 3])
    draws = np.int64([1, 2, 3]), np.ones([3], np.float32), np.ones([3], np.float32)
    outputs = module.all["synthesize"](*map(tf.constant, (*inputs, *draws)))
    assert outputs["audio_lengths"].numpy().tolist() == [4 * 40, 0, 3 * 40]
    assert len(rows) == 2


@pytest.mark.parametrize("form", ["cpu", "gpu", "while_loop", "subscale"], indirect=True)
def test_nothing_is_pinned_to_a_device(form):
    placed = list(devices_of(form.path))
    assert len(placed) > 500 and not any(placed)


def test_a_pinned_operation_would_be_noticed(tmp_path):
    class Pinned(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
        def double(self, x):
            with tf.device("/CPU:0"):
                return 2.0 * x

    tf.saved_model.save(Pinned(), str(tmp_path))
    assert any(devices_of(tmp_path))


def devices_of(path):
    """The device of every node of a SavedModel, "" where none is asked for."""
    from tensorflow.core.protobuf import saved_model_pb2

    message = saved_model_pb2.SavedModel()
    with open(os.path.join(path, "saved_model.pb"), "rb") as file:
        message.ParseFromString(file.read())
    for meta_graph in message.meta_graphs:
        # The graph itself holds what saves and restores variables, on the CPU as ever.
        for function in meta_graph.graph_def.library.function:
            if not function.signature.name.startswith(("__inference__traced_save", *RESTORE)):
                yield from (node.device for node in function.node_def)


RESTORE = ("__inference__traced_restore",)


@pytest.mark.parametrize("unroll", [3, 5, 16])
def test_unroll_must_fit(tmp_path, unroll):
    config = small_config()
    weights = sparse_weights(config)
    with pytest.raises(WaveRNNError, match="divide `mel.hop_length` = 40, one of 1, 2, 4, 8; got"):
        saved_model.save(
            config, weights, info_for(config, weights), tmp_path / "voice", unroll=unroll
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("batch", "rows"), [(1, 1), (2, 2), (3, 4), (16, 16), (17, 32), (64, 64), (65, 128), (129, 192)]
)
def test_rows_are_filled_up_to_a_bucket(batch, rows):
    assert signatures.rows_for(tf.constant(batch)).numpy() == rows


# -------------------------------------------------------------------- compilation

TRAFFIC = """
import glob, json, os, sys
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

path, dumps = sys.argv[1:]
model = tf.saved_model.load(path)

def compiled():
    return len(glob.glob(os.path.join(dumps, "*before_optimizations.txt")))

def call(name, inputs):
    return model.signatures[name](**{k: tf.constant(v) for k, v in inputs.items()})

warm_up = os.path.join(path, "assets.extra", "tf_serving_warmup_requests")
for record in tf.data.TFRecordDataset(warm_up):
    request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
    call(request.model_spec.signature_name,
         {k: tf.make_ndarray(v) for k, v in request.inputs.items()})
warm = compiled()
width = model.signatures["synthesize"].structured_input_signature[1]["features"].shape[-1]
for batch, frames in [(1, 3), (1, 50), (3, 11), (7, 2), (12, 5), (33, 1)]:
    spoken = {
        "features": np.zeros([batch, frames, width], np.float32),
        "lengths": np.full([batch], frames, np.int32),
        "seed": np.zeros([batch], np.int64),
        "temperature": np.ones([batch], np.float32),
        "fine_temperature": np.ones([batch], np.float32),
    }
    call("synthesize", spoken)
    if "stream" in model.signatures:
        state, final = np.array([b""] * batch, object), np.zeros([batch], bool)
        state = call("stream", {**spoken, "state": state, "final": final})["state"].numpy()
        call("stream", {**spoken, "state": state, "final": ~final})
after = compiled()
spoken = {key: np.repeat(value[:1], 65, axis=0) for key, value in spoken.items()}
call("synthesize", spoken)
print(json.dumps([warm, after, compiled()]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cpu", "gpu", "subscale"])
def test_nothing_compiles_after_the_warm_up(tmp_path, name):
    pytest.importorskip("tensorflow_serving")
    short = {"unroll": 2} if name == "gpu" else {}  # a loop that is compiled sooner
    form, dumps = Form(name, tmp_path / "voice", **short), tmp_path / "dumps"
    environment = {**os.environ, "XLA_FLAGS": f"--xla_dump_to={dumps} --xla_dump_hlo_as_text"}
    command = [sys.executable, "-c", TRAFFIC, form.path, str(dumps)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    warm, after, beyond = json.loads(done.stdout.splitlines()[-1])
    assert warm == after == (1 if name == "cpu" else len(signatures.ROW_BUCKETS))
    assert beyond == (1 if name == "cpu" else warm + 1)  # beyond the buckets it would be seen


# ----------------------------------------------------------------------- products


def test_products_in_groups_are_the_dense_ones():
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal([48, 64]).astype(np.float32)
    matrix *= (rng.random([48, 4]) < 0.2).repeat(16, axis=1)
    matrix[:, 16:32] = 0  # a group that reads nothing
    x = rng.standard_normal([3, 48]).astype(np.float32)
    parts = products.grouped(matrix)
    assert parts.index.shape[1] < 24
    np.testing.assert_allclose(products.multiply(x, parts), x @ matrix, atol=1e-5)
    side = products.side_by_side([tf.constant(matrix), parts])
    np.testing.assert_allclose(
        products.multiply(x, side), x @ np.concatenate([matrix, matrix], axis=1), atol=1e-5
    )
    np.testing.assert_allclose(
        products.multiply(x, products.in_groups(tf.constant(matrix))), x @ matrix, atol=1e-5
    )
    parts.values[2, 0] += 0.1
    assert np.abs(products.multiply(x, parts) - x @ matrix).max() > 1e-3


def test_dense_matrices_stay_dense():
    assert products.grouped(np.ones([32, 32], np.float32)) is None
    config = small_config()
    assert products.sparse(sparse_weights(config, density=1.0).matrices) == {}
    assert set(products.sparse(sparse_weights(config, density=0.1).matrices)) >= {"R_u", "O2"}
