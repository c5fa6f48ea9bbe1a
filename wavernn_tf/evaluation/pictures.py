"""Waveforms and spectrograms as PNG. No global pyplot state: safe in any program.

``python -m wavernn_tf.evaluation.pictures ORIGINAL COPY... --out FILE`` draws a recording and its
copies side by side.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

import click
import numpy as np

from wavernn_tf import files
from wavernn_tf.audio.mel import log_mel
from wavernn_tf.audio.signal import to_float
from wavernn_tf.config import MelRecipe

INK, ORIGINAL, GENERATED, GRID = "#1f2933", "#4a5568", "#0b6e99", "#e2e8f0"
_RANGE_DB = 70.0
"""Range of the spectrograms below the loudest point of the first one."""

_FINE_HOP = 0.005
"""Seconds between the frames of a narrow-band spectrogram."""

_FINE_KHZ = 5.0
"""Its highest frequency."""

_MARK = b"wavernn_tf.evaluation.pictures"
"""In the metadata of a picture of `main`."""

_COLORS = 64
"""Of the palette of such a picture; it takes a third of the bytes of full colours."""


@click.command()
@click.argument("original", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument(
    "copies", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--label", "labels", multiple=True, help="One for each; by default numbers.")
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="PNG file.")
@click.option("--rate", default=16000, show_default=True, help="In Hz; both are resampled to it.")
@click.option("--seconds", type=float, help="Only so much of the start.")
def main(
    original: Path,
    copies: Tuple[Path, ...],
    labels: Tuple[str, ...],
    out: str,
    rate: int,
    seconds: Optional[float],
) -> None:
    """Draw narrow-band spectrograms of the file ORIGINAL and its COPIES side by side."""
    from wavernn_tf.pipelines import audio  # TensorFlow

    paths = (original, *copies)
    names = labels or ("recording", "copy", *(f"copy {n}" for n in range(2, len(paths))))
    if len(set(names)) != len(paths):
        raise click.UsageError(f"Expected {len(paths)} different labels; got {', '.join(names)}.")
    files.claim_file(out, paths, ours=lambda path: files.has_text(path, _MARK))
    end = None if seconds is None else round(seconds * rate)
    tracks = {k: audio.read(p, rate)[:end] for k, p in zip(names, paths)}
    files.write_bytes(out, _indexed(narrow_band(tracks, rate)))


def mel_recipe(sample_rate: int) -> MelRecipe:
    """The recipe of the pictures: 50 ms windows every 10 ms, 80 bands up to half the rate."""
    window = sample_rate // 20
    return MelRecipe(
        name="picture",
        sample_rate=sample_rate,
        n_fft=1 << (window - 1).bit_length(),
        win_length=window,
        hop_length=sample_rate // 100,
        fmax=sample_rate / 2,
        log="db",
        power=2.0,
        floor=1e-10,
        padding="center-zero",
    )


def comparison(tracks: Mapping[str, np.ndarray], sample_rate: int) -> bytes:
    """Waveform and log-mel spectrogram of every track, on the same scales, as PNG.

    Args:
      tracks: int16 [samples] by label, the original first.
      sample_rate: in Hz.
    """
    figure = _figure(9.0, 2.6 * len(tracks) + 0.4)
    axes = figure.subplots(
        2 * len(tracks),
        1,
        sharex=True,
        squeeze=False,
        gridspec_kw={"height_ratios": [1, 1.7] * len(tracks)},
    )[:, 0]
    peak = max(1.0, max(float(np.abs(a.astype(np.float64)).max()) for a in tracks.values()))
    images = _mels(tracks, sample_rate)
    top = float(next(iter(images.values())).max())
    for i, (label, audio) in enumerate(tracks.items()):
        _waveform(axes[2 * i], audio, sample_rate, peak, label, ORIGINAL if i == 0 else GENERATED)
        _spectrogram(axes[2 * i + 1], images[label], sample_rate, top)
    axes[-1].set_xlabel("seconds")
    axes[-1].set_xlim(0, max(len(a) for a in tracks.values()) / sample_rate)
    return _png(figure)


def narrow_band(tracks: Mapping[str, np.ndarray], sample_rate: int) -> bytes:
    """Narrow-band spectrograms side by side, two a row, on the same scales, as PNG.

    A Hann window of 50 ms tells harmonics 40 Hz apart from each other.

    Args:
      tracks: int16 [samples] by label, the original first.
      sample_rate: in Hz.
    """
    rows = -(-len(tracks) // 2)
    figure = _figure(12.0, 2.6 * rows + 0.4)
    axes = figure.subplots(rows, 2, sharex=True, sharey=True, squeeze=False)
    images = {label: _fine_spectrogram(audio, sample_rate) for label, audio in tracks.items()}
    first = next(iter(images))
    top = float(images[first].max())
    seconds = len(tracks[first]) / sample_rate
    for axis, (label, image) in zip(axes.flat, images.items()):
        _fine_image(axis, image, top, sample_rate)
        axis.set_title(label, loc="left", fontsize=9, color=INK)
        axis.tick_params(labelsize=8)
    for axis in axes.flat[len(images) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel("kHz", fontsize=8)
    axes[0, 0].set_xlim(0, seconds)
    axes[0, 0].set_ylim(0, min(_FINE_KHZ, sample_rate / 2000))
    for axis in axes[-1]:
        axis.set_xlabel("seconds")
    return _png(figure)


def with_pitch(
    audio: np.ndarray, f0: np.ndarray, original: np.ndarray, original_f0: np.ndarray, rate: int
) -> bytes:
    """Narrow-band spectrogram of a copy, and below it its F0 on that of the original, as PNG.

    Args:
      audio: int16 [samples].
      f0: float64 [frames] in Hz, evenly over the copy; 0 where it is unvoiced.
      original: int16 [samples]; gives the scales.
      original_f0: as `f0`.
      rate: in Hz.
    """
    figure = _figure(5.2, 2.6)
    above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [2.2, 1]})
    top = float(_fine_spectrogram(original, rate).max())
    _fine_image(above, _fine_spectrogram(audio, rate), top, rate)
    above.set_ylim(0, min(_FINE_KHZ, rate / 2000))
    for hz, samples, color, width in (
        (original_f0, len(original), "#cbd5e0", 4.0),
        (f0, len(audio), GENERATED, 1.2),
    ):
        time = np.arange(len(hz)) / max(len(hz), 1) * samples / rate
        below.plot(time, np.where(hz > 0, hz, np.nan), color=color, linewidth=width)
    below.set_ylim(50, 400)
    below.set_xlim(0, len(original) / rate)
    for axis, unit in ((above, "kHz"), (below, "F0, Hz")):
        axis.set_ylabel(unit, fontsize=8)
        axis.tick_params(labelsize=8)
    figure.align_ylabels()
    return _indexed(_png(figure))


def spectrogram_png(
    path: files.PathLike, tracks: Mapping[str, np.ndarray], sample_rate: int
) -> None:
    """Write log-mel spectrograms, one under the other on the same scale.

    Args:
      path: of the PNG; it appears whole or not at all.
      tracks: int16 [samples] by label, the original first.
      sample_rate: in Hz.
    """
    figure = _figure(9.0, 2.0 * len(tracks) + 0.4)
    axes = figure.subplots(len(tracks), 1, sharex=True, squeeze=False)[:, 0]
    images = _mels(tracks, sample_rate)
    top = float(next(iter(images.values())).max())
    for axis, (label, image) in zip(axes, images.items()):
        _spectrogram(axis, image, sample_rate, top)
        axis.set_title(label, loc="left", fontsize=9, color=INK)
    axes[-1].set_xlabel("seconds")
    files.write_bytes(path, _png(figure))


def training_curve(history: Sequence[Mapping[str, Any]], levels: Mapping[str, float]) -> bytes:
    """Bits per sample and sparsity over the training steps, as PNG.

    Args:
      history: rows of `RunFolder.history`: step, train, held_out, sparsity.
      levels: horizontal lines, such as the trivial models' bits, by label.
    """
    figure = _figure(9.0, 3.4)
    axis = figure.subplots()
    steps = [row["step"] for row in history]
    for split, color in (("train", ORIGINAL), ("held_out", GENERATED)):
        values = [row[split]["total"] for row in history]
        axis.plot(steps, values, color=color, marker=".", label=split.replace("_", "-"))
    for label, level in levels.items():
        axis.axhline(level, color="#a0aec0", linestyle="--", linewidth=1, label=label)
    axis.set_xlabel("step")
    axis.set_ylabel("bits per sample")
    axis.grid(color=GRID)
    if any(row.get("sparsity") for row in history):
        right = axis.twinx()
        right.plot(
            steps,
            [100 * max(row["sparsity"].values()) for row in history],
            color="#c05621",
            linestyle=":",
            label="sparsity of the gates (right)",
        )
        right.set_ylim(0, 100)
        right.set_ylabel("%")
        handles = [*axis.get_legend_handles_labels()[0], *right.get_legend_handles_labels()[0]]
    else:
        handles = axis.get_legend_handles_labels()[0]
    axis.legend(handles=handles, frameon=False, fontsize=8)
    return _png(figure)


def _figure(width: float, height: float) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _indexed(png: bytes) -> bytes:
    """A PNG with a palette, marked as ours."""
    from PIL import Image, PngImagePlugin  # comes with matplotlib

    note = PngImagePlugin.PngInfo()
    note.add_text("Software", _MARK.decode())
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").quantize(_COLORS).save(buffer, "PNG", optimize=True, pnginfo=note)
    return buffer.getvalue()


def _mels(tracks: Mapping[str, np.ndarray], sample_rate: int) -> Dict[str, np.ndarray]:
    """float32 [frames, bands] in dB, by label."""
    recipe = mel_recipe(sample_rate)
    return {k: log_mel(to_float(a), recipe) for k, a in tracks.items()}


def _fine_spectrogram(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """float64 [frames, bins] in dB, by a Hann window of 50 ms every 5 ms."""
    hop, size = round(_FINE_HOP * sample_rate), sample_rate // 20
    x = np.pad(np.asarray(audio, np.float64) / 32768.0, (size // 2, size))
    starts = np.arange(-(-len(audio) // hop)) * hop
    window = np.hanning(size + 1)[:-1]
    frames = x[starts[:, None] + np.arange(size)] * window
    spectrum = np.abs(np.fft.rfft(frames, 1 << (2 * size - 1).bit_length()))
    return 20.0 * np.log10(np.maximum(spectrum / window.sum(), 1e-7))


def _fine_image(axis: Any, image: np.ndarray, top: float, sample_rate: int) -> None:
    """Draw what `_fine_spectrogram` gives; `top` is the loudest colour, in dB."""
    _image(axis, image, top, len(image) * _FINE_HOP, sample_rate / 2000)


def _image(axis: Any, image: np.ndarray, top: float, width: float, height: float) -> None:
    """Draw levels [frames, bands] in dB up to `top`, as wide and as high as the axes say."""
    axis.imshow(
        image.T,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap="magma",
        vmin=top - _RANGE_DB,
        vmax=top,
        extent=(0, width, 0, height),
    )


def _waveform(
    axis: Any, audio: np.ndarray, sample_rate: int, peak: float, label: str, color: str
) -> None:
    time = np.arange(len(audio)) / sample_rate
    axis.plot(time, audio, color=color, linewidth=0.4)
    axis.set_ylim(-peak, peak)
    axis.set_yticks([])
    axis.set_title(label, loc="left", fontsize=9, color=INK)


def _spectrogram(axis: Any, image: np.ndarray, sample_rate: int, top: float) -> None:
    seconds = len(image) * mel_recipe(sample_rate).hop_length / sample_rate
    _image(axis, image, top, seconds, len(image[0]))
    axis.set_ylabel("mel band", fontsize=8)
    axis.tick_params(labelsize=8)


if __name__ == "__main__":
    main()
