"""Mutated recordings through `wavernn-tf prepare`, in child processes.

    python tests/helpers/mutate_audio.py --count 10000 [--seed 0] [--workers 2] [--keep out/mutants]

Headers and bodies of wav, W64, RF64, AIFF, FLAC, Ogg (Vorbis, Opus) and MP3 files are changed at
random: fields set to 0, 1 or their maximum, bytes flipped, parts cut, doubled, zeroed, moved or put
in. Each mutant is prepared beside a whole recording. Failures are a signal, a traceback, more than
10 seconds, a gigabyte of memory, an exit code other than 0, or a skipped whole recording. The
mutants that failed are kept. Exit code 1 if there are any.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import io
import json
import os
import random
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Tuple

ROOT = Path(__file__).resolve().parents[2]
CLIP = ROOT / "tests" / "data" / "speech" / "ru_0063.flac"
SECONDS = 10.0
"""Longest time for one mutant; the first of a process may take longer, as TensorFlow starts."""
START_SECONDS = 300.0
MOST_BYTES = 1 << 30

KINDS: Tuple[Tuple[str, str, str], ...] = (
    ("wav", "WAV", "PCM_16"),
    ("wav", "WAV", "PCM_24"),
    ("wav", "WAV", "PCM_U8"),
    ("wav", "WAV", "FLOAT"),
    ("wav", "WAVEX", "PCM_16"),
    ("wav", "RF64", "PCM_16"),
    ("w64", "W64", "PCM_16"),
    ("aiff", "AIFF", "PCM_16"),
    ("flac", "FLAC", "PCM_16"),
    ("ogg", "OGG", "VORBIS"),
    ("opus", "OGG", "OPUS"),
    ("mp3", "MP3", "MPEG_LAYER_III"),
)


def sources(folder: Path) -> List[Path]:
    """A short recording in every kind."""
    import soundfile

    clip, rate = soundfile.read(CLIP, frames=8000, start=8000)
    made = []
    for n, (extension, container, subtype) in enumerate(KINDS):
        path = folder / f"{n:02d}.{extension}"
        soundfile.write(path, clip, rate, format=container, subtype=subtype)
        made.append(path)
    return made


def mutate(data: bytes, rng: random.Random) -> bytes:
    """One to four changes, most of them where the header is."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        _change(changed, rng)
    return bytes(changed)


def _change(data: bytearray, rng: random.Random) -> None:
    if not data:
        return
    near = min(len(data), rng.choice((48, 128, 512, len(data), len(data))))
    at = rng.randrange(near)
    length = rng.choice((1, 3, 16, 200, 2000))
    kind = rng.randrange(9)
    if kind <= 2:
        width = rng.choice((1, 2, 4, 8))
        at -= at % min(width, 2)
        order = rng.choice(("little", "big"))
        top = 256**width - 1
        value = rng.choice((0, 1, top, top // 2, top // 2 + 1, rng.randrange(top + 1)))
        data[at : at + width] = value.to_bytes(width, order)  # type: ignore[arg-type]
    elif kind == 3:
        for _ in range(rng.randrange(1, 20)):
            data[rng.randrange(near)] ^= 1 << rng.randrange(8)
    elif kind == 4:
        del data[rng.randrange(len(data)) :]
    elif kind == 5:
        del data[at : at + length]
    elif kind == 6:
        data[at:at] = bytes(rng.randrange(256) for _ in range(length))
    elif kind == 7:
        data[at : at + length] = bytes(len(data[at : at + length]))
    else:
        start = rng.randrange(len(data))
        data[at:at] = data[start : start + length]


def child() -> None:
    """Prepare the folders named on standard input; answer one line of JSON each."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from wavernn_tf.cli import cli

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        folder = Path(json.loads(line))
        out, printed = folder / "out", io.StringIO()
        started, code, failure = time.monotonic(), 0, ""
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            try:
                cli.main(
                    ["prepare", str(folder / "in"), str(out), "--workers", "1", "--held-out", "0"],
                    prog_name="wavernn-tf",
                )
            except SystemExit as end:
                code = int(end.code or 0)
            except BaseException as error:
                failure = f"{type(error).__name__}: {error}"
        text = printed.getvalue()
        answer = {
            "seconds": time.monotonic() - started,
            "code": code,
            "failure": failure or ("Traceback" if "Traceback" in text else ""),
            "whole": "whole.wav:" not in text,
            "skipped": "skipped: 1" in text,
            "text": text[-2000:],
            "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


class Worker:
    """A child process, started again when it has died."""

    def __init__(self) -> None:
        self.process: Any = None
        self.fresh = True
        self.base = 0

    def ask(self, folder: Path) -> Dict[str, Any]:
        """Prepare a folder."""
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, __file__, "--child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
            self.fresh = True
        self.process.stdin.write(json.dumps(str(folder)).encode() + b"\n")
        self.process.stdin.flush()
        limit = START_SECONDS if self.fresh else 6 * SECONDS
        ready, _, _ = select.select([self.process.stdout], [], [], limit)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            if not ready:
                self.process.kill()
            code = self.process.wait()
            self.process = None
            return {"failure": f"signal {-code}" if ready else "hangs"}
        answer = dict(json.loads(line))
        if self.fresh:
            self.base, answer["seconds"], self.fresh = answer["bytes"], 0.0, False
        if answer["seconds"] > SECONDS:
            answer["failure"] = answer["failure"] or f"{answer['seconds']:.0f} seconds"
        if answer["bytes"] - self.base > MOST_BYTES:
            answer["failure"] = answer["failure"] or f"{answer['bytes'] - self.base} bytes"
            self.close()
        elif answer["code"]:
            answer["failure"] = answer["failure"] or f"exit code {answer['code']}"
        elif not answer["whole"]:
            answer["failure"] = answer["failure"] or "the whole recording was skipped"
        return answer

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()
            self.process = None


def run(count: int, seed: int = 0, workers: int = 2, keep: Path = Path("out/mutants")) -> Counter:
    """Prepare `count` mutants.

    Args:
      count: how many, all kinds in turn.
      seed: of the mutations.
      workers: child processes.
      keep: folder for the mutants that failed.

    Returns:
      How many were read, skipped, and failed, by kind, as "wav: read" and so on.
    """
    tally: Counter = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        whole = sources(Path(scratch))

        def work(part: int) -> Counter:
            mine, worker = Counter(), Worker()
            for n in range(part, count, workers):
                source = whole[n % len(whole)]
                folder = Path(scratch) / f"{part}"
                shutil.rmtree(folder, ignore_errors=True)
                (folder / "in").mkdir(parents=True)
                shutil.copy(whole[0], folder / "in" / "whole.wav")
                mutant = folder / "in" / f"mutant{n}{source.suffix}"
                mutant.write_bytes(mutate(source.read_bytes(), random.Random(f"{seed} {n}")))
                answer = worker.ask(folder)
                kind = f"{KINDS[n % len(whole)][1]} {KINDS[n % len(whole)][2]}"
                if answer["failure"]:
                    mine[f"{kind}: FAILED"] += 1
                    keep.mkdir(parents=True, exist_ok=True)
                    shutil.copy(mutant, keep)
                    print(f"{keep / mutant.name}: {answer['failure']} {answer.get('text', '')}")
                else:
                    mine[f"{kind}: {'skipped' if answer['skipped'] else 'read'}"] += 1
            worker.close()
            return mine

        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            for found in pool.map(work, range(workers)):
                tally += found
    return tally


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, default=Path("out/mutants"))
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child()
        return 0
    tally = run(options.count, options.seed, options.workers, options.keep)
    for name in sorted(tally):
        print(f"{name} {tally[name]}")
    return int(any("FAILED" in name for name in tally))


if __name__ == "__main__":
    sys.exit(main())
