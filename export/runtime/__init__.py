"""Running an exported voice: numpy alone, or with a TFLite interpreter; no TensorFlow.

Example::

    from wavernn_tf.export.runtime import Vocoder

    voice = Vocoder.load("model.tflite")
    audio = voice.synthesize(mel, seed=1)  # mel float32 [frames, n_mels] -> int16 [samples]
"""

from wavernn_tf.audio.wav import write_wav
from wavernn_tf.export.runtime.vocoder import Vocoder

__all__ = ["Vocoder", "write_wav"]
