"""Mutated files of every other kind through the readers in Python, in a child process.

    python -m tests.helpers.mutate_files [--count 10000] [--seed 0] [--only KIND] [--keep FOLDER]

`mutate_audio` does the same for recordings. Every mutant is read as the commands read it. It must
be refused by a `WaveRNNError`, or read. Failures are any other exception, a signal, more than 20
seconds, half a gigabyte of memory, code that ran, and a wrong result: a file with checksums (a
record, an archive of arrays, a checkpoint) whose bytes were changed may give nothing else than the
whole file does. The mutants that failed are kept. Exit code 1 if there are any.

Bytes are changed as those of recordings are (`mutate_audio.mutate`). Trees of YAML and JSON are
also changed as trees: values replaced by odd ones, keys removed, renamed, added. Records and
archives are also written anew around other contents, with checksums that are right.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import io
import json
import os
import random
import resource
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Set

import numpy as np

from tests.helpers import mutate_audio

ROOT = Path(__file__).resolve().parents[2]
CARD = ROOT / "wavernn_tf" / "voice" / "shipped" / "en_ru.json"
SECONDS = 20.0
"""Of processor time for one file."""
START_SECONDS = 300.0
MOST_BYTES = 1 << 29

Mutate = Callable[[bytes, random.Random], bytes]


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
      path: of the file, in the folder of `sources`.
      read: reads it as the commands do; what it returns is compared where `checked`.
      mutations: ways to change it.
      checked: whether changed bytes must give the result of the whole file, or an error.
    """

    path: str
    read: Callable[[Path], Any]
    mutations: Dict[str, Mutate]
    checked: bool = False


def odd_values(rng: random.Random) -> Any:
    """A value that nobody expects."""
    deep: Any = 0
    for _ in range(200):
        deep = [deep]
    return rng.choice(
        [
            *(None, True, False, 0, 1, -1, 7, 2**31, 2**63 - 1, -(2**64), 10**400),
            *(0.5, -0.0, 1e308, float("nan"), float("inf"), -float("inf")),
            *("", "0", "x" * 5000, "../../etc/passwd", "\0", "mel", "\u2028\ud800"),
            *([], [[]], {}, {"": {}}, [None, 1, "a"], [1e9] * 300, deep),
        ]
    )


def changed_tree(tree: Any, rng: random.Random) -> Any:
    """A tree with one to three nodes replaced, removed, renamed, doubled or added."""
    tree = copy.deepcopy(tree)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = [place for place in _places(tree)]
        if not places:
            return odd_values(rng)
        holder, key = rng.choice(places)
        kind = rng.randrange(8)
        if kind == 0:
            del holder[key]
        elif kind == 1 and isinstance(holder, dict):
            holder[str(key) + rng.choice(("x", "_", " "))] = holder.pop(key)
        elif kind == 2 and isinstance(holder, list):
            holder[key:key] = [copy.deepcopy(holder[key])] * rng.choice((1, 3))
        elif kind == 3 and isinstance(holder, dict):
            holder[rng.choice(("", "schema", "path", "\0"))] = odd_values(rng)
        elif kind == 4 and isinstance(holder[key], (int, float)):
            holder[key] = holder[key] * rng.choice((-1, 0, 2, 1000, 10**9))
        else:
            holder[key] = odd_values(rng)
    return tree


def _places(tree: Any) -> Iterator[Any]:
    if isinstance(tree, dict):
        for key in list(tree):
            yield tree, key
            yield from _places(tree[key])
    elif isinstance(tree, list):
        for key in range(min(len(tree), 8)):
            yield tree, key
            yield from _places(tree[key])


def as_json(data: bytes, rng: random.Random) -> bytes:
    """A JSON text changed as a tree."""
    tree = changed_tree(json.loads(data), rng)
    return json.dumps(tree).encode("utf-8", "surrogatepass")


def as_json_lines(data: bytes, rng: random.Random) -> bytes:
    """One line of a text of JSON lines changed as a tree."""
    lines = data.splitlines()
    at = rng.randrange(len(lines))
    lines[at] = as_json(lines[at], rng)
    return b"\n".join(lines)


def as_yaml(data: bytes, rng: random.Random) -> bytes:
    """A YAML text changed as a tree, or with what only YAML has."""
    import yaml

    tricks = (
        b"!!python/object/apply:os.mkdir ['%s']" % RAN.encode(),
        b"!!python/name:os.system",
        b"&a [*a]",
        b"!!timestamp x",
        b"!!int x",
        b"0x" + b"f" * 5000,
        b"9" * 6000,
        b"{" * 3000,
        b"- " * 3000,
        b"? [a, b]: 1",
        b"&a [1]\nb: [*a, *a]",
    )
    if rng.random() < 0.3:
        lines = data.splitlines()
        at = rng.randrange(len(lines))
        lines[at] = lines[at].split(b":")[0] + b": " + rng.choice(tricks)
        return b"\n".join(lines)
    text = yaml.safe_dump(changed_tree(yaml.safe_load(data), rng), allow_unicode=True)
    return text.encode("utf-8", "surrogatepass")


RAN = os.path.join(tempfile.gettempdir(), "wavernn-tf-ran")
"""A folder that appears if a file's code runs."""


class Runs:
    """Pickled, it makes the folder `RAN` when it is read."""

    def __reduce__(self) -> Any:
        """See `pickle`."""
        return os.mkdir, (RAN,)


def as_record(data: bytes, rng: random.Random) -> bytes:
    """Records whose contents are changed, with checksums that are right."""
    import tensorflow as tf

    records, at = [], 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        records.append(data[at + 12 : at + 12 + length])
        at += 16 + length
    which = rng.randrange(len(records))
    if rng.random() < 0.5:
        records[which] = mutate_audio.mutate(records[which], rng)
    else:
        example = tf.train.Example.FromString(records[which])
        name = rng.choice(("id", "audio", "mel"))
        values = example.features.feature[name].bytes_list.value
        kind = rng.randrange(4)
        if kind == 0:
            del example.features.feature[name]
        elif kind == 1:
            del values[:]
        elif kind == 2:
            values[0] = values[0][: rng.randrange(len(values[0]))]
        else:
            values[0] = rng.choice((b"", b"\xff", bytes(4000), np.float32("nan").tobytes() * 800))
        records[which] = example.SerializeToString()
    with tempfile.NamedTemporaryFile() as file:
        with tf.io.TFRecordWriter(file.name) as writer:
            for record in records:
                writer.write(record)
        return Path(file.name).read_bytes()


def as_npz(data: bytes, rng: random.Random) -> bytes:
    """An archive with one array replaced by an odd one; it may hold code."""
    with np.load(io.BytesIO(data)) as archive:
        arrays = {name: archive[name] for name in archive.files}
    name = rng.choice(sorted(arrays))
    old = arrays[name]
    arrays[name] = rng.choice(
        [
            np.array([Runs()], object),
            np.zeros(old.size + 1, old.dtype),
            np.zeros((0, 3), old.dtype),
            old.astype(np.float64),
            old.astype(np.complex64),
            np.full_like(old, np.nan),
            np.full_like(old, 1e30),
            np.array("text"),
            np.zeros(3, [("a", "<f4")]),
            old.T,
        ]
    )
    if rng.random() < 0.2:
        del arrays[name]
    out = io.BytesIO()
    np.savez(out, **arrays)
    if rng.random() < 0.2:
        return _bomb(out.getvalue(), name)
    return out.getvalue()


def _bomb(data: bytes, name: str) -> bytes:
    """The archive with an array of a gigabyte in a megabyte in the place of another."""
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as made:
        for member in source.infolist():
            if member.filename != f"{name}.npy":
                made.writestr(member, source.read(member))
        with made.open(zipfile.ZipInfo(f"{name}.npy"), "w") as file:
            np.lib.format.write_array_header_1_0(
                file, {"descr": "<f4", "fortran_order": False, "shape": (1 << 28,)}
            )
        made.writestr("more.npy", bytes(1 << 24), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def as_npy(data: bytes, rng: random.Random) -> bytes:
    """A .npy file with another header, or with code."""
    if rng.random() < 0.3:
        out = io.BytesIO()
        np.save(out, np.array([Runs()], object), allow_pickle=True)
        return out.getvalue()
    header = {
        "descr": rng.choice(["<f4", "<f8", "|O", "<M8[s]", "|S0", "<c16", [("a", "<f4")], 3]),
        "fortran_order": rng.choice([False, True, 0, "x"]),
        "shape": rng.choice([(), (0, 80), (1 << 40,), (-1, 80), (3, 80), "x", (2**62, 2**62)]),
    }
    text = rng.choice([repr(header), f"__import__('os').mkdir({RAN!r})", "(" * 500, "{}", ""])
    padded = text.encode().ljust(118 - 10 % 64) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(padded)) + padded + data[128:]


def as_tflite(data: bytes, rng: random.Random) -> bytes:
    """A voice whose description is changed as a tree, in its place and of its length."""
    at = data.index(b'{\n "mel"') if b'{\n "mel"' in data else data.index(b"{\n")
    end = data.index(b"\n}", at) + 2
    for _ in range(50):
        tree = changed_tree(json.loads(data[at:end]), rng)
        text = json.dumps(tree).encode("utf-8", "surrogatepass")
        if len(text) <= end - at:
            return data[:at] + text.ljust(end - at) + data[end:]
    return mutate_audio.mutate(data, rng)


def read_config(path: Path) -> Any:
    """As `--config` does."""
    from wavernn_tf import config as configuration

    config = configuration.load(str(path))
    assert configuration.from_dict(configuration.Config, configuration.to_dict(config)) == config


def read_data(path: Path) -> Any:
    """As `train` and `inspect` do."""
    from wavernn_tf.cli.inspect import describe
    from wavernn_tf.pipelines import dataset
    from wavernn_tf.pipelines.manifest import Manifest

    folder = path.parent
    made = Manifest.load(folder)
    describe(folder)
    dataset.check_records(folder)
    for split in ("train", "held_out"):
        list(dataset.utterances(folder, split))
    mean, std = made.standardisation()
    assert mean.shape == std.shape == (made.n_features,)
    return {u.id: (u.audio.tobytes(), u.mel.tobytes()) for u in dataset.utterances(folder, "train")}


def read_note(path: Path) -> Any:
    """As `prepare` does when it goes on."""
    from wavernn_tf import config as configuration
    from wavernn_tf.pipelines import corpora, prepare

    config = configuration.load(str(path.parents[1] / "run" / "config.yaml"))
    source = corpora.folder(path.parents[1] / "recordings")
    made = prepare.prepare(source, path.parent, config.mel, config.signal, progress=False)
    return made.feature_mean, made.train, made.held_out


def read_run(path: Path) -> Any:
    """As `export` and `inspect` do."""
    from wavernn_tf.cli.inspect import describe
    from wavernn_tf.models.keras_voice import KerasVoice
    from wavernn_tf.voice.weights import named_arrays

    voice = KerasVoice(path.parent)
    describe(path.parent)
    return {name: array.tobytes() for name, array in named_arrays(voice.weights).items()}


def read_log(path: Path) -> Any:
    """As `evaluate` and `inspect` do."""
    from wavernn_tf.models.run_folder import RunFolder

    for row in RunFolder.at(path.parent).history():
        assert row["step"] >= min(row["step"], 0) and row["held_out"].get("total", 0.0) is not None


class Restored:
    """As `train` does when it goes on; the model is built once."""

    def __init__(self) -> None:
        self._made: Any = None

    def __call__(self, path: Path) -> Any:
        """Restore the run's newest whole checkpoint."""
        from wavernn_tf.models.run_folder import RunFolder
        from wavernn_tf.training import trainer
        from wavernn_tf.training.checkpoints import Checkpoints

        run = RunFolder.at(path.parents[1])
        if self._made is None:
            self._made = trainer.build(run.config(), run.data())
        self._made.set_weights([0 * array for array in self._made.get_weights()])
        step = Checkpoints(run, self._made).restore()
        assert step in (1, 2)  # the one before holds the same weights
        return [array.tobytes() for array in self._made.get_weights()]


def read_voice(path: Path) -> Any:
    """As `synthesize` and `inspect` do."""
    from wavernn_tf.cli.inspect import describe
    from wavernn_tf.export.runtime import Vocoder

    describe(path)
    voice = Vocoder.load(path, "native")
    mel = np.full([2, voice.info.mel.n_mels + voice.info.signal.extra_features], -4.0, np.float32)
    audio = voice.synthesize(mel)
    assert audio.shape == (2 * voice.info.mel.hop_length,)


def read_asset(path: Path) -> Any:
    """As `inspect` does with a SavedModel."""
    from wavernn_tf.cli.inspect import describe

    describe(path.parents[2])


def read_card(path: Path) -> Any:
    """As `voices` does."""
    from wavernn_tf.voice import shipped

    shipped._read(path)


def read_features(path: Path) -> Any:
    """As `synthesize` and `prepare --mel-dir` do."""
    from wavernn_tf.audio import feature_files

    return feature_files.read(path, 20).tobytes()


_BYTES: Dict[str, Mutate] = {"bytes": mutate_audio.mutate}
KINDS: Dict[str, Kind] = {
    "YAML configuration": Kind("run/config.yaml", read_config, {**_BYTES, "tree": as_yaml}),
    "manifest": Kind("data/manifest.json", read_data, {**_BYTES, "tree": as_json}),
    "shard": Kind("data/train-00000.tfrecord", read_data, _BYTES, checked=True),
    "shard, right checksums": Kind("data/train-00000.tfrecord", read_data, {"contents": as_record}),
    "shard's note": Kind("data/train-00000.json", read_note, {**_BYTES, "tree": as_json}),
    "settings of prepared data": Kind("data/settings.json", read_note, {**_BYTES, "tree": as_json}),
    "data.json of a run": Kind("run/data.json", read_run, {**_BYTES, "tree": as_json}),
    "voice.npz": Kind("run/voice.npz", read_run, _BYTES, checked=True),
    "voice.npz, right checksums": Kind("run/voice.npz", read_run, {"arrays": as_npz}),
    "log of a run": Kind("run/metrics.jsonl", read_log, {**_BYTES, "tree": as_json_lines}),
    "checkpoint's data": Kind(
        "run/checkpoints/ckpt-2.data-00000-of-00001", Restored(), _BYTES, checked=True
    ),
    "checkpoint's index": Kind("run/checkpoints/ckpt-2.index", Restored(), _BYTES, checked=True),
    ".tflite voice": Kind("voice.tflite", read_voice, {**_BYTES, "description": as_tflite}),
    "JSON of a SavedModel": Kind(
        "saved/1/assets.extra/wavernn_tf.json", read_asset, {**_BYTES, "tree": as_json}
    ),
    "card of a voice": Kind("card.json", read_card, {**_BYTES, "tree": as_json}),
    "features, .npy": Kind("mel.npy", read_features, {**_BYTES, "header": as_npy}),
    "features, .npz": Kind("mel.npz", read_features, _BYTES, checked=True),
    "features, .npz, right checksums": Kind("mel.npz", read_features, {"arrays": as_npz}),
}


def sources(folder: Path) -> None:
    """Make a whole file of every kind."""
    from tests.helpers.small import SPEECH
    from wavernn_tf import config as configuration
    from wavernn_tf import logs
    from wavernn_tf.export import exporter  # noqa: F401
    from wavernn_tf.export.serving import saved_model
    from wavernn_tf.export.tflite import convert
    from wavernn_tf.models.keras_voice import KerasVoice
    from wavernn_tf.pipelines import corpora, prepare
    from wavernn_tf.voice import describe

    logs.quiet_tensorflow()
    recordings = folder / "recordings"
    recordings.mkdir(parents=True)
    for name in ("ru_0063", "en_both_help"):
        shutil.copy(SPEECH / f"{name}.flac", recordings)
    (recordings / "held_out.txt").write_text("ru_0063\n")
    config = configuration.override(configuration.load("demo"), SETTINGS)
    prepare.prepare(
        corpora.folder(recordings), folder / "data", config.mel, config.signal, progress=False
    )
    _begin_run(folder, config)
    voice = KerasVoice(folder / "run")
    statistics = {"mean": voice.info.feature_mean, "std": voice.info.feature_std}
    info = describe.describe(voice.config, voice.weights, statistics, {})
    (folder / "voice.tflite").write_bytes(convert.convert(voice.config, voice.weights, info))
    asset = folder / "saved" / "1" / "assets.extra" / saved_model.INFO_ASSET
    asset.parent.mkdir(parents=True)
    (folder / "saved" / "1" / "saved_model.pb").write_bytes(b"")
    asset.write_text(info.to_json(), encoding="utf-8")
    shutil.copy(CARD, folder / "card.json")
    mel = np.linspace(-5, 0, 400, dtype=np.float32).reshape(20, 20)
    np.save(folder / "mel.npy", mel)
    np.savez(folder / "mel.npz", mel=mel)


def _begin_run(folder: Path, config: Any) -> None:
    """A run folder as training leaves it, with the weights of its start: nothing is trained."""
    from wavernn_tf.models import wavernn
    from wavernn_tf.models.run_folder import RunFolder
    from wavernn_tf.sparsity import pruning
    from wavernn_tf.training import checks, trainer
    from wavernn_tf.training.checkpoints import Checkpoints

    run = RunFolder.at(folder / "run")
    run.path.mkdir()
    description, _ = checks.check_data(folder / "data", config)
    run.begin(config, description)
    model = trainer.build(config, description)
    for step in (1, 2):
        model.optimizer.iterations.assign(step)
        Checkpoints(run, model).save()
    plain = wavernn.build(config)
    pruning.copy_stripped(model, plain)
    run.save_voice(plain)
    scores = {"total": 15.0, "coarse": 7.5, "fine": 7.5}
    row = {"train": scores, "held_out": scores, "sparsity": {"R_u": 0.5}}
    run.write_history([{"step": step, **row} for step in (1, 2)])


SETTINGS: Dict[str, Any] = {
    "mel.n_mels": 20,
    "signal.pitch": "off",
    "signal.noise_shaping": 0.0,
    "signal.voiced_temperature": 1.0,
    "model.extra_inputs": [],
    "model.state_size": 32,
    "model.projection_size": 32,
    "model.conditioning.channels": 8,
    "training.steps": 2,
    "training.eval_every": 1,
    "training.batch_size": 2,
    "training.window": 200,
    "training.carry_state": False,
    "training.eval_windows": 2,
}
"""Of a run that ends at once."""


def answer(kind: str, path: Path, whole: Dict[str, Any]) -> Dict[str, Any]:
    """Read a file, and say what came of it.

    Args:
      kind: in `KINDS`.
      path: of the file.
      whole: by kind, what was read first, of a whole file; filled in here.

    Returns:
      `result` ("read" or "refused"), `failure` (empty, or what was wrong), `seconds` of processor
      time, and `bytes`, the most that the process has held.
    """
    from wavernn_tf.errors import WaveRNNError

    started, failure, result = time.process_time(), "", "read"
    try:
        found = KINDS[kind].read(path)
        if KINDS[kind].checked and found != whole.setdefault(kind, found):
            failure = "another result than the whole file's"
    except WaveRNNError as error:
        result = "refused"
        if not 0 < len(str(error)) <= 3000:
            failure = f"a message of {len(str(error))} characters: {str(error)[:200]}"
    except BaseException:
        failure = traceback.format_exc()[-1500:]
    if os.path.exists(RAN):
        failure = "code of the file ran"
        os.rmdir(RAN)
    return {
        "seconds": time.process_time() - started,
        "failure": failure,
        "result": result,
        "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def child() -> None:
    """Read the files named on standard input, a whole one first; answer a line of JSON each."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from wavernn_tf import logs

    logs.quiet_tensorflow()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    whole: Dict[str, Any] = {}
    for line in sys.stdin:
        kind, path = json.loads(line)
        answers.write(json.dumps(answer(kind, Path(path), whole)) + "\n")
        answers.flush()


class Reader:
    """A child process, started again when it has died."""

    def __init__(self) -> None:
        self._process: Any = None
        self._known: Set[str] = set()
        self._base = 0

    def ask(self, kind: str, path: Path, whole: Path) -> Dict[str, Any]:
        """Read a file; the answer of `child`, with what was wrong in `failure`."""
        if self._process is None:
            self._known = set()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.helpers.mutate_files", "--child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
            )
        if kind not in self._known:
            self._known.add(kind)
            self._write(kind, whole)
            first = self._read(START_SECONDS)
            if first is None or first["failure"]:
                raise RuntimeError(f"the whole file of {kind} is not read: {first}")
            self._base = first["bytes"]
        self._write(kind, path)
        answer = self._read(6 * SECONDS)
        if answer is None:
            self._process.kill()
            code = self._process.wait()
            self._process = None
            return {"failure": f"hangs or dies: status {code}", "result": "none"}
        if answer["seconds"] > SECONDS and not answer["failure"]:
            answer["failure"] = f"{answer['seconds']:.0f} seconds"
        if answer["bytes"] - self._base > MOST_BYTES:
            answer["failure"] = answer["failure"] or f"{answer['bytes'] - self._base} bytes"
            self.close()
        return answer

    def _write(self, *request: Any) -> None:
        self._process.stdin.write(json.dumps([str(part) for part in request]).encode() + b"\n")
        self._process.stdin.flush()

    def _read(self, seconds: float) -> Optional[Dict[str, Any]]:
        ready, _, _ = select.select([self._process.stdout], [], [], seconds)
        line = self._process.stdout.readline() if ready else b""
        return dict(json.loads(line)) if line else None

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.stdin.close()
            self._process.wait()
            self._process = None


def run(
    count: int, seed: int = 0, only: Optional[List[str]] = None, keep: Optional[Path] = None
) -> Dict[str, Counter]:
    """Read mutants of all kinds.

    Args:
      count: how many, all kinds in turn.
      seed: of the mutations.
      only: kinds; by default all.
      keep: folder for the mutants that failed.

    Returns:
      How many were read, refused, and failed, by kind.
    """
    names = [name for name in KINDS if not only or name in only]
    tally, reader = {name: Counter() for name in names}, Reader()
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole"
        _sources_by_a_child(whole)
        for name in names:
            kind = KINDS[name]
            folder = Path(scratch) / "mutant"
            shutil.copytree(whole, folder)
            data = (whole / kind.path).read_bytes()
            for n in range(count // len(names)):
                rng = random.Random(f"{seed} {name} {n}")
                how = rng.choice(sorted(kind.mutations))
                _restore(whole, folder)
                (folder / kind.path).write_bytes(kind.mutations[how](data, rng))
                mutant = (folder / kind.path).read_bytes()
                answer = reader.ask(name, folder / kind.path, whole / kind.path)
                tally[name]["FAILED" if answer["failure"] else answer["result"]] += 1
                if answer["failure"]:
                    print(f"{name} {how} {n}: {answer['failure']}", flush=True)
                    if keep is not None:
                        keep.mkdir(parents=True, exist_ok=True)
                        kept = f"{name.replace(' ', '_')}-{n}-{Path(kind.path).name}"
                        (keep / kept).write_bytes(mutant)
            shutil.rmtree(folder)
    reader.close()
    return tally


def _restore(whole: Path, folder: Path) -> None:
    """Undo what an earlier mutant, or its reader, changed."""
    shutil.copytree(whole, folder, dirs_exist_ok=True)


def _sources_by_a_child(folder: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "tests.helpers.mutate_files", "--sources", str(folder)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1800)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", choices=list(KINDS))
    parser.add_argument("--keep", type=Path, default=Path("out/mutants"))
    parser.add_argument("--measured", type=Path, help="write the counts there")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--sources", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child()
        return 0
    if options.sources:
        sources(options.sources)
        return 0
    from wavernn_tf.export.benchmark import machine

    if options.measured:
        machine.claim(options.measured)
    tally = run(options.count, options.seed, options.only, options.keep)
    for name, counts in tally.items():
        print(f"{name}: {', '.join(f'{n} {what}' for what, n in sorted(counts.items()))}")
    if options.measured:
        rows = [{"name": name, **counts} for name, counts in tally.items()]
        machine.write(options.measured, {"rows": rows})
    return int(any(counts["FAILED"] for counts in tally.values()))


if __name__ == "__main__":
    sys.exit(main())
