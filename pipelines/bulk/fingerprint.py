"""What names a voice by its contents, wherever it lies."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import List

from wavernn_tf.export.serving import versions
from wavernn_tf.voice import shipped

_OF_A_RUN = ("config.yaml", "data.json", "pitch.npz", "voice.npz")


def fingerprint(voice: str) -> str:
    """SHA-256, hex, over the files that make a voice.

    Args:
      voice: as for `wavernn_tf.export.voices.open_voice`.
    """
    path = shipped.resolve(voice)
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    folder = versions.newest(path) or path
    for each in _files(folder):
        contents = hashlib.sha256(each.read_bytes()).hexdigest()
        digest.update(f"{each.relative_to(folder).as_posix()} {contents}\n".encode())
    return digest.hexdigest()


def _files(folder: Path) -> List[Path]:
    if (folder / "config.yaml").is_file():
        return [folder / name for name in _OF_A_RUN if (folder / name).is_file()]
    return sorted(p for p in folder.rglob("*") if p.is_file())
