"""Finding a TFLite interpreter, and loading the native library, into it or alone."""

from __future__ import annotations

import ctypes
import importlib
import platform
from pathlib import Path
from typing import Any, Callable, Dict, NamedTuple, Optional, Tuple

from wavernn_tf import extras
from wavernn_tf.errors import WaveRNNError

LIBRARY = Path(__file__).resolve().parent.parent / "libwavernn_tf.so"

RUNTIMES = ("litert", "tensorflow")
"""The interpreters, in the order in which they are looked for."""

NATIVE = "native"
"""The native library alone, as a name beside those of the interpreters."""


class Runtime(NamedTuple):
    """A TFLite interpreter as a Python module offers it.

    Attributes:
      name: "litert" or "tensorflow".
      version: of the package.
      interpreter: the class `Interpreter`.
      load_delegate: the function that loads a delegate library.
    """

    name: str
    version: str
    interpreter: Callable[..., Any]
    load_delegate: Callable[..., Any]


def find_runtime(name: str = "auto") -> Runtime:
    """Import a TFLite interpreter.

    Args:
      name: "litert" (the package ai-edge-litert), "tensorflow", or "auto": the first that is
        installed, in this order.

    Raises:
      WaveRNNError: if there is none, saying what to install.
    """
    if name != "auto" and name not in RUNTIMES:
        raise WaveRNNError(f"Expected `runtime` to be auto, litert or tensorflow; got {name!r}.")
    found = next(filter(None, map(_import, RUNTIMES if name == "auto" else (name,))), None)
    if found:
        return found
    wanted = "ai-edge-litert or tensorflow" if name == "auto" else name
    raise WaveRNNError(
        f"No TFLite interpreter found (looked for {wanted}). Install one: "
        f"{extras.install('train' if name == 'tensorflow' else 'litert')}"
    )


def find_litert() -> Optional[Runtime]:
    """LiteRT's interpreter; None if it is not installed."""
    return _import("litert")


def load_library(
    runtime: Runtime,
    library: Optional[str] = None,
    isa: Optional[str] = None,
    stages: bool = False,
    postfilter: bool = True,
) -> Any:
    """Load the native library as a delegate of an interpreter.

    Args:
      runtime: from `find_runtime`.
      library: path of libwavernn_tf.so; by default the one that was built with the package.
      isa: instruction set of the kernels, one of `available_isas`; by default its last.
      stages: keep the time that every stage takes, for `native_bench.take_stages`.
      postfilter: run the pitch postfilter of a voice that has one.

    Raises:
      WaveRNNError: if the file is missing or does not load, saying what to do, or if this machine
        lacks `isa`.
    """
    path = _find(library)
    options: Dict[str, str] = {"stages": "1"} if stages else {}
    if not postfilter:
        options["postfilter"] = "0"
    if isa is not None:
        check_isa(isa, library)
        options["isa"] = isa
    try:
        return runtime.load_delegate(str(path), options)
    except (ValueError, OSError) as error:
        raise _unfit(path, error) from error


def available_isas(library: Optional[str] = None) -> Tuple[str, ...]:
    """The instruction sets whose kernels this machine can run, scalar first, the fastest last.

    Args:
      library: as in `load_library`.

    Raises:
      WaveRNNError: if the file is missing or does not load, saying what to do.
    """
    loaded = load_c_library(library)
    loaded.wavernn_tf_isas.restype = ctypes.c_char_p
    return tuple(loaded.wavernn_tf_isas().decode().split(","))


def check_isa(isa: str, library: Optional[str] = None) -> None:
    """Refuse an instruction set that is none of `available_isas`.

    Raises:
      WaveRNNError: naming those there are.
    """
    isas = available_isas(library)
    if isa not in isas:
        raise WaveRNNError(
            f"Expected `isa` to be one of this machine's, {', '.join(isas)}; got {isa!r}."
        )


def load_c_library(library: Optional[str] = None) -> ctypes.CDLL:
    """The native library's C interface.

    Args:
      library: as in `load_library`.

    Raises:
      WaveRNNError: if the file is missing or does not load, saying what to do.
    """
    path = _find(library)
    try:
        loaded = ctypes.CDLL(str(path))
        loaded.wavernn_tf_version  # noqa: B018 (another library lacks it)
        return loaded
    except (AttributeError, OSError) as error:
        raise _unfit(path, error) from error


def _find(library: Optional[str]) -> Path:
    path = Path(library) if library else LIBRARY
    if not path.is_file():
        raise WaveRNNError(
            f"The native library {path} is missing. It is built when the package is installed: run "
            "`pip install .` in the source folder (it needs a C++17 compiler, CMake and make), or "
            "pass `library=` the path of libwavernn_tf.so."
        )
    return path


def _unfit(path: Path, error: Exception) -> WaveRNNError:
    return WaveRNNError(
        f"The native library {path} does not load on this machine "
        f"({platform.machine()}): {error}. Build it here: `pip install .` in the source folder."
    )


def _import(name: str) -> Optional[Runtime]:
    modules: Tuple[str, str, str] = (
        ("ai_edge_litert.interpreter", "ai_edge_litert", "load_delegate")
        if name == "litert"
        else ("tensorflow.lite", "tensorflow", "experimental.load_delegate")
    )
    try:
        if name == "tensorflow":
            # `tensorflow.lite` is an attribute that TensorFlow loads lazily.
            module = importlib.import_module("tensorflow").lite
        else:
            module = importlib.import_module(modules[0])
        version = getattr(importlib.import_module(modules[1]), "__version__", "unknown")
    except ImportError:
        return None
    load: Any = module
    for part in modules[2].split("."):
        load = getattr(load, part)
    return Runtime(name, version, module.Interpreter, load)
