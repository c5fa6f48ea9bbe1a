"""`wavernn-tf bulk synthesize` and `wavernn-tf bulk prepare`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Iterator, Optional, Tuple

import click

from wavernn_tf import extras, logs
from wavernn_tf.cli import options, show
from wavernn_tf.cli.prepare import corpus_of, show_prepared
from wavernn_tf.voice import shipped

SOME_FAILED = 3
"""Exit code of a job that came to its end and could not make some items."""


@click.group()
def bulk() -> None:
    """Speak or prepare very many files, on this machine or on a cluster.

    The commands are Apache Beam pipelines: any of Beam's runners takes them (--runner, and Beam's
    own options after --). Exit code 3: the job is done, and some files could not be used; they are
    listed with the reason in bulk_failures.jsonl.

    \b
    Examples:
      wavernn-tf bulk synthesize features/ speech/ --voice voice.tflite
      wavernn-tf bulk prepare recordings/ data/ --preset voice-16k -- --direct_num_workers=4
    """  # noqa: D301 (\b is for click)


def _runner_options(command: Any) -> Any:
    command = click.argument("beam", nargs=-1, type=click.UNPROCESSED, metavar="[-- BEAM OPTIONS]")(
        command
    )
    return click.option(
        "--runner",
        default="DirectRunner",
        show_default=True,
        help="Beam's runner: FlinkRunner, SparkRunner, DataflowRunner, PortableRunner, ...",
    )(command)


@contextlib.contextmanager
def _beam() -> Iterator[None]:
    """Import what needs Beam; say so if it is not installed."""
    logs.quiet_beam()
    logs.quiet_tensorflow()
    with extras.needed_for("Bulk work"):
        yield


@bulk.command()
@click.argument("source", type=click.Path(exists=True))
@click.argument("out", type=click.Path(file_okay=False))
@_runner_options
@click.option(
    "--voice",
    default=shipped.DEFAULT,
    show_default=True,
    help="A .tflite file, a SavedModel, a training run, or the name of a shipped voice.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of every item.")
@click.option(
    "--seeds",
    type=click.Choice(["same", "by-id"]),
    default="same",
    show_default=True,
    help="Give every item the same seed, or one made of --seed and its id.",
)
@options.temperature_option
@options.fine_temperature_option
@options.postfilter_option
@options.runtime_option
def synthesize(
    source: str,
    out: str,
    beam: Tuple[str, ...],
    runner: str,
    voice: str,
    seed: int,
    seeds: str,
    temperature: float,
    fine_temperature: float,
    postfilter: bool,
    runtime: str,
) -> None:
    """Speak every file of a folder or of a list.

    SOURCE is a folder of .npy or .npz features and of recordings, or a text file with one path a
    line, relative to it. OUT gets a WAV file for each, byte for byte what `wavernn-tf synthesize`
    writes with the item's seed, which bulk_items.jsonl tells. The same command again makes what is
    missing, or older than its input. On a cluster every worker must see SOURCE, OUT and the voice
    under the same names.

    \b
    Examples:
      wavernn-tf bulk synthesize recordings/ speech/
      wavernn-tf bulk synthesize features.txt speech/ --voice saved_model/ --seeds by-id
      wavernn-tf bulk synthesize features/ speech/ -- --direct_num_workers=4 \\
          --direct_running_mode=multi_processing
    """  # noqa: D301 (\b is for click)
    with _beam():
        from wavernn_tf.pipelines.bulk import running
        from wavernn_tf.pipelines.bulk import synthesize as pipeline
        from wavernn_tf.pipelines.bulk.voice_handler import VoiceOptions
    named = Path(voice).absolute() if Path(voice).exists() else voice
    chosen = VoiceOptions(str(named), runtime, postfilter, temperature, fine_temperature)
    beam_options = running.options(runner, beam)
    done = pipeline.synthesize(Path(source), Path(out), chosen, beam_options, seed, seeds)
    click.echo(
        f"{out}: {done.made} made ({done.samples} samples), {done.skipped} there before, "
        f"{done.failed} failed"
    )
    _end(done.failures, Path(out) / pipeline.FAILURES)


@bulk.command()
@click.argument("source")
@click.argument("out", type=click.Path(file_okay=False))
@_runner_options
@options.config_options
@options.corpus_options
def prepare(
    source: str,
    out: str,
    beam: Tuple[str, ...],
    runner: str,
    preset: Optional[str],
    config_file: Optional[str],
    recipe: Optional[str],
    assignments: Any,
    layout: str,
    mel_dir: Optional[str],
    held_out: float,
    on_error: str,
    cache: Optional[str],
) -> None:
    """Turn recordings into training data.

    As `wavernn-tf prepare`, with the same files in OUT; the workers of the runner make the shards.
    On a cluster every worker must see SOURCE and OUT under the same names.

    \b
    Examples:
      wavernn-tf bulk prepare recordings/ data/ --preset voice-16k
      wavernn-tf bulk prepare recordings/ data/ --runner FlinkRunner -- --flink_master=host:8081
    """  # noqa: D301 (\b is for click)
    config = options.make_config(preset, config_file, recipe, assignments)
    with _beam():
        from wavernn_tf.pipelines import prepare as preparing
        from wavernn_tf.pipelines.bulk import prepare as pipeline
        from wavernn_tf.pipelines.bulk import running
    beam_options = running.options(runner, beam)
    folder = None if mel_dir is None else Path(mel_dir).absolute()
    chosen = preparing.Options(config.mel, config.signal, folder, on_error)
    # Workers elsewhere do not share this process' working folder.
    named = str(Path(source).absolute()) if Path(source).is_dir() else source
    corpus = corpus_of(named, out, layout, mel_dir, cache)
    made = pipeline.run(corpus, Path(out).absolute(), chosen, beam_options, held_out)
    show_prepared(made, corpus, out)
    _end(made.skipped, Path(out) / pipeline.FAILURES)


def _end(failures: Any, path: Path) -> None:
    """End with the exit code of a job some of whose items failed."""
    if failures:
        show.note(f"{len(failures)} files could not be used: {path} tells why")
        raise click.exceptions.Exit(SOME_FAILED)
