"""Reading configurations: presets, YAML files, single values."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Mapping, Tuple

from wavernn_tf.config import recipes
from wavernn_tf.config.config import Config
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.trees import from_dict, merge, to_dict

PRESETS = Path(__file__).parent / "presets"

SAMPLING_SETTINGS = tuple(
    f"signal.{name}"
    for name in (
        "noise_shaping",
        "voiced_temperature",
        "postfilter",
        "postfilter_strength",
        "postfilter_passes",
    )
)
"""What a trained network does not depend on: a run may be exported with other values."""


def with_block(config: Config, block: str) -> Config:
    """The same configuration with one block shape for all matrices that have a choice."""
    fields = ("gate_block", "head_block", "subscale_block")
    return override(config, {f"pruning.{field}": block for field in fields})


def load(source: str) -> Config:
    """Read a configuration: the name of a preset, or the path of a YAML file.

    A YAML file may start from a preset with the key `preset`, and override any part of it; `mel`
    may be the name of a recipe of `wavernn_tf.config.recipes`.

    Raises:
      WaveRNNError: if there is no such preset or file, or it does not parse.
    """
    return from_dict(Config, _load_tree(source))


def presets() -> Tuple[str, ...]:
    """Names of the presets that come with the package."""
    return tuple(sorted(p.stem for p in PRESETS.glob("*.yaml")))


def override(config: Config, assignments: Mapping[str, Any]) -> Config:
    """Replace single values, by dotted path: `{"training.steps": 100}`."""
    tree = to_dict(config)
    for path, value in assignments.items():
        update: Any = value
        for key in reversed(path.split(".")):
            update = {key: update}
        tree = merge(tree, update)
    return from_dict(Config, tree)


def override_sampling(config: Config, assignments: Mapping[str, Any]) -> Config:
    """`override` of a trained voice: `SAMPLING_SETTINGS` alone.

    Raises:
      WaveRNNError: for a value that belongs to the trained network.
    """
    for path in assignments:
        if path not in SAMPLING_SETTINGS:
            raise WaveRNNError(
                f"Expected a setting of sampling ({', '.join(SAMPLING_SETTINGS)}); got {path}, "
                "which a trained voice cannot change. Train another run for it."
            )
    return override(config, assignments)


def _load_tree(source: str) -> Dict[str, Any]:
    path = Path(source)
    if source in presets():
        path = PRESETS / f"{source}.yaml"
    elif not path.is_file():
        raise WaveRNNError(
            f"Expected a preset ({', '.join(presets())}) or a YAML file; got {source!r}."
        )
    import yaml  # here, so that the on-device runtime needs no YAML

    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WaveRNNError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(tree, dict):
        raise WaveRNNError(f"{path}: expected a mapping at the top; got {type(tree).__name__}.")
    if isinstance(tree.get("mel"), str):
        tree["mel"] = to_dict(recipes.find(tree["mel"]))
    base = tree.pop("preset", None)
    if base is None:
        return tree
    if base not in presets():
        raise WaveRNNError(f"{path}: unknown preset {base!r}; there are {', '.join(presets())}.")
    return merge(_load_tree(base), tree)
