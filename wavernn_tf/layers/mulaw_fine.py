"""The fine half of the mu-law split: which classes there are, and how many values share one."""

from __future__ import annotations

from typing import Any, Sequence

import tensorflow as tf

from wavernn_tf._keras import PACKAGE, keras
from wavernn_tf.generation import predictors
from wavernn_tf.prediction import coding


@keras.saving.register_keras_serializable(PACKAGE)
class MulawFine(keras.layers.Layer):
    """Log-likelihood of every fine class, given the coarse one.

    With n(c, f) the number of values that share the coarse class c and the fine class f::

        ln P(f | c) = log_softmax(logits + mask(c))_f - ln n(c, f)

    where the mask is -1e9 for the fine classes that c does not have. The result is the likelihood
    of a value: bits per sample compare with those of any other split. In float32 under any policy.

    Example::

        likelihood = MulawFine()([tf.zeros([2, 960, 256]), tf.zeros([2, 960, 3])])  # [2, 960, 256]
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"autocast": False, **kwargs, "dtype": "float32"})

    def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        """Mask and normalise.

        Args:
          inputs: logits float32 [batch, time, 256], and the inputs of the GRU float32 [batch, time,
            rows], whose third is c_t.

        Returns:
          float32 [batch, time, 256], natural logarithms.
        """
        logits, x = inputs
        c = tf.cast(tf.round((x[..., 2] + 1.0) * 127.5), tf.int32)
        logits += tf.gather(predictors.fine_mask("mulaw"), c)
        return tf.nn.log_softmax(logits) - tf.gather(coding.shared_nats("mulaw"), c)
