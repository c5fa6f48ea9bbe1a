"""`wavernn-tf prepare`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Optional, Sequence

import click

from wavernn_tf import extras, logs
from wavernn_tf.cli import options, show


@click.command()
@click.argument("source")
@click.argument("out", type=click.Path(file_okay=False))
@options.config_options
@options.corpus_options
@click.option("--workers", type=click.IntRange(1), help="Threads.  [default: one per processor]")
@extras.needed_for("Preparing data")
def prepare(
    source: str,
    out: str,
    preset: Optional[str],
    config_file: Optional[str],
    recipe: Optional[str],
    assignments: Any,
    layout: str,
    mel_dir: Optional[str],
    held_out: float,
    workers: Optional[int],
    on_error: str,
    cache: Optional[str],
) -> None:
    """Turn recordings into training data.

    SOURCE is a folder of wav, flac, ogg, opus, mp3 or aiff files (any rate and channel count; links
    are followed, hidden files are not), LJSpeech, VCTK, or the name of a corpus that is fetched:
    msu_ru_nsh, asterisk_en, or both joined by "+". OUT gets TFRecord shards and a manifest; the
    same command again skips what is done.

    \b
    Examples:
      wavernn-tf prepare recordings/ data/
      wavernn-tf prepare LJSpeech-1.1/ data/ --recipe hifigan --workers 8
    """  # noqa: D301 (\b is for click)
    config = options.make_config(preset, config_file, recipe, assignments)
    logs.quiet_tensorflow()
    from wavernn_tf.pipelines import prepare as pipeline

    corpus = corpus_of(source, out, layout, mel_dir, cache)
    made = pipeline.prepare(
        corpus, out, config.mel, config.signal, mel_dir, held_out, workers, on_error
    )
    show_prepared(made, corpus, out)


def corpus_of(
    source: str, out: str, layout: str, mel_dir: Optional[str], cache: Optional[str]
) -> Any:
    """The corpus that the command line names, once the output has been checked.

    Args:
      source: a folder, or the name of a corpus that is fetched.
      out: the folder to prepare.
      layout: of the folder, or "auto".
      mel_dir: folder of features computed elsewhere, or None.
      cache: of fetched corpora, or None.
    """
    from wavernn_tf.pipelines import corpora, shards

    fetched = corpora.is_fetched(source) and not Path(source).is_dir()
    shards.claim(Path(out), [*([] if fetched else [source]), *([mel_dir] if mel_dir else [])])
    if fetched:
        return corpora.find(source, Path(cache) if cache else None)
    return corpora.find(_layout(Path(source)) if layout == "auto" else layout, Path(source))


def show_prepared(made: Any, corpus: Any, out: str) -> None:
    """Print what a prepared folder holds."""
    show.table(
        ["", "utterances", "minutes", "shards"],
        [
            [name, str(len(s.utterances)), f"{60 * s.hours:.2f}", str(len(s.shards))]
            for name, s in (("train", made.train), ("held out", made.held_out))
        ],
    )
    click.echo(
        f"recipe {made.mel.name}: {made.sample_rate} Hz, hop {made.mel.hop_length}, "
        f"{made.mel.n_mels} bands, fingerprint {made.mel.fingerprint}"
    )
    click.echo(f"skipped: {len(made.skipped)}")
    for skipped in made.skipped:
        click.echo(f"  {skipped.reason}")
    for line in [*corpus.remarks, *_remarks(made.remarks)]:
        click.echo(f"note: {line}")
    click.echo(f"next: wavernn-tf train {out} RUN")


def _remarks(remarks: Sequence[Any]) -> List[str]:
    """One line for every kind of remark on recordings, with the first of them."""
    from wavernn_tf.pipelines.audio import REMARKS

    lines = []
    for kind, meaning in REMARKS.items():
        mine = [f"{r.id} ({r.text})" for r in remarks if r.kind == kind]
        if mine:
            more = " ..." if len(mine) > 3 else ""
            lines.append(f"recordings: {len(mine)}, {meaning}: {', '.join(mine[:3])}{more}")
    return lines


def _layout(source: Path) -> str:
    """The layout of a folder, by what lies in it."""
    if (source / "wavs").is_dir() and (source / "metadata.csv").is_file():
        return "ljspeech"
    if (source / "wav48_silence_trimmed").is_dir() or (source / "wav48").is_dir():
        return "vctk"
    return "folder"
