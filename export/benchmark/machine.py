"""By which command, when and on which machine figures were taken (no TensorFlow)."""

from __future__ import annotations

import datetime
import json
import platform
import shlex
import sys
from pathlib import Path
from typing import Any, Dict

import wavernn_tf
from wavernn_tf import files, processors
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.runtime.library import available_isas


def stamp() -> Dict[str, Any]:
    """What stands before the figures in every JSON document.

    Returns:
      `command`, `date` (ISO 8601), `version` of wavernn-tf, and `machine`.
    """
    return {
        "command": command(),
        "date": datetime.date.today().isoformat(),
        "version": wavernn_tf.__version__,
        "machine": machine(),
    }


def claim(path: files.PathLike) -> None:
    """Check that figures may be written to a file, before the work.

    Raises:
      WaveRNNError: if it must not be written, or holds something else.
    """
    files.claim_file(path, ours=lambda held: files.is_json_with(held, ("command", "date")))


def write(path: files.PathLike, figures: Dict[str, Any]) -> None:
    """Write figures behind their stamp, as JSON, whole or not at all."""
    files.write_text(path, json.dumps({**stamp(), **figures}, indent=1) + "\n")


def machine() -> Dict[str, Any]:
    """The machine that this process runs on.

    Returns:
      `processor` (the model's name), `architecture`, `processors` that the process may use, and
      `isas`, the instruction sets that the native library has for it; none without the library.
    """
    try:
        isas = list(available_isas())
    except WaveRNNError:  # a machine that only trains or scores with Keras
        isas = []
    return {
        "processor": _processor(),
        "architecture": platform.machine(),
        "processors": processors.count(),
        "isas": isas,
    }


def command() -> str:
    """The command line of this process, as one would type it again."""
    module = getattr(sys.modules["__main__"], "__spec__", None)
    name = Path(sys.argv[0]).name
    if module is not None:
        name = f"python -m {module.name.replace('.__main__', '')}"
    elif name.endswith(".py"):
        name = f"python {sys.argv[0]}"
    return " ".join([name, *map(shlex.quote, sys.argv[1:])])


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
