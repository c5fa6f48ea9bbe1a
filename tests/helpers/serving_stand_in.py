"""A stand-in for TF Serving, whose binary no package registry has: its protos, its REST routes.

It serves the SavedModels of this project over loopback, by gRPC and REST, as far as clients see:
Predict, GetModelMetadata, GetModelStatus, batches by the official parameters, versions, errors with
the server's codes. It polls no folder, keeps no metrics and takes no labels. In a process of its
own, with a kit's configuration::

    python -m tests.helpers.serving_stand_in --model voice=model/ --batching kit/batching.config
"""

import argparse
import contextlib
import json
import re
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from tests.helpers import stand_in_json
from tests.helpers.serving_configs import read_batching
from tests.helpers.stand_in_models import Models

CODES = {code.value[0]: code for code in grpc.StatusCode}
HTTP = {
    "CANCELLED": 499,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "UNAUTHENTICATED": 401,
}
"""Status codes of REST by TensorFlow's; any other is 500."""

PREDICT = re.compile(r"(?i)/v1/models/([^/:]+)(?:/versions/(\d+))?:predict")
MODEL = re.compile(r"(?i)/v1/models/([^/:]+)(?:/versions/(\d+))?(/metadata)?")
LARGEST = 64 << 20
"""Bytes of a request by default. The server's own limit is 2 GB; tests need a smaller one."""


def asked_version(spec):
    return spec.version.value if spec.HasField("version") else None


def metadata(models, name, version):
    number, servable = models.find(name, version)
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.name = name
    response.model_spec.version.value = number
    found = get_model_metadata_pb2.SignatureDefMap()
    for key, signature in servable.signatures.items():
        found.signature_def[key].CopyFrom(signature)
    response.metadata["signature_def"].Pack(found)
    return response


def status(models, name, version):
    response = get_model_status_pb2.GetModelStatusResponse()
    for number in models.states(name, version):
        response.model_version_status.add(
            version=number, state=get_model_status_pb2.ModelVersionStatus.AVAILABLE
        )
    return response


@contextlib.contextmanager
def told(context):
    """TensorFlow's errors as the call's status."""
    try:
        yield
    except tf.errors.OpError as error:
        context.abort(CODES[error.error_code], error.message)


class Prediction(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict and GetModelMetadata."""

    def __init__(self, models):
        self.models = models

    def Predict(self, request, context):  # noqa: N802 (gRPC's name)
        spec = request.model_spec
        with told(context):
            number, servable = self.models.find(spec.name, asked_version(spec))
            inputs = {}
            for name, proto in request.inputs.items():
                try:
                    inputs[name] = tf.make_ndarray(proto)
                except (TypeError, ValueError):
                    stand_in_json.refuse(f"tensor parsing error: {name}")
            outputs = servable.predict(spec.signature_name, inputs)
        response = predict_pb2.PredictResponse()
        response.model_spec.CopyFrom(spec)
        response.model_spec.version.value = number
        for name, array in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(array))
        return response

    def GetModelMetadata(self, request, context):  # noqa: N802
        with told(context):
            if list(request.metadata_field) != ["signature_def"]:
                stand_in_json.refuse("Metadata field must be signature_def")
            return metadata(self.models, request.model_spec.name, asked_version(request.model_spec))


class Model(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus."""

    def __init__(self, models):
        self.models = models

    def GetModelStatus(self, request, context):  # noqa: N802
        with told(context):
            return status(self.models, request.model_spec.name, asked_version(request.model_spec))


class Handler(BaseHTTPRequestHandler):
    """The REST routes; `server` has `models` and `largest`."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        """Write no log."""

    def do_GET(self):  # noqa: N802
        self.answer(self.get)

    def do_POST(self):  # noqa: N802
        self.answer(self.post)

    def get(self, models):
        match = MODEL.fullmatch(self.path)
        if not match:
            stand_in_json.refuse(f"Malformed request: GET {self.path}")
        name, version, wants_metadata = match.groups()
        number = int(version) if version else None
        if not wants_metadata:
            return json_format.MessageToJson(
                status(models, name, number), preserving_proto_field_name=True
            ).encode()
        response = metadata(models, name, number)
        found = get_model_metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(found)
        options = {
            "preserving_proto_field_name": True,
            "including_default_value_fields": True,
        }
        tree = {
            "model_spec": json_format.MessageToDict(response.model_spec, **options),
            "metadata": {"signature_def": json_format.MessageToDict(found, **options)},
        }
        return json.dumps(tree).encode()

    def post(self, models):
        length = int(self.headers.get("Content-Length") or 0)
        if length > self.server.largest:
            self.close_connection = True
            raise Oversized(f"Expected at most {self.server.largest} bytes; got {length}")
        body = self.rfile.read(length)
        match = PREDICT.fullmatch(self.path)
        if not match:
            stand_in_json.refuse(f"Malformed request: POST {self.path}")
        name, version = match.groups()
        _, servable = models.find(name, int(version) if version else None)
        signature, inputs, in_rows = stand_in_json.read_request(body, servable.signatures)
        return stand_in_json.write_response(servable.predict(signature, inputs), in_rows)

    def answer(self, method):
        code = 200
        try:
            body = method(self.server.models)
        except tf.errors.OpError as error:
            code = HTTP.get(CODES[error.error_code].name, 500)
            body = json.dumps({"error": error.message}).encode()
        except Oversized as error:
            code, body = 413, json.dumps({"error": str(error)}).encode()
        with contextlib.suppress(ConnectionError):  # who hung up needs no answer
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


class Oversized(Exception):
    """A request beyond the limit."""


class Rest(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, address):
        """A client that hangs up is no error of the server."""


class StandIn:
    """Both servers on ports of their own.

    Args:
      folders: a model's folder by name.
      batching: `BatchingParameters`, or None: every request runs alone.
      largest: bytes of a request.
      ports: of gRPC and REST; 0 takes a free one.
      threads: of gRPC.
      warm: replay the warm-up requests, as TF Serving always does.
    """

    def __init__(
        self, folders, batching=None, largest=LARGEST, ports=(0, 0), threads=80, warm=False
    ):
        self.models = Models(folders, batching, warm)
        limits = [
            ("grpc.max_receive_message_length", largest),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),
        ]
        pool = futures.ThreadPoolExecutor(threads)
        self.grpc = grpc.server(pool, options=limits)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            Prediction(self.models), self.grpc
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(Model(self.models), self.grpc)
        self.grpc_port = self.grpc.add_insecure_port(f"localhost:{ports[0]}")
        self.rest = Rest(("localhost", ports[1]), Handler)
        self.rest.models, self.rest.largest = self.models, largest
        self.rest_port = self.rest.server_address[1]

    @property
    def urls(self):
        """Of both protocols, by scheme."""
        return {
            "grpc": f"grpc://localhost:{self.grpc_port}",
            "http": f"http://localhost:{self.rest_port}",
        }

    def __enter__(self):
        self.grpc.start()
        threading.Thread(target=self.rest.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.grpc.stop(None)
        self.rest.shutdown()
        self.rest.server_close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", action="append", required=True, metavar="NAME=FOLDER")
    parser.add_argument("--batching", help="text of BatchingParameters")
    parser.add_argument("--port", type=int, default=8500)
    parser.add_argument("--rest-port", type=int, default=8501)
    options = parser.parse_args()
    folders = dict(model.split("=", 1) for model in options.model)
    batching = read_batching(options.batching) if options.batching else None
    ports = options.port, options.rest_port
    with StandIn(folders, batching, ports=ports, warm=True) as server:
        print(f"stand-in for TF Serving at {server.urls}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
