"""Numbered versions of a SavedModel in one folder, NAME/1, NAME/2, as TF Serving reads them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, Optional, Sequence

from wavernn_tf import files
from wavernn_tf.errors import WaveRNNError

MODEL = "saved_model.pb"
"""The file that makes a folder a SavedModel."""


def find(path: files.PathLike) -> Dict[int, Path]:
    """The versions in a model's folder, by number; empty if there is none."""
    folder = Path(path)
    if not folder.is_dir():
        return {}
    return {
        int(p.name): p
        for p in folder.iterdir()
        if re.fullmatch("[0-9]{1,18}", p.name) and (p / MODEL).is_file()
    }


def newest(path: files.PathLike) -> Optional[Path]:
    """The SavedModel that a path names.

    Args:
      path: folder of a model, or of one version.

    Returns:
      The version with the highest number, as TF Serving takes it; `path` itself if it is a
      SavedModel; None if there is none.
    """
    folder = Path(path)
    if (folder / MODEL).is_file():
        return folder
    found = find(folder)
    return found[max(found)] if found else None


def claim(out: files.PathLike, inputs: Sequence[files.PathLike] = ()) -> Path:
    """Check that a model's folder may get another version, before the work.

    Args:
      out: the model's folder; existing or not.
      inputs: files and folders that the work reads.

    Returns:
      The folder of the next version; the others are kept.

    Raises:
      WaveRNNError: if the folder holds anything but versions, or must not be written.
    """
    entries = files.claim_folder(out, inputs)
    found = find(out)
    strange = [p.name for p in entries if p.name not in {v.name for v in found.values()}]
    if strange:
        raise WaveRNNError(
            f"Expected {out} to be new, or to hold nothing but numbered versions of a SavedModel; "
            f"it holds {', '.join(strange[:3])}{' ...' if strange[3:] else ''}. It is kept: choose "
            "another folder."
        )
    return Path(out) / str(max(found, default=0) + 1)
