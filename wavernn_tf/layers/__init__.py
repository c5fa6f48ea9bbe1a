"""Keras layers: the masked dual-softmax GRU, its heads, and feature standardisation."""

from wavernn_tf.layers.dual_softmax_gru import DualSoftmaxGRU
from wavernn_tf.layers.dual_softmax_heads import DualSoftmaxHeads
from wavernn_tf.layers.standardise import Standardise

__all__ = ["DualSoftmaxGRU", "DualSoftmaxHeads", "Standardise"]
