"""`wavernn-tf bench`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Tuple

import click

from wavernn_tf.cli import options, show, speech


@click.command()
@click.argument("voices", nargs=-1, required=True)
@click.option(
    "--rounds", type=click.IntRange(1), default=7, show_default=True, help="Interleaved rounds."
)
@click.option(
    "--round-seconds",
    type=click.FloatRange(0.01),
    default=0.3,
    show_default=True,
    help="Computing time per round and voice, about.",
)
@options.runtime_option
@options.json_option
def bench(
    voices: Tuple[str, ...], rounds: int, round_seconds: float, runtime: str, as_json: bool
) -> None:
    """Measure how fast voices run on this machine.

    VOICES are .tflite files, SavedModels or training runs. They take turns, round by round, on
    random features of the right scale, one stream at a time; the median over the rounds counts.
    A real-time factor of 4 makes four seconds of audio in one second.

    \b
    Examples:
      wavernn-tf bench voice.tflite
      wavernn-tf bench voice.tflite saved_model/ --rounds 15 --json
    """  # noqa: D301 (\b is for click)
    from wavernn_tf.export import bench as library
    from wavernn_tf.voices import open_voice

    opened: Dict[str, Any] = {}
    for path in dict.fromkeys(voices):
        with speech.tensorflow_for("This voice"):
            if not Path(path).is_file():
                speech.quiet()
            opened[path] = open_voice(path, runtime)
    with show.bar(rounds * len(opened), "measuring") as bar:
        timings = library.measure(opened, rounds, round_seconds, bar.update)
    if as_json:
        found = {p: {"runtime": opened[p].runtime, **t.as_dict()} for p, t in timings.items()}
        show.as_json({"machine": library.machine(), "voices": found})
        return
    show.table(
        ["voice", "runs on", "us/sample", "samples/s", "speed"],
        [
            [path, opened[path].runtime, f"{t.us_per_sample:.2f}", f"{t.samples_per_second:.0f}"]
            + [show.speed(t.real_time_factor)]
            for path, t in timings.items()
        ],
    )
    click.echo(f"median of {rounds} rounds on {library.machine()['processor']}")
