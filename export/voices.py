"""Opening a voice of any form: a training run, a SavedModel, a .tflite file."""

from __future__ import annotations

from pathlib import Path
from typing import Union

from wavernn_tf import extras, logs
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.serving import versions
from wavernn_tf.voice import shipped
from wavernn_tf.voice.base import Voice


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
        with extras.needed_for("A SavedModel"):
            logs.quiet_tensorflow()
            from wavernn_tf.export.serving.voice import SavedModelVoice
        return SavedModelVoice(saved)
    if (path / "config.yaml").is_file():
        with extras.needed_for("The voice of a training run"):
            logs.quiet_tensorflow()
            from wavernn_tf.models.keras_voice import KerasVoice
        return KerasVoice(path)
    raise WaveRNNError(
        f"Expected a .tflite file, a SavedModel folder or a training run's folder; {path} "
        f"{'is none of them' if path.exists() else 'does not exist'}."
    )
