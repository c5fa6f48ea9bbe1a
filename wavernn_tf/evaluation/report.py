"""The self-contained HTML report of an evaluation: sound and pictures are inside the file."""

from __future__ import annotations

import base64
import html
import string
from pathlib import Path
from typing import Any, Iterable, List, Mapping, Optional, Sequence

import numpy as np

import wavernn_tf
from wavernn_tf import files
from wavernn_tf.audio.wav import wav_bytes
from wavernn_tf.evaluation import pictures
from wavernn_tf.evaluation.bits import Bits
from wavernn_tf.evaluation.evaluate import Comparison, Evaluation
from wavernn_tf.voice.metadata import VoiceInfo

_TEMPLATE = Path(__file__).with_name("report.html")


def write(
    path: files.PathLike,
    evaluation: Evaluation,
    comparisons: Sequence[Comparison],
    history: Sequence[Mapping[str, Any]] = (),
    title: str = "Held-out speech",
) -> None:
    """Write the report.

    Args:
      path: of the HTML file; it appears whole or not at all.
      evaluation: bits per sample of the voices and of the trivial models.
      comparisons: utterances by every voice.
      history: rows of a training run's log, for its curve; may be empty.
      title: the heading.

    Raises:
      WaveRNNError: if the path must not be written.
    """
    files.claim_file(path, ours=is_report)
    files.write_text(path, render(evaluation, comparisons, history, title))


def is_report(path: Path) -> bool:
    """Whether a file was written by `write`."""
    return files.has_text(path, b'<meta name="generator" content="wavernn-tf">')


def render(
    evaluation: Evaluation,
    comparisons: Sequence[Comparison],
    history: Sequence[Mapping[str, Any]] = (),
    title: str = "Held-out speech",
) -> str:
    """The report's HTML; see `write`."""
    body = ["<h2>Bits per sample</h2>", _bits_table(evaluation)]
    body.append(
        '<p class="note">Code length of the recorded samples, teacher forced; smaller is better. '
        "Uniform: every 16-bit value as likely. Histogram: frequencies of the values in the "
        "training speech, smoothed.</p>"
    )
    body += ["<h2>Sparsity</h2>", _sparsity_table(evaluation)]
    if history:
        levels = {"histogram": evaluation.histogram.total}
        curve = pictures.training_curve(history, levels)
        body += ["<h2>Training</h2>", figure(curve, "Bits per sample over the training steps.")]
    if comparisons:
        body.append("<h2>Utterances</h2>")
    for comparison in comparisons:
        body += _utterance(comparison, evaluation.sample_rate)
    subtitle = (
        f"{evaluation.seconds:.1f} s of speech (utterances: {evaluation.utterances}) at "
        f"{evaluation.sample_rate} Hz, never seen in training. Made by wavernn-tf "
        f"{wavernn_tf.__version__}."
    )
    return page(title, subtitle, body)


def page(title: str, subtitle: str, body: Sequence[str]) -> str:
    """A whole HTML page; title and subtitle are text, the body's parts are HTML."""
    template = string.Template(_TEMPLATE.read_text(encoding="utf-8"))
    return template.substitute(
        title=html.escape(title), subtitle=html.escape(subtitle), body="\n".join(body)
    )


def _bits_table(evaluation: Evaluation) -> str:
    rows = []
    for label, bits in evaluation.bits.items():
        rows.append([label, evaluation.voices[label].runtime, *_numbers(bits)])
        rows[-1].append(evaluation.shown_difference(label))
    trivial = {"histogram": evaluation.histogram, "uniform": evaluation.uniform}
    marked = [[label, "", *_numbers(bits), ""] for label, bits in trivial.items()]
    head = ["voice", "runs on", "total", "coarse", "fine"]
    head.append("against the first" if len(evaluation.bits) > 1 else "")
    return table(head, rows, marked)


def _numbers(bits: Bits) -> List[str]:
    return [f"{bits.total:.4f}", f"{bits.coarse:.4f}", f"{bits.fine:.4f}"]


def _sparsity_table(evaluation: Evaluation) -> str:
    infos = {label: voice.info for label, voice in evaluation.voices.items()}
    names = dict.fromkeys(name for info in infos.values() for name in info.sparsity)
    rows = [[name, *(_share(info, name) for info in infos.values())] for name in names]
    return table(["zero blocks of", *infos], rows)


def _share(info: VoiceInfo, matrix: str) -> str:
    if matrix not in info.sparsity:  # a plain voice beside a Subscale one
        return ""
    return f"{100 * info.sparsity[matrix]:.2f} % of {info.blocks[matrix]}"


def _utterance(comparison: Comparison, sample_rate: int) -> List[str]:
    rows = [
        [
            label,
            f"{found.peak:.3f}",
            f"{found.rms_dbfs:.1f}",
            f"{100 * found.clipped:.3f} %",
            "none" if found.silence_dbfs is None else f"{found.silence_dbfs:.1f}",
            f"{found.click:.1f} at {found.click_at:.2f} s",
        ]
        for label, found in comparison.checks.items()
    ]
    head = ["signal", "peak", "level, dBFS", "clipped", "in silence, dBFS", "sharpest click"]
    return [
        f"<h3>{html.escape(comparison.id)}</h3>",
        players(comparison.tracks, sample_rate),
        table(head, rows),
        figure(
            pictures.comparison(comparison.tracks, sample_rate),
            "Waveform and log-mel spectrogram, all on the scale of the original.",
        ),
    ]


def players(tracks: Mapping[str, np.ndarray], sample_rate: int) -> str:
    """A player for every track, int16 [samples] by label, as HTML."""
    each = "".join(
        f"<div><label>{html.escape(label)}</label>"
        '<audio controls preload="metadata" '
        f'src="{_uri(wav_bytes(audio, sample_rate), "audio/wav")}">'
        "</audio></div>"
        for label, audio in tracks.items()
    )
    return f'<div class="players">{each}</div>'


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    trivial: Optional[Iterable[Sequence[str]]] = None,
) -> str:
    """Text as an HTML table; the rows of `trivial` come last, in grey."""

    def line(cells: Sequence[str], tag: str) -> str:
        return "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells)

    lines = [f"<tr>{line(head, 'th')}</tr>"]
    lines += [f"<tr>{line(row, 'td')}</tr>" for row in rows]
    lines += [f'<tr class="trivial">{line(row, "td")}</tr>' for row in trivial or ()]
    return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def figure(png: bytes, caption: str) -> str:
    """A picture with its caption, as HTML."""
    return (
        f'<figure><img src="{_uri(png, "image/png")}" alt="{html.escape(caption)}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def _uri(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
