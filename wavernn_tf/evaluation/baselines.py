"""What stands beside a voice: mu-law, Griffin-Lim and WORLD."""

from __future__ import annotations

from typing import Callable, Dict

import numpy as np

from wavernn_tf.config import MelRecipe
from wavernn_tf.evaluation import griffin_lim, packages
from wavernn_tf.evaluation.held_out import Clip

MU_LAW, GRIFFIN_LIM, WORLD = "mu-law, 8 bit", "Griffin-Lim", "WORLD"

Baseline = Callable[[Clip, MelRecipe, int], np.ndarray]
"""A clip, its recipe and a seed to int16 [samples] as long as the clip's audio."""


def mu_law(audio: np.ndarray) -> np.ndarray:
    """Quantise to 256 levels, finer near zero (mu = 255), and back.

    Args:
      audio: int16 [samples].

    Returns:
      int16 [samples].
    """
    x = np.asarray(audio, np.float64) / 32768.0
    compressed = np.sign(x) * np.log1p(255.0 * np.abs(x)) / np.log(256.0)
    level = np.clip(np.rint((compressed + 1.0) * 127.5), 0, 255) / 127.5 - 1.0
    expanded = np.sign(level) * (256.0 ** np.abs(level) - 1.0) / 255.0
    return np.clip(np.rint(expanded * 32768.0), -32768, 32767).astype(np.int16)


def world(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Analyse a recording by WORLD (F0 by Harvest, CheapTrick, D4C) and synthesize it again.

    Args:
      audio: int16 [samples].
      sample_rate: in Hz.

    Returns:
      int16 [samples].

    Raises:
      MissingPackage: without the package pyworld.
    """
    pyworld = packages.load("pyworld", WORLD)
    x = np.asarray(audio, np.float64) / 32768.0
    f0, times = pyworld.harvest(x, sample_rate)
    envelope = pyworld.cheaptrick(x, f0, times, sample_rate)
    aperiodicity = pyworld.d4c(x, f0, times, sample_rate)
    made = pyworld.synthesize(f0, envelope, aperiodicity, sample_rate)
    made = np.pad(made, (0, max(0, len(x) - len(made))))[: len(x)]
    return np.clip(np.rint(made * 32768.0), -32768, 32767).astype(np.int16)


def check_world() -> None:
    """Raise `MissingPackage` if pyworld is not there."""
    packages.load("pyworld", WORLD)


def all_for(recipe: MelRecipe) -> Dict[str, Baseline]:
    """The baselines that features of a recipe allow, by label."""
    found: Dict[str, Baseline] = {MU_LAW: lambda clip, recipe, seed: mu_law(clip.audio)}
    if recipe.kind == "mel":
        found[GRIFFIN_LIM] = lambda clip, recipe, seed: griffin_lim.synthesize(
            clip.mel, recipe, seed
        )
    found[WORLD] = lambda clip, recipe, seed: world(clip.audio, recipe.sample_rate)
    return found
