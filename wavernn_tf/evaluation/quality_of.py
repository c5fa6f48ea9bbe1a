"""Judge copies of recordings, fast: `python -m wavernn_tf.evaluation.quality_of ORIGINALS COPIES`.

ORIGINALS and COPIES are folders of recordings; those of the same name (without the extension) are
pairs. Their samples must be aligned, as those of copy synthesis are. It prints a line a pair and
the medians: DistillMOS of the copy and of the original, HNR of both (whole band and 0-1 kHz), how
many voiced frames the copy keeps, how many of those have the right F0, and the log-mel distance.
`wavernn-tf evaluate --quality` measures more, on held-out speech.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.evaluation import f0, log_mel, mos, packages, periodicity

RATE = 16000


def pairs(originals: Path, copies: Path) -> List[Tuple[str, Path, Path]]:
    """Recordings of the same name in two folders: (name, original, copy), sorted.

    Raises:
      WaveRNNError: if a folder is missing, or no name is in both.
    """
    a, b = _recordings(originals), _recordings(copies)
    names = sorted(set(a) & set(b))
    if not names:
        raise WaveRNNError(
            f"Expected recordings of the same names in {originals} ({len(a)} recordings) and "
            f"{copies} ({len(b)}); no name is in both."
        )
    return [(name, a[name], b[name]) for name in names]


def measure(original: np.ndarray, copy: np.ndarray, with_mos: bool = True) -> Dict[str, object]:
    """What is printed of a pair.

    Args:
      original: int16 [samples] at 16 kHz.
      copy: the same.
      with_mos: whether to run DistillMOS, which needs the extra `quality`.

    Returns:
      Numbers by the column's name, in its order; None where there is nothing to measure.
    """
    pitch = f0.track(original, RATE)
    copied = f0.track(copy, RATE)
    of_original = periodicity.hnr(original, pitch, RATE)
    of_copy = periodicity.hnr(copy, pitch, RATE)
    row: Dict[str, object] = {}
    if with_mos:
        row["MOS"] = mos.distill_mos(copy)
        row["MOS orig"] = mos.distill_mos(original)
    row["HNR"] = of_copy["all"]
    row["HNR orig"] = of_original["all"]
    row["HNR 0-1k"] = of_copy["0-1 kHz"]
    row["0-1k orig"] = of_original["0-1 kHz"]
    row["voiced %"] = f0.voiced_kept(pitch, copied)
    row["F0 right %"] = f0.right(pitch, copied)
    row["mel dB"] = log_mel.distance(original, copy, RATE)
    return row


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m wavernn_tf.evaluation.quality_of",
        description="Judge copies of recordings: pairs of files of the same name.",
    )
    parser.add_argument("originals", type=Path, help="folder of recordings")
    parser.add_argument("copies", type=Path, help="folder of their copies")
    parser.add_argument("--medians", action="store_true", help="print no line for every pair")
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        _print(options.originals, options.copies, options.medians)
    except WaveRNNError as error:
        print(f"quality_of: {error}", file=sys.stderr)
        return 2
    return 0


def _print(originals: Path, copies: Path, medians: bool) -> None:
    found = pairs(originals, copies)
    with_mos = True
    try:
        mos.check()
    except packages.MissingPackage as error:
        with_mos = False
        print(f"quality_of: {error}", file=sys.stderr)
    from wavernn_tf.pipelines import audio  # TensorFlow

    rows: Dict[str, Dict[str, object]] = {}
    width = max(len("median of 1000"), *(len(name) for name, *_ in found))
    for name, original, copy in found:
        row = measure(audio.read(original, RATE), audio.read(copy, RATE), with_mos)
        if not rows:
            print(_line("", list(row), width))
        rows[name] = row
        if not medians:
            print(_line(name, list(row.values()), width), flush=True)
    columns = {key: [r[key] for r in rows.values() if r[key] is not None] for key in row}
    middle = [float(np.median(v)) if v else None for v in columns.values()]  # type: ignore[arg-type]
    print(_line(f"median of {len(rows)}", middle, width))


def _line(name: str, cells: Sequence[object], width: int) -> str:
    shown = [
        cell if isinstance(cell, str) else "none" if cell is None else f"{cell:.2f}"
        for cell in cells
    ]
    return "  ".join([name.ljust(width), *(cell.rjust(10) for cell in shown)])


def _recordings(folder: Path) -> Dict[str, Path]:
    from wavernn_tf.pipelines.audio import EXTENSIONS  # TensorFlow

    if not folder.is_dir():
        raise WaveRNNError(f"Expected a folder of recordings; {folder} is none.")
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in EXTENSIONS and path.is_file()
    }


if __name__ == "__main__":
    sys.exit(main())
