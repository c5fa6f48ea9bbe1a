"""Streams that go on for long: flat memory, no drift, and how often a deadline was missed.

    python -m tests.soak.streams [--streams 64] [--seconds 600] [--audio-seconds 3600]
        [--voice en_ru] [--measured FILE]

First `--streams` streams of one voice, made by the C API, take turns for `--seconds`: each gets
four frames, and its audio is pulled and compared with the same utterance spoken alone. A stream
that has spoken its utterance begins another. A turn of all streams must take no longer than its
audio lasts; how many did is counted, which says something on an idle machine only.

Then one stream of `Vocoder.stream` speaks `--audio-seconds` of audio, in pieces of random sizes,
while another thread speaks the same by one call of the C API; both are compared.

Memory is looked at when a tenth is done and at the end. Exit code 1 if samples differ, or memory
has grown by more than 2 MB.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import json
import os
import sys
import time
from ctypes import byref, c_size_t
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np

from tests.c_api.binding import Utterance
from wavernn_tf.export.benchmark import machine
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.runtime.native import NativeVocoder
from wavernn_tf.pipelines import audio as recordings
from wavernn_tf.voice import features
from wavernn_tf.voice.base import Draw

HELD_OUT = Path(__file__).resolve().parents[2] / "voices" / "en_ru" / "held_out"
FRAMES = 4
"""That a stream gets at a turn."""
UTTERANCE_SECONDS = 4.0
SEEDS = 4
MOST_GROWTH = 2 << 20


def resident() -> int:
    """Bytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@dataclasses.dataclass
class Speaker:
    """A stream, and how far it is in its utterance."""

    stream: Any
    utterance: int
    at: int = 0
    spoken: int = 0


def together(voice: NativeVocoder, mels: List[np.ndarray], count: int, seconds: float) -> Dict:
    """Let streams take turns.

    Args:
      voice: that speaks.
      mels: features of the utterances, float32 [frames, n_features] each.
      count: streams.
      seconds: of the clock.

    Returns:
      Figures by name.
    """
    wanted = [(mel, seed) for mel in mels for seed in range(SEEDS)]
    whole = [voice.synthesize(mel, seed) for mel, seed in wanted]

    def begin(utterance: int) -> Speaker:
        utterance %= len(wanted)
        draw = Draw(wanted[utterance][1], 1.0, 1.0)
        return Speaker(voice._model.stream(draw), utterance)

    speakers = [begin(n) for n in range(count)]
    turns: List[float] = []
    differing = spoken = samples = 0
    begun, early = time.monotonic(), 0
    while time.monotonic() - begun < seconds:
        started = time.monotonic()
        for n, one in enumerate(speakers):
            mel = wanted[one.utterance][0]
            piece = mel[one.at : one.at + FRAMES]
            one.at += one.stream.push(piece) if len(piece) else 0
            ended = one.at == len(mel)
            if ended:
                one.stream.flush()
            made, expected = one.stream.pull(), whole[one.utterance]
            differing += int(np.sum(made != expected[one.spoken : one.spoken + len(made)]))
            one.spoken += len(made)
            samples += len(made)
            if ended:
                spoken += 1
                differing += abs(len(expected) - one.spoken)
                speakers[n] = begin(one.utterance + count + 1)
        turns.append(time.monotonic() - started)
        if not early and time.monotonic() - begun > seconds / 10:
            early = resident()
    period = FRAMES * voice.info.mel.hop_length / voice.info.mel.sample_rate
    late = np.array(turns) > period
    return {
        "streams": count,
        "seconds": round(seconds),
        "utterances": spoken,
        "audio_seconds": round(samples / voice.info.mel.sample_rate),
        "differing": differing,
        "growth_bytes": resident() - early,
        "turns": len(turns),
        "late_turns": int(late.sum()),
        "turn_ms": [round(1e3 * float(np.quantile(turns, q)), 1) for q in (0.5, 0.99, 1.0)],
    }


def at_once(voice: NativeVocoder, mel: np.ndarray, seed: int, audio: np.ndarray) -> None:
    """Speak an utterance by one call of the C API, into `audio`, int16 [samples]."""
    one = Utterance(
        features=mel.ctypes.data,
        frames=len(mel),
        audio=audio.ctypes.data,
        seed=seed,
        temperature=1.0,
        fine_temperature=1.0,
    )
    voice._model.call("synthesize", voice._model.handle, byref(one), c_size_t(1))


def alone(voice: NativeVocoder, mel: np.ndarray, seed: int = 1) -> Dict[str, Any]:
    """One long stream in pieces of random sizes, against one call for all of it.

    Args:
      voice: that speaks.
      mel: float32 [frames, n_features].
      seed: of the audio, and of the sizes.

    Returns:
      Figures by name.
    """
    rng = np.random.default_rng(seed)
    # Written to before memory is looked at, so that the system has given all pages.
    whole, made = (np.full(len(mel) * voice.info.mel.hop_length, n, np.int16) for n in (1, 2))
    at, early, latest = 0, 0, 0.0

    def pieces() -> Any:
        start = 0
        while start < len(mel):
            size = int(rng.choice((1, 1, 2, 4, 10, 40, 0)))
            yield mel[start : start + size]
            start += size

    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        other = pool.submit(at_once, voice, mel, seed, whole)
        for piece in voice.stream(pieces(), seed):
            made[at : at + len(piece)] = piece
            at += len(piece)
            latest = max(latest, time.monotonic() - begun - at / voice.info.mel.sample_rate)
            if not early and at > len(whole) / 10:
                early = resident()
        seconds, late = time.monotonic() - begun, resident()
        other.result()
    return {
        "audio_seconds": round(at / voice.info.mel.sample_rate),
        "seconds": round(seconds),
        "differing": int(np.sum(made != whole)) + len(whole) - at,
        "growth_bytes": late - early,
        "most_seconds_behind": round(latest, 3),
    }


def utterances(voice: NativeVocoder) -> List[np.ndarray]:
    """Features of the held-out recordings, cut to `UTTERANCE_SECONDS`."""
    recipe = voice.info.mel
    made = []
    for path in sorted(HELD_OUT.glob("*.flac")):
        speech = recordings.read(path, recipe.sample_rate)
        mel = features.compute(speech, recipe)
        made.append(mel[: int(UTTERANCE_SECONDS * recipe.frames_per_second)])
    return made


def checked(found: Dict[str, Any]) -> Tuple[bool, Dict[str, Any]]:
    """Whether figures are good, and the figures."""
    return not found["differing"] and found["growth_bytes"] <= MOST_GROWTH, found


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--streams", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--audio-seconds", type=float, default=3600.0)
    parser.add_argument("--voice", default="en_ru")
    parser.add_argument("--measured", type=Path, help="write the figures there")
    options = parser.parse_args()
    if options.measured:
        machine.claim(options.measured)
    voice = Vocoder.load(options.voice, "native")
    assert isinstance(voice, NativeVocoder)
    mels, good, figures = utterances(voice), True, {}
    if options.seconds:
        fine, figures["together"] = checked(together(voice, mels, options.streams, options.seconds))
        good &= fine
        print(json.dumps(figures["together"]), flush=True)
    if options.audio_seconds:
        frames = int(options.audio_seconds * voice.info.mel.frames_per_second)
        long = np.concatenate(mels)
        long = np.tile(long, [frames // len(long) + 1, 1])[:frames]
        fine, figures["alone"] = checked(alone(voice, long))
        good &= fine
        print(json.dumps(figures["alone"]), flush=True)
    if options.measured:
        machine.write(options.measured, {"nice": os.nice(0), **figures})
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
