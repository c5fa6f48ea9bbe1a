"""WaveRNN in TensorFlow: train a block-sparse voice, run it with TFLite or TF Serving.

Importing the package is light: TensorFlow is loaded only by the modules that need it, so that
`wavernn_tf.export.runtime` runs on a device that has numpy and a TFLite interpreter only.
"""

from pathlib import Path as _Path

__version__ = "0.1.0"

# In a source checkout `export/` and `pipelines/` lie beside this package, not inside it.
_checkout = _Path(__file__).resolve().parent.parent
if (_checkout / "export" / "native").is_dir() and str(_checkout) not in __path__:
    __path__.append(str(_checkout))
