from wavernn_tf.audio.mel import log_mel as log_mel
from wavernn_tf.audio.wav import write_wav as write_wav
from wavernn_tf.config import Config as Config
from wavernn_tf.config import MelRecipe as MelRecipe
from wavernn_tf.config import load as load_config
from wavernn_tf.errors import WaveRNNError as WaveRNNError
from wavernn_tf.export.exporter import to_saved_model as export_saved_model
from wavernn_tf.export.exporter import to_tflite as export_tflite
from wavernn_tf.export.runtime import Vocoder as Vocoder
from wavernn_tf.export.voices import open_voice as open_voice
from wavernn_tf.models.wavernn import build as build_model
from wavernn_tf.pipelines.prepare import prepare as prepare
from wavernn_tf.training.trainer import train as train
from wavernn_tf.voice.metadata import VoiceInfo as VoiceInfo

__all__ = [
    "Config",
    "MelRecipe",
    "Vocoder",
    "VoiceInfo",
    "WaveRNNError",
    "__version__",
    "build_model",
    "export_saved_model",
    "export_tflite",
    "load_config",
    "log_mel",
    "open_voice",
    "prepare",
    "train",
    "write_wav",
]

__version__: str
