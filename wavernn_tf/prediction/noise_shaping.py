"""Quieter voiced speech: a lower temperature, and shaped noise, when sampling (NumPy only).

V is the voicing of a conditioning step as a whole number of 256, T the coarse temperature and tau
`SignalConfig.voiced_temperature`; the temperature of the step is::

    T_t = T (1 - (1 - tau) V / 256)

The noise of a draw is what was drawn less the middle of what could have been: the median coarse
class m, which a draw with the uniform number 1/2 takes, with the middle one of its fine classes.
With R = rint(256 rho), rho being `SignalConfig.noise_shaping`::

    eta_t   = v(c_t, f_t) - v(m_t, count(m_t) // 2)
    shift_t = (R V eta_{t-1} + 2^15) >> 16
    s_t     = clip(the drawn sample - shift_t)

The next step reads s_t as if it had been drawn; eta_t is carried on as drawn. All is in integers
but the temperature, which is float32, so that NumPy, TensorFlow and C++ get the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wavernn_tf.config import SignalConfig

Int32 = npt.NDArray[np.int32]

LEVELS = 256
"""The level of a step that is voiced for certain."""


def amount(signal: SignalConfig) -> int:
    """R, the share of the last noise that a voiced sample takes back, of 256; 0 is off."""
    return int(np.rint(LEVELS * signal.noise_shaping))


def state_values(signal: SignalConfig) -> int:
    """Values of a stream's state: the last noise, if it is shaped."""
    return int(amount(signal) > 0)


def levels(voicing: npt.ArrayLike) -> Int32:
    """V of voicings [...] in [0, 1], which are rounded to float32 before: int32 [...]."""
    return np.rint(LEVELS * np.asarray(voicing, np.float32)).astype(np.int32)


def temperature_factors(signal: SignalConfig) -> npt.NDArray[np.float32]:
    """T_t / T of every level: float32 [257]."""
    lowered = 1.0 - np.float64(np.float32(signal.voiced_temperature))
    return (1.0 - lowered * np.arange(LEVELS + 1) / LEVELS).astype(np.float32)


def shift(share: int, level: int, noise: int) -> int:
    """What is taken off a drawn sample.

    Args:
      share: R.
      level: V of the step.
      noise: eta of the sample before.
    """
    return (share * int(level) * int(noise) + (1 << 15)) >> 16
