"""Which server and model a client asks, and what its answers mean to a person."""

from __future__ import annotations

import dataclasses
import re
from typing import Optional
from urllib.parse import urlsplit

from wavernn_tf.errors import WaveRNNError

PORTS = {"grpc": 8500, "grpcs": 443, "http": 8501, "https": 443}
"""Ports without one in the URL: those of TF Serving's image, 443 behind a TLS proxy."""

TRANSIENT = ("UNAVAILABLE", "RESOURCE_EXHAUSTED")
"""Codes after which the same request may succeed: a server that starts, or a full queue."""

_NODE = re.compile(r"\s*\[\[\{\{node.*", re.DOTALL)


class ServingError(WaveRNNError):
    """A server that refused, failed or did not answer.

    Args:
      code: name of the status, as gRPC has it: `INVALID_ARGUMENT`, `NOT_FOUND`, ...
      message: for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclasses.dataclass(frozen=True)
class Target:
    """A model on a server.

    Attributes:
      url: as the user gave it.
      scheme: `grpc`, `grpcs`, `http` or `https`.
      host: name or address.
      port: number.
      path: what stands before `/v1` (REST behind a proxy), or empty.
      model: the server's name for the voice.
      version: of the model; None takes the newest.
      timeout: of one request, in seconds.
      retries: how often a request is sent again after a `TRANSIENT` code.
    """

    url: str
    scheme: str
    host: str
    port: int
    path: str = ""
    model: str = "voice"
    version: Optional[int] = None
    timeout: float = 600.0
    retries: int = 2

    @property
    def secure(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme in ("grpcs", "https")

    @property
    def is_grpc(self) -> bool:
        """Whether the protocol is gRPC; REST otherwise."""
        return self.scheme.startswith("grpc")

    @property
    def model_path(self) -> str:
        """Path of the model in REST."""
        version = "" if self.version is None else f"/versions/{self.version}"
        return f"{self.path}/v1/models/{self.model}{version}"


def parse(
    url: str,
    model: str = "voice",
    version: Optional[int] = None,
    timeout: float = 600.0,
    retries: int = 2,
) -> Target:
    """Read the URL of a server.

    Args:
      url: `grpc://host:port` or `http://host:port`; `grpcs` and `https` with TLS.
      model: see `Target`.
      version: see `Target`.
      timeout: see `Target`.
      retries: see `Target`.

    Raises:
      WaveRNNError: if the URL is none of these, or the model's name cannot be one.
    """
    expected = f"Expected --url grpc://host:port or http://host:port; got {url!r}."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise WaveRNNError(f"{expected} ({error})") from error
    path = parts.path.rstrip("/")
    if parts.scheme not in PORTS or not parts.hostname or parts.query or parts.fragment:
        raise WaveRNNError(expected)
    if parts.scheme.startswith("grpc") and path:
        raise WaveRNNError(f"{expected} gRPC has no path.")
    if not re.fullmatch(r"[^/:\s?#%]+", model):
        raise WaveRNNError(f"Expected a model's name without /, : and spaces; got {model!r}.")
    return Target(
        url,
        parts.scheme,
        parts.hostname,
        port or PORTS[parts.scheme],
        path,
        model,
        version,
        timeout,
        retries,
    )


def explain(target: Target, code: str, text: str) -> ServingError:
    """An error that says what came and what to do.

    Args:
      target: what was asked.
      code: name of the status.
      text: of the server, or of the network.
    """
    text = " ".join(_NODE.sub("", text).split()) or code
    kind = "gRPC" if target.is_grpc else "REST"
    version = "" if target.version is None else f", version {target.version}"
    other = PORTS["http" if target.is_grpc else "grpc"]
    messages = {
        "UNAVAILABLE": f"No answer from {target.url}: {text}. Is the server started, and is this "
        f"its {kind} port ({PORTS[target.scheme]} by default; {other} is the other protocol's)?",
        "DEADLINE_EXCEEDED": f"{target.url} did not answer within {target.timeout:g} s: raise "
        f"--timeout, or send shorter features ({text}).",
        "NOT_FOUND": f"{target.url} does not serve {target.model!r}{version}: {text}. See --model "
        "and --model-version, and the server's models.config.",
        "RESOURCE_EXHAUSTED": f"{target.url} takes no more: {text}. Ask again later, or send less.",
        "UNIMPLEMENTED": f"{target.url} is no TF Serving, or another version: {text}.",
    }
    said = f"{target.url} answered {code}: {text}"
    return ServingError(code, messages.get(code, said if said.endswith(".") else f"{said}."))
