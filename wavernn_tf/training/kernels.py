"""Which kernel trains: `training.kernel`."""

from __future__ import annotations

from typing import Any, Callable

import tensorflow as tf

from wavernn_tf import processors
from wavernn_tf.config import Config
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.training.model import KerasKernel, NativeKernel


def choose(config: Config, echo: Callable[[str], None]) -> Any:
    """The kernel that the configuration asks for.

    Args:
      config: `training.kernel`, and what decides where it is "auto".
      echo: told why "auto" does not take the native kernel.

    Returns:
      A `KerasKernel` or a `NativeKernel`.

    Raises:
      WaveRNNError: if the native kernel is asked for and its library is missing.
    """
    wanted = config.training.kernel
    if wanted == "keras":
        return KerasKernel(config)
    if wanted == "auto":
        if tf.config.list_physical_devices("GPU"):
            echo("training with the Keras kernel: a GPU is visible")
            return KerasKernel(config)
        if config.training.precision != "float32":
            echo(f"training with the Keras kernel: precision is {config.training.precision}")
            return KerasKernel(config)
    try:
        return NativeKernel(config, processors.count())
    except WaveRNNError as error:
        if wanted == "native":
            raise
        echo(f"note: training with the Keras kernel, several times slower: {error}")
        return KerasKernel(config)
