"""Keeping TensorFlow's harmless lines out of a program's standard error."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
import tempfile
from typing import Iterator

from wavernn_tf import processors

_HARMLESS = re.compile(
    rb"before absl::InitializeLog\(\)|Ignored output_format|Ignored drop_control_dependency"
)
"""What TensorFlow 2.16's TFLite converter writes at every conversion, whatever the log level."""


def quiet_tensorflow() -> None:
    """Silence TensorFlow's warnings to developers; errors still come through."""
    try:
        import tensorflow as tf
        from absl import logging as absl_logging
    except ModuleNotFoundError:
        return
    absl_logging.set_verbosity(absl_logging.ERROR)
    tf.get_logger().setLevel(logging.ERROR)
    tf.autograph.set_verbosity(0)
    # TensorFlow counts the processors of the host; in a container there may be fewer to use.
    if processors.count() < (os.cpu_count() or 1):
        with contextlib.suppress(RuntimeError):  # it runs already
            tf.config.threading.set_intra_op_parallelism_threads(processors.count())


def quiet_beam() -> None:
    """Silence Apache Beam's notes to developers; before it is imported."""
    logging.getLogger().setLevel(logging.ERROR)


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
