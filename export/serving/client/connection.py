"""What both protocols offer: predict, the signatures, the state of the versions."""

from __future__ import annotations

import abc
import dataclasses
import time
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, TypeVar

import numpy as np

from wavernn_tf.export.serving.client.target import TRANSIENT, ServingError, Target

T = TypeVar("T")
Tensors = Dict[str, np.ndarray]
"""Arrays by name; strings are arrays of `bytes` objects."""

MISFIT = ("INVALID_ARGUMENT", "INTERNAL", "UNKNOWN")
"""Codes with which a server may refuse inputs that do not fit the signature."""

_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0
"""Seconds before the first and before any later retry; the wait doubles."""


@dataclasses.dataclass(frozen=True)
class Spec:
    """Type and shape of a tensor in a signature.

    Attributes:
      dtype: as in TensorFlow, such as `float32` or `string`.
      shape: sizes, None where any will do.
    """

    dtype: str
    shape: Tuple[Optional[int], ...]


@dataclasses.dataclass(frozen=True)
class Signature:
    """Inputs and outputs of a signature, by name."""

    inputs: Mapping[str, Spec]
    outputs: Mapping[str, Spec]


@dataclasses.dataclass(frozen=True)
class VersionState:
    """A version of the model on the server, its state (`AVAILABLE`, ...) and what ails it."""

    version: int
    state: str
    error: str = ""


class Connection(abc.ABC):
    """A way to a model on a server. Not shared by threads.

    Args:
      target: server and model.

    Example::

        with connect(parse("http://localhost:8501")) as connection:
            outputs = connection.predict("score", inputs)
    """

    def __init__(self, target: Target) -> None:
        self.target = target

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def predict(self, signature: str, inputs: Mapping[str, np.ndarray]) -> Tensors:
        """Run a signature.

        Args:
          signature: its name.
          inputs: arrays with the batch first.

        Raises:
          ServingError: with the server's text, and the inputs that do not fit the signature: the
            server does not always name them.
        """
        try:
            return self._retried(lambda: self._predict(signature, inputs))
        except ServingError as error:
            if error.code not in MISFIT:
                raise
            try:
                found = self._signatures().get(signature)
            except ServingError:
                raise error from None
            wrong = misfits(found.inputs, inputs) if found else []
            if not wrong:
                raise
            raise ServingError(error.code, f"{error} The inputs: {'; '.join(wrong)}.") from error

    def signatures(self) -> Dict[str, Signature]:
        """What the model offers, by name."""
        return self._retried(self._signatures)

    def versions(self) -> List[VersionState]:
        """The versions that the server knows, newest first."""
        return self._retried(self._versions)

    def _retried(self, ask: Callable[[], T]) -> T:
        """Ask again after a transient failure; the same request gives the same samples."""
        for attempt in range(self.target.retries):
            try:
                return ask()
            except ServingError as error:
                if error.code not in TRANSIENT:
                    raise
                time.sleep(min(_FIRST_WAIT * 2**attempt, _LONGEST_WAIT))
        return ask()

    @abc.abstractmethod
    def close(self) -> None:
        """Hang up."""

    @abc.abstractmethod
    def _predict(self, signature: str, inputs: Mapping[str, np.ndarray]) -> Tensors: ...

    @abc.abstractmethod
    def _signatures(self) -> Dict[str, Signature]: ...

    @abc.abstractmethod
    def _versions(self) -> List[VersionState]: ...


def misfits(specs: Mapping[str, Spec], inputs: Mapping[str, np.ndarray]) -> List[str]:
    """What does not fit a signature, an entry for each such input.

    Args:
      specs: the signature's inputs.
      inputs: arrays by name.
    """
    wrong = [f"{name}: missing" for name in specs if name not in inputs]
    wrong += [f"{name}: not an input of the signature" for name in inputs if name not in specs]
    for name, spec in specs.items():
        if name not in inputs:
            continue
        array = np.asarray(inputs[name])
        dtype = "string" if array.dtype.kind in "OSU" else array.dtype.name
        fits = len(array.shape) == len(spec.shape) and all(
            size is None or size == got for size, got in zip(spec.shape, array.shape)
        )
        if dtype != spec.dtype or not fits:
            shape = ["*" if size is None else size for size in spec.shape]
            expected = f"{spec.dtype} [{', '.join(map(str, shape))}]"
            wrong.append(f"{name}: expected {expected}, got {dtype} {list(array.shape)}")
    return wrong


def connect(target: Target) -> Connection:
    """Open the connection that a target's URL names; nothing is sent yet.

    Raises:
      WaveRNNError: if gRPC's packages are not installed.
    """
    if target.is_grpc:
        from wavernn_tf.export.serving.client.grpc_connection import GrpcConnection

        return GrpcConnection(target)
    from wavernn_tf.export.serving.client.rest_connection import RestConnection

    return RestConnection(target)
