"""`wavernn-tf synthesize`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Optional, Tuple

import click

from wavernn_tf import files
from wavernn_tf.audio import feature_files
from wavernn_tf.cli import options, show, speech
from wavernn_tf.cli.interrupt import interruptible
from wavernn_tf.voice import shipped


@click.command()
@click.argument("paths", nargs=-1, metavar="[VOICE] IN OUT.wav")
@options.seed_option
@options.temperature_option
@options.fine_temperature_option
@options.postfilter_option
@click.option(
    "--recipe", metavar="NAME", help="Recipe that the .npy features were made by, to be checked."
)
@options.runtime_option
def synthesize(
    paths: Tuple[str, ...],
    seed: int,
    temperature: float,
    fine_temperature: float,
    postfilter: bool,
    recipe: Optional[str],
    runtime: str,
) -> None:
    """Turn features into speech.

    VOICE is a .tflite file, a SavedModel, a training run, or the name of a voice that comes with
    the package (`wavernn-tf voices`); without it that is the first of them. IN is a .npy file of
    features [frames, n_mels] (or a .npz file of one array), or a recording, whose features are
    computed as the voice's were. OUT.wav may be - for standard output. With a .tflite file no
    TensorFlow is needed.

    \b
    Examples:
      wavernn-tf synthesize recording.wav out.wav
      wavernn-tf synthesize voice.tflite mel.npy out.wav --seed 1
      wavernn-tf synthesize saved_model/ recording.flac out.wav --temperature 0.8
    """  # noqa: D301 (\b is for click)
    from wavernn_tf.audio.wav import is_own_wav, wav_bytes, write_wav
    from wavernn_tf.config import recipes
    from wavernn_tf.export.voices import open_voice
    from wavernn_tf.voice import inputs

    artefact, source, out = _arguments(paths)
    to_stdout = out == "-"
    if not to_stdout and Path(out).suffix.lower() != ".wav":
        raise click.BadParameter(f"expected OUT to end with .wav; got {out}.")
    if recipe and not speech.is_features(source):
        raise click.UsageError("--recipe says how .npy features were made; a recording has none.")
    inputs.check_draw(seed, temperature, fine_temperature)
    if not to_stdout:
        files.claim_file(out, [artefact, source], is_own_wav)
    made_by = recipes.find(recipe) if recipe else None
    voice = open_voice(artefact, runtime, postfilter)
    own = voice.info.mel
    if speech.is_features(source):
        mel = feature_files.read(source, own.n_mels + voice.info.signal.extra_features)
    else:
        recording = speech.read_recording(source, own)
        mel = speech.features_of(recording, own, voice.info.signal)
    mel = inputs.check_features(mel, voice.info, made_by)
    done = 0
    start = time.perf_counter()
    with show.bar(len(mel), "synthesizing") as bar:

        def progress(frames: int) -> None:
            nonlocal done
            bar.update(frames - done)
            done = frames

        audio = interruptible(
            lambda: voice.synthesize(
                mel, seed, temperature, progress=progress, fine_temperature=fine_temperature
            )
        )
    elapsed = time.perf_counter() - start
    if to_stdout:
        sys.stdout.buffer.write(wav_bytes(audio, own.sample_rate))
        sys.stdout.buffer.flush()
    else:
        write_wav(out, audio, own.sample_rate)
    seconds = len(audio) / own.sample_rate
    click.echo(
        f"{out}: {seconds:.2f} s of audio in {elapsed:.2f} s, {show.speed(seconds / elapsed)} "
        f"({voice.runtime})",
        err=to_stdout,
    )


def _arguments(paths: Tuple[str, ...]) -> Tuple[str, str, str]:
    """(voice, input, output) of two or three arguments."""
    if not 2 <= len(paths) <= 3:
        raise click.UsageError(f"expected [VOICE] IN OUT.wav; got {len(paths)} arguments.")
    source, out = paths[-2:]
    if out != "-" and Path(out).is_dir():
        raise click.BadParameter(f"expected OUT.wav to be a file; {out} is a folder.")
    return str(shipped.resolve(paths[0] if len(paths) == 3 else shipped.DEFAULT)), source, out
