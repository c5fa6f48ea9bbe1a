"""The list of runs in runs.yaml, as configurations."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, Dict, List

import yaml

from wavernn_tf import config as configuration
from wavernn_tf.config import Config

LIST = Path(__file__).parent / "runs.yaml"


@dataclasses.dataclass(frozen=True)
class Run:
    """A run of the list.

    Attributes:
      name: of its folder.
      group: what it is compared within.
      config: the whole configuration.
    """

    name: str
    group: str
    config: Config

    @property
    def samples(self) -> int:
        """Samples that it sees."""
        training = self.config.training
        return training.steps * training.batch_size * training.window


def read(path: Path = LIST) -> List[Run]:
    """All runs in their order.

    Raises:
      WaveRNNError: if a configuration is not valid.
    """
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    base = configuration.override(configuration.load(tree["base"]["preset"]), tree["base"]["set"])
    return [
        Run(name, group, _config(base, each["samples"], {**each.get("set", {}), **changes}))
        for group, each in tree["groups"].items()
        for name, changes in each["runs"].items()
    ]


def _config(base: Config, samples: float, changes: Dict[str, Any]) -> Config:
    training = base.training
    steps = math.ceil(samples / (training.batch_size * training.window))
    schedule = {"training.steps": steps, "pruning.end_step": steps // 2}
    return configuration.override(base, {**schedule, **changes})
