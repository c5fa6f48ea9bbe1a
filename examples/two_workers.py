"""One worker against two on this machine, of which one is killed: the curves of training.

    wavernn-tf prepare tests/data/speech data/
    python examples/two_workers.py data/ out/ --json docs/measured/distributed.json

Both runs are of the same configuration and the same batch, which the two workers share. The second
worker is killed in the middle; then both are started again by the same command. A finished run is
not repeated. On a cluster each worker is started on its own machine: docs/clusters.md.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Sequence

import click

from wavernn_tf.export.benchmark import machine
from wavernn_tf.models.run_folder import RunFolder

SETTINGS = {
    "model.state_size": 96,
    "model.projection_size": 64,
    "model.conditioning.channels": 32,
    "training.steps": 160,
    "training.batch_size": 32,
    "training.window": 400,
    "training.carry_state": "true",
    "training.feature_noise": 0.15,
    "training.learning_rate": 5e-3,
    "training.warmup_steps": 20,
    "training.eval_every": 20,
    "training.eval_windows": 64,
    "training.kernel": "native",
    "pruning.begin_step": 20,
    "pruning.end_step": 100,
    "pruning.frequency": 10,
}
KILL_AT = 60
"""The second worker is killed when this step has been evaluated."""


def addresses(count: int) -> List[str]:
    """Free ports of this machine, host:port."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("localhost", 0))
    found = [f"localhost:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return found


def start(arguments: Sequence[Any], log: Path, rank: int, hosts: Sequence[str]) -> Any:
    """Start one worker of `wavernn-tf train`.

    Args:
      arguments: of the command.
      log: file of what it says.
      rank: of the worker.
      hosts: addresses of all workers; one alone trains as ever.
    """
    given = [str(each) for each in arguments]
    environment = dict(os.environ)
    if len(hosts) > 1:
        task = {"type": "worker", "index": rank}
        tree = {"cluster": {"worker": list(hosts)}, "task": task}
        environment["TF_CONFIG"] = json.dumps(tree)
        given += ["--strategy", "multi-worker"]
    command = [sys.executable, "-m", "wavernn_tf.cli", "train", *given]
    with open(log, "w", encoding="utf-8") as file:
        return subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.STDOUT)


def train(arguments: Sequence[Any], run: Path, count: int, kill_at: int = 0) -> List[int]:
    """Train a run by some workers on this machine.

    Args:
      arguments: of `wavernn-tf train` behind the run's folder.
      run: the run's folder; what the workers say goes beside it.
      count: of the workers.
      kill_at: kill the last worker as soon as this step is evaluated; 0: never.

    Returns:
      The exit codes.
    """
    hosts = addresses(count)
    run.parent.mkdir(parents=True, exist_ok=True)
    workers = [start(arguments, log(run, rank), rank, hosts) for rank in range(count)]
    if kill_at:
        while all(worker.poll() is None for worker in workers) and last_step(run) < kill_at:
            time.sleep(0.01)
        workers[-1].send_signal(signal.SIGKILL)
    return [worker.wait() for worker in workers]


def log(run: Path, rank: int) -> Path:
    """Where a worker's words go."""
    return run.parent / f"{run.name}.{rank}.log"


def last_step(run: Path) -> int:
    """The last step that was evaluated; 0 before the first."""
    return max((row["step"] for row in RunFolder.at(run).history()), default=0)


def curve(run: Path) -> List[Dict[str, float]]:
    """Bits per sample of every evaluation."""
    return [
        {"step": r["step"], "train": r["train"]["total"], "held_out": r["held_out"]["total"]}
        for r in RunFolder.at(run).history()
    ]


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False))
@click.argument("out", type=click.Path(file_okay=False))
@click.option("--json", "json_path", type=click.Path(dir_okay=False), help="Write the curves.")
def main(data: str, out: str, json_path: str) -> None:
    """Train on the prepared folder DATA into OUT, and print the curves."""
    sets = [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
    folder = Path(out)
    results: Dict[str, Any] = {}
    for count, kill_at in ((1, 0), (2, KILL_AT)):
        run = folder / f"workers_{count}"
        arguments = [data, run, "--quiet", "--no-audio", *sets]
        noted = folder / f"killed_{count}.json"
        if kill_at and not noted.is_file():
            codes = train(arguments, run, count, kill_at)
            result = {"after_step": last_step(run), "exit_codes": codes}
            noted.write_text(json.dumps(result), encoding="utf-8")
        if not RunFolder.at(run).voice.is_file() and any(train(arguments, run, count)):
            raise click.ClickException(log(run, 0).read_text(encoding="utf-8"))
        killed = json.loads(noted.read_text(encoding="utf-8")) if kill_at else None
        results[run.name] = {"killed": killed, "curve": curve(run)}
    first, second = (result["curve"] for result in results.values())
    results["largest_difference"] = max(
        abs(a[key] - b[key]) for a, b in zip(first, second) for key in ("train", "held_out")
    )
    click.echo("step: one worker, two workers; bits per sample (training), held out")
    for a, b in zip(first, second):
        click.echo(
            f"{a['step']:5d}: {a['train']:.6f}, {b['train']:.6f}; "
            f"{a['held_out']:.6f}, {b['held_out']:.6f}"
        )
    click.echo(f"largest difference: {results['largest_difference']:.3g} bits")
    click.echo(f"killed: {results['workers_2']['killed']}")
    if json_path:
        machine.write(json_path, {"settings": SETTINGS, **results})


if __name__ == "__main__":
    main()
