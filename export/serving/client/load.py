"""Many clients on one server at once: throughput, latency, errors, and who disturbs whom."""

from __future__ import annotations

import collections
import dataclasses
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any, Callable, Counter, Dict, List, Optional, Sequence, Tuple

import numpy as np

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.serving.client.connection import Connection, connect
from wavernn_tf.export.serving.client.remote_voice import Form, RemoteVoice, read_wav
from wavernn_tf.export.serving.client.target import ServingError, Target

PERCENTILES = (50, 90, 99, 100)


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is sent.

    Attributes:
      clients: who each ask again as soon as they are answered.
      seconds: for which they do.
      frames: shortest and longest utterance.
      hang_up: more clients, who do not wait for the answer.
      garbage: more clients, who send what must be refused.
      largest: more clients, who send utterances of `largest_frames`.
      largest_frames: of those.
      pid: process of the server on this machine, whose memory is watched; None watches none.
    """

    clients: int = 64
    seconds: float = 60.0
    frames: Tuple[int, int] = (40, 120)
    hang_up: int = 0
    garbage: int = 0
    largest: int = 0
    largest_frames: int = 2000
    pid: Optional[int] = None


class Tally:
    """What the clients met; shared by their threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.latencies: List[float] = []
        self.audio_seconds = 0.0
        self.changed = 0
        self.errors: Counter[str] = collections.Counter()
        self.others: Dict[str, Counter[str]] = {}

    def answered(self, seconds: float, audio_seconds: float, changed: bool) -> None:
        """Count an answer with the expected audio; `changed` if an earlier one was other audio."""
        with self._lock:
            self.latencies.append(seconds)
            self.audio_seconds += audio_seconds
            self.changed += changed

    def failed(self, text: str) -> None:
        """Count a request that should have been answered."""
        with self._lock:
            self.errors[text] += 1

    def other(self, kind: str, what: str) -> None:
        """Count what a disturbing client met."""
        with self._lock:
            self.others.setdefault(kind, collections.Counter())[what] += 1


def run(target: Target, plan: Plan) -> Dict[str, Any]:
    """Ask a server as planned.

    Args:
      target: server and model.
      plan: who asks for what.

    Returns:
      A tree for JSON: counts, times real time, latencies in seconds, memory in MiB.

    Raises:
      WaveRNNError: if the server does not answer a first request.
    """
    with connect(target) as connection:
        form = RemoteVoice(connection).form
    tally, end = Tally(), threading.Event()
    patient = dataclasses.replace(target, retries=0)
    works: List[Tuple[Callable[[_Client], None], Target]] = [
        *[(_Client.speak, patient)] * plan.clients,
        *[(_Client.hang_up, dataclasses.replace(patient, timeout=0.05))] * plan.hang_up,
        *[(_Client.send_garbage, patient)] * plan.garbage,
        *[(_Client.speak_long, patient)] * plan.largest,
    ]
    threads = [
        threading.Thread(target=_work, args=(work, whom, form, plan, tally, end, i), daemon=True)
        for i, (work, whom) in enumerate(works)
    ]
    memory = [] if plan.pid is None else [resident_mib(plan.pid)]
    busy = 0.0 if plan.pid is None else processor_seconds(plan.pid)
    start = time.monotonic()
    for thread in threads:
        thread.start()
    while time.monotonic() - start < plan.seconds:
        time.sleep(min(1.0, max(0.0, plan.seconds - (time.monotonic() - start))))
        if plan.pid is not None:
            memory.append(resident_mib(plan.pid))
    end.set()
    for thread in threads:
        thread.join()
    tree = report(tally, time.monotonic() - start, memory)
    if plan.pid is not None:
        busy = processor_seconds(plan.pid) - busy
        tree["server_processor_seconds"] = round(busy, 1)
        tree["audio_seconds_per_processor_second"] = round(tally.audio_seconds / busy, 3)
    return tree


def report(tally: Tally, elapsed: float, memory: Sequence[float]) -> Dict[str, Any]:
    """The tree that `run` returns.

    Args:
      tally: what the clients met.
      elapsed: seconds from the first request to the last answer.
      memory: of the server, in MiB, from the start to the end.
    """
    tree: Dict[str, Any] = {
        "seconds": round(elapsed, 1),
        "answers": len(tally.latencies),
        "errors": dict(tally.errors),
        "answers_with_other_audio_than_before": tally.changed,
        "audio_seconds": round(tally.audio_seconds, 1),
        "times_real_time": round(tally.audio_seconds / elapsed, 3),
        "others": {kind: dict(counts) for kind, counts in tally.others.items()},
    }
    if tally.latencies:
        values = np.percentile(tally.latencies, PERCENTILES)
        tree["latency_seconds"] = {f"p{p}": round(v, 3) for p, v in zip(PERCENTILES, values)}
    if memory:
        third = max(1, len(memory) // 3)
        tree["memory_mib"] = {
            "start": round(memory[0], 1),
            "mean_of_second_third": round(float(np.mean(memory[third : 2 * third])), 1),
            "mean_of_last_third": round(float(np.mean(memory[2 * third :])), 1),
            "most": round(max(memory), 1),
        }
    return tree


def resident_mib(pid: int) -> float:
    """Resident memory of a process on this machine.

    Raises:
      WaveRNNError: if there is none, or the system has no /proc.
    """
    try:
        for line in Path("/proc", str(pid), "status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    except OSError as error:
        raise WaveRNNError(f"The memory of process {pid} cannot be read: {error}") from error
    raise WaveRNNError(f"The process {pid} has ended.")


def processor_seconds(pid: int) -> float:
    """Processor time that a process on this machine has used so far, all its threads together.

    Raises:
      WaveRNNError: if there is none, or the system has no /proc.
    """
    try:
        fields = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()
    except OSError as error:
        raise WaveRNNError(f"The time of process {pid} cannot be read: {error}") from error
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class _Client:
    """One client: it does one kind of work again and again, with requests of its own.

    Args:
      connection: to the server.
      form: of the voice.
      plan: gives lengths.
      tally: where it counts what it meets.
      number: of the client, which decides its requests.
    """

    def __init__(
        self, connection: Connection, form: Form, plan: Plan, tally: Tally, number: int
    ) -> None:
        self._connection, self._form, self._plan, self._tally = connection, form, plan, tally
        self._rng = np.random.default_rng(number)
        self._asked: Optional[Dict[str, np.ndarray]] = None
        self._heard: Optional[np.ndarray] = None
        self._turn = 0

    def speak(self) -> None:
        """One utterance, always the same for a client: its answers must be equal."""
        if self._asked is None:
            shortest, longest = self._plan.frames
            self._asked = self._inputs(int(self._rng.integers(shortest, longest + 1)))
        frames = int(self._asked["lengths"][0])
        start = time.monotonic()
        try:
            outputs = self._connection.predict("synthesize_wav", self._asked)
        except ServingError as error:
            self._tally.failed(f"{error.code}: {error}"[:200])
            return
        elapsed = time.monotonic() - start
        audio = _audio(outputs)
        if len(audio) != frames * self._form.hop_length:
            said = f"{len(audio)} samples for {frames} frames {_status(outputs)}"
            self._tally.failed(said[:200])
            return
        changed = self._heard is not None and not np.array_equal(self._heard, audio)
        self._heard = audio if self._heard is None else self._heard
        self._tally.answered(elapsed, len(audio) / self._form.sample_rate, changed)

    def speak_long(self) -> None:
        """One long utterance."""
        frames = self._plan.largest_frames
        try:
            outputs = self._connection.predict("synthesize_wav", self._inputs(frames))
        except ServingError as error:
            self._tally.other("largest", error.code)
            return
        good = len(_audio(outputs)) == frames * self._form.hop_length
        self._tally.other("largest", "answered" if good else _status(outputs))

    def hang_up(self) -> None:
        """Ask, and hang up before the answer: the target's timeout is short."""
        try:
            self._connection.predict("synthesize_wav", self._inputs(self._plan.frames[1]))
            self._tally.other("hang_up", "answered in time")
        except ServingError as error:
            self._tally.other("hang_up", error.code)
        time.sleep(0.2)

    def send_garbage(self) -> None:
        """Something that must be refused, another kind each time."""
        kinds = ("bytes", "nan", "lengths", "wav", "signature", "missing")
        kind = kinds[self._turn % len(kinds)]
        self._turn += 1
        inputs = self._inputs(self._plan.frames[0])
        signature = "synthesize_wav"
        if kind == "bytes":
            _send_bytes(self._connection.target, self._rng.bytes(500))
            self._tally.other("garbage", "bytes: sent")
            return
        if kind == "nan":
            inputs["features"][0, 0, 0] = np.nan
        elif kind == "lengths":
            inputs["lengths"][0] = -5
        elif kind == "wav":
            data = np.array([self._rng.bytes(500)], object)
            signature, inputs = "features", {"wav_bytes": data}
        elif kind == "signature":
            signature = "no_such"
        else:
            del inputs["seed"]
        try:
            outputs = self._connection.predict(signature, inputs)
        except ServingError as error:
            self._tally.other("garbage", f"{kind}: {error.code}")
        else:
            refused = "refused by the row's status" if _status(outputs) else "TAKEN"
            self._tally.other("garbage", f"{kind}: {refused}")
        time.sleep(0.2)

    def _inputs(self, frames: int) -> Dict[str, np.ndarray]:
        features = self._rng.standard_normal([1, frames, self._form.n_features])
        return {
            "features": features.astype(np.float32),
            "lengths": np.array([frames], np.int32),
            "seed": self._rng.integers(2**40, size=[1]),
            "temperature": np.ones([1], np.float32),
            "fine_temperature": np.ones([1], np.float32),
        }


def _work(
    work: Callable[[_Client], None],
    target: Target,
    form: Form,
    plan: Plan,
    tally: Tally,
    end: threading.Event,
    number: int,
) -> None:
    """The thread of a client."""
    with connect(target) as connection:
        client = _Client(connection, form, plan, tally, number)
        while not end.is_set():
            try:
                work(client)
            except Exception as error:  # a bug of the client must not end the others
                tally.failed(f"{type(error).__name__}: {error}"[:200])
                time.sleep(0.1)


def _send_bytes(target: Target, data: bytes) -> None:
    try:
        with socket.create_connection((target.host, target.port), timeout=5) as raw:
            raw.sendall(data)
    except OSError:
        pass  # the server may hang up on it


def _audio(outputs: Dict[str, np.ndarray]) -> np.ndarray:
    wav = bytes(outputs["wav_bytes"][0])
    return read_wav(wav)[0] if wav else np.zeros([0], np.int16)


def _status(outputs: Dict[str, np.ndarray]) -> str:
    return bytes(outputs["status"][0]).decode("utf-8", "replace") if "status" in outputs else ""
