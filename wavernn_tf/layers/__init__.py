"""Keras layers: the masked dual-softmax GRU, its heads, Subscale's network, and what joins them."""

from wavernn_tf.layers.dual_softmax_gru import DualSoftmaxGRU
from wavernn_tf.layers.dual_softmax_heads import DualSoftmaxHeads
from wavernn_tf.layers.mulaw_fine import MulawFine
from wavernn_tf.layers.pitch_estimator import GivenPitch, PitchEstimator
from wavernn_tf.layers.standardise import Standardise
from wavernn_tf.layers.subscale_network import SubscaleNetwork
from wavernn_tf.layers.teacher_forcing import TeacherForcing
from wavernn_tf.layers.unfold import Unfold

__all__ = [
    "DualSoftmaxGRU",
    "DualSoftmaxHeads",
    "GivenPitch",
    "MulawFine",
    "PitchEstimator",
    "Standardise",
    "SubscaleNetwork",
    "TeacherForcing",
    "Unfold",
]
