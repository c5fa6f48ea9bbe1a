"""Fills the figures of README.md and docs/*.md from docs/measured/*.json.

Run it as ``python docs/tables.py`` (`make tables`) after a file of docs/measured/ has changed. A
region of a page looks like this; what lies between the two comments is written here::

    <!-- figures: training from docs/measured/training.json -->
    ...
    <!-- end -->

Every file says by which command, when and on which machine its figures were taken.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Sequence

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MEASURED = "docs/measured"

REGION = re.compile(r"(<!-- figures: (\w+) from (\S+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)

Tree = Dict[str, Any]

_ISAS = {
    "avx512vnni": "AVX-512 VNNI",
    "avx512gather": "the same, gathers",
    "avx512": "AVX-512",
    "avx2vnni": "AVX2 VNNI",
    "avx2": "AVX2",
    "neon": "NEON",
    "neondot": "NEON with dot products",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return text.replace("| --- |", "|---|").replace(" --- |", "---|") + "\n"


def taken(found: Tree, subject: str = "") -> str:
    """How the figures were taken, as a paragraph."""
    machine = found.get("emulator") or found["machine"]["processor"]
    how = f"`{found['command']}`, {found['date']}, {machine}"
    return f"\n({subject}{how})\n"


def thousands(number: float) -> str:
    """343,000 to "343 thousand"."""
    return f"{number / 1e3:.0f} thousand"


def op(found: Dict[str, Tree]) -> str:
    """Microseconds per sample by weights, block and instruction set; of 16 streams too."""
    one, batch = found["op"], found["batch"]
    isas = list(one["rows"][0]["isas"])

    def cell(row: Tree) -> str:
        return f"{row['us_per_sample']:.2f} ({row['ratio_to_floor']:.2f})"

    rows = []
    for row, together in zip(one["rows"], batch["rows"]):
        shape = row["weights"], row["block"]
        assert shape == (together["weights"], together["block"])
        rows.append([*shape, *(cell(row["isas"][isa]) for isa in isas), cell(together)])
    last = f"{batch['batch']} streams, {_ISAS[batch['isa']]}"
    head = ["weights", "block", *(_ISAS[isa] for isa in isas), last]
    return table(head, rows) + taken(one) + taken(batch, "Last column: ")


def dense(found: Dict[str, Tree]) -> str:
    """What the table says in words, and the dense network in stock kernels."""
    rows = [_fastest(found[name], "int8", "8x4") for name in ("op", "batch")]
    alone, together = (thousands(1e6 / row["us_per_sample"]) for row in rows)
    us = found["dense"]["us_per_sample"]
    return (
        f"int8 in 8x4 makes {alone} samples a second, {found['batch']['batch']} streams together "
        f"{together}. A dense network of these sizes in LiteRT's stock kernels, without softmax "
        f"and draws, takes {us['float32']:.0f} us per sample in float32 and {us['int8']:.0f} us in "
        "dynamic int8.\n" + taken(found["dense"], "The dense network: ")
    )


def _fastest(found: Tree, weights: str, block: str) -> Tree:
    """The figures of a shape; of several instruction sets those of the fastest."""
    (row,) = [r for r in found["rows"] if (r["weights"], r["block"]) == (weights, block)]
    timed = row["isas"].values() if "isas" in row else [row]
    return min(timed, key=lambda r: r["us_per_sample"])


def subscale(found: Tree) -> str:
    """Subscale beside the plain WaveRNN."""
    rows = []
    for row in found["rows"]:
        us, plain = row["us_per_sample"], row["plain_us_per_sample"]
        times = f"{plain:.2f}", f"{us:.2f}", f"{1e3 / us:.0f}k", f"{plain / us:.2f}x"
        rows.append([row["weights"], row["block"], *times])
    head = ["weights", "block", "plain, us", "subscale, us", "samples/s", "speedup"]
    return table(head, rows) + taken(found)


def subscale_bits(found: Tree) -> str:
    """Bits per sample of Subscale and plain models."""
    rows = [
        [
            *(row["name"], *(f"{row[part]:.3f}" for part in ("total", "coarse", "fine"))),
            " ".join(f"{bits:.2f}" for bits in row["by_sub_tensor"]),
        ]
        for row in found["rows"]
    ]
    return table(["", "bits", "coarse", "fine", "by sub-tensor, first to last"], rows) + taken(
        found
    )


def arm(found: Tree) -> str:
    """Instructions per sample under an emulator."""
    counts = {
        (r["weights"], r["block"], r["isa"], r["subscale"]): r["instructions_per_sample"]
        for r in found["rows"]
    }
    kinds = list(dict.fromkeys(key[2:] for key in counts))
    head = [_ISAS[isa] + (f", Subscale {n}" if n > 1 else "") for isa, n in kinds]
    rows = [
        [*shape, *(f"{counts[(*shape, *kind)]:,}" for kind in kinds)]
        for shape in dict.fromkeys(key[:2] for key in counts)
    ]
    return table(["weights", "block", *head], rows) + taken(found)


_SPOKEN = {"reference": "reference shape, 24 kHz", "en_ru": "`en_ru`, 16 kHz"}


def arm_estimate(found: Tree) -> str:
    """What should run where, by a static scheduler."""
    rows = [
        [
            f"{row['name']} ({row['machine']}), {row['gigahertz']} GHz",
            _SPOKEN[row["voice"]],
            _ISAS[row["isa"]],
            *(f"{row[key]:,}" for key in ("instructions_per_sample", "cycles_per_sample")),
            f"{row['times_real_time']:.1f}x",
        ]
        for row in found["rows"]
    ]
    head = ["core", "voice", "kernels", "instructions", "cycles, estimated"]
    return table([*head, "real time, estimated"], rows) + taken(found)


def training(found: Tree) -> str:
    """Whole training steps by both kernels."""
    speeds: Dict[Any, Tree] = {}
    for row in found["rows"]:
        key = row["state"], row["sparsity"], row["threads"]
        speeds.setdefault(key, {})[row["kernel"]] = row
    rows = [
        [
            *(str(state), f"{100 * sparsity:.0f} %" if sparsity else "0", str(threads)),
            *(f"{both[k]['samples_per_second'] / 1e3:.0f} k" for k in ("native", "keras")),
            f"{both['native']['ratio']:.1f}x",
            f"{100 * both['native']['share_of_peak']:.0f} %",
        ]
        for (state, sparsity, threads), both in speeds.items()
    ]
    head = ["state", "sparsity", "threads", "native, samples/s", "Keras, samples/s", "ratio"]
    return table([*head, "kernel's share of the multiply-add peak"], rows) + taken(found)


_FORMS = {
    "keras": "Keras model",
    "tflite_litert": ".tflite, op in LiteRT",
    "tflite_tf": ".tflite, op in TensorFlow's interpreter",
    "tflite_bfloat16": "the same with bfloat16 weights, in LiteRT",
    "tflite_int16": "the same with int16 weights, in LiteRT",
    "tflite_int8": "the same with int8 weights, in LiteRT",
    "saved_model": "SavedModel, one stream on the CPU",
    "histogram": "16-bit histogram of the training speech",
    "uniform": "uniform",
}


def demo(found: Tree) -> str:
    """The forms of the demo's voice."""
    differences = found["agreement"]["difference_percent"]
    rows = []
    for key, label in _FORMS.items():
        factor = found["real_time_factor"].get(key)
        speed = "" if factor is None else f"{factor:.0f}x" if factor >= 1 else f"{factor:.1f}x"
        compared = key in differences and key != "keras"
        difference = f"{differences[key]:+.4f} %" if compared else ""
        rows.append([label, f"{found['bits_per_sample'][key]:.4f}", difference, speed])
    sizes = {k: f"{round(v / 1e3):,} kB" for k, v in found["file_bytes"].items()}
    same = found["agreement"]["same_samples_as_numpy"]
    zeros = {name: f"{100 * share:.0f} %" for name, share in found["sparsity"].items()}
    return (
        table(["held-out speech", "bits per sample", "against Keras", "real time"], rows)
        + f"\nOf R_u, R_r and R_e {zeros['R_u']} of the blocks are zeros, of O1..O4 {zeros['O1']}. "
        f"The file has {sizes['tflite']} (bfloat16 {sizes['tflite_bfloat16']}, int16 "
        f"{sizes['tflite_int16']}, int8 {sizes['tflite_int8']}; with all blocks kept "
        f"{sizes['tflite_dense']}). With the same seed the op and the NumPy transcription agree in "
        f"{same['equal']:,} of {same['compared']:,} samples.\n" + taken(found)
    )


def curve(found: Tree) -> str:
    """Bits per sample while the demo's voice trains."""
    rows = [
        [f"{row['step']:,}", f"{row['train']:.2f}", f"{row['held_out']:.2f}"]
        for row in found["history"]
    ]
    return table(["step of the demo", "training windows", "held out"], rows)


def quality(found: Tree) -> str:
    """Copy synthesis beside simpler ways to make a copy."""
    tracks = found["tracks"]
    voice = list(tracks)[1]

    def cell(track: str, key: str) -> str:
        estimate = tracks[track][key]["estimate"]
        if estimate is None:
            return "none"
        interval = f" ({estimate['low']:.2f} to {estimate['high']:.2f})" if track == voice else ""
        return f"{estimate['value']:.2f}{interval}"

    rows = [
        [measure["title"], *(cell(track, key) for track in tracks)]
        for key, measure in found["measures"].items()
    ]
    return (
        f"{len(found['clips'])} recordings, {found['seconds']:.0f} s. Medians (means where it says "
        "so), and 95 % intervals of the voice:\n\n" + table(["", *tracks], rows) + taken(found)
    )


def _runs(found: Tree, group: str) -> List[Tree]:
    """Judged runs of a group of `examples/claims`."""
    return [run for run in found["runs"] if run["group"] == group]


def _claim(found: Tree, group: str, head: Sequence[str], rows: List[List[str]]) -> str:
    """The table of a group of `examples/claims`, and its picture if it has one."""
    if not rows:
        return "No run of this group is finished yet: the commands above go on with it.\n"
    picture = f"pictures/claims_{group}.svg"
    drawn = (ROOT / "docs" / picture).exists()
    sound = f"Sound: medians of {found['recordings']} recordings. "
    shown = f"\n![bits per sample, as a picture]({picture})\n" if drawn else ""
    return table(head, rows) + taken(found, sound) + shown


def _seen(run: Tree) -> List[str]:
    return [run["name"], f"{run['samples'] / 1e6:.0f} million"]


def _kept(run: Tree) -> List[str]:
    return [f"{100 * run['sparsity']['R_u']:.1f} %", f"{run['nonzeros']:,}"]


def claims_prediction(found: Tree) -> str:
    """What the predictors are worth: bits, and how copies sound with each way of sampling."""
    head = ["run", "samples seen", "bits", "English", "sampling", "DistillMOS"]
    head += ["log-mel distance, dB", "voiced frames kept, %", "F0 right, %", "HNR, dB"]
    keys = ("mos", "log_mel", "voiced", "f0", "hnr")
    rows = []
    for run in _runs(found, "prediction"):
        name = [*_seen(run), *(f"{run[speech]['total']:.3f}" for speech in ("bits", "english"))]
        for label, copy in (run.get("sound") or {"": {}}).items():
            rows.append([*name, label, *_estimates(copy, keys)])
            name = [""] * len(name)
    if rows:
        rows.append(["recordings", *[""] * len(name), *_estimates(found["original"], keys)])
    return _claim(found, "prediction", head, rows)


def _estimates(track: Tree, keys: Sequence[str]) -> List[str]:
    """Medians of a track, DistillMOS with its interval."""
    cells = []
    for key in keys:
        found = track.get(key)
        text = "" if found is None else f"{found['value']:.2f}"
        if found is not None and key == "mos":
            text += f" ({found['low']:.2f} to {found['high']:.2f})"
        cells.append(text)
    return cells


def claims_size(found: Tree) -> str:
    """As many weights in fewer or more units."""
    rows = [
        [
            *(*_seen(run), *_kept(run), f"{run['all_nonzeros']:,}"),
            *(f"{run['bits'][part]:.3f}" for part in ("total", "coarse", "fine")),
        ]
        for run in _runs(found, "size")
    ]
    head = ["run", "samples seen", "zero blocks of R_u", "weights in gates and heads", "in all"]
    return _claim(found, "size", [*head, "bits", "coarse", "fine"], rows)


def claims_sparsity(found: Tree) -> str:
    """Bits against zeros in the gates, and block shapes."""
    rows = [
        [*_seen(run), *_kept(run), f"{run['bits']['total']:.3f}", f"{run['minutes']:.0f}"]
        for run in _runs(found, "sparsity")
    ]
    head = ["run", "samples seen", "zero blocks of R_u", "weights in gates and heads"]
    return _claim(found, "sparsity", [*head, "bits", "minutes"], rows)


def claims_weights(found: Tree) -> str:
    """The shipped voice in every weight type."""
    rows = []
    for run in _runs(found, "weights"):
        bits = (f"{run[speech]['total']:.4f}" for speech in ("bits", "english"))
        (copy,) = (run.get("sound") or {"": {}}).values()
        rows.append([run["name"], *bits, *_estimates(copy, ("mos", "f0", "hnr"))])
    head = ["weights", "bits", "English", "DistillMOS", "F0 right, %", "HNR, dB"]
    return _claim(found, "weights", head, rows)


def footprint(found: Tree) -> str:
    """Size, memory and cold start of the C library."""
    rows = [
        ["model file", f"{found['file_kib']:,} KiB"],
        ["library, stripped: AVX2 with and without VNNI, and scalar", f"{found['library_kb']} kB"],
        [
            "memory of a voice and a stream, counted at the allocator",
            f"{found['peak_kib']:,} KiB at most while loading, {found['peak_over_file']:.2f} times "
            f"the file; {found['loaded_kib']:,} KiB once loaded",
        ],
        [
            "growth of the process, with the pages of code it touched",
            f"{found['process_kib']:,} KiB",
        ],
        ["from nothing to the first frame, one thread", f"{found['first_frame_ms']:.1f} ms"],
        ["allocations after a stream is made", str(found["allocations_after"] or "none")],
    ]
    return table(["what", "measured"], rows) + taken(found)


def serving(found: Tree) -> str:
    """SavedModels by the rows of a request, and one long utterance."""
    counts = list(found["saved_models"][0]["batches"])

    def cell(timed: Tree) -> str:
        return f"{timed['real_time_factor']:.2f} ({timed['slowest_over_median']:.2f})"

    def name(model: Tree) -> str:
        voice = "shipped" if model["voice"] == "run" else model["voice"]
        return f"{voice}, {model['seconds']:g} s"

    rows = [
        [
            name(model),
            model["form"],
            *(cell(model["batches"][count]) for count in counts),
        ]
        for model in found["saved_models"]
    ]
    heads = [f"{count} row{'' if count == '1' else 's'}" for count in counts]
    compiled = next(m for m in found["saved_models"] if m["form"] == "XLA")["batches"]
    first, last = compiled[counts[0]], compiled[counts[-1]]
    shape, long = found["random"], found["long_utterance"]
    return (
        table(["voice, speech in every row", "loop", *heads], rows)
        + f"\nThe random voices have state {shape['state']}, projection {shape['proj']} and "
        f"{100 * shape['density']:.0f} % of the weights, at 24 kHz. A sample of the shipped voice, "
        f"compiled, takes {first['cpu_us_per_sample']:.1f} us of processor time alone and "
        f"{last['cpu_us_per_sample']:.1f} us in a batch of {counts[-1]}. One utterance of "
        f"{long['seconds']:.0f} s takes {long['peak_memory_mb']:.0f} MB at most, TensorFlow "
        "included.\n" + taken(found)
    )


def kills(found: Tree) -> str:
    """`kill -9` at random moments, and the same command again."""
    rows = [
        [
            f"`{row['name']}`",
            *(str(row[key]) for key in ("kills", "trials", "equal")),
            f"{row['seconds']:.1f} s",
        ]
        for row in found["rows"]
    ]
    head = ["command", "kills", "outputs", "equal to the unbroken one", "an unbroken run took"]
    return table(head, rows) + taken(found)


def mutants(found: Tree) -> str:
    """Mutated files through the readers in Python."""
    rows = [
        [row["name"], *(f"{row.get(key, 0):,}" for key in ("refused", "read", "FAILED"))]
        for row in found["rows"]
    ]
    sums = [f"{sum(row.get(k, 0) for row in found['rows']):,}" for k in ("refused", "read")]
    failed = sum(row.get("FAILED", 0) for row in found["rows"])
    rows.append(["all", *sums, str(failed)])
    return table(["file", "refused", "read", "failed"], rows) + taken(found)


def together(found: Tree) -> str:
    """Many streams for some minutes."""
    return _soaked(found, found["together"], f"{found['together']['streams']} streams")


def alone(found: Tree) -> str:
    """One stream for long."""
    return _soaked(found, found["alone"], "one stream")


def _soaked(found: Tree, row: Tree, who: str) -> str:
    what = [
        f"{who.capitalize()} made {row['audio_seconds']:,} s of audio in {row['seconds']:,} s of "
        f"the clock; {row['differing'] or 'no'} samples differed from the same audio made at once; "
        f"the process grew by {row['growth_bytes'] / 1024:.0f} KiB after the first tenth."
    ]
    if "turns" in row:
        median, most = row["turn_ms"][0], row["turn_ms"][2]
        what.append(
            f"{row['late_turns']} of {row['turns']} turns took longer than their audio lasts "
            f"(median {median:,.0f} ms, at most {most:,.0f} ms for 50 ms)."
        )
    else:
        what.append(f"It was {row['most_seconds_behind']:.0f} s behind real time at most.")
    if found["nice"]:
        what.append(
            f"The process ran at nice {found['nice']} on a busy machine: this says nothing about "
            "deadlines."
        )
    return " ".join(what) + "\n" + taken(found)


def summary(found: Dict[str, Tree]) -> str:
    """The table of README: speed and quality in six rows."""
    us = _fastest(found["op"], "int8", "8x4")["us_per_sample"]
    folded = _fastest(found["subscale"], "int8", "8x4")["us_per_sample"]
    (trained,) = [
        row
        for row in found["training"]["rows"]
        if (row["state"], row["sparsity"], row["kernel"]) == (384, 0.96, "native")
        and row["threads"] == 2
    ]
    small, bits = found["footprint"], found["demo"]["agreement"]["difference_percent"]

    def mos(language: str) -> str:
        tracks = found[f"quality_{language}"]["tracks"]
        voice, original = (tracks[t]["mos"]["estimate"]["value"] for t in ("en_ru", "original"))
        return f"{voice:.2f} (recordings {original:.2f})"

    rows = [
        (
            "one stream, int8, 8x4",
            f"{us:.2f} us per sample: {thousands(1e6 / us)} samples a second",
            found["op"],
        ),
        (
            f"Subscale {found['subscale']['subscale']}, int8, 8x4",
            f"{thousands(1e6 / folded)} samples a second",
            found["subscale"],
        ),
        (
            "training, state 384, 96 % sparse, two threads",
            f"{thousands(trained['samples_per_second'])} samples a second, "
            f"{trained['ratio']:.1f} times Keras",
            found["training"],
        ),
        (
            "C library, demo's voice in int8",
            f"{small['first_frame_ms']:.1f} ms from nothing to the first audio; "
            f"{small['loaded_kib']} KiB once loaded",
            small,
        ),
        (
            "bits per sample of held-out speech, demo's voice against Keras",
            f"int16 {bits['tflite_int16']:+.4f} %, int8 {bits['tflite_int8']:+.4f} %",
            found["demo"],
        ),
        (
            "DistillMOS of the shipped voice",
            f"Russian {mos('ru')}, English {mos('en')}",
            found["quality_ru"],
        ),
    ]

    def command(source: Tree) -> str:
        """Of the row's shape, where one command stands for many."""
        return (
            source["command"].replace("weights W", "weights int8").replace("block B", "block 8x4")
        )

    return table(
        ["what", "measured", "command"],
        [[what, measured, f"`{command(source)}`"] for what, measured, source in rows],
    )


FIGURES: Dict[str, Callable[[Any], str]] = {
    f.__name__: f
    for f in (
        *(op, dense, subscale, subscale_bits, arm, arm_estimate, training),
        *(demo, curve, quality, footprint, serving, summary),
        *(kills, mutants, together, alone),
        *(claims_prediction, claims_size, claims_sparsity, claims_weights),
    )
}
"""What a region may hold, by name."""


def load(path: str) -> Any:
    """A measured file, or by stem all files of a folder."""
    source = ROOT / path
    if source.is_dir():
        return {p.stem: load(p.relative_to(ROOT).as_posix()) for p in source.glob("*.json")}
    return json.loads(source.read_text(encoding="utf-8"))


def filled(text: str, measured: Callable[[str], Any] = load) -> str:
    """A page with its regions written anew.

    Args:
      text: of the page.
      measured: gives the figures of a path from the root of the repository.
    """

    def region(match: re.Match[str]) -> str:
        start, name, source, _, end = match.groups()
        return f"{start}{FIGURES[name](measured(source))}{end}"

    return REGION.sub(region, text)


def main() -> None:
    """Write all pages anew; tell which ones changed."""
    changed: List[str] = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if filled(text) != text:
            page.write_text(filled(text), encoding="utf-8")
            changed.append(page.relative_to(ROOT).as_posix())
    print(f"changed: {', '.join(changed) or 'nothing'}", file=sys.stderr)


if __name__ == "__main__":
    main()
