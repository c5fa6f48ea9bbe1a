"""Configuration: frozen dataclasses, read from YAML, checked field by field.

A configuration is one tree::

    Config
      mel           the feature recipe (`MelRecipe`)
      signal        rate, pre-emphasis and sample offset (`SignalConfig`)
      model         sizes (`ModelConfig`, with `ConditioningConfig` and `SubscaleConfig`)
      pruning       block shape and sparsity of every matrix (`PruningConfig`)
      training      steps, batch, window, optimizer (`TrainingConfig`)

An unknown key is an error that names the nearest known one. Presets are YAML files in `presets/`.
"""

from wavernn_tf.config.config import ESTIMATOR_REACH, Config
from wavernn_tf.config.mel import MelRecipe
from wavernn_tf.config.model import (
    EXTRA_INPUTS,
    ConditioningConfig,
    ModelConfig,
    SubscaleConfig,
)
from wavernn_tf.config.pruning import PruningConfig
from wavernn_tf.config.reading import (
    SAMPLING_SETTINGS,
    load,
    override,
    override_sampling,
    parse_yaml,
    presets,
    with_block,
)
from wavernn_tf.config.signal import PITCH_POSTFILTERS, POSTFILTERS, SignalConfig
from wavernn_tf.config.training import TrainingConfig
from wavernn_tf.trees import from_dict, merge, to_dict

__all__ = [
    "ESTIMATOR_REACH",
    "EXTRA_INPUTS",
    "PITCH_POSTFILTERS",
    "POSTFILTERS",
    "SAMPLING_SETTINGS",
    "ConditioningConfig",
    "Config",
    "MelRecipe",
    "ModelConfig",
    "PruningConfig",
    "SignalConfig",
    "SubscaleConfig",
    "TrainingConfig",
    "from_dict",
    "load",
    "merge",
    "override",
    "override_sampling",
    "parse_yaml",
    "presets",
    "to_dict",
    "with_block",
]
