"""The Keras model over a recording of any length, in the memory of a segment."""

from __future__ import annotations

import math
from typing import Any, Dict, Iterator, List, Tuple

import numpy as np
import tensorflow as tf

from wavernn_tf._keras import keras
from wavernn_tf.config import Config
from wavernn_tf.models import wavernn


class Segments:
    """The network of `wavernn.build`, run from one segment of a recording to the next.

    The state of the GRU goes from segment to segment. Subscale WaveRNN's network over the earlier
    sub-tensors sees what lies around a segment, so it is run apart, on the segment with those
    positions. What comes out does not depend on the length of the segments, but for rounding.

    Args:
      config: of the voice.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._model = model = wavernn.build(config, make=keras.Model)
        self._network: Any = None
        rest = model
        if config.model.subscale.batch > 1:
            between = model.get_layer("subscale").output
            ends = dict(zip(model.input_names, model.inputs))
            self._network = _compiled(keras.Model({"codes": ends["codes"]}, between))
            rest = keras.Model({**ends, "network": between}, model.output)
        self._rest = _compiled(rest)

    def set_weights(self, weights: List[np.ndarray]) -> None:
        """Take the arrays of a model of `wavernn.build`."""
        self._model.set_weights(weights)

    def run(
        self, padded: np.ndarray, name: str, given: np.ndarray, before: int, frames: int
    ) -> Iterator[Tuple[slice, Dict[str, np.ndarray]]]:
        """Outputs of a recording.

        Args:
          padded: float32 [past + frames + lookahead, n_features].
          name: of the model's input that follows the samples, "codes" or "inputs".
          given: [before + samples, ...], that input.
          before: samples before the first.
          frames: of a segment, about.

        Yields:
          Which samples, and the logits by name, [1, samples, 256].
        """
        config = self._config
        hop, batch = config.mel.hop_length, config.model.subscale.batch
        around = config.past + config.lookahead
        total = len(padded) - around
        fewest = math.lcm(hop, batch) // hop  # frames of whole positions
        per_segment = max(1, frames // fewest) * fewest
        state = np.zeros([batch, config.model.state_size], np.float32)
        for start in range(0, total, per_segment):
            end = min(start + per_segment, total)
            here = slice(start * hop, len(given) - before if end == total else end * hop)
            feed = {
                "features": padded[None, start : end + around],
                name: given[None, here.start : here.stop + before],
                "state": state,
            }
            if self._network is not None:
                feed["network"] = self._heard(given[before:], here)
            outputs = {key: value.numpy() for key, value in self._rest(feed).items()}
            state = outputs["state"]
            yield here, outputs

    def _heard(self, codes: np.ndarray, here: slice) -> tf.Tensor:
        """The network's outputs of the samples `here`: float32 [B, positions, channels]."""
        subscale = self._config.model.subscale
        past, future = (subscale.batch * n for n in (subscale.past, subscale.future))
        seen = codes[max(0, here.start - past) : here.stop + future]
        missing = max(0, past - here.start), max(0, here.stop + future - len(codes))
        silence = 32768 + self._config.signal.sample_offset
        # The codes before the first are for the GRU alone.
        seen = np.pad(seen, (missing[0] + subscale.batch, missing[1]), constant_values=silence)
        heard = self._network({"codes": seen[None]})
        return heard[:, subscale.past : subscale.past + (here.stop - here.start) // subscale.batch]


def _compiled(model: keras.Model) -> tf.function:
    """The model as one graph for all lengths, where a call would run eagerly."""
    return tf.function(model, autograph=False, reduce_retracing=True)
