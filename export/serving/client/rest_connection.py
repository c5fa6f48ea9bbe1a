"""TF Serving's REST interface, by the standard library."""

from __future__ import annotations

import base64
import binascii
import http.client
import json
import ssl
from typing import Any, Dict, List, Mapping, Optional

import numpy as np

from wavernn_tf.export.serving.client.connection import (
    Connection,
    Signature,
    Spec,
    Tensors,
    VersionState,
)
from wavernn_tf.export.serving.client.target import explain

CODES = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    413: "RESOURCE_EXHAUSTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""Status codes by their names in gRPC, with those of a proxy in front of the server."""


class RestConnection(Connection):
    """A connection that sends JSON; every request opens and closes its own socket."""

    def close(self) -> None:
        """Nothing is open between requests."""

    def _predict(self, signature: str, inputs: Mapping[str, np.ndarray]) -> Tensors:
        request = {
            "signature_name": signature,
            "inputs": {name: to_json(array) for name, array in inputs.items()},
        }
        body = json.dumps(request).encode()
        answer = self._ask("POST", f"{self.target.model_path}:predict", body)
        outputs = answer.get("outputs")
        if not isinstance(outputs, dict):
            # A signature of one output: its value stands alone, without the name.
            outputs = dict.fromkeys(self._signatures()[signature].outputs, outputs)
        return {name: from_json(value) for name, value in outputs.items()}

    def _signatures(self) -> Dict[str, Signature]:
        answer = self._ask("GET", f"{self.target.model_path}/metadata")
        try:
            found = answer["metadata"]["signature_def"]["signature_def"]
            return {name: _signature(tree) for name, tree in found.items()}
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise explain(self.target, "INTERNAL", f"strange metadata ({error!r})") from error

    def _versions(self) -> List[VersionState]:
        answer = self._ask("GET", self.target.model_path)
        try:
            found = [
                VersionState(
                    int(v["version"]), v["state"], v.get("status", {}).get("error_message", "")
                )
                for v in answer["model_version_status"]
            ]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise explain(self.target, "INTERNAL", f"strange status ({error!r})") from error
        return sorted(found, key=lambda v: -v.version)

    def _ask(self, method: str, path: str, body: Optional[bytes] = None) -> Dict[str, Any]:
        target = self.target
        where = target.host, target.port
        connection = (
            http.client.HTTPSConnection(
                *where, timeout=target.timeout, context=ssl.create_default_context()
            )
            if target.secure
            else http.client.HTTPConnection(*where, timeout=target.timeout)
        )
        headers = {"Connection": "close", "Content-Type": "application/json"}
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            status, data = response.status, response.read()
        except TimeoutError as error:
            raise explain(target, "DEADLINE_EXCEEDED", "timed out") from error
        except ssl.SSLError as error:
            raise explain(target, "UNKNOWN", f"TLS failed ({error})") from error
        except OSError as error:
            raise explain(target, "UNAVAILABLE", error.strerror or str(error)) from error
        except http.client.HTTPException as error:
            text = f"it does not speak HTTP ({type(error).__name__})"
            raise explain(target, "UNAVAILABLE", text) from error
        finally:
            connection.close()
        return self._read(status, data)

    def _read(self, status: int, data: bytes) -> Dict[str, Any]:
        try:
            answer = json.loads(data)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            text = data[:200].decode("utf-8", "replace")
            raise explain(
                self.target, CODES.get(status, "INTERNAL"), f"HTTP {status} without JSON: {text}"
            )
        if status != 200 or "error" in answer:
            code = CODES.get(status, "INTERNAL")
            raise explain(self.target, code, str(answer.get("error", f"HTTP {status}")))
        return answer


def to_json(array: np.ndarray) -> Any:
    """An array as JSON has it: nested lists, strings as objects with the key `b64`."""
    array = np.asarray(array)
    if array.dtype.kind in "OS":
        return [
            to_json(value) if isinstance(value, np.ndarray) else _base64(value) for value in array
        ]
    return array.tolist()


def from_json(value: Any) -> np.ndarray:
    """The array of nested lists; strings become `bytes` objects."""

    def plain(item: Any) -> Any:
        if isinstance(item, list):
            return [plain(each) for each in item]
        if _is_base64(item):
            try:
                return base64.b64decode(item["b64"], validate=True)
            except binascii.Error:
                return b""
        return item.encode() if isinstance(item, str) else item

    first = value
    while isinstance(first, list) and first:
        first = first[0]
    if isinstance(first, str) or _is_base64(first):
        return np.array(plain(value), object)
    return np.array(value)


def _base64(value: Any) -> Dict[str, str]:
    data = value.encode() if isinstance(value, str) else bytes(value)
    return {"b64": base64.b64encode(data).decode()}


def _is_base64(value: Any) -> bool:
    return isinstance(value, dict) and list(value) == ["b64"]


def _signature(tree: Dict[str, Any]) -> Signature:
    return Signature(_specs(tree["inputs"]), _specs(tree["outputs"]))


def _specs(tree: Dict[str, Any]) -> Dict[str, Spec]:
    return {
        name: Spec(
            info["dtype"].replace("DT_", "").lower().replace("float", "float32"),
            tuple(
                None if int(d["size"]) < 0 else int(d["size"])
                for d in info["tensor_shape"].get("dim", [])
            ),
        )
        for name, info in tree.items()
    }
