"""A training run as a voice."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple, Union

import numpy as np
import tensorflow as tf

from wavernn_tf import config as configuration
from wavernn_tf.audio import dsp
from wavernn_tf.config import Config
from wavernn_tf.generation import synthesis
from wavernn_tf.models.run_folder import RunFolder
from wavernn_tf.models.segments import Segments
from wavernn_tf.prediction import teacher
from wavernn_tf.voice import inputs, weights
from wavernn_tf.voice.base import Draw, WholeVoice
from wavernn_tf.voice.describe import describe

SEGMENT_FRAMES = 200
"""Frames that the Keras model scores at once, about."""


class KerasVoice(WholeVoice):
    """A finished training run: the Keras model scores, its arrays feed the TensorFlow sampler.

    Args:
      path: the run's folder.
      settings: other values of `SAMPLING_SETTINGS` than the run's, by dotted path.
    """

    def __init__(
        self, path: Union[str, Path], settings: Optional[Mapping[str, Any]] = None
    ) -> None:
        run = RunFolder.at(path)
        self.config: Config = configuration.override_sampling(run.config(), settings or {})
        self.model: Any = run.load_model()
        self._segments: Optional[Segments] = None
        self.weights = weights.extract(self.model)
        data = run.data()
        statistics = {"mean": data["feature_mean"], "std": data["feature_std"]}
        self.info = describe(self.config, self.weights, statistics, {})
        self.runtime = f"keras on tensorflow {tf.__version__}"

        def sample(features: Any, seed: Any, temperature: Any, fine_temperature: Any) -> Any:
            draws = seed, temperature, fine_temperature
            return synthesis.synthesize(features, *draws, self.config, self.weights)

        self._sample = tf.function(sample, autograph=False, reduce_retracing=True)

    def _generate(self, mel: np.ndarray, draw: Draw) -> np.ndarray:
        audio = self._sample(
            tf.constant(inputs.pad_edges(mel, self.info)[None]),
            tf.constant([draw.seed], tf.int64),
            tf.constant([draw.temperature], tf.float32),
            tf.constant([draw.fine_temperature], tf.float32),
        )
        return audio.numpy()[0]

    def _score(self, mel: np.ndarray, audio: np.ndarray) -> np.ndarray:
        if self.config.predicts:
            return self._score_predicted(mel, audio)
        batch = self.config.model.subscale.batch
        s = dsp.pre_emphasis(tf.constant(audio), self.config.signal.pre_emphasis)
        # Silence before the first sample, and after the last up to whole positions.
        s = tf.pad(s, [[batch, -len(audio) % batch]])
        coarse, fine = dsp.split(s, self.config.signal.sample_offset)
        found = []
        for here, logits in self._logits(mel, "codes", (256 * coarse + fine).numpy(), batch):
            likelihoods = [
                -tf.nn.sparse_softmax_cross_entropy_with_logits(
                    labels=classes[batch:][here], logits=logits[name][0]
                )
                for name, classes in (("coarse", coarse), ("fine", fine))
            ]
            found.append(tf.stack(likelihoods, axis=-1).numpy())
        return np.concatenate(found)[: len(audio)]

    def _logits(
        self, mel: np.ndarray, name: str, given: np.ndarray, before: int
    ) -> Iterator[Tuple[slice, Dict[str, np.ndarray]]]:
        """The model's outputs segment by segment, so that memory does not grow with the recording.

        Args:
          mel: float32 [frames, n_features].
          name: of the model's input that follows the samples.
          given: [before + samples, ...], that input.
          before: samples before the first.

        Yields:
          Which samples, and the outputs by name.
        """
        if self._segments is None:
            self._segments = Segments(self.config)
        self._segments.set_weights(self.model.get_weights())
        padded = inputs.pad_edges(mel, self.info)
        yield from self._segments.run(padded, name, given, before, SEGMENT_FRAMES)

    def _score_predicted(self, mel: np.ndarray, audio: np.ndarray) -> np.ndarray:
        """`_score` with prediction in front of the network: its inputs are made beforehand."""
        posterior = None
        if self.config.signal.pitch != "off":
            posterior = teacher.padded_posterior(mel, self.config, self.weights.pitch)
        taught = teacher.teacher(audio, mel, self.config, posterior)
        scores = []
        for here, found in self._logits(mel, "inputs", taught.inputs, 0):
            coarse, fine = tf.nn.log_softmax(found["coarse"][0]).numpy(), found["fine"][0]
            if self.config.signal.split == "linear":  # else they are likelihoods already
                fine = tf.nn.log_softmax(fine).numpy()
            at = np.arange(len(coarse))
            pairs = [coarse[at, taught.coarse[here]], fine[at, taught.fine[here]]]
            scores.append(np.stack(pairs, axis=1))
        return np.concatenate(scores)
