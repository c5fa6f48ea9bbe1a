"""The native training kernel: one window of a batch, forward and backward, on the sparse blocks.

The C++ side is `export/native/training`; this module calls it through ctypes, on NumPy arrays.
"""

from __future__ import annotations

import ctypes
import dataclasses
from typing import Any, Dict, List, Mapping, Optional, Tuple

import numpy as np
import numpy.typing as npt

from wavernn_tf.config.matrices import BLOCK_SHAPES, GATES, HEADS
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.runtime import library

Float32 = npt.NDArray[np.float32]

MATRICES = (*(f"R_{gate}" for gate in GATES), *HEADS)
_SHAPES = {name: index for index, name in enumerate(BLOCK_SHAPES)}  # as C++'s BlockShape
_FINE_INPUT = 2
"""Row of the input kernel that reaches the fine half alone: c_t."""


class _Matrix(ctypes.Structure):
    _fields_ = [
        ("weights", ctypes.c_void_p),
        ("mask", ctypes.c_void_p),
        ("gradient", ctypes.c_void_p),
        ("shape", ctypes.c_int32),
    ]


class _Window(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int32) for name in ("batch", "time", "inputs", "fine_input")),
        *((name, ctypes.c_int32) for name in ("state_size", "projection_size", "steps")),
        *((name, ctypes.c_int32) for name in ("samples_per_step", "threads")),
        ("scale", ctypes.c_float),
        *((name, ctypes.c_void_p) for name in ("x", "coarse", "fine", "gate_inputs", "state")),
        *((name, ctypes.c_void_p) for name in ("input_kernel", "recurrent_bias")),
        ("head_bias", ctypes.c_void_p * 4),
        ("fine_classes", ctypes.c_void_p),
        ("matrices", _Matrix * len(MATRICES)),
        *((name, ctypes.c_void_p) for name in ("bits", "state_after", "gate_inputs_gradient")),
        *((name, ctypes.c_void_p) for name in ("input_kernel_gradient", "recurrent_bias_gradient")),
        ("head_bias_gradient", ctypes.c_void_p * 4),
        ("seconds", ctypes.c_void_p),
    ]


@dataclasses.dataclass(frozen=True)
class Batch:
    """One window of a batch of sequences.

    Attributes:
      x: float32 [batch, time, rows], what the GRU reads of the samples.
      coarse: int32 [batch, time], classes in 0..255.
      fine: int32 [batch, time], classes in 0..255.
      gate_inputs: float32 [batch, steps, 3H], of the conditioning, gates u, r, e.
      state: float32 [batch, H], before the window.
      samples_per_step: samples of a conditioning step; steps * samples_per_step >= time.
    """

    x: npt.NDArray[Any]
    coarse: npt.NDArray[Any]
    fine: npt.NDArray[Any]
    gate_inputs: npt.NDArray[Any]
    state: npt.NDArray[Any]
    samples_per_step: int = 1


@dataclasses.dataclass(frozen=True)
class Result:
    """What a window gives.

    Attributes:
      bits: float64 [batch, 2], sums over time of the bits of the coarse and the fine byte.
      state: float32 [batch, H], after the window.
      gradients: of `scale` times the sum of all bits, by the names of the parameters, and
        "gate_inputs"; empty where none were asked for.
    """

    bits: npt.NDArray[np.float64]
    state: Float32
    gradients: Dict[str, Float32]


class Kernel:
    """The native training kernel of one instruction set; keeps its memory from call to call.

    One call at a time. The result does not depend on `threads`, nor on the instruction set (the
    bits alone, whose logarithms are the C library's, may differ in the last place).

    Args:
      blocks: names of the block shapes of `MATRICES`; all 16x1 by default.
      threads: at most.
      isa: one of `export.runtime.library.available_isas()`; by default the fastest.

    Raises:
      WaveRNNError: if the native library is missing or does not load, or the machine lacks `isa`.
    """

    def __init__(
        self,
        blocks: Optional[Mapping[str, str]] = None,
        threads: int = 1,
        isa: Optional[str] = None,
    ) -> None:
        self._library = _load()
        self._blocks = {name: (blocks or {}).get(name, "16x1") for name in MATRICES}
        self.threads = threads
        self._trainer = self._library.wavernn_tf_trainer_create(isa.encode() if isa else None)
        if not self._trainer:
            raise WaveRNNError(
                f"Expected `isa` to be one of this machine's, "
                f"{', '.join(library.available_isas())}; got {isa!r}."
            )
        self.stages: Tuple[str, ...] = tuple(
            self._library.wavernn_tf_trainer_stages().decode().split(",")
        )
        self._seconds = np.zeros([len(self.stages)])

    def __del__(self) -> None:
        """Free the kernel's memory."""
        if getattr(self, "_trainer", None):
            self._library.wavernn_tf_trainer_destroy(self._trainer)

    def take_seconds(self) -> Dict[str, float]:
        """Seconds of every stage since the last call, summed over the threads."""
        taken = dict(zip(self.stages, self._seconds.tolist()))
        self._seconds[:] = 0.0
        return taken

    def run(
        self,
        batch: Batch,
        parameters: Mapping[str, npt.NDArray[Any]],
        masks: Optional[Mapping[str, npt.NDArray[Any]]] = None,
        fine_classes: Optional[npt.NDArray[Any]] = None,
        scale: float = 1.0,
        gradients: bool = True,
    ) -> Result:
        """Run a window.

        Args:
          batch: samples, conditioning and state.
          parameters: float32 arrays by name: R_u, R_r, R_e [H, H], O1, O3 [H/2, P], O2, O4
            [P, 256], "input_kernel" [rows, 3H] with its gain, "recurrent_bias" [H] of the gate e,
            "O1/bias" [P] and so on. The other biases belong to the gate inputs.
          masks: of the matrices that are pruned, by name, as they are: 0 or 1, constant in blocks.
          fine_classes: int32 [256], how many fine classes follow each coarse one; None: 256.
          scale: of the gradient.
          gradients: whether they are wanted.

        Raises:
          WaveRNNError: if shapes do not fit, a class is out of range, or a value is not finite.
        """
        call = _Call(self, batch, parameters, masks or {}, fine_classes, gradients)
        call.window.scale = scale
        call.window.threads = self.threads
        call.window.seconds = self._seconds.ctypes.data
        error = ctypes.create_string_buffer(400)
        failed = self._library.wavernn_tf_trainer_run(
            self._trainer, ctypes.byref(call.window), error, len(error)
        )
        if failed:
            raise WaveRNNError(f"The training kernel refuses the window: {error.value.decode()}.")
        return call.result

    def block(self, name: str) -> int:
        """Index of the block shape of a matrix, as the C++ code counts."""
        return _SHAPES[self._blocks[name]]


class _Call:
    """The C structure of one window, and the arrays that it points to."""

    def __init__(
        self,
        kernel: Kernel,
        batch: Batch,
        parameters: Mapping[str, npt.NDArray[Any]],
        masks: Mapping[str, npt.NDArray[Any]],
        fine_classes: Optional[npt.NDArray[Any]],
        gradients: bool,
    ) -> None:
        self._alive: List[npt.NDArray[Any]] = []
        sequences, time, rows = batch.x.shape
        steps, gates = batch.gate_inputs.shape[1:]
        units, projection = gates // 3, parameters["O1"].shape[1]
        self.window = w = _Window()
        w.batch, w.time, w.inputs, w.fine_input = sequences, time, rows, _FINE_INPUT
        w.state_size, w.projection_size = units, projection
        w.steps, w.samples_per_step = steps, batch.samples_per_step
        self.result = Result(np.zeros([sequences, 2]), np.empty([sequences, units], np.float32), {})
        w.x = self._read("x", batch.x, (sequences, time, rows))
        w.coarse = self._read("coarse", batch.coarse, (sequences, time), np.int32)
        w.fine = self._read("fine", batch.fine, (sequences, time), np.int32)
        w.gate_inputs = self._read("gate_inputs", batch.gate_inputs, (sequences, steps, 3 * units))
        w.state = self._read("state", batch.state, (sequences, units))
        w.bits, w.state_after = self.result.bits.ctypes.data, self.result.state.ctypes.data
        if fine_classes is not None:
            w.fine_classes = self._read("fine_classes", fine_classes, (256,), np.int32)
        shapes: Dict[str, Tuple[int, ...]] = {
            "input_kernel": (rows, 3 * units),
            "recurrent_bias": (units,),
        }
        for name in shapes:
            setattr(w, name, self._read(name, parameters[name], shapes[name]))
            if gradients:
                setattr(w, f"{name}_gradient", self._write(name, shapes[name]))
        if gradients:
            w.gate_inputs_gradient = self._write("gate_inputs", batch.gate_inputs.shape)
        half = (units // 2, projection)
        sizes = [(units, units)] * 3 + [half, (projection, 256)] * 2
        for i, (name, shape) in enumerate(zip(MATRICES, sizes)):
            matrix = w.matrices[i]
            matrix.shape = kernel.block(name)
            matrix.weights = self._read(name, parameters[name], shape)
            if name in masks:
                matrix.mask = self._read(f"the mask of {name}", masks[name], shape)
            if gradients:
                matrix.gradient = self._write(name, shape)
        for i, name in enumerate(HEADS):
            key, width = f"{name}/bias", sizes[3 + i][1:]
            w.head_bias[i] = self._read(key, parameters[key], width)
            if gradients:
                w.head_bias_gradient[i] = self._write(key, width)

    def _read(self, name: str, array: Any, shape: Tuple[int, ...], dtype: Any = np.float32) -> int:
        held = np.ascontiguousarray(array, dtype)
        if held.shape != tuple(shape):
            raise WaveRNNError(f"Expected {name} of shape {list(shape)}; got {list(held.shape)}.")
        self._alive.append(held)
        return held.ctypes.data

    def _write(self, name: str, shape: Tuple[int, ...]) -> int:
        self.result.gradients[name] = np.empty(shape, np.float32)
        return self.result.gradients[name].ctypes.data


def _load() -> Any:
    loaded = library.load_c_library()
    void, text = ctypes.c_void_p, ctypes.c_char_p
    loaded.wavernn_tf_trainer_create.restype = void
    loaded.wavernn_tf_trainer_create.argtypes = [text]
    loaded.wavernn_tf_trainer_destroy.restype = None
    loaded.wavernn_tf_trainer_destroy.argtypes = [void]
    loaded.wavernn_tf_trainer_run.argtypes = [void, void, text, ctypes.c_int]
    loaded.wavernn_tf_trainer_stages.restype = text
    if loaded.wavernn_tf_trainer_window_size() != ctypes.sizeof(_Window):
        raise WaveRNNError(
            f"The native library {library.LIBRARY} is of another version than the Python code. "
            "Build it again: `pip install .` in the source folder."
        )
    return loaded
