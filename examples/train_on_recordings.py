"""A voice from one's own folder of recordings: prepare, train, export.

    python examples/train_on_recordings.py my_recordings/ my_voice/ [--preset wavernn-512-16k]

Any tree of wav, flac, ogg and mp3 files will do, an hour or more of one speaker for a good voice.
Interrupt it as you like: the same command goes on where it stopped.
"""

from pathlib import Path
from typing import Tuple

import click
import yaml

from wavernn_tf import config as configuration
from wavernn_tf.export import exporter as pipeline
from wavernn_tf.pipelines import corpora, prepare
from wavernn_tf.training import trainer


@click.command()
@click.argument("recordings", type=click.Path(exists=True, file_okay=False))
@click.argument("out", type=click.Path(file_okay=False))
@click.option("--preset", default="wavernn-512-16k", show_default=True)
@click.option("--set", "settings", multiple=True, help="training.steps=1000, for instance.")
def main(recordings: str, out: str, preset: str, settings: Tuple[str, ...]) -> None:
    """Make OUT/voice.tflite from the folder RECORDINGS."""
    pairs = (setting.partition("=") for setting in settings)
    config = configuration.override(
        configuration.load(preset), {key: yaml.safe_load(value) for key, _, value in pairs}
    )
    folder = Path(out)
    manifest = prepare.prepare(
        corpora.folder(Path(recordings)), folder / "data", config.mel, config.signal, held_out=0.05
    )
    click.echo(f"{60 * manifest.train.hours:.1f} min to train on")
    for skipped in manifest.skipped:
        click.echo(f"skipped {skipped.path}: {skipped.reason}")
    trainer.train(folder / "data", folder / "run", config)
    exported = pipeline.to_tflite(folder / "run", folder / "voice.tflite", echo=click.echo)
    click.echo(f"{folder / 'voice.tflite'}: {exported.file_bytes} bytes")


if __name__ == "__main__":
    main()
