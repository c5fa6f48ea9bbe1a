"""The list of runs in runs.yaml, as configurations."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, Dict, List, Optional

import click
import yaml

from wavernn_tf import config as configuration
from wavernn_tf.config import Config
from wavernn_tf.errors import WaveRNNError

LIST = Path(__file__).parent / "runs.yaml"


@dataclasses.dataclass(frozen=True)
class Run:
    """A run of the list.

    Attributes:
      name: of its folder.
      group: what it is compared within.
      config: the whole configuration.
      sampling: settings of sampling, by label, that its sound is judged with;
        those that its network cannot have are left out.
    """

    name: str
    group: str
    config: Config
    sampling: Dict[str, Dict[str, Any]]

    @property
    def samples(self) -> int:
        """Samples that it sees."""
        training = self.config.training
        return training.steps * training.batch_size * training.window


def read(path: Path = LIST, samples: Optional[float] = None) -> List[Run]:
    """All runs in their order.

    Args:
      path: of the list.
      samples: that every run sees, instead of those of the list.

    Raises:
      WaveRNNError: if a configuration is not valid.
    """
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    base = configuration.override(configuration.load(tree["base"]["preset"]), tree["base"]["set"])
    return [
        _run(name, group, base, {**each, "samples": samples or each["samples"]}, changes)
        for group, each in tree["groups"].items()
        for name, changes in each["runs"].items()
    ]


list_option = click.option(
    "--list",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=LIST,
    help="Another list than runs.yaml.",
)


def _run(name: str, group: str, base: Config, each: Dict[str, Any], changes: Dict[str, Any]) -> Run:
    """A run from what the list says of its group and of itself."""
    training = base.training
    steps = math.ceil(each["samples"] / (training.batch_size * training.window))
    schedule = {"training.steps": steps, "pruning.end_step": steps // 2}
    config = configuration.override(base, {**schedule, **each.get("set", {}), **changes})
    sampling = {
        label: settings
        for label, settings in each.get("sampling", {}).items()
        if _fits(config, settings)
    }
    return Run(name, group, config, sampling)


def _fits(config: Config, settings: Dict[str, Any]) -> bool:
    """Whether a voice can be sampled with some settings; most follow pitch or prediction."""
    try:
        configuration.override_sampling(config, settings)
    except WaveRNNError:
        return False
    return True
