"""`wavernn-tf client load`."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any, Dict, Optional, Tuple

import click

from wavernn_tf import extras, files, logs
from wavernn_tf.cli import options, show
from wavernn_tf.export.benchmark import machine
from wavernn_tf.export.serving.client import load as loads
from wavernn_tf.export.serving.client.target import Target


@click.command()
@click.option("--clients", type=click.IntRange(1), default=64, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.1), default=60.0, show_default=True)
@click.option(
    "--frames",
    type=(click.IntRange(1), click.IntRange(1)),
    default=(40, 120),
    show_default=True,
    help="Shortest and longest utterance.",
)
@click.option("--hang-up", type=click.IntRange(0), default=0, help="Clients who hang up.")
@click.option("--garbage", type=click.IntRange(0), default=0, help="Clients who send garbage.")
@click.option("--largest", type=click.IntRange(0), default=0, help="Clients with long utterances.")
@click.option("--largest-frames", type=click.IntRange(1), default=2000, show_default=True)
@click.option("--pid", type=int, help="The server's process here, to watch its memory.")
@click.option(
    "--offline",
    type=click.Path(exists=True, file_okay=False),
    help="The SavedModel, to be run here first in batches without a server, for comparison.",
)
@options.json_option
@click.option("--out", type=click.Path(dir_okay=False), help="Write the figures as JSON.")
@click.pass_context
def load(
    context: click.Context,
    clients: int,
    seconds: float,
    frames: Tuple[int, int],
    hang_up: int,
    garbage: int,
    largest: int,
    largest_frames: int,
    pid: Optional[int],
    offline: Optional[str],
    as_json: bool,
    out: Optional[str],
) -> None:
    """Load a server with many clients, and tell how it bears it.

    Every client sends the same utterance of random features again and again; its answers must be
    equal. Exit code 1 if a request that should have been answered was not.

    \b
    Examples:
      wavernn-tf client --url grpc://localhost:8500 load --clients 64 --seconds 600
      wavernn-tf client load --garbage 2 --hang-up 2 --largest 1 --pid 1234 --out load.json
    """  # noqa: D301 (\b is for click)
    target: Target = context.obj
    if frames[0] > frames[1]:
        raise click.BadParameter(f"expected --frames shortest longest; got {frames}.")
    if out:
        files.claim_file(out, ours=lambda p: files.is_json_with(p, ["plan", "times_real_time"]))
    if target.is_grpc:
        logs.quiet_tensorflow()
    plan = loads.Plan(clients, seconds, frames, hang_up, garbage, largest, largest_frames, pid)
    tree: Dict[str, Any] = {
        **machine.stamp(),
        "load_average_at_start": round(os.getloadavg()[0], 1),
        "scheme": target.scheme,
        "plan": {**dataclasses.asdict(plan), "pid": None},
    }
    if offline:
        with extras.needed_for("Running the SavedModel"):
            logs.quiet_tensorflow()
            from wavernn_tf.export.serving.offline import speed
        elapsed, busy = speed(offline, sum(frames) // 2)
        tree["offline_times_real_time"] = round(elapsed, 3)
        tree["offline_audio_seconds_per_processor_second"] = round(busy, 3)
    tree.update(loads.run(target, plan))
    if out:
        files.write_text(out, json.dumps(tree, indent=1) + "\n")
    if as_json:
        show.as_json(tree)
    else:
        _print(tree)
    if tree["errors"]:
        context.exit(1)


def _print(tree: Dict[str, Any]) -> None:
    click.echo(
        f"{tree['answers']} answers in {tree['seconds']} s, "
        f"{sum(tree['errors'].values())} errors, {show.speed(tree['times_real_time'])} in sum"
    )
    if "offline_times_real_time" in tree:
        click.echo(f"without a server: {show.speed(tree['offline_times_real_time'])}")
    if "audio_seconds_per_processor_second" in tree:
        click.echo(
            f"{tree['audio_seconds_per_processor_second']} s of audio per second of the server's "
            "processor time"
            + (
                f"; without a server {tree['offline_audio_seconds_per_processor_second']}"
                if "offline_times_real_time" in tree
                else ""
            )
        )
    for name in ("latency_seconds", "memory_mib", "errors"):
        if tree.get(name):
            click.echo(f"{name}: " + ", ".join(f"{k} {v}" for k, v in tree[name].items()))
    if tree["answers_with_other_audio_than_before"]:
        click.echo(f"answers with other audio: {tree['answers_with_other_audio_than_before']}")
    for kind, counts in tree["others"].items():
        click.echo(f"{kind}: " + ", ".join(f"{k} ({v})" for k, v in counts.items()))
