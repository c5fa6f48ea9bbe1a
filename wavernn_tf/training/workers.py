"""Several processes, on one machine or many, that train one model together.

Every worker holds the whole model and trains its rows of each batch; the gradients are averaged
over the workers before they are clipped, so that all of them take the same step as one worker with
the whole batch. Weights, masks and moments then stay equal without being sent around: pruning, the
optimizer and Keras know nothing of the others. The cluster and the sums are those of
`tf.distribute.MultiWorkerMirroredStrategy`.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, Iterator, List, Mapping, Sequence, Tuple

import numpy as np
import tensorflow as tf

from wavernn_tf.errors import WaveRNNError

STRATEGIES = ("one", "multi-worker")

_EXAMPLE = (
    '{"cluster": {"worker": ["host1:5000", "host2:5000"]}, "task": {"type": "worker", "index": 0}}'
)

GONE = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
    tf.errors.FailedPreconditionError,
)
"""What a sum over the workers raises when one of them has died."""


class Workers:
    """One process that trains alone; and what `Together` does for several.

    Attributes:
      count: of the workers.
      rank: of this one, from 0.
    """

    count = 1
    rank = 0

    @property
    def chief(self) -> bool:
        """Whether this is the worker that writes the run's folder."""
        return self.rank == 0

    def total(self, value: tf.Tensor) -> tf.Tensor:
        """The sum over the workers, float32 or int64 [n]; in a graph or out of one."""
        return value

    def check(self, batch_size: int) -> None:
        """Check that a batch can be shared out evenly.

        Raises:
          WaveRNNError: if it cannot.
        """
        if batch_size % self.count:
            raise WaveRNNError(
                "Expected `training.batch_size`, the batch of all workers together, to be a "
                f"multiple of their number {self.count}; got {batch_size}."
            )

    def rows(self, count: int) -> slice:
        """This worker's rows of `count` rows in all."""
        each = count // self.count
        return slice(self.rank * each, (self.rank + 1) * each)

    def mean(self, tensors: Sequence[tf.Tensor]) -> List[tf.Tensor]:
        """The mean over the workers of every tensor, float32, by one sum of them all."""
        if self.count == 1:
            return list(tensors)
        total = self.total(tf.concat([tf.reshape(t, [-1]) for t in tensors], 0)) / self.count
        parts = tf.split(total, [t.shape.num_elements() for t in tensors])
        return [tf.reshape(part, t.shape) for part, t in zip(parts, tensors)]

    def joined(self, whole: tf.Tensor) -> tf.Tensor:
        """An array [count, ...] of which every worker has its own `rows`, float32."""
        if self.count == 1:
            return whole
        own = self.rows(whole.shape[0])
        mine = np.zeros(whole.shape, np.float32)
        mine[own] = whole.numpy()[own]
        return tf.reshape(self.total(tf.constant(mine.ravel())), whole.shape)

    def adopt(self, variables: Sequence[Any]) -> None:
        """Give every variable the value that the chief has."""
        if self.count == 1:
            return
        for kind in (tf.float32, tf.int64):
            mine = [v for v in variables if v.dtype == kind]
            if not mine:
                continue
            values = tf.concat([tf.reshape(v.read_value(), [-1]) for v in mine], 0)
            of_chief = self.total(values if self.chief else tf.zeros_like(values))
            parts = tf.split(of_chief, [v.shape.num_elements() for v in mine])
            for variable, part in zip(mine, parts):
                variable.assign(tf.reshape(part, variable.shape))

    def agreed(self, number: int) -> int:
        """The chief's number."""
        return int(self.total(tf.constant([number if self.chief else 0], tf.int64))[0])

    def wait(self) -> None:
        """Wait until every worker is here."""
        self.agreed(0)

    def explain(self, error: Exception) -> None:
        """Raise what the user can do about a sum that failed, if another worker may be the cause.

        Raises:
          WaveRNNError: if so.
        """
        if self.count > 1 and isinstance(error, GONE):
            raise WaveRNNError(
                f"Worker {self.rank} of {self.count} cannot reach the others: one of them has "
                "ended, or was never started. Start the same command on every worker: training "
                f"goes on from the last checkpoint ({type(error).__name__})."
            ) from error

    @contextlib.contextmanager
    def chief_first(self) -> Iterator[None]:
        """Do the block on the chief, then on the others."""
        if not self.chief:
            self.wait()
        yield
        if self.chief:
            self.wait()


class Together(Workers):
    """Several workers, of a cluster that TF_CONFIG describes.

    Args:
      rank: of this worker.
      count: of the workers.

    Raises:
      WaveRNNError: if this process sees several GPUs.
    """

    def __init__(self, rank: int, count: int) -> None:
        self.rank, self.count = rank, count
        gpus = len(tf.config.list_physical_devices("GPU"))
        if gpus > 1:
            raise WaveRNNError(
                f"Expected a worker to see one GPU at most; it sees {gpus}. Start one worker for "
                "each, and show it its own: CUDA_VISIBLE_DEVICES=0, 1 and so on."
            )
        self._strategy = tf.distribute.MultiWorkerMirroredStrategy()

    def total(self, value: tf.Tensor) -> tf.Tensor:
        """See `Workers.total`."""

        def add(mine: tf.Tensor) -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            # The copy is on the replica's device; in a graph, `mine` may be on none yet.
            return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(mine))

        try:
            return self._strategy.run(add, args=(value,))
        except tf.errors.OpError as error:
            self.explain(error)
            raise


ALONE = Workers()


def join(strategy: str, environment: Mapping[str, str] = os.environ) -> Workers:
    """Take the place of this process among the workers; before anything else of TensorFlow runs.

    Args:
      strategy: one of `STRATEGIES`.
      environment: holds TF_CONFIG.

    Raises:
      WaveRNNError: for an unknown strategy, or a TF_CONFIG that is missing or not understood.
    """
    if strategy not in STRATEGIES:
        raise WaveRNNError(f"Expected a strategy of {', '.join(STRATEGIES)}; got {strategy!r}.")
    if strategy == "one":
        return ALONE
    rank, count = place(environment.get("TF_CONFIG", ""))
    return Together(rank, count) if count > 1 else ALONE


def place(text: str) -> Tuple[int, int]:
    """(rank, number of workers) of a TF_CONFIG.

    Raises:
      WaveRNNError: if it is missing or not understood.
    """
    try:
        tree = json.loads(text)
        cluster, task = tree["cluster"], tree["task"]
        tasks = [
            (kind, i) for kind in ("chief", "worker") for i in range(len(cluster.get(kind, ())))
        ]
        return tasks.index((task["type"], int(task["index"]))), len(tasks)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WaveRNNError(
            "Several workers need the environment variable TF_CONFIG, with addresses of all of "
            f"them and the place of this one, such as {_EXAMPLE}; got {text!r}."
        ) from error
