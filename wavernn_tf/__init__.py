"""WaveRNN in TensorFlow: train a block-sparse voice, run it with TFLite or TF Serving.

The names below are the package's interface. Each is loaded when it is first used, so that
importing the package is light: `Vocoder` and `write_wav` run on a device that has numpy and a
TFLite interpreter only, and TensorFlow (`pip install 'wavernn-tf[train]'`) is loaded by the names
that need it.

Example::

    import wavernn_tf

    voice = wavernn_tf.Vocoder.load("voice.tflite")
    wavernn_tf.write_wav("speech.wav", voice.synthesize(mel, seed=1), voice.info.mel.sample_rate)
"""

import importlib as _importlib
from pathlib import Path as _Path

__version__ = "0.1.0"

_HOMES = {
    "Config": ("config", "Config"),
    "MelRecipe": ("config", "MelRecipe"),
    "Vocoder": ("export.runtime", "Vocoder"),
    "VoiceInfo": ("voice.metadata", "VoiceInfo"),
    "WaveRNNError": ("errors", "WaveRNNError"),
    "build_model": ("models.wavernn", "build"),
    "export_saved_model": ("export.exporter", "to_saved_model"),
    "export_tflite": ("export.exporter", "to_tflite"),
    "load_config": ("config", "load"),
    "log_mel": ("audio.mel", "log_mel"),
    "open_voice": ("export.voices", "open_voice"),
    "prepare": ("pipelines.prepare", "prepare"),
    "train": ("training.trainer", "train"),
    "write_wav": ("audio.wav", "write_wav"),
}
"""Public names: module, and name in it. `__init__.pyi` tells the same to type checkers."""

__all__ = [*_HOMES, "__version__"]

# In a source checkout `export/` and `pipelines/` lie beside this package, not inside it.
_checkout = _Path(__file__).resolve().parent.parent
if (_checkout / "export" / "native").is_dir() and str(_checkout) not in __path__:
    __path__.append(str(_checkout))


def __getattr__(name: str) -> object:
    """Load a public name (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wavernn_tf import extras

    module, attribute = _HOMES[name]
    with extras.needed_for(f"`{__name__}.{name}`"):
        value = getattr(_importlib.import_module(f"{__name__}.{module}"), attribute)
    globals()[name] = value
    return value


def __dir__() -> "list[str]":
    """The public names, loaded or not, beside what is there."""
    return sorted({*globals(), *__all__})
