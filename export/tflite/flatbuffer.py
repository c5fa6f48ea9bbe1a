"""Rewriting a converted TFLite file: metadata in, constants aligned."""

from __future__ import annotations

from typing import Any, Mapping

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

ALIGNMENT = 64
"""Bytes. LiteRT 2's compiled models refuse constants that are less aligned."""


def finish(model: bytes, entries: Mapping[str, bytes]) -> bytes:
    """Add metadata and lay every constant on a 64-byte boundary of the file.

    Args:
      model: a TFLite file.
      entries: metadata by name.
    """
    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model))
    tree.metadata = list(tree.metadata or [])
    for name, contents in entries.items():
        buffer, entry = schema.BufferT(), schema.MetadataT()
        buffer.data = np.frombuffer(contents, np.uint8)
        entry.name, entry.buffer = name, len(tree.buffers)
        tree.buffers.append(buffer)
        tree.metadata.append(entry)
    builder = _AlignedBuilder(len(model) + sum(map(len, entries.values())) + 4096)
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


class _AlignedBuilder(flatbuffers.Builder):
    """Builder whose vectors of bytes, the constants among them, start on aligned offsets.

    A flatbuffer is built from its end; the builder pads the whole to a multiple of the largest
    alignment seen, so that offsets from the end and from the start agree.
    """

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> Any:  # noqa: N802, N803
        if elemSize == 1:
            alignment = ALIGNMENT
        return super().StartVector(elemSize, numElems, alignment)
