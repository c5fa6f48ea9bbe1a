"""Estimates cycles per sample on ARM cores, where there is no such machine.

qemu counts how often every instruction runs, for two lengths of audio, whose difference leaves the
set-up out. llvm-mca schedules what runs in a straight line, as if it repeated for ever with all
data in the first-level cache. The sum over all of that is the estimate. `make estimate-arm` builds
what it needs and runs it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import click
import numpy as np

from wavernn_tf.export.benchmark import machine
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.voice import shipped

_REFERENCE = ("--weights", "int8", "--block", "8x4", "--rounds", "0")
_REFERENCE_FRAMES = (1, 3)
_REFERENCE_RATE = 24000
_VOICE_FRAMES = (4, 8)
_COVERED = 0.995
"""Share of all instructions that is scheduled; the rest is taken to run like that."""
_ITERATIONS = 100
_TOOLS = ("llvm-mca-19", "llvm-mca-18", "llvm-mca")


class Core(NamedTuple):
    """A core, and what runs on it.

    Attributes:
      name: as its maker calls it.
      scheduled_as: llvm-mca's name of the core whose model is taken.
      emulated_as: qemu's name of a core with the same instructions.
      isa: the kernels that the library takes there.
      gigahertz: a clock that such cores run at, in `machine`.
      machine: where.
    """

    name: str
    scheduled_as: str
    emulated_as: str
    isa: str
    gigahertz: float
    machine: str


CORES = (
    Core("cortex-a53", "cortex-a53", "cortex-a53", "neon", 1.4, "Raspberry Pi 3B+"),
    Core("cortex-a55", "cortex-a55", "max", "neondot", 1.8, "little core of a phone"),
    Core("cortex-a76", "neoverse-n1", "max", "neondot", 2.4, "Raspberry Pi 5"),
    Core("cortex-x1", "neoverse-v1", "max", "neondot", 2.84, "big core of a phone of 2021"),
    Core("neoverse-n1", "neoverse-n1", "max", "neondot", 2.5, "Graviton2"),
)
"""llvm has no model of cortex-a76 and cortex-x1: those of the servers that share their designs
stand in."""


@click.command()
@click.option("--emulator", required=True, help="qemu-aarch64.")
@click.option("--plugin", required=True, type=click.Path(path_type=Path))
@click.option("--bench", required=True, type=click.Path(path_type=Path), help="bench_generate.")
@click.option("--speak", required=True, type=click.Path(path_type=Path), help="speak.c, built.")
@click.option("--objdump", default="aarch64-linux-gnu-objdump", show_default=True)
@click.option("--measured", type=click.Path(dir_okay=False), help="JSON file for the estimates.")
def main(
    emulator: str, plugin: Path, bench: Path, speak: Path, objdump: str, measured: Optional[str]
) -> None:
    """Print a table of estimates."""
    if measured:
        machine.claim(measured)
    scheduler = next((tool for tool in _TOOLS if shutil.which(tool)), None)
    if scheduler is None:
        raise click.ClickException("no llvm-mca found (Debian: llvm-19)")
    code = {binary: _disassembled(objdump, binary) for binary in (bench, speak)}
    counted: Dict[Tuple[Path, str], Tuple[Counter[int], int]] = {}
    rows: List[Dict[str, Any]] = []
    for core in CORES:
        for voice, binary, rate in (("reference", bench, _REFERENCE_RATE), ("en_ru", speak, 16000)):
            key = binary, core.isa
            if key not in counted:
                start = [emulator, "-cpu", core.emulated_as]
                start += ["-plugin", f"{plugin.resolve()},blocks=on", str(binary)]
                count = _reference if binary == bench else _voice
                counted[key] = count(start, core.isa)
            times, samples = counted[key]
            instructions = sum(times.values()) / samples
            cycles = _cycles(scheduler, core.scheduled_as, times, code[binary]) / samples
            per_second = core.gigahertz * 1e9 / cycles
            rows.append(
                {
                    "voice": voice,
                    **core._asdict(),
                    "instructions_per_sample": round(instructions),
                    "cycles_per_sample": round(cycles),
                    "samples_per_second": round(per_second),
                    "times_real_time": round(per_second / rate, 2),
                }
            )
            click.echo(json.dumps(rows[-1]))
    if measured:
        version = re.search(r"LLVM version \S+", _run(scheduler, "--version"))
        found = {
            "command": "make estimate-arm",
            "emulator": f"{emulator} and llvm-mca, {version[0] if version else scheduler}",
            "covered": _COVERED,
        }
        machine.write(measured, {**found, "rows": rows})


def _reference(start: Sequence[str], isa: str) -> Tuple[Counter[int], int]:
    """How often every address ran beyond the set-up, and in how many samples."""
    few, many = (
        _executions([*start, *_REFERENCE, "--isa", isa, "--frames", str(frames)])
        for frames in _REFERENCE_FRAMES
    )
    return _difference(many, few), 240 * (_REFERENCE_FRAMES[1] - _REFERENCE_FRAMES[0])


def _voice(start: Sequence[str], isa: str) -> Tuple[Counter[int], int]:
    """The same of the first voice of the package, which takes the best kernels by itself."""
    del isa
    path = shipped.card("en_ru").path
    info = Vocoder.load(path).info
    rng = np.random.default_rng(0)
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for frames in _VOICE_FRAMES:
            mel = rng.normal(info.feature_mean, info.feature_std, [frames, info.mel.n_mels])
            features = Path(folder, "mel.npy")
            np.save(features, mel.astype(np.float32))
            runs.append(
                _executions([*start, str(path), str(features), str(Path(folder, "out.wav"))])
            )
    few, many = runs
    return _difference(many, few), info.mel.hop_length * (_VOICE_FRAMES[1] - _VOICE_FRAMES[0])


def _difference(many: Counter[int], few: Counter[int]) -> Counter[int]:
    return Counter({at: times - few[at] for at, times in many.items() if times > few[at]})


def _executions(command: Sequence[str]) -> Counter[int]:
    """How often the instruction at every address ran."""
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        said = [line for line in run.stderr.splitlines() if not line.startswith("block ")]
        raise click.ClickException("\n".join([f"{' '.join(command)} failed:", *said]))
    executions: Counter[int] = Counter()
    for line in run.stderr.splitlines():
        if not line.startswith("block "):
            continue
        address, length, times = line.split()[1:]
        for i in range(int(length)):
            executions[int(address, 16) + 4 * i] += int(times)
    return executions


def _disassembled(objdump: str, binary: Path) -> Dict[int, str]:
    """What an assembler takes, by address; branches go nowhere."""
    code = {}
    listing = _run(objdump, "-d", "--no-show-raw-insn", str(binary))
    for address, name, operands in re.findall(
        r"^ +([0-9a-f]+):\t(\S+)[\t ]*(.*)$", listing, re.MULTILINE
    ):
        operands = re.sub(r"\s*//.*", "", operands)
        operands = re.sub(r"\b[0-9a-f]+ <[^>]*>", "#0", operands)
        code[int(address, 16)] = f"{name} {operands}"
    return code


_BRANCH = re.compile(r"(b|bl|br|blr|ret|cbz|cbnz|tbz|tbnz|b\.\w+) ")


def _straight_lines(times: Counter[int], code: Dict[int, str]) -> List[Tuple[int, Tuple[str, ...]]]:
    """(times, instructions) of runs without a branch inside, the most executed first."""
    lines: List[Tuple[int, List[str]]] = []
    last = None
    for address in sorted(times):
        if address not in code:
            continue
        fresh = last != address - 4 or times[last] != times[address] or _BRANCH.match(code[last])
        if fresh:
            lines.append((times[address], []))
        lines[-1][1].append(code[address])
        last = address
    lines.sort(key=lambda line: -line[0] * len(line[1]))
    return [(count, tuple(text)) for count, text in lines]


def _cycles(scheduler: str, core: str, times: Counter[int], code: Dict[int, str]) -> float:
    """Cycles of all that ran."""
    whole = sum(times.values())
    chosen, covered = [], 0
    for count, text in _straight_lines(times, code):
        if covered >= _COVERED * whole:
            break
        chosen.append((count, text))
        covered += count * len(text)
    regions = [
        f"# LLVM-MCA-BEGIN {i}\n" + "\n".join(text) + "\n# LLVM-MCA-END\n"
        for i, (_, text) in enumerate(chosen)
    ]
    command = [scheduler, "-mtriple=aarch64-linux-gnu", f"-mcpu={core}", "-mattr=+dotprod,+lse"]
    command += [f"-iterations={_ITERATIONS}", "-json", "-"]
    found = json.loads(_run(*command, text="".join(regions)))
    cycles = 0.0
    for region in found["CodeRegions"]:
        count, _ = chosen[int(region["Name"])]
        cycles += count * region["SummaryView"]["TotalCycles"] / _ITERATIONS
    return cycles * whole / covered


def _run(*command: str, text: Optional[str] = None) -> str:
    run = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if run.returncode:
        raise click.ClickException(f"{' '.join(command)} failed:\n{run.stderr[-2000:]}")
    return run.stdout


if __name__ == "__main__":
    main()
