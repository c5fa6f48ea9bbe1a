from __future__ import annotations

import dataclasses

import pytest

from wavernn_tf.config import MelRecipe, recipes
from wavernn_tf.errors import WaveRNNError


def test_names_are_those_of_the_recipes() -> None:
    assert list(recipes.RECIPES) == [
        "wavernn-16k",
        "wavernn-22k",
        "wavernn-24k",
        "tacotron2",
        "hifigan",
        "librosa",
        "torchaudio",
    ]
    assert len({r.fingerprint for r in recipes.RECIPES.values()}) == len(recipes.RECIPES)
    assert recipes.find("wavernn-16k") == MelRecipe()


def test_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(WaveRNNError, match="did you mean 'tacotron2'"):
        recipes.find("tacotron-2")


def test_mismatch_lists_the_fields() -> None:
    ours = recipes.find("tacotron2")
    assert recipes.describe_mismatch(ours, dataclasses.replace(ours, name="mine")) == []
    lines = recipes.describe_mismatch(ours, recipes.find("hifigan"))
    assert lines == ["padding: expected center, got same"]
    lines = recipes.describe_mismatch(MelRecipe(), dataclasses.replace(MelRecipe(), hop_length=256))
    assert lines == ["hop_length: expected 200, got 256"]
