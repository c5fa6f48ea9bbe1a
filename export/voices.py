"""Three forms of a voice behind one interface: a training run, a SavedModel, a .tflite file.

Each has `info`, `synthesize(mel, seed, temperature)` and `score(mel, audio)`, with the meaning that
`wavernn_tf.export.runtime.Vocoder` documents.
"""

from __future__ import annotations

import abc
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Tuple, Union

import numpy as np

from wavernn_tf import files
from wavernn_tf.config import Config, MelRecipe
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.serving import versions
from wavernn_tf.voice import inputs, metadata, shipped
from wavernn_tf.voice.protocol import Progress, Voice

SEGMENT_FRAMES = 200
"""Frames that the Keras model scores at once, about."""


def open_voice(path: Union[str, Path], runtime: str = "auto", postfilter: bool = True) -> Voice:
    """Open a voice of any form.

    Args:
      path: a .tflite file, a SavedModel folder (NAME, whose highest version is taken, or NAME/1),
        a training run's folder, or the name of a shipped voice (`wavernn_tf.voice.shipped`).
      runtime: TFLite interpreter, as in `Vocoder.load`.
      postfilter: run the pitch postfilter of a .tflite voice that has one; the other two never do.

    Raises:
      WaveRNNError: if it is none of these.
    """
    path = shipped.resolve(path)
    if path.is_file():
        return Vocoder.load(path, runtime, postfilter=postfilter)
    saved = versions.newest(path)
    if saved is not None:
        return SavedModelVoice(saved)
    if (path / "config.yaml").is_file():
        return KerasVoice(path)
    raise WaveRNNError(
        f"Expected a .tflite file, a SavedModel folder or a training run's folder; {path} "
        f"{'is none of them' if path.exists() else 'does not exist'}."
    )


class _WholeUtterance(abc.ABC):
    """A voice that speaks and scores whole utterances, from checked input."""

    info: metadata.VoiceInfo
    runtime: str

    def synthesize(
        self,
        mel: np.ndarray,
        seed: int = 0,
        temperature: float = 1.0,
        recipe: Optional[MelRecipe] = None,
        progress: Progress = None,
        fine_temperature: float = 1.0,
    ) -> np.ndarray:
        """See `Voice`; one call for the whole utterance."""
        mel = inputs.check_features(mel, self.info, recipe)
        inputs.check_draw(seed, temperature, fine_temperature)
        inputs.warn_of_scale(mel, self.info)
        audio = self._generate(mel, seed, temperature, fine_temperature)
        if progress:
            progress(len(mel))
        return audio

    def score(self, mel: np.ndarray, audio: np.ndarray) -> np.ndarray:
        """See `Voice`."""
        mel = inputs.check_features(mel, self.info)
        inputs.warn_of_scale(mel, self.info)
        return self._score(mel, inputs.align_audio(audio, len(mel), self.info))

    @abc.abstractmethod
    def _generate(
        self, mel: np.ndarray, seed: int, temperature: float, fine_temperature: float
    ) -> np.ndarray:
        """Audio of checked features."""

    @abc.abstractmethod
    def _score(self, mel: np.ndarray, audio: np.ndarray) -> np.ndarray:
        """Log-likelihood of checked features and audio."""


class SavedModelVoice(_WholeUtterance):
    """An exported SavedModel.

    Args:
      path: folder of one version, with saved_model.pb.
    """

    def __init__(self, path: Path) -> None:
        import tensorflow as tf

        from wavernn_tf.export.serving.saved_model import read_info

        self.info = read_info(path)
        self.runtime = f"tensorflow {tf.__version__}"
        try:
            self._signatures = tf.saved_model.load(files.plain(path)).signatures
        except (OSError, ValueError, tf.errors.OpError) as error:
            raise WaveRNNError(f"The SavedModel {path} cannot be loaded: {error}") from error

    def _generate(
        self, mel: np.ndarray, seed: int, temperature: float, fine_temperature: float
    ) -> np.ndarray:
        import tensorflow as tf

        outputs = self._signatures["synthesize"](
            features=tf.constant(mel[None]),
            lengths=tf.constant([len(mel)]),
            seed=tf.constant([seed], tf.int64),
            temperature=tf.constant([temperature], tf.float32),
            fine_temperature=tf.constant([fine_temperature], tf.float32),
        )
        return outputs["audio"].numpy()[0]

    def _score(self, mel: np.ndarray, audio: np.ndarray) -> np.ndarray:
        import tensorflow as tf

        outputs = self._signatures["score"](
            features=tf.constant(mel[None]),
            lengths=tf.constant([len(mel)]),
            audio=tf.constant(audio[None]),
        )
        return outputs["log_likelihood"].numpy()[0]


class KerasVoice(_WholeUtterance):
    """A finished training run: the Keras model scores, its arrays feed the TensorFlow sampler.

    Args:
      path: the run's folder.
    """

    def __init__(self, path: Union[str, Path]) -> None:
        import tensorflow as tf

        from wavernn_tf.generation import synthesis
        from wavernn_tf.models.run_folder import RunFolder
        from wavernn_tf.voice import weights
        from wavernn_tf.voice.describe import describe

        run = RunFolder.at(path)
        self.config: Config = run.config()
        self.model: Any = run.load_model()
        self._segments: Any = None  # the same in pieces
        self.weights = weights.extract(self.model)
        data = run.data()
        statistics = {"mean": data["feature_mean"], "std": data["feature_std"]}
        self.info = describe(self.config, self.weights, statistics, {})
        self.runtime = f"keras on tensorflow {tf.__version__}"

        def sample(features: Any, seed: Any, temperature: Any, fine_temperature: Any) -> Any:
            draws = seed, temperature, fine_temperature
            return synthesis.synthesize(features, *draws, self.config, self.weights)

        self._sample = tf.function(sample, autograph=False, reduce_retracing=True)

    def _generate(
        self, mel: np.ndarray, seed: int, temperature: float, fine_temperature: float
    ) -> np.ndarray:
        import tensorflow as tf

        audio = self._sample(
            tf.constant(inputs.pad_edges(mel, self.info)[None]),
            tf.constant([seed], tf.int64),
            tf.constant([temperature], tf.float32),
            tf.constant([fine_temperature], tf.float32),
        )
        return audio.numpy()[0]

    def _score(self, mel: np.ndarray, audio: np.ndarray) -> np.ndarray:
        import tensorflow as tf

        from wavernn_tf.audio import dsp

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
        from wavernn_tf.models.segments import Segments

        if self._segments is None:
            self._segments = Segments(self.config)
        self._segments.set_weights(self.model.get_weights())
        padded = inputs.pad_edges(mel, self.info)
        yield from self._segments.run(padded, name, given, before, SEGMENT_FRAMES)

    def _score_predicted(self, mel: np.ndarray, audio: np.ndarray) -> np.ndarray:
        """`_score` with prediction in front of the network: its inputs are made beforehand."""
        import tensorflow as tf

        from wavernn_tf.prediction import teacher

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
