"""Judge the finished runs of the list, and write docs/measured/claims.json.

    python -m examples.claims.judge RUNS --data DATA --recording FOLDER

Every finished run is exported, and all held-out speech of DATA is scored with it; where the list
names settings of sampling, copies of the recordings are made and judged, too. What was found is
kept in RUNS/judged: a run that is judged is not judged again, and a run that is not finished is
left out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import click
import numpy as np

from examples.claims import runs as lists
from examples.claims.runs import Run
from wavernn_tf import files
from wavernn_tf.evaluation import bits, curves, held_out, measures, quality
from wavernn_tf.evaluation.held_out import Clip
from wavernn_tf.export import exporter
from wavernn_tf.export.benchmark import machine
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.models.run_folder import RunFolder
from wavernn_tf.voice import weights

KEYS = ("mos", "log_mel", "voiced", "f0", "hnr")
"""Measures of sound."""

ENGLISH = "asterisk_en/"
"""How the names of the English recordings begin."""

Tree = Dict[str, Any]


def score(run: Run, folder: RunFolder, file: Path, clips: Sequence[Clip]) -> Tree:
    """What a run's log and its file say: sizes, the learning curve, held-out bits.

    Args:
      run: of the list.
      folder: of the run.
      file: its .tflite file.
      clips: all held-out speech.
    """
    voice = Vocoder.load(file)
    english = [clip for clip in clips if clip.id.startswith(ENGLISH)]
    arrays = weights.named_arrays(weights.extract(folder.load_model()))
    curve = curves.points(folder.history())
    found = {
        "samples": run.samples,
        "state": run.config.model.state_size,
        "sparsity": voice.info.sparsity,
        "nonzeros": voice.info.nonzeros,
        "all_nonzeros": int(sum(np.count_nonzero(array) for array in arrays.values())),
        "minutes": curve[-1]["minutes"],
        "curve": [{k: round(v, 4) for k, v in point.items()} for point in curve],
        "bits": bits.score_voice(voice, clips).as_dict(),
    }
    return {**found, "english": bits.score_voice(voice, english).as_dict()} if english else found


def listen(file: Path, clips: Sequence[Clip], sample_rate: int) -> Tree:
    """How copies of recordings by a voice sound: estimates by measure.

    Args:
      file: a .tflite file.
      clips: the recordings.
      sample_rate: theirs, in Hz.
    """
    chosen, left_out = measures.choose(KEYS)
    for message in left_out:
        click.echo(f"note: {message}", err=True)
    voice = Vocoder.load(file)
    made = {
        quality.ORIGINAL: lambda clip, seed: clip.audio,
        "copy": lambda clip, seed: voice.synthesize(clip.mel, seed),
    }
    judged = quality.judge(made, clips, sample_rate, chosen)
    return {
        track: {key: None if e is None else e.as_dict() for key, e in row.items()}
        for track, row in judged.estimates.items()
    }


def judge(run: Run, out: Path, data: str, clips: Sequence[Clip], heard: Sequence[Clip]) -> Tree:
    """Everything about a finished run; what was found before is not measured again.

    Args:
      run: of the list.
      out: folder of the runs.
      data: folder made by `wavernn-tf prepare`.
      clips: all its held-out speech.
      heard: recordings that are copied.
    """
    kept = out / "judged" / f"{run.name}.json"
    found = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    for label, settings in {"": {}, **run.sampling}.items():
        if label in found.get("sound", {}) if label else "bits" in found:
            continue
        click.echo(f"{run.name}: {label or 'bits'}", err=True)
        file = kept.with_name(f"{run.name}{'-' * bool(label)}{label.replace(' ', '-')}.tflite")
        exporter.to_tflite(out / run.name, file, data, time=False, settings=settings)
        if label:
            rate = run.config.mel.sample_rate
            found.setdefault("sound", {})[label] = listen(file, heard, rate)
        else:
            found.update(score(run, RunFolder.at(out / run.name), file, clips))
        files.write_text(kept, json.dumps(found, indent=1))
    return found


@click.command()
@click.argument("out", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", required=True, type=click.Path(exists=True, file_okay=False))
@click.option("--recording", "recordings", multiple=True, type=click.Path(exists=True))
@click.option("--measured", default="docs/measured/claims.json", show_default=True)
@lists.list_option
def main(
    out: Path, data: str, recordings: Tuple[str, ...], measured: str, listed: List[Run]
) -> None:
    """Judge the finished runs in OUT, of examples/claims/runs.yaml, on held-out speech of DATA."""
    machine.claim(measured)
    listed = [run for run in listed if RunFolder.at(out / run.name).voice.is_file()]
    if not listed:
        raise click.UsageError(f"{out} has no finished run of the list.")
    (out / "judged").mkdir(exist_ok=True)
    clips = held_out.read(data)
    heard = quality.read_recordings(recordings, listed[0].config.mel)
    rows: List[Tree] = []
    for run in listed:
        rows.append({"name": run.name, "group": run.group, **judge(run, out, data, clips, heard)})
        figures = {"recordings": len(heard), "utterances": len(clips), "runs": rows}
        machine.write(measured, figures)


if __name__ == "__main__":
    main()
