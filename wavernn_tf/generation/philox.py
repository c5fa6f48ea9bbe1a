"""Philox4x32-10: the counter-based generator behind every draw (Salmon et al., 2011).

The n-th sample's two uniform numbers depend on the seed and n alone, so that a stream can be cut
anywhere, and that every sampler (C++, TensorFlow, NumPy) draws the same.

One implementation serves NumPy and TensorFlow: it uses only operators that both overload, on 64-bit
signed integers that hold 32-bit words; products are split so that none overflows.
"""

from __future__ import annotations

from typing import Any, Tuple

ROUNDS = 10
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_WORD = 0xFFFFFFFF


def words(seed: Any, position: Any) -> Tuple[Any, Any, Any, Any]:
    """The four output words for each (seed, position).

    Args:
      seed: int64 array or tensor; its two halves are the key.
      position: int64 array or tensor that broadcasts with `seed`; its halves are the low words of
        the counter, the high words are zero.

    Returns:
      Four int64 arrays or tensors with values in [0, 2^32).
    """
    key = [seed & _WORD, (seed // 2**32) & _WORD]
    zero = (position & 0) + (seed & 0)
    counter = [(position & _WORD) + zero, ((position // 2**32) & _WORD) + zero, zero, zero]
    for i in range(ROUNDS):
        if i:
            key = [(k + w) & _WORD for k, w in zip(key, _WEYL)]
        high0, low0 = _multiply(counter[0], _MULTIPLIERS[0])
        high1, low1 = _multiply(counter[2], _MULTIPLIERS[1])
        counter = [high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0]
    return counter[0], counter[1], counter[2], counter[3]


def uniform_bits(seed: Any, position: Any) -> Tuple[Any, Any]:
    """The 24-bit integers behind the two uniform numbers (coarse, fine) of each sample.

    A uniform number in [0, 1) is such an integer, as float32, times 2^-24: exact.
    """
    coarse, fine, _, _ = words(seed, position)
    return coarse // 256, fine // 256


def _multiply(word: Any, multiplier: int) -> Tuple[Any, Any]:
    """High and low 32-bit words of a product, without overflow of signed 64 bits."""
    # word * (m_high * 2^16 + m_low), in two steps that stay below 2^63.
    low = word * (multiplier & 0xFFFF)
    middle = word * (multiplier >> 16) + low // 65536
    return middle // 65536, (middle & 0xFFFF) * 65536 + (low & 0xFFFF)
