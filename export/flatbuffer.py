"""Rewriting a converted TFLite file: metadata in, constants aligned."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

ALIGNMENT = 64
"""Bytes. LiteRT 2's compiled models refuse constants that are less aligned."""


def finish(model: bytes, metadata_name: str, metadata: str) -> bytes:
    """Add a metadata text and lay every constant on a 64-byte boundary of the file.

    Args:
      model: a TFLite file.
      metadata_name: key of the text.
      metadata: the text.
    """
    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model))
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(metadata.encode(), np.uint8)
    tree.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = metadata_name, len(tree.buffers) - 1
    tree.metadata = [*(tree.metadata or []), entry]
    builder = _AlignedBuilder(len(model) + len(metadata) + 4096)
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
