"""Keeping TensorFlow's harmless C++ lines out of a program's standard error."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from typing import Iterator

_HARMLESS = re.compile(
    rb"before absl::InitializeLog\(\)|Ignored output_format|Ignored drop_control_dependency"
)
"""What TensorFlow 2.16's TFLite converter writes at every conversion, whatever the log level."""


@contextlib.contextmanager
def without_converter_notes() -> Iterator[None]:
    """Drop the converter's harmless lines from file descriptor 2; everything else comes through.

    What is written inside the block appears at its end, also if it fails.
    """
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # closed: nothing to keep clean
        yield
        return
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            for line in caught:
                if not _HARMLESS.search(line):
                    os.write(2, line)
