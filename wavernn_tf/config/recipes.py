"""Named feature recipes: ours, and what people's text-to-speech models emit."""

from __future__ import annotations

import dataclasses
import difflib
from typing import Dict, List

from wavernn_tf.config.mel import MelRecipe
from wavernn_tf.errors import WaveRNNError

_TACOTRON2 = MelRecipe(
    name="tacotron2",
    sample_rate=22050,
    n_fft=1024,
    win_length=1024,
    hop_length=256,
    padding="center",
)

RECIPES: Dict[str, MelRecipe] = {
    recipe.name: recipe
    for recipe in (
        # Ours: 12.5 ms hop (11.6 ms at 22.05 kHz), window of 4 hops, the whole band.
        MelRecipe(),
        MelRecipe(
            name="wavernn-22k",
            sample_rate=22050,
            n_fft=1024,
            win_length=1024,
            hop_length=256,
            fmax=11025.0,
        ),
        MelRecipe(
            name="wavernn-24k",
            sample_rate=24000,
            n_fft=2048,
            win_length=1200,
            hop_length=300,
            fmax=12000.0,
        ),
        # NVIDIA Tacotron 2 on LJSpeech: ln of the clamped magnitude mel, frames centred.
        _TACOTRON2,
        # HiFi-GAN on LJSpeech: the same, padded by (n_fft - hop)/2.
        dataclasses.replace(_TACOTRON2, name="hifigan", padding="same"),
        # librosa.power_to_db(librosa.feature.melspectrogram(y=..., sr=22050)), with librosa >= 0.10
        # (older ones reflect at the edges: padding "center"). power_to_db's `top_db=80` is not
        # applied, as it looks at the whole recording: call it with `top_db=None`.
        MelRecipe(
            name="librosa",
            sample_rate=22050,
            n_fft=2048,
            win_length=2048,
            hop_length=512,
            n_mels=128,
            fmax=11025.0,
            power=2.0,
            log="db",
            floor=1e-10,
            padding="center-zero",
        ),
        # torchaudio.transforms.MelSpectrogram() defaults, then log(clamp(min=1e-5)), which is
        # customary but not torchaudio's: the transform itself has no logarithm.
        MelRecipe(
            name="torchaudio",
            sample_rate=16000,
            n_fft=400,
            win_length=400,
            hop_length=200,
            n_mels=128,
            mel_scale="htk",
            mel_norm="none",
            power=2.0,
            padding="center",
        ),
    )
}


def find(name: str) -> MelRecipe:
    """The recipe of that name.

    Raises:
      WaveRNNError: naming the nearest one.
    """
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, n=1, cutoff=0.0)[0]
        raise WaveRNNError(
            f"Unknown mel recipe {name!r}; did you mean {near!r}? There are {', '.join(RECIPES)}."
        )
    return RECIPES[name]


def describe_mismatch(ours: MelRecipe, theirs: MelRecipe) -> List[str]:
    """The fields in which two recipes differ, one line each; their names do not count.

    Args:
      ours: what is expected.
      theirs: what came.

    Returns:
      Lines such as "hop_length: expected 200, got 256"; empty for equal fingerprints.
    """
    if ours.fingerprint == theirs.fingerprint:
        return []
    lines = []
    for field in dataclasses.fields(MelRecipe):
        a, b = getattr(ours, field.name), getattr(theirs, field.name)
        if field.name != "name" and a != b:
            lines.append(f"{field.name}: expected {a}, got {b}")
    return lines
