"""`wavernn-tf evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import click

from wavernn_tf import files
from wavernn_tf.cli import options, show, speech
from wavernn_tf.errors import WaveRNNError


@click.command()
@click.argument("voices", nargs=-1, required=True)
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False),
    help="Prepared data with held-out speech.  [default: that of the first run among VOICES]",
)
@click.option("--report", type=click.Path(dir_okay=False), help="Write an HTML report here.")
@click.option("--max-utterances", type=click.IntRange(1), help="Score at most so many.")
@click.option(
    "--clips",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    help="Utterances to synthesize for the report.",
)
@click.option(
    "--clip-seconds",
    type=click.FloatRange(0.1),
    default=6.0,
    show_default=True,
    help="Length of those at most.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the synthesis.")
@options.runtime_option
@options.json_option
def evaluate(
    voices: Tuple[str, ...],
    data: Optional[str],
    report: Optional[str],
    max_utterances: Optional[int],
    clips: int,
    clip_seconds: float,
    seed: int,
    runtime: str,
    as_json: bool,
) -> None:
    """Measure voices on held-out speech, in bits per sample.

    VOICES are training runs, .tflite files or SavedModels, scored on the same recordings beside
    two trivial models: every value as likely (uniform), and the frequencies of the values in the
    training speech (histogram). --report adds sound, pictures and checks of the signal.

    \b
    Examples:
      wavernn-tf evaluate run/ --report report.html
      wavernn-tf evaluate run/ voice.tflite saved_model/ --data data/ --json
    """  # noqa: D301 (\b is for click)
    if report and Path(report).suffix.lower() not in (".html", ".htm"):
        raise click.BadParameter(f"expected a name that ends with .html; got {report}.")
    folder = data or _data_of(voices)
    with speech.tensorflow_for("Evaluating"):
        speech.quiet()
        from wavernn_tf.evaluation import evaluate as library
        from wavernn_tf.evaluation import held_out
        from wavernn_tf.evaluation import report as report_lib
        from wavernn_tf.voices import open_voice
    if report:
        files.claim_file(report, [*voices, folder], report_lib.is_report)
    opened = {label: open_voice(path, runtime) for label, path in _labels(voices).items()}
    speech_clips = held_out.read(folder, max_utterances=max_utterances)
    total = sum(len(c.audio) for c in speech_clips) * len(opened)
    with show.bar(total, "scoring") as bar:
        found = library.evaluate(opened, folder, speech_clips, bar.update)
    if report:
        chosen = [library.excerpt(c, clip_seconds, found.sample_rate) for c in speech_clips[:clips]]
        total = sum(len(c.audio) for c in chosen) * len(opened)
        with show.bar(total, "synthesizing") as bar:
            compared = library.compare(opened, chosen, seed, progress=bar.update)
        report_lib.write(report, found, compared, _history(voices))
    if as_json:
        show.as_json({"data": str(folder), **found.as_dict(), "report": report})
        return
    rows = [
        [label, *show.bits_cells(bits), found.shown_difference(label)]
        for label, bits in found.bits.items()
    ]
    rows.append(["histogram", *show.bits_cells(found.histogram), ""])
    rows.append(["uniform", *show.bits_cells(found.uniform), ""])
    show.table(["bits per sample", "total", "coarse", "fine", "to the first"], rows)
    click.echo(f"{found.seconds:.1f} s of held-out speech, utterances: {found.utterances}")
    if report:
        click.echo(f"report: {report}")


def _labels(voices: Tuple[str, ...]) -> Dict[str, str]:
    """Short, distinct names for paths."""
    labels: Dict[str, str] = {}
    for path in voices:
        name = Path(path).resolve().name
        labels[path if name in labels or not name else name] = path
    return labels


def _runs(voices: Tuple[str, ...]) -> List[str]:
    return [v for v in voices if (Path(v) / "config.yaml").is_file()]


def _data_of(voices: Tuple[str, ...]) -> str:
    from wavernn_tf.training.run import RunFolder

    for voice in voices:
        if not Path(voice).exists():
            raise WaveRNNError(f"There is no voice {voice}.")
    for run in _runs(voices):
        path = RunFolder.at(run).data().get("path", "")
        if Path(path).is_dir():
            return path
    raise WaveRNNError("Say by --data where prepared data with held-out speech are.")


def _history(voices: Tuple[str, ...]) -> List[Any]:
    from wavernn_tf.training.run import RunFolder

    runs = _runs(voices)
    return RunFolder.at(runs[0]).history() if runs else []
