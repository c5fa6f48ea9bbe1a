"""`kill -9` at random moments of every long command, then the same command again.

    python -m tests.soak.kill [--kills 50] [--only prepare] [--seed 0] [--measured FILE]

The final artefact must be that of an unbroken run: the files byte for byte, of `train` the arrays
and the evaluations. Every command runs in a child that is forked off this process, which has
imported TensorFlow already: a kill costs a second, not ten. A trial kills its command one to three
times and then lets it end. Exit code 1 if an artefact differs, or if a command fails.

`bulk` needs Apache Beam (the extra `beam`); it is left out where Beam is missing, which is said.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

from tests.helpers.tiny import TINY

ROOT = Path(__file__).resolve().parents[2]
SPEECH = ROOT / "tests" / "data" / "speech"
CLIPS = ("en_agent-alreadyon", "en_both_help", "en_confbridge-rest-list-vol-out")
MOST_SECONDS = 600.0
"""A command that takes longer hangs."""

SETTINGS = {
    **TINY,
    "signal.pitch": "off",
    "signal.noise_shaping": 0,
    "signal.voiced_temperature": 1,
    "model.extra_inputs": "[sample, prediction]",
}
"""Of a run that ends in seconds, over the preset `demo`."""


@dataclasses.dataclass(frozen=True)
class Command:
    """A command that is killed.

    Attributes:
      name: in the table.
      arguments: of `wavernn-tf`, by the output.
      artefact: the parts of an output that must be those of the unbroken run, by name.
    """

    name: str
    arguments: Callable[[Path], List[str]]
    artefact: Callable[[Path], Dict[str, Any]]


@dataclasses.dataclass
class Result:
    """What came of a command's trials.

    Attributes:
      seconds: of the unbroken run.
      kills: that met the living command.
      trials: commands killed and brought to their end.
      equal: trials whose artefact is that of the unbroken run.
      faults: what went wrong, a line each.
    """

    seconds: float
    kills: int = 0
    trials: int = 0
    equal: int = 0
    faults: List[str] = dataclasses.field(default_factory=list)


def start(arguments: List[str], log: Path) -> int:
    """Run `wavernn-tf` in a forked child; its process id."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.setsid()
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        from wavernn_tf.cli import cli

        cli.main(arguments, prog_name="wavernn-tf")
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def wait(child: int, seconds: float) -> Optional[int]:
    """The status of a child that ends within some seconds, else None."""
    deadline = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        left = deadline - time.monotonic()
        if left <= 0:
            return None
        time.sleep(min(0.001, left))


def kill(child: int) -> int:
    """Kill a child and all that it started; its status."""
    os.killpg(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def finish(arguments: List[str], log: Path) -> float:
    """Run a command to its end; the seconds it took.

    Raises:
      RuntimeError: with its words, if it fails or hangs.
    """
    began = time.monotonic()
    child = start(arguments, log)
    status = wait(child, MOST_SECONDS)
    if status is None:
        kill(child)
    if status != 0:
        text = log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(arguments[:2])}: status {status}: {text}")
    return time.monotonic() - began


def trial(command: Command, out: Path, seconds: float, rng: random.Random, log: Path) -> int:
    """Kill a command at random moments, then let it end; how many kills met it alive."""
    kills = 0
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        child = start(command.arguments(out), log)
        status = wait(child, rng.uniform(0.0, seconds))
        if status is None:
            kills += os.WIFSIGNALED(kill(child))
        elif status != 0:
            raise RuntimeError(f"status {status}: {log.read_text(errors='replace')[-2000:]}")
    finish(command.arguments(out), log)
    return kills


def differences(expected: Dict[str, Any], got: Dict[str, Any]) -> List[str]:
    """Names of the parts that differ, are missing, or too many."""
    return sorted(n for n in expected.keys() | got.keys() if expected.get(n) != got.get(n))


def run(command: Command, scratch: Path, kills: int, seed: int, until: float) -> Result:
    """Kill a command until enough kills have met it, or the time is over."""
    log = scratch / "log"
    unbroken = scratch / command.name / "unbroken"
    unbroken.parent.mkdir()
    finish(command.arguments(unbroken), log)
    expected = command.artefact(unbroken)
    second = scratch / command.name / "second"
    result = Result(finish(command.arguments(second), log))
    if differences(expected, command.artefact(second)):
        result.faults.append(
            f"two unbroken runs differ: {differences(expected, command.artefact(second))}"
        )
        return result
    rng = random.Random(f"{seed} {command.name}")
    while result.kills < kills and time.monotonic() < until:
        out = scratch / command.name / "broken"
        try:
            result.kills += trial(command, out, result.seconds, rng, log)
            differing = differences(expected, command.artefact(out))
        except RuntimeError as error:
            differing = [str(error)]
        result.trials += 1
        result.equal += not differing
        if differing:
            result.faults.append(f"trial {result.trials}: {'; '.join(differing)}")
        shutil.rmtree(out) if out.is_dir() else out.unlink(missing_ok=True)
    return result


def tree(folder: Path) -> Dict[str, str]:
    """Hash of every file of a folder, hidden ones too, by name; of a single file its own."""
    files = [p for p in folder.rglob("*") if p.is_file()] if folder.is_dir() else [folder]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def newest_version(folder: Path) -> Dict[str, str]:
    """The files of a SavedModel's highest version: a run that is killed at its very end is done."""
    return tree(max((p for p in folder.iterdir()), key=lambda p: int(p.name)))


def speech(folder: Path) -> Dict[str, str]:
    """What a bulk job made: the audio and the list of items, without its count of work done."""
    return {n: h for n, h in tree(folder).items() if n.endswith(".wav") or n == "bulk_items.jsonl"}


def trained(folder: Path) -> Dict[str, Any]:
    """The arrays of a run's voice and its evaluations, without their times."""
    import numpy as np

    with np.load(folder / "voice.npz", allow_pickle=False) as arrays:
        made: Dict[str, Any] = {n: arrays[n].tobytes() for n in arrays.files}
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        row = json.loads(line)
        kept = {key: row.get(key) for key in ("train", "held_out", "sparsity")}
        made[f"evaluation {row['step']}"] = json.dumps(kept)
    return made


def commands(scratch: Path) -> Tuple[Command, ...]:
    """All commands, on inputs that are made here."""
    recordings, data, trained_run = (scratch / n for n in ("recordings", "data", "run"))
    recordings.mkdir()
    for name in CLIPS:
        shutil.copy(SPEECH / f"{name}.flac", recordings)
    (recordings / "held_out.txt").write_text(CLIPS[-1] + "\n")
    settings = ["--preset", "demo"]
    for key, value in SETTINGS.items():
        settings += ["--set", f"{key}={value}"]
    preparing = ["prepare", str(recordings), "--workers", "2", *settings]
    training = ["train", str(data), "--quiet", "--no-audio", *settings]
    finish([*preparing, str(data)], scratch / "log")
    finish([*training, str(trained_run)], scratch / "log")
    made = [
        Command("prepare", lambda out: [*preparing, str(out)], tree),
        Command("train", lambda out: [*training, str(out)], trained),
        Command(
            "export tflite",
            lambda out: [
                *("export", "tflite", str(trained_run), str(out) + ".tflite"),
                *("--seconds", "0.3", "--no-timing"),
            ],
            lambda out: tree(out.with_name(out.name + ".tflite")),
        ),
        Command(
            "export saved-model",
            lambda out: ["export", "saved-model", str(trained_run), str(out), "--no-xla"],
            newest_version,
        ),
    ]
    try:
        import apache_beam  # noqa: F401
    except ImportError:
        print("bulk: left out, Apache Beam is not installed", flush=True)
        return tuple(made)
    voice, spoken = scratch / "voice.tflite", scratch / "spoken"
    finish(
        [*("export", "tflite", str(trained_run), str(voice)), "--no-parity", "--no-timing"],
        scratch / "log",
    )
    spoken.mkdir()
    _write_features(spoken)
    speaking = ("bulk", "synthesize", str(spoken))
    made += [
        Command(
            "bulk synthesize",
            lambda out: [*speaking, str(out), "--voice", str(voice), "--seeds", "by-id"],
            speech,
        ),
        Command("bulk prepare", lambda out: ["bulk", *preparing[:2], str(out), *settings], tree),
    ]
    return tuple(made)


def _write_features(folder: Path) -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    for at in range(24):
        mel = rng.standard_normal([40 + 5 * at, SETTINGS["mel.n_mels"]]) - 4
        np.save(folder / f"m{at:02d}.npy", mel.astype(np.float32))


def merged(path: Path, rows: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """The rows of a file, those of the same commands replaced."""
    before = json.loads(path.read_text())["rows"] if path.is_file() else []
    names = {row["name"] for row in rows}
    return [row for row in before if row["name"] not in names] + rows


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=1e9, help="of each command, at most")
    parser.add_argument("--only", action="append", help="a command's name; repeatable")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--measured", type=Path, help="write the counts there; others are kept")
    options = parser.parse_args()

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _import_all()
    from wavernn_tf.export.benchmark import machine

    if options.measured:
        machine.claim(options.measured)
    rows, failed = [], False
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for command in commands(scratch):
            if options.only and command.name not in options.only:
                continue
            until = time.monotonic() + options.seconds
            result = run(command, scratch, options.kills, options.seed, until)
            failed |= bool(result.faults)
            row = {"name": command.name, **dataclasses.asdict(result)}
            rows.append({**row, "seconds": round(result.seconds, 2)})
            print(json.dumps(rows[-1]), flush=True)
    if options.measured:
        machine.write(options.measured, {"rows": merged(options.measured, rows)})
    return int(failed)


def _import_all() -> None:
    """Import what the commands import late, so that the children need not."""
    import tensorflow  # noqa: F401

    import wavernn_tf.cli.export
    import wavernn_tf.cli.prepare
    import wavernn_tf.cli.train
    import wavernn_tf.export.exporter
    import wavernn_tf.export.voices
    import wavernn_tf.models.wavernn
    import wavernn_tf.pipelines.prepare
    import wavernn_tf.training.trainer  # noqa: F401


if __name__ == "__main__":
    sys.exit(main())
