"""TF Serving without its binary: real protos, its way of batching, the client over real gRPC."""

import importlib.util
import itertools
import json
import sys
import wave
from concurrent import futures
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,  # noqa: F401 (registers what BatchingParameters refers to)
)

from tests.export.tflite.test_tflite import info_for
from tests.helpers.small import assert_same_samples, features_for, small_config, sparse_weights
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.serving import saved_model
from wavernn_tf.export.serving import warmup as serving
from wavernn_tf.export.serving.signatures import ROW_BUCKETS
from wavernn_tf.generation.reference import Reference

grpc = pytest.importorskip("grpc")
pytest.importorskip("tensorflow_serving")
from tensorflow_serving.apis import (  # noqa: E402
    predict_pb2,
    prediction_log_pb2,
    prediction_service_pb2_grpc,
)
from tensorflow_serving.config import model_server_config_pb2  # noqa: E402

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "tf_serving"
FRAMES = 6


def load_client():
    spec = importlib.util.spec_from_file_location("tf_serving_client", EXAMPLE / "client.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


client = load_client()


class Served:
    """A SavedModel and what the tests need to judge it."""

    def __init__(self, folder):
        self.config = small_config()
        self.weights = sparse_weights(self.config)
        self.info = info_for(self.config, self.weights)
        self.path = Path(saved_model.save(self.config, self.weights, self.info, folder))
        self.model = tf.saved_model.load(str(self.path))
        self.hop = self.config.mel.hop_length

    def predict(self, request):
        """What the server does with a PredictRequest, checks of names and types included."""
        function = self.model.signatures[request.model_spec.signature_name or "serving_default"]
        specs = function.structured_input_signature[1]
        assert set(request.inputs) == set(specs)
        tensors = {name: tf.constant(tf.make_ndarray(p)) for name, p in request.inputs.items()}
        for name, tensor in tensors.items():
            assert tensor.dtype == specs[name].dtype, name
            assert specs[name].shape.is_compatible_with(tensor.shape), name
        response = predict_pb2.PredictResponse()
        for name, tensor in function(**tensors).items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(tensor))
        return response

    def features(self, frames, seed):
        return features_for(self.config, frames, seed, padded=False)

    def draws(self, features, seed, temperature=1.0):
        shape = self.config.model.conditioning
        padded = np.pad(features, ((shape.past, shape.lookahead), (0, 0)), mode="edge")
        return Reference(self.config, self.weights).generate(padded, seed, temperature)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    return Served(tmp_path_factory.mktemp("served") / "voice")


# ------------------------------------------------------------------- the client


def test_request_of_the_client_fits_the_signature(served):
    features = served.features(FRAMES, seed=1)
    request = client.predict_request(features, seed=-(2**40), temperature=0.7)
    assert request.model_spec.name == "voice"
    audio = client.audio_of(served.predict(request))
    assert audio.dtype == np.int16 and len(audio) == FRAMES * served.hop
    assert_same_samples(audio, served.draws(features, -(2**40), 0.7))


class Stub(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Stands in for the server's binary."""

    def __init__(self, served):
        self.served = served

    def Predict(self, request, context):  # noqa: N802 (gRPC's name)
        try:
            return self.served.predict(request)
        except tf.errors.InvalidArgumentError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, error.message)


@pytest.fixture
def server(served):
    server = grpc.server(futures.ThreadPoolExecutor(1))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Stub(served), server)
    port = server.add_insecure_port("localhost:0")
    server.start()
    yield f"localhost:{port}"
    server.stop(None)


def client_arguments(served, tmp_path, features):
    np.save(tmp_path / "mel.npy", features)
    paths = [str(tmp_path / "mel.npy"), str(tmp_path / "out.wav")]
    return [*paths, "--info", str(served.path / "assets.extra" / saved_model.INFO_ASSET)]


def test_client_over_grpc_writes_the_audio(served, server, tmp_path):
    features = served.features(FRAMES, seed=2)
    arguments = client_arguments(served, tmp_path, features)
    client.main([*arguments, "--server", server, "--seed", "3"])
    with wave.open(str(tmp_path / "out.wav")) as out:
        rate = served.config.mel.sample_rate
        assert out.getparams()[:4] == (1, 2, rate, FRAMES * served.hop)
        audio = np.frombuffer(out.readframes(out.getnframes()), "<i2")
    assert_same_samples(audio, served.draws(features, 3))


def test_client_tells_what_the_server_refused(served, server, tmp_path):
    features = np.full([3, served.config.mel.n_mels], np.nan)
    arguments = client_arguments(served, tmp_path, features)
    with pytest.raises(SystemExit, match="features: expected finite values; got NaN"):
        client.main([*arguments, "--server", server])
    assert not (tmp_path / "out.wav").exists()


def test_client_refuses_features_of_another_width(served, tmp_path):
    arguments = client_arguments(served, tmp_path, np.zeros([3, 11]))
    with pytest.raises(SystemExit, match=r"\[frames, 10\]; got \[3, 11\]"):
        client.main(arguments)


# --------------------------------------------------------------------- batching


def merged(requests, rows):
    """One request out of many, as TF Serving's batching does it.

    Tensors are padded behind to the batch's largest shape, with their own first value, and
    concatenated along the first axis; rows are repeated up to an allowed batch size.
    """
    batch = predict_pb2.PredictRequest()
    batch.model_spec.CopyFrom(requests[0].model_spec)
    for name in requests[0].inputs:
        arrays = [tf.make_ndarray(request.inputs[name]) for request in requests]
        shape = np.max([array.shape[1:] for array in arrays], axis=0).astype(int)
        padded = []
        for array in arrays:
            behind = [(0, 0), *((0, n - m) for n, m in zip(shape, array.shape[1:]))]
            padded.append(np.pad(array, behind, constant_values=array.flat[0]))
        filler = [padded[0][:1]] * (rows - sum(map(len, padded)))
        batch.inputs[name].CopyFrom(tf.make_tensor_proto(np.concatenate(padded + filler)))
    return batch


def row_of(response, row):
    """The part of a batch's answer that goes back to one of the requests."""
    part = predict_pb2.PredictResponse()
    for name, proto in response.outputs.items():
        value = tf.make_ndarray(proto)[row : row + 1]
        part.outputs[name].CopyFrom(tf.make_tensor_proto(value))
    return part


def test_requests_of_different_lengths_share_a_batch(served):
    asked = [(FRAMES, 11, 1.0), (3, 12, 0.5), (4, 13, 0.0)]
    features = [served.features(frames, seed) for frames, seed, _ in asked]
    requests = [client.predict_request(f, s, t) for f, (_, s, t) in zip(features, asked)]
    response = served.predict(merged(requests, rows=4))
    for row, (mel, (frames, seed, temperature)) in enumerate(zip(features, asked)):
        audio = client.audio_of(row_of(response, row))
        assert len(audio) == frames * served.hop
        assert_same_samples(audio, served.draws(mel, seed, temperature))


def text_config(name, message):
    return text_format.Parse((EXAMPLE / name).read_text(), message)


def batching_parameters():
    """TF Serving's BatchingParameters, which its Python package leaves out."""
    file = descriptor_pb2.FileDescriptorProto(
        name="batching_parameters.proto", package="tensorflow.serving", syntax="proto3"
    )
    file.dependency.append("google/protobuf/wrappers.proto")
    message = file.message_type.add(name="BatchingParameters")
    kinds = descriptor_pb2.FieldDescriptorProto
    wrapped = {"max_batch_size": 1, "batch_timeout_micros": 2, "max_enqueued_batches": 3}
    wrapped["num_batch_threads"] = 4
    for name, number in wrapped.items():
        message.field.add(
            name=name,
            number=number,
            label=kinds.LABEL_OPTIONAL,
            type=kinds.TYPE_MESSAGE,
            type_name=".google.protobuf.Int64Value",
        )
    repeated = kinds.LABEL_REPEATED, kinds.TYPE_INT64
    flag = kinds.LABEL_OPTIONAL, kinds.TYPE_BOOL
    others = {"allowed_batch_sizes": (6, *repeated), "pad_variable_length_inputs": (7, *flag)}
    for name, (number, label, kind) in others.items():
        message.field.add(name=name, number=number, label=label, type=kind)
    pool = descriptor_pool.Default()
    pool.Add(file)
    name = "tensorflow.serving.BatchingParameters"
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))()


def test_batching_configuration_is_what_the_server_takes():
    parameters = text_config("batching.config", batching_parameters())
    sizes = list(parameters.allowed_batch_sizes)
    assert sizes == sorted(sizes) and sizes[-1] == parameters.max_batch_size.value
    assert parameters.pad_variable_length_inputs


def test_model_configuration_is_what_the_server_takes(served):
    config = text_config("models.config", model_server_config_pb2.ModelServerConfig())
    (model,) = config.model_config_list.config
    assert model.model_platform == "tensorflow"
    # The name that the client asks for, and the folder that the README mounts.
    assert model.name == client.predict_request(served.features(1, 0)).model_spec.name
    assert f"/saved_model:{model.base_path}:ro" in (EXAMPLE / "README.md").read_text()


# ---------------------------------------------------------------------- warm-up


def test_warm_up_requests_replay(served):
    path = serving.write_warmup(served.path, served.info)
    assert Path(path) == served.path / "assets.extra" / "tf_serving_warmup_requests"
    assert sorted(p.name for p in (served.path / "assets.extra").iterdir()) == [
        "tf_serving_warmup_requests",
        saved_model.INFO_ASSET,
    ]
    seen = []
    for record in tf.data.TFRecordDataset(path):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        assert log.WhichOneof("log_type") == "predict_log"
        response = served.predict(log.predict_log.request)
        outputs = {name: tf.make_ndarray(p) for name, p in response.outputs.items()}
        (rows,) = {len(value) for value in outputs.values()}
        assert not any(outputs["status"])
        seen.append((log.predict_log.request.model_spec.signature_name, rows))
    speaking = [name for name in served.model.signatures if name in serving.SPEAKING]
    assert {name for name, rows in seen if rows == 1} == set(served.model.signatures)
    assert {(n, r) for n, r in seen if r > 1} == set(itertools.product(speaking, ROW_BUCKETS[1:]))
    assert len(seen) == len(set(seen))


def test_warm_up_without_the_package_says_what_to_install(served, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis", None)
    with pytest.raises(WaveRNNError, match="pip install 'tensorflow-serving-api"):
        serving.warmup_records(served.info)


def test_description_beside_the_model_has_what_the_client_reads(served):
    info = json.loads((served.path / "assets.extra" / saved_model.INFO_ASSET).read_text())
    assert info["mel"]["sample_rate"] == served.config.mel.sample_rate
    assert info["mel"]["n_mels"] == served.config.mel.n_mels
