"""`wavernn-tf evaluate`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import click

from wavernn_tf import extras, files, logs
from wavernn_tf.cli import options, show
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.voice import inputs


@click.command()
@click.argument("voices", nargs=-1)
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False),
    help="Prepared data with held-out speech.  [default: that of the first run among VOICES]",
)
@click.option("--report", type=click.Path(dir_okay=False), help="Write an HTML report here.")
@click.option("--max-utterances", type=click.IntRange(1), help="Score at most so many.")
@click.option(
    "--quality",
    "by_sound",
    is_flag=True,
    help="Judge the sound of copies instead, beside simpler ways to make them.",
)
@click.option(
    "--recording",
    "recordings",
    type=click.Path(exists=True),
    multiple=True,
    help="With --quality: a file or a folder of recordings instead of held-out speech; repeatable.",
)
@click.option(
    "--min-seconds",
    type=click.FloatRange(0.0),
    default=0.0,
    show_default=True,
    help="With --quality: leave out shorter recordings.",
)
@click.option(
    "--measures",
    metavar="KEY,KEY,...",
    help="With --quality: these alone, such as mos,hnr,f0.  [default: all]",
)
@click.option(
    "--language",
    default="en",
    show_default=True,
    help="With --quality: of the speech; words are compared in English (en) only.",
)
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
@click.option(
    "--temperature",
    type=float,
    default=1.0,
    show_default=True,
    help="Of the coarse byte, in the synthesis: below 1 is cleaner and duller.",
)
@options.fine_temperature_option
@options.runtime_option
@options.json_option
@extras.needed_for("Evaluating")
def evaluate(
    voices: Tuple[str, ...],
    data: Optional[str],
    report: Optional[str],
    max_utterances: Optional[int],
    by_sound: bool,
    recordings: Tuple[str, ...],
    min_seconds: float,
    measures: Optional[str],
    language: str,
    clips: int,
    clip_seconds: float,
    seed: int,
    temperature: float,
    fine_temperature: float,
    runtime: str,
    as_json: bool,
) -> None:
    """Measure voices on held-out speech, in bits per sample or by their sound.

    VOICES are training runs, .tflite files or SavedModels, scored on the same recordings beside
    two trivial models: every value as likely (uniform), and the frequencies of the values in the
    training speech (histogram). --report adds sound, pictures and checks of the signal.

    With --quality every recording is made again from its features, and the copies are measured:
    estimated opinion scores, distances from the original, pitch, noise between the harmonics,
    pauses, clicks, words. The original, 8-bit mu-law, Griffin-Lim from the same features and
    WORLD stand beside; without VOICES they stand alone. Some measures need the extra `quality`.

    \b
    Examples:
      wavernn-tf evaluate run/ --report report.html
      wavernn-tf evaluate run/ voice.tflite saved_model/ --data data/ --json
      wavernn-tf evaluate voice.tflite --quality --data data/ --report quality.html
      wavernn-tf evaluate voice.tflite --quality --recording clips/ --measures mos,f0,hnr
    """  # noqa: D301 (\b is for click)
    if report and Path(report).suffix.lower() not in (".html", ".htm"):
        raise click.BadParameter(f"expected a name that ends with .html; got {report}.")
    if not voices and not by_sound:
        raise click.UsageError("Missing argument 'VOICES...'.")
    if not by_sound and (recordings or measures or min_seconds):
        raise click.UsageError("--recording, --min-seconds and --measures go with --quality.")
    if recordings and data:
        raise click.UsageError("--recording and --data exclude each other.")
    inputs.check_draw(seed, temperature, fine_temperature)
    if by_sound:
        if report:
            from wavernn_tf.evaluation import report as reports

            files.claim_file(
                report, [*voices, *recordings, *([data] if data else [])], reports.is_report
            )
        _quality(
            _opened(voices, runtime),
            None if recordings else data or _data_of(voices),
            recordings,
            _Choice(
                max_utterances,
                min_seconds,
                measures,
                language,
                clips,
                clip_seconds,
                seed,
                temperature,
                fine_temperature,
            ),
            report,
            as_json,
        )
        return
    folder = data or _data_of(voices)
    logs.quiet_tensorflow()
    from wavernn_tf.evaluation import evaluate as library
    from wavernn_tf.evaluation import held_out
    from wavernn_tf.evaluation import report as report_lib

    if report:
        files.claim_file(report, [*voices, folder], report_lib.is_report)
    opened = _opened(voices, runtime)
    speech_clips = held_out.read(folder, max_utterances=max_utterances)
    total = sum(len(c.audio) for c in speech_clips) * len(opened)
    with show.bar(total, "scoring") as bar:
        found = library.evaluate(opened, folder, speech_clips, bar.update)
    if report:
        chosen = [library.excerpt(c, clip_seconds, found.sample_rate) for c in speech_clips[:clips]]
        total = sum(len(c.audio) for c in chosen) * len(opened)
        with show.bar(total, "synthesizing") as bar:
            compared = library.compare(
                opened, chosen, seed, temperature, bar.update, fine_temperature
            )
        report_lib.write(report, found, compared, _history(voices))
    if as_json:
        show.as_json({**_stamp(), "data": str(folder), **found.as_dict(), "report": report})
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


@dataclasses.dataclass(frozen=True)
class _Choice:
    """What is judged, and how; see the options."""

    max_utterances: Optional[int]
    min_seconds: float
    measures: Optional[str]
    language: str
    clips: int
    clip_seconds: float
    seed: int
    temperature: float
    fine_temperature: float


def _quality(
    voices: Dict[str, Any],
    data: Optional[str],
    recordings: Tuple[str, ...],
    choice: _Choice,
    report: Optional[str],
    as_json: bool,
) -> None:
    """Judge the sound of voices; see `evaluate`."""
    from wavernn_tf.evaluation import held_out, quality_report
    from wavernn_tf.evaluation import measures as measures_lib
    from wavernn_tf.evaluation import quality as library

    keys = [k.strip() for k in choice.measures.split(",")] if choice.measures else None
    measures, left_out = measures_lib.choose(keys, choice.language)
    recipe = library.recipe_of(voices, data)
    made, without = library.syntheses(voices, recipe, choice.temperature, choice.fine_temperature)
    for message in [*left_out, *without]:
        click.echo(f"note: {message}", err=True)
    found = held_out.read(data) if data else library.read_recordings(recordings, recipe)
    least = choice.min_seconds * recipe.sample_rate
    clips = [c for c in found if len(c.audio) >= least][: choice.max_utterances]
    if len(clips) < library.ENOUGH:
        click.echo(
            f"note: intervals over {len(clips)} recordings say little; {library.ENOUGH} or more "
            "are better.",
            err=True,
        )
    with show.bar(len(made) * len(clips), "judging") as bar:
        judged = library.judge(
            made,
            clips,
            recipe.sample_rate,
            measures,
            choice.seed,
            choice.clips,
            choice.clip_seconds,
            bar.update,
        )
    if report:
        quality_report.write(report, judged)
    if as_json:
        source = str(data) if data else list(recordings)
        show.as_json({**_stamp(), "source": source, **judged.as_dict(), "report": report})
        return
    show.table(*judged.table())
    click.echo(
        f"{judged.seconds:.1f} s of recordings; in brackets 95 % intervals of the "
        "medians (or means)"
    )
    if report:
        click.echo(f"report: {report}")


def _stamp() -> Dict[str, Any]:
    from wavernn_tf.export.benchmark import machine

    return machine.stamp()


def _opened(voices: Tuple[str, ...], runtime: str) -> Dict[str, Any]:
    logs.quiet_tensorflow()
    from wavernn_tf.export.voices import open_voice

    return {label: open_voice(path, runtime) for label, path in _labels(voices).items()}


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
    from wavernn_tf.models.run_folder import RunFolder

    for voice in voices:
        if not Path(voice).exists():
            raise WaveRNNError(f"There is no voice {voice}.")
    for run in _runs(voices):
        path = RunFolder.at(run).data().get("path", "")
        if Path(path).is_dir():
            return path
    raise WaveRNNError("Say by --data where prepared data with held-out speech are.")


def _history(voices: Tuple[str, ...]) -> List[Any]:
    from wavernn_tf.models.run_folder import RunFolder

    runs = _runs(voices)
    return RunFolder.at(runs[0]).history() if runs else []
