"""Models of the stand-in for TF Serving: versions in folders, run by a session, in batches.

TensorFlow's own session runs the signatures, as in TF Serving, so that the errors of the graph and
of its inputs are those of the server; what the server adds (the choice of a version, the check of
names, the batches) is written here after its documentation.
"""

import queue
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from wavernn_tf.export.serving import versions
from wavernn_tf.export.serving.warmup import WARMUP

DEFAULT = "serving_default"


class Servable:
    """A version of a model."""

    def __init__(self, folder, batching=None):
        self.folder = Path(folder)
        self.graph = tf.Graph()
        self.session = tf.compat.v1.Session(graph=self.graph)
        with self.graph.as_default():
            loaded = tf.compat.v1.saved_model.load(self.session, ["serve"], str(folder))
        self.signatures = {
            name: signature
            for name, signature in loaded.signature_def.items()
            if not name.startswith("__")  # of saving and loading
        }
        self.batch_as(batching)

    def batch_as(self, batching):
        """Batch requests from now on as these parameters say; not at all with None."""
        self.batchers = {
            name: Batcher(lambda inputs, name=name: self.run(name, inputs), batching)
            for name in self.signatures
            if batching
        }

    def predict(self, signature, inputs):
        """Arrays by name to arrays by name, in a batch with other requests if so configured."""
        name = signature or DEFAULT
        self.check_names(name, inputs)
        return self.batchers[name](inputs) if self.batchers else self.run(name, inputs)

    def warm_up(self):
        """Replay the requests of the version's own file; one that fails is an error."""
        for signature, inputs in requests_of(self.folder):
            self.predict(signature, inputs)

    def check_names(self, name, inputs):
        if name not in self.signatures:
            raise tf.errors.FailedPreconditionError(
                None, None, f'Serving signature key "{name}" not found.'
            )
        known = set(self.signatures[name].inputs)
        if set(inputs) != known:
            raise tf.errors.InvalidArgumentError(
                None,
                None,
                f"input size does not match signature: sent extra {sorted(set(inputs) - known)}, "
                f"missing but required {sorted(known - set(inputs))}",
            )

    def run(self, name, inputs):
        """One run of the session, unchecked: a wrong type or shape is TensorFlow's to refuse."""
        signature = self.signatures[name]

        def output(info):
            return self.graph.get_tensor_by_name(info.name)._as_tf_output()

        feeds = {output(signature.inputs[n]): np.asarray(a) for n, a in inputs.items()}
        fetches = [output(info) for info in signature.outputs.values()]
        values = self.session._call_tf_sessionrun(None, feeds, fetches, [], None)
        return dict(zip(signature.outputs, values))


def requests_of(folder):
    """(signature, arrays by name) of each warm-up request of a version."""
    path = folder / WARMUP
    for record in tf.data.TFRecordDataset(str(path)) if path.exists() else ():
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        request = log.predict_log.request
        inputs = {name: tf.make_ndarray(proto) for name, proto in request.inputs.items()}
        yield request.model_spec.signature_name, inputs


class Batcher:
    """Requests of one signature in one run: padded to one shape and to an allowed size.

    `batching` is a `BatchingParameters` message, or what looks like one.
    """

    def __init__(self, run, batching):
        self.run, self.most = run, batching.max_batch_size.value
        self.wait = batching.batch_timeout_micros.value * 1e-6
        self.sizes = list(batching.allowed_batch_sizes) or range(1, self.most + 1)
        self.waiting = queue.Queue(batching.max_enqueued_batches.value * self.most)
        for _ in range(batching.num_batch_threads.value):
            threading.Thread(target=self.serve, daemon=True).start()

    def __call__(self, inputs):
        sizes = {len(a) if np.ndim(a) else None for a in inputs.values()}
        if None in sizes or len(sizes) != 1:
            raise tf.errors.InvalidArgumentError(
                None, None, "Batching needs inputs with equal sizes of the first axis"
            )
        if max(sizes) > self.most:
            raise tf.errors.InvalidArgumentError(
                None, None, f"Task size {max(sizes)} is larger than the batch size {self.most}"
            )
        future = Future()
        try:
            self.waiting.put_nowait((inputs, future))
        except queue.Full:
            raise tf.errors.UnavailableError(None, None, "The batching queue is full") from None
        return future.result()

    def serve(self):
        held = None
        while True:
            tasks, held = self.collect(held)
            try:
                answers = self.answer([inputs for inputs, _ in tasks])
            except Exception as error:  # every request of the batch has the error of one
                for _, future in tasks:
                    future.set_exception(error)
            else:
                for (_, future), answer in zip(tasks, answers):
                    future.set_result(answer)

    def collect(self, held):
        """The requests of the next batch, and the one that has no room in it."""
        tasks = [held or self.waiting.get()]
        rows = rows_of(tasks[0][0])
        end = time.monotonic() + self.wait
        while rows < self.most:
            try:
                task = self.waiting.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                break
            rows += rows_of(task[0])
            if rows > self.most:
                return tasks, task
            tasks.append(task)
        return tasks, None

    def answer(self, requests):
        rows = [rows_of(inputs) for inputs in requests]
        size = min(s for s in self.sizes if s >= sum(rows))
        outputs = self.run(merged(requests, size))
        ends = np.cumsum(rows)
        return [
            {name: array[end - n : end] for name, array in outputs.items()}
            for n, end in zip(rows, ends)
        ]


def rows_of(inputs):
    return len(next(iter(inputs.values())))


def merged(requests, rows):
    """One request of many: padded behind with their own first value, repeated up to `rows`."""
    batch = {}
    for name in requests[0]:
        arrays = [np.asarray(inputs[name]) for inputs in requests]
        if len({(array.ndim, array.dtype) for array in arrays}) > 1:
            raise tf.errors.InvalidArgumentError(
                None, None, f"Tensors with name '{name}' of one batch differ in rank or type"
            )
        shape = np.max([array.shape[1:] for array in arrays], axis=0).astype(int)
        padded = []
        for array in arrays:
            behind = [(0, 0), *((0, n - m) for n, m in zip(shape, array.shape[1:]))]
            first = array.flat[0] if array.size else array.dtype.type()
            padded.append(np.pad(array, behind, constant_values=first) if shape.size else array)
        filler = [padded[0][:1]] * (rows - sum(map(len, padded)))
        batch[name] = np.concatenate(padded + filler)
    return batch


class Models:
    """Models by name, from `{name: folder}`; every version in a folder is loaded."""

    def __init__(self, folders, batching=None, warm=False):
        self.servables = {
            name: {
                number: Servable(path, batching)
                for number, path in versions.find(Path(folder)).items()
            }
            for name, folder in folders.items()
        }
        for found in self.servables.values() if warm else ():
            for servable in found.values():
                servable.warm_up()

    def find(self, name, version=None):
        """(version, servable) that a request names; the newest by default."""
        found = self.servables.get(name, {})
        number = max(found, default=None) if version is None else version
        if number not in found:
            what = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise tf.errors.NotFoundError(None, None, f"Servable not found for request: {what}")
        return number, found[number]

    def states(self, name, version=None):
        """Numbers of the versions that are there, newest first."""
        found = self.servables.get(name)
        if not found or (version is not None and version not in found):
            raise tf.errors.NotFoundError(
                None, None, f"Could not find any versions of model {name}"
            )
        return sorted(found if version is None else [version], reverse=True)
