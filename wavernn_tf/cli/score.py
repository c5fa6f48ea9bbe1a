"""`wavernn-tf score`."""

from __future__ import annotations

from typing import Optional

import click

from wavernn_tf.audio import feature_files
from wavernn_tf.cli import options, show, speech


@click.command()
@click.argument("artefact")
@click.argument("source", metavar="IN")
@click.option(
    "--mel",
    type=click.Path(dir_okay=False),
    help="Features of the recording, .npy [frames, n_mels].  [default: computed]",
)
@options.runtime_option
@options.json_option
def score(artefact: str, source: str, mel: Optional[str], runtime: str, as_json: bool) -> None:
    """Score a recording: bits per sample under a voice.

    ARTEFACT is a .tflite file, a SavedModel or a training run; IN is a recording. Smaller is
    better; 16 is chance.

    \b
    Examples:
      wavernn-tf score voice.tflite recording.wav
      wavernn-tf score run/ recording.wav --mel recording.npy --json
    """  # noqa: D301 (\b is for click)
    from wavernn_tf.evaluation import bits
    from wavernn_tf.export.voices import open_voice

    voice = open_voice(artefact, runtime)
    recipe = voice.info.mel
    audio = speech.read_recording(source, recipe)
    settings = voice.info.signal
    if mel:
        given = feature_files.read(mel, recipe.n_mels + settings.extra_features)
    else:
        given = speech.features_of(audio, recipe, settings)
    # A last frame that the recording fills in part is scored as far as the recording goes.
    found = bits.from_scores([voice.score(given, audio)[: len(audio)]])
    if as_json:
        show.as_json({"runtime": voice.runtime, "bits_per_sample": found.as_dict()})
        return
    show.table(["bits per sample", "total", "coarse", "fine"], [[source, *show.bits_cells(found)]])
    click.echo(f"{found.samples} samples at {recipe.sample_rate} Hz ({voice.runtime})")
