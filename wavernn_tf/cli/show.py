"""What commands print: tables and JSON on standard output, progress on standard error."""

from __future__ import annotations

import json
import sys
from typing import Any, Iterable, List, Sequence

import click

from wavernn_tf.evaluation.bits import Bits


def as_json(tree: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(tree, indent=1))


def note(line: str) -> None:
    """Say what is being done."""
    click.echo(line, err=True)


def bar(length: int, label: str) -> Any:
    """A progress bar on standard error, as a context manager with `update(n)`."""
    return click.progressbar(length=length, label=label, file=sys.stderr)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print an aligned table; the first column is text, the others are numbers."""
    lines: List[Sequence[str]] = [head, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        cells = [cell.rjust(width) for cell, width in zip(line, widths)]
        cells[0] = line[0].ljust(widths[0])
        click.echo("  ".join(cells).rstrip())


def bits_cells(bits: Bits) -> List[str]:
    """Total, coarse and fine, for a table."""
    return [f"{bits.total:.4f}", f"{bits.coarse:.4f}", f"{bits.fine:.4f}"]


def size(n_bytes: float) -> str:
    """A file size for people."""
    for unit in ("bytes", "kB", "MB"):
        if n_bytes < 1000 or unit == "MB":
            return f"{n_bytes:.0f} {unit}" if unit == "bytes" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    raise AssertionError


def speed(real_time_factor: float) -> str:
    """A real-time factor with its meaning."""
    return f"{real_time_factor:.2f}x real time"
