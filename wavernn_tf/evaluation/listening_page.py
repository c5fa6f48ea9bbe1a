"""A page to listen to: recordings and their copies side by side, with pictures.

``python -m wavernn_tf.evaluation.listening_page FOLDER`` writes FOLDER/index.html, which opens
without a network, and FOLDER/pictures, from what it finds::

    FOLDER/tracks.json                  [{"name": "original", "title": ..., "group": ...}, ...]
    FOLDER/audio/<recording>/<name>.flac

The first track is the recording itself. A track that a recording lacks is left out.
"""

from __future__ import annotations

import dataclasses
import html
import json
from pathlib import Path
from typing import Dict, List, Sequence

import click
import numpy as np
import soundfile

import wavernn_tf
from wavernn_tf import files
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.evaluation import f0, pictures, report

TITLE = "Recordings and their copies"


@dataclasses.dataclass(frozen=True)
class Track:
    """A way to make copies.

    Attributes:
      name: of its files.
      title: for people.
      group: what it is heard beside; tracks of a group follow each other.
    """

    name: str
    title: str
    group: str


def read_tracks(folder: Path) -> List[Track]:
    """The tracks of a folder, in their order; none if it is new.

    Raises:
      WaveRNNError: if the list is damaged.
    """
    path = folder / "tracks.json"
    if not path.is_file():
        return []
    try:
        return [Track(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:
        raise WaveRNNError(
            f"Expected {path} to hold a list of name, title and group; {error}."
        ) from error


def add(
    folder: Path, tracks: Sequence[Track], audio: Dict[str, Dict[str, np.ndarray]], rate: int
) -> None:
    """Put copies into a folder: new tracks come last, those that are there are replaced.

    Args:
      folder: of the page.
      tracks: of the copies.
      audio: int16 [samples] by recording and track's name.
      rate: in Hz.
    """
    for recording, copies in audio.items():
        for name, samples in copies.items():
            path = folder / "audio" / recording / f"{name}.flac"
            path.parent.mkdir(parents=True, exist_ok=True)
            with files.replacing(path) as part:
                soundfile.write(part, samples, rate, format="FLAC", subtype="PCM_16")
    merged = {track.name: track for track in (*read_tracks(folder), *tracks)}
    rows = [dataclasses.asdict(track) for track in merged.values()]
    files.write_text(folder / "tracks.json", json.dumps(rows, indent=1) + "\n")


def write(folder: Path) -> None:
    """Write the page and its pictures.

    Args:
      folder: with the list and the audio.

    Raises:
      WaveRNNError: if there is nothing to listen to, or the page would replace another file.
    """
    page = folder / "index.html"
    files.claim_file(page, ours=report.is_report)
    tracks = read_tracks(folder)
    recordings = sorted(p.name for p in (folder / "audio").glob("*") if p.is_dir())
    if not tracks or not recordings:
        raise WaveRNNError(f"Expected tracks.json and audio/<recording>/*.flac in {folder}.")
    body: List[str] = []
    for recording in recordings:
        body.append(f"<h2>{html.escape(recording)}</h2>")
        body += _recording(folder, recording, tracks)
    subtitle = (
        "Narrow-band spectrograms up to 5 kHz on the scale of the recording: the lines are the "
        "harmonics. Below, the fundamental frequency; grey is the recording's. Made by "
        f"wavernn-tf {wavernn_tf.__version__}."
    )
    files.write_text(page, report.page(TITLE, subtitle, body))


def _recording(folder: Path, recording: str, tracks: Sequence[Track]) -> List[str]:
    """HTML of one recording; draws its pictures."""
    found = {t: folder / "audio" / recording / f"{t.name}.flac" for t in tracks}
    found = {track: path for track, path in found.items() if path.is_file()}
    if tracks[0] not in found:
        raise WaveRNNError(f"Expected {folder}/audio/{recording}/{tracks[0].name}.flac.")
    original, rate = soundfile.read(found[tracks[0]], dtype="int16")
    pitch = f0.track(original, rate)
    parts: List[str] = []
    for group in dict.fromkeys(track.group for track in found):
        parts.append(f'<h3>{html.escape(group)}</h3><div class="players">')
        for track in (t for t in found if t.group == group):
            audio, _ = soundfile.read(found[track], dtype="int16")
            picture = folder / "pictures" / recording / f"{track.name}.png"
            picture.parent.mkdir(parents=True, exist_ok=True)
            png = pictures.with_pitch(audio, f0.track(audio, rate), original, pitch, rate)
            files.write_bytes(picture, png)
            parts.append(_player(folder, track, found[track], picture))
        parts.append("</div>")
    return parts


def _player(folder: Path, track: Track, audio: Path, picture: Path) -> str:
    sound, image = (html.escape(p.relative_to(folder).as_posix()) for p in (audio, picture))
    title = html.escape(track.title)
    return (
        f'<div><label>{title}</label><audio controls preload="metadata" src="{sound}"></audio>'
        f'<img loading="lazy" src="{image}" alt="Spectrogram and F0: {title}"></div>'
    )


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(folder: Path) -> None:
    """Write FOLDER/index.html from the audio in FOLDER."""
    write(folder)


if __name__ == "__main__":
    main()
