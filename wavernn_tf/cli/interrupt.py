"""Ctrl-C while TensorFlow computes."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, Callable, List

import click

from wavernn_tf.cli.group import INTERRUPTED


def interruptible(work: Callable[[], Any]) -> Any:
    """Do long work that does not hear of Ctrl-C, such as one call of a TensorFlow graph.

    It is done in another thread; at Ctrl-C the process ends, whatever that thread does.

    Args:
      work: returns what is returned here; what it raises is raised here.
    """
    results: List[Any] = []
    errors: List[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.1)
    except KeyboardInterrupt:
        click.echo("\nwavernn-tf: interrupted", err=True)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(INTERRUPTED)
    if errors:
        raise errors[0]
    return results[0]
