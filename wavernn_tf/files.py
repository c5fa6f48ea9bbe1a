"""Outputs appear whole or not at all: written under a temporary name, then renamed."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Iterator, Union

PathLike = Union[str, "os.PathLike[str]"]


@contextlib.contextmanager
def replacing(path: PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block succeeds.

    Use it for a file or for a folder; a folder that is in the way is replaced. What a killed
    process leaves behind, a hidden folder `.NAME.part`, the next writer of the same path removes.

    Example::

        with replacing("out.wav") as part:
            write(part)
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.parent / f".{path.name}.part"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    # The temporary file keeps the suffix, by which some writers choose the format.
    part = scratch / path.name
    try:
        yield part
        if path.is_dir():
            os.replace(path, scratch / "replaced")
        os.replace(part, path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_bytes(path: PathLike, data: bytes) -> None:
    """Write a whole file, atomically."""
    with replacing(path) as part:
        part.write_bytes(data)


def write_text(path: PathLike, text: str) -> None:
    """Write a whole UTF-8 file, atomically."""
    write_bytes(path, text.encode("utf-8"))
