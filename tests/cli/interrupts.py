"""Ctrl-C, sent to a command in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Tuple

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
HANGS = 1000
"""Seconds after which a process that should end hangs, on any machine and under any load."""


def heed_interrupts() -> None:
    """A job in the background of a shell ignores Ctrl-C, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupted(args: list, at: bytes, wait: float = 0.0) -> Tuple[int, str]:
    """Run a command, interrupt it once it has said something: its exit code, and all that it says.

    Args:
      args: of `wavernn-tf`.
      at: the text to wait for.
      wait: seconds between the text and the interruption.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "wavernn_tf.cli", *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=ENVIRONMENT,
        preexec_fn=heed_interrupts,
    )
    assert process.stdout is not None
    said = b""
    try:
        while at not in said:
            read = os.read(process.stdout.fileno(), 1000)
            assert read, said
            said += read
        time.sleep(wait)
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=HANGS)[0]
        return process.returncode, said.decode(errors="replace")
    finally:
        process.kill()
