"""The self-contained HTML report of `wavernn-tf evaluate --quality`."""

from __future__ import annotations

import html
from typing import List, Mapping

import numpy as np

import wavernn_tf
from wavernn_tf import files
from wavernn_tf.evaluation import pictures, report
from wavernn_tf.evaluation.quality import Quality

_NOTE = (
    "Copy synthesis: every recording is made again from its features, by the voices and by "
    "Griffin-Lim; mu-law and WORLD start from the recording. Medians (or means, where it says so) "
    "over the recordings, with 95 % bootstrap intervals. Everything is measured at 16 kHz. "
    "HNR: harmonics to noise, in the voiced frames of the original. DistillMOS gives short "
    "recordings less than they deserve, the original's too: compare columns."
)


def write(path: files.PathLike, quality: Quality, title: str = "Quality") -> None:
    """Write the report.

    Args:
      path: of the HTML file; it appears whole or not at all.
      quality: from `quality.judge`.
      title: the heading.

    Raises:
      WaveRNNError: if the path must not be written.
    """
    files.claim_file(path, ours=report.is_report)
    files.write_text(path, render(quality, title))


def render(quality: Quality, title: str = "Quality") -> str:
    """The report's HTML; see `write`."""
    head, rows = quality.table()
    body = ["<h2>Measures</h2>", report.table(head, rows), f'<p class="note">{_NOTE}</p>']
    if quality.tracks:
        body.append("<h2>Recordings</h2>")
    for key, tracks in quality.tracks.items():
        body += _recording(key, tracks, quality.sample_rate)
    subtitle = (
        f"{len(quality.clips)} recordings, {quality.seconds:.1f} s at {quality.sample_rate} Hz. "
        f"Made by wavernn-tf {wavernn_tf.__version__}."
    )
    return report.page(title, subtitle, body)


def _recording(key: str, tracks: Mapping[str, np.ndarray], sample_rate: int) -> List[str]:
    return [
        f"<h3>{html.escape(key)}</h3>",
        report.players(tracks, sample_rate),
        report.figure(
            pictures.narrow_band(tracks, sample_rate),
            "Narrow-band spectrograms up to 5 kHz, all on the scale of the original: the lines "
            "are the harmonics.",
        ),
    ]
