"""`wavernn-tf client`: a voice behind TF Serving."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, Iterator, List, Optional, Tuple

import click
import numpy as np

from wavernn_tf import extras, files, logs
from wavernn_tf.audio import feature_files
from wavernn_tf.cli import options, show, speech
from wavernn_tf.cli.client_load import load
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.serving.client import target as targets
from wavernn_tf.export.serving.client.connection import Connection, connect
from wavernn_tf.export.serving.client.remote_voice import RemoteVoice, read_wav


@click.group()
@click.option(
    "--url",
    default="http://localhost:8501",
    show_default=True,
    help="grpc://host:port or http://host:port; grpcs and https with TLS.",
)
@click.option("--model", default="voice", show_default=True, help="The server's name for it.")
@click.option(
    "--model-version", type=click.IntRange(1), help="Version of the model.  [default: the newest]"
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=600.0,
    show_default=True,
    help="Of one request, in seconds.",
)
@click.option(
    "--retries",
    type=click.IntRange(0),
    default=2,
    show_default=True,
    help="More tries where a server is not there or full.",
)
@click.pass_context
def client(
    context: click.Context,
    url: str,
    model: str,
    model_version: Optional[int],
    timeout: float,
    retries: int,
) -> None:
    """Ask a voice behind TF Serving, by gRPC or REST.

    REST needs no TensorFlow; gRPC needs the extra `serving`.

    \b
    Examples:
      wavernn-tf client --url http://localhost:8501 synthesize recording.wav out.wav
      wavernn-tf client --url grpc://localhost:8500 synthesize mel.npy - --stream | aplay
      wavernn-tf client --url grpc://localhost:8500 score recording.wav
      wavernn-tf client status
    """  # noqa: D301 (\b is for click)
    context.obj = targets.parse(url, model, model_version, timeout, retries)


def open_connection(target: targets.Target) -> Connection:
    """Connect, and keep TensorFlow quiet where gRPC brings it."""
    if target.is_grpc:
        logs.quiet_tensorflow()
    return connect(target)


@client.command()
@click.argument("source", metavar="IN")
@click.argument("out", metavar="OUT.wav")
@options.seed_option
@options.temperature_option
@options.fine_temperature_option
@click.option("--stream", is_flag=True, help="Send chunks, and write samples as they come.")
@click.option(
    "--chunk-frames",
    type=click.IntRange(1),
    default=40,
    show_default=True,
    help="Frames of a chunk, with --stream.",
)
@click.pass_obj
def synthesize(
    target: targets.Target,
    source: str,
    out: str,
    seed: int,
    temperature: float,
    fine_temperature: float,
    stream: bool,
    chunk_frames: int,
) -> None:
    """Turn features into speech on the server.

    IN is a .npy file of features [frames, n_features] (or a .npz file of one array), or a
    recording, whose features the server computes. OUT.wav may be - for standard output.

    \b
    Examples:
      wavernn-tf client --url http://localhost:8501 synthesize recording.wav out.wav --seed 1
      wavernn-tf client --url grpc://localhost:8500 synthesize mel.npy - --stream | aplay
    """  # noqa: D301 (\b is for click)
    from wavernn_tf.audio.wav import is_own_wav, write_wav
    from wavernn_tf.voice import inputs

    to_stdout = out == "-"
    if not to_stdout and Path(out).suffix.lower() != ".wav":
        raise click.BadParameter(f"expected OUT to end with .wav; got {out}.")
    draw = seed, temperature, fine_temperature
    inputs.check_draw(*draw)
    if not to_stdout:
        files.claim_file(out, [source], is_own_wav)
    _need_file(source)
    with open_connection(target) as connection:
        voice = RemoteVoice(connection)
        form = voice.form
        mel = _features(voice, source)
        start = time.perf_counter()
        if stream:
            chunks = np.split(mel, range(chunk_frames, len(mel), chunk_frames))
            pieces = voice.stream(chunks, *draw)
        else:
            pieces = iter([voice.synthesize(mel, *draw)])
        audio, first = _gather(pieces, len(mel) * form.hop_length, form.sample_rate, to_stdout)
    elapsed = time.perf_counter() - start
    if not to_stdout:
        write_wav(out, audio, form.sample_rate)
    seconds = len(audio) / form.sample_rate
    click.echo(
        f"{out}: {seconds:.2f} s of audio in {elapsed:.2f} s, {show.speed(seconds / elapsed)}, the "
        f"first samples after {first - start:.2f} s ({target.url})",
        err=to_stdout,
    )


@client.command()
@click.argument("source", metavar="IN")
@click.option(
    "--mel",
    type=click.Path(dir_okay=False),
    help="Features of the recording, .npy [frames, n_features].  [default: computed there]",
)
@options.json_option
@click.pass_obj
def score(target: targets.Target, source: str, mel: Optional[str], as_json: bool) -> None:
    """Score a recording on the server: bits per sample under the voice.

    \b
    Example:
      wavernn-tf client --url grpc://localhost:8500 score recording.wav
    """  # noqa: D301 (\b is for click)
    from wavernn_tf.evaluation import bits

    _need_file(source)
    with open_connection(target) as connection:
        voice = RemoteVoice(connection)
        form = voice.form
        wav, audio = _recording(source, form.sample_rate)
        given = feature_files.read(mel, form.n_features) if mel else voice.features_of(wav)
        found = bits.from_scores([voice.score(given, audio)])
    if as_json:
        show.as_json({"url": target.url, "bits_per_sample": found.as_dict()})
        return
    show.table(["bits per sample", "total", "coarse", "fine"], [[source, *show.bits_cells(found)]])
    click.echo(f"{found.samples} samples at {form.sample_rate} Hz ({target.url})")


@client.command()
@options.json_option
@click.pass_obj
def status(target: targets.Target, as_json: bool) -> None:
    """Tell the versions of the model on the server, and its signatures.

    \b
    Example:
      wavernn-tf client --url http://localhost:8501 --model voice status
    """  # noqa: D301 (\b is for click)
    with open_connection(target) as connection:
        versions = connection.versions()
        signatures = connection.signatures()
    if as_json:
        show.as_json(
            {
                "versions": {v.version: v.state for v in versions},
                "signatures": {
                    name: {way: _specs(getattr(s, way)) for way in ("inputs", "outputs")}
                    for name, s in sorted(signatures.items())
                },
            }
        )
        return
    for v in versions:
        click.echo(f"{target.model}, version {v.version}: {v.state}{v.error and f' ({v.error})'}")
    for name, signature in sorted(signatures.items()):
        click.echo(f"{name}")
        for way in ("inputs", "outputs"):
            texts = [f"{k} {v}" for k, v in _specs(getattr(signature, way)).items()]
            click.echo(f"  {way}: {', '.join(texts)}")


def _specs(specs: Any) -> Any:
    return {
        name: f"{spec.dtype} [{', '.join('*' if s is None else str(s) for s in spec.shape)}]"
        for name, spec in sorted(specs.items())
    }


def _need_file(path: str) -> None:
    if not Path(path).is_file():
        raise WaveRNNError(f"There is no file {path}; expected {speech.EXPECTED}.")


def _features(voice: RemoteVoice, source: str) -> np.ndarray:
    if speech.is_features(source):
        return feature_files.read(source, voice.form.n_features)
    return voice.features_of(_recording(source, voice.form.sample_rate)[0])


def _recording(path: str, rate: int) -> Tuple[bytes, np.ndarray]:
    """A recording as 16-bit mono WAV at a rate, and its samples; other audio needs TensorFlow."""
    from wavernn_tf.audio.wav import wav_bytes

    data = Path(path).read_bytes()
    try:
        samples, found = read_wav(data)
    except WaveRNNError:
        found = 0
    if found != rate:
        purpose = f"Reading audio that is not 16-bit mono WAV at {rate} Hz"
        with extras.needed_for(purpose):
            logs.quiet_tensorflow()
            from wavernn_tf.pipelines import audio
        samples = audio.read(path, rate)
        data = wav_bytes(samples, rate)
    return data, samples


def _gather(
    pieces: Iterator[np.ndarray], total: int, rate: int, to_stdout: bool
) -> Tuple[np.ndarray, float]:
    """All samples, and when the first came; written to standard output meanwhile, if asked."""
    from wavernn_tf.audio.wav import wav_frame

    head, tail = wav_frame(total, rate)
    gathered: List[np.ndarray] = []
    first = 0.0
    for piece in pieces:
        first = first or time.perf_counter()
        if to_stdout:
            sys.stdout.buffer.write((b"" if gathered else head) + piece.tobytes())
            sys.stdout.buffer.flush()
        gathered.append(piece)
    if to_stdout:
        sys.stdout.buffer.write(tail)
        sys.stdout.buffer.flush()
    return np.concatenate(gathered), first


client.add_command(load)
