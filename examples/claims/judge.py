"""Judge the finished runs of the list, and write docs/measured/claims.json.

    python -m examples.claims.judge RUNS --data DATA --recording FOLDER --voice voices/en_ru/run

Every finished run is exported, and all held-out speech of DATA is scored with it; where the list
names settings of sampling, copies of the recordings are made and judged, too. What was found is
kept in RUNS/judged: a run that is judged is not judged again, and a run that is not finished is
left out. --voice judges one more run in every weight type.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import click
import numpy as np

from examples.claims import runs as lists
from wavernn_tf import files
from wavernn_tf.evaluation import bits, curves, held_out, measures, quality
from wavernn_tf.evaluation.held_out import Clip
from wavernn_tf.export import exporter
from wavernn_tf.export.benchmark import machine
from wavernn_tf.export.format.packing import WEIGHT_TYPES
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.models.run_folder import RunFolder
from wavernn_tf.pipelines.manifest import Manifest

KEYS = ("mos", "log_mel", "voiced", "f0", "hnr")
"""Measures of sound."""

ENGLISH = "asterisk_en/"
"""How the names of the English recordings begin."""

TEMPERATURE = 0.95
"""Of the coarse byte in all copies."""

Tree = Dict[str, Any]


class Case(NamedTuple):
    """What is judged.

    Attributes:
      name: of the run, and of the weight type where there are several.
      group: what it is compared within.
      run: the finished run's folder.
      sampling: settings of sampling, by label, that it is heard with.
      weights: type of the exported weights.
    """

    name: str
    group: str
    run: Path
    sampling: Dict[str, Tree]
    weights: str = "float32"


def score(folder: RunFolder, file: Path, clips: Sequence[Clip]) -> Tree:
    """What a run's log and its file say: sizes, the learning curve, held-out bits.

    Args:
      folder: of the run.
      file: its .tflite file.
      clips: all held-out speech.
    """
    voice = Vocoder.load(file)
    with np.load(folder.voice) as arrays:
        all_nonzeros = sum(int(np.count_nonzero(arrays[name])) for name in arrays.files)
    curve = curves.points(folder.history())
    scores = {clip.id: voice.score(clip.mel, clip.audio) for clip in clips}
    english = [found for key, found in scores.items() if key.startswith(ENGLISH)]
    return {
        "samples": int(curve[-1]["samples"]),
        "state": voice.info.state_size,
        "sparsity": voice.info.sparsity,
        "nonzeros": voice.info.nonzeros,
        "all_nonzeros": all_nonzeros,
        "minutes": round(curve[-1]["minutes"], 2),
        "curve": [{k: round(v, 4) for k, v in point.items()} for point in curve],
        "bits": bits.from_scores(scores.values()).as_dict(),
        "english": bits.from_scores(english).as_dict() if english else None,
    }


def listen(made: Mapping[str, quality.Synthesis], clips: Sequence[Clip], sample_rate: int) -> Tree:
    """How copies of recordings sound: estimates by label and measure.

    Args:
      made: what makes the copies, by label.
      clips: the recordings.
      sample_rate: theirs, in Hz.
    """
    chosen, left_out = measures.choose(KEYS)
    for message in left_out:
        click.echo(f"note: {message}", err=True)
    judged = quality.judge(made, clips, sample_rate, chosen)
    return {
        label: {key: None if e is None else e.as_dict() for key, e in row.items()}
        for label, row in judged.estimates.items()
    }


def recordings_themselves(kept: Path, clips: Sequence[Clip], sample_rate: int) -> Tree:
    """What the measures give for the recordings; found once."""
    path = kept / "original.json"
    if not path.is_file():
        same = {quality.ORIGINAL: lambda clip, seed: clip.audio}
        found = listen(same, clips, sample_rate)[quality.ORIGINAL]
        path.parent.mkdir(exist_ok=True)
        files.write_text(path, json.dumps(found, indent=1))
    return json.loads(path.read_text(encoding="utf-8"))


def by_voice(file: Path) -> quality.Synthesis:
    """Copies by a .tflite file."""
    voice = Vocoder.load(file)
    return lambda clip, seed: voice.synthesize(clip.mel, seed, TEMPERATURE)


def judge(case: Case, kept: Path, data: str, clips: Sequence[Clip], heard: Sequence[Clip]) -> Tree:
    """Everything about a finished run; what was found before is not measured again.

    Args:
      case: what is judged.
      kept: folder of what was found.
      data: folder made by `wavernn-tf prepare`.
      clips: all its held-out speech.
      heard: recordings that are copied.
    """
    path, file = kept / f"{case.name}.json", kept / f"{case.name}.tflite"
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def export(settings: Tree, check: bool) -> None:
        exporter.to_tflite(
            case.run, file, data, check, time=False, weight_type=case.weights, settings=settings
        )

    if "bits" not in found:
        click.echo(f"{case.name}: bits", err=True)
        export({}, check=True)
        found = {"name": case.name, "group": case.group}
        found.update(score(RunFolder.at(case.run), file, clips))
        files.write_text(path, json.dumps(found, indent=1))
    if heard and case.sampling and "sound" not in found:
        click.echo(f"{case.name}: sound", err=True)
        made = {}
        for label, settings in case.sampling.items():
            export(settings, check=False)  # the network is the same: its score was checked above
            made[label] = by_voice(file)
        rate = RunFolder.at(case.run).config().mel.sample_rate
        found["sound"] = listen(made, heard, rate)
        files.write_text(path, json.dumps(found, indent=1))
    return found


@click.command()
@click.argument(
    "outs",
    metavar="RUNS...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option("--data", required=True, type=click.Path(exists=True, file_okay=False))
@click.option("--recording", "recordings", multiple=True, type=click.Path(exists=True))
@click.option(
    "--voice",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A finished run that is judged in every weight type.",
)
@click.option("--measured", default="docs/measured/claims.json", show_default=True)
@lists.list_option
def main(
    outs: Tuple[Path, ...],
    data: str,
    recordings: Tuple[str, ...],
    voice: Optional[Path],
    measured: str,
    path: Path,
) -> None:
    """Judge the finished runs of examples/claims/runs.yaml on held-out speech of DATA.

    Where several folders RUNS have a finished run, that of the first counts.
    """
    machine.claim(measured)
    cases = []
    for run in lists.read(path):
        held = [out / run.name for out in outs if RunFolder.at(out / run.name).voice.is_file()]
        cases += [Case(run.name, run.group, folder, run.sampling) for folder in held[:1]]
    if voice:
        cases += [Case(kind, "weights", voice, {"as it is": {}}, kind) for kind in WEIGHT_TYPES]
    if not cases:
        raise click.UsageError(f"{', '.join(map(str, outs))}: no finished run of the list.")
    clips = held_out.read(data)
    heard = quality.read_recordings(recordings, RunFolder.at(cases[0].run).config().mel)
    seconds = sum(len(clip.mel) for clip in clips) / Manifest.load(data).mel.frames_per_second
    rate = Manifest.load(data).mel.sample_rate
    original = recordings_themselves(outs[0] / "judged", heard, rate) if heard else {}
    rows: List[Tree] = []
    for case in cases:
        kept = (outs[0] if case.group == "weights" else case.run.parent) / "judged"
        kept.mkdir(exist_ok=True)
        rows.append(judge(case, kept, data, clips, heard))
        figures = {
            "recordings": len(heard),
            "original": original,
            "held_out_seconds": round(seconds),
            "runs": rows,
        }
        machine.write(measured, figures)


if __name__ == "__main__":
    main()
