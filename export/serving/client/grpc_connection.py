"""TF Serving's gRPC interface, by the stubs of tensorflow-serving-api."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

import numpy as np

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.serving.client.connection import (
    Connection,
    Signature,
    Spec,
    Tensors,
    VersionState,
)
from wavernn_tf.export.serving.client.target import Target, explain

try:
    import grpc
    import tensorflow as tf
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_service_pb2_grpc,
        predict_pb2,
        prediction_service_pb2_grpc,
    )
except ImportError as error:
    raise WaveRNNError(
        "gRPC needs the package tensorflow-serving-api: pip install 'wavernn-tf[serving]'. REST "
        "needs none: --url http://host:8501."
    ) from error

LIMITS = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
"""Ten seconds of features and audio are beyond the 4 MB that gRPC allows by itself."""


class GrpcConnection(Connection):
    """A channel that lives as long as the connection."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        host = f"[{target.host}]" if ":" in target.host else target.host
        address = f"{host}:{target.port}"
        # A channel of its own: others of this process would share its socket, and its fate.
        options = (*LIMITS, ("grpc.use_local_subchannel_pool", 1))
        self._channel = (
            grpc.secure_channel(address, grpc.ssl_channel_credentials(), options=options)
            if target.secure
            else grpc.insecure_channel(address, options=options)
        )
        self._service = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def close(self) -> None:
        """Hang up."""
        self._channel.close()

    def _predict(self, signature: str, inputs: Mapping[str, np.ndarray]) -> Tensors:
        request = predict_pb2.PredictRequest()
        self._name(request.model_spec)
        request.model_spec.signature_name = signature
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
        response = self._ask(self._service.Predict, request)
        return {name: tf.make_ndarray(tensor) for name, tensor in response.outputs.items()}

    def _signatures(self) -> Dict[str, Signature]:
        request = get_model_metadata_pb2.GetModelMetadataRequest()
        self._name(request.model_spec)
        request.metadata_field.append("signature_def")
        response = self._ask(self._service.GetModelMetadata, request)
        found = get_model_metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(found)
        return {
            name: Signature(_specs(signature.inputs), _specs(signature.outputs))
            for name, signature in found.signature_def.items()
        }

    def _versions(self) -> List[VersionState]:
        request = get_model_status_pb2.GetModelStatusRequest()
        self._name(request.model_spec)
        response = self._ask(self._models.GetModelStatus, request)
        names = get_model_status_pb2.ModelVersionStatus.State.Name
        found = [
            VersionState(v.version, names(v.state), v.status.error_message)
            for v in response.model_version_status
        ]
        return sorted(found, key=lambda v: -v.version)

    def _name(self, spec: Any) -> None:
        spec.name = self.target.model
        if self.target.version is not None:
            spec.version.value = self.target.version

    def _ask(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=self.target.timeout)
        except grpc.RpcError as error:
            raise explain(self.target, error.code().name, error.details() or "") from error


def _specs(infos: Mapping[str, Any]) -> Dict[str, Spec]:
    return {
        name: Spec(
            tf.dtypes.as_dtype(info.dtype).name,
            tuple(None if d.size < 0 else d.size for d in info.tensor_shape.dim),
        )
        for name, info in infos.items()
    }
