"""Training a voice: `model.fit` with pruning, evaluation, checkpoints and resuming."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot

from wavernn_tf import files
from wavernn_tf._keras import keras, set_seed
from wavernn_tf.config import Config
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.generation import synthesis
from wavernn_tf.models import wavernn
from wavernn_tf.models.run_folder import RunFolder
from wavernn_tf.pipelines import dataset, lanes
from wavernn_tf.sparsity import pruning
from wavernn_tf.training import callbacks, checks, kernels, optimizer, pitch_stage
from wavernn_tf.training.checkpoints import Checkpoints
from wavernn_tf.training.model import KerasKernel, TrainingModel, TrainingStep
from wavernn_tf.training.workers import ALONE, Workers
from wavernn_tf.voice import inputs
from wavernn_tf.voice import weights as weights_lib

AUDIO_SECONDS = 1.5
"""Length of the generated audio in TensorBoard."""

MARGINAL_BATCHES = 16
"""Batches whose bytes are counted to initialise the biases of the logits."""


def train(
    data: Union[str, Path],
    out: Union[str, Path],
    config: Config,
    quiet: bool = False,
    audio: bool = True,
    echo: Callable[[str], None] = print,
    extend: bool = False,
    init: Optional[Union[str, Path]] = None,
    workers: Workers = ALONE,
) -> RunFolder:
    """Train a voice, or go on where a run in the same folder stopped.

    The run may be killed at any moment; the same call continues from the last checkpoint to the
    same weights as an unbroken run.

    Args:
      data: folder made by `wavernn_tf.pipelines.prepare`.
      out: the run's folder.
      config: the configuration; a resumed run must have the same one.
      quiet: show no progress bar.
      audio: write generated audio to TensorBoard at every evaluation.
      echo: prints one line.
      extend: go on with another number of steps or learning rate than the run had.
      init: a finished run whose weights this one starts from; of the same sizes.
      workers: the processes that train it, of which this is one; all of them see the folders. The
        chief writes and speaks.

    Returns:
      The run's folder, with the trained voice.

    Raises:
      WaveRNNError: if the data do not fit, or the folder holds another run.
    """
    run = RunFolder.at(out)
    run.claim([data, *([] if init is None else [init])])
    workers.check(config.training.batch_size)
    description, remarks = checks.check_data(data, config)
    if not workers.chief:
        return _follow(data, run, config, description, workers)
    with files.exclusive(run.path, "trains"):
        if init is not None:
            RunFolder.at(init).load_model()  # says what is wrong with it before anything is written
            description["init"] = str(Path(init).resolve())
        elif (run.path / "data.json").is_file() and "init" in run.data():
            description["init"] = run.data()["init"]
        run.begin(config, description, extend)
        for remark in remarks:
            echo(f"note: {remark}")
        workers.wait()
        return _train(data, run, config, description, quiet, audio, echo, workers)


def _follow(
    data: Union[str, Path],
    run: RunFolder,
    config: Config,
    description: Dict[str, Any],
    workers: Workers,
) -> RunFolder:
    """`train`, of a worker that is not the chief: it writes nothing."""
    workers.wait()  # for the chief to begin the run
    begun = run.data()
    if run.config() != config or begun["fingerprint"] != description["fingerprint"]:
        raise WaveRNNError(
            f"Expected worker {workers.rank} to train what the chief trains in {run.path}; its "
            "configuration or data are others. Start the same command on every worker."
        )
    return _train(data, run, config, begun, True, False, lambda line: None, workers)


def _train(
    data: Union[str, Path],
    run: RunFolder,
    config: Config,
    description: Dict[str, Any],
    quiet: bool,
    audio: bool,
    echo: Callable[[str], None],
    workers: Workers,
) -> RunFolder:
    """`train`, in a folder that is held and has been checked."""
    with workers.chief_first():
        if "init" in description and workers.chief:
            pitch_stage.adopt(RunFolder.at(description["init"]), run, config)
        estimator = pitch_stage.run(data, run, config, description, echo)
    set_seed(config.training.seed)
    keras.mixed_precision.set_global_policy(config.training.precision)
    try:
        kernel = kernels.choose(config, echo)
        model = build(config, description, kernel, workers)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    checkpoints = Checkpoints(run, model)
    done = checkpoints.restore(echo)
    if done >= config.training.steps:
        echo(
            f"finished: {done} steps are done, {config.training.steps} were asked for; for more, "
            "raise training.steps with --extend"
        )
    elif done:
        echo(f"resuming at step {done} of {config.training.steps}")
    else:
        if "init" in description:
            _start_from_run(model, description["init"])
            pruning.regrow(model, config.training.seed)
            echo(f"starting from the weights of {description['init']}")
        if estimator:
            pitch_stage.install(model, run.pitch)
        if "init" not in description:
            windows, _ = _streams(config)
            first = windows(data, config, estimator=estimator)
            start_from_marginals(model, first.take(MARGINAL_BATCHES))
        workers.adopt(model.variables)
    left = config.training.steps - done
    if left > 0:
        begun = time.monotonic()
        _fit(model, run, checkpoints, data, config, estimator, quiet, audio, workers)
        per_step, seconds = config.training.batch_size * config.training.window, _since(begun)
        echo(
            f"{callbacks.count(config.training.steps * per_step)} samples seen; the last "
            f"{callbacks.count(left * per_step)} in {seconds / 60:.1f} minutes, "
            f"{callbacks.count(left * per_step / seconds)} samples per second, evaluations "
            f"included ({kernel.name} kernel)"
        )
    plain = wavernn.build(config)
    pruning.copy_stripped(model, plain)
    weights_lib.extract(plain)  # refuses weights that are not finite
    with workers.chief_first():
        if workers.chief:
            run.save_voice(plain)
    return run


def snapshot(run: Union[str, Path], out: Union[str, Path]) -> int:
    """Write the voice of an unfinished run's newest checkpoint; the run itself is not touched.

    Args:
      run: folder of the run, which may go on meanwhile.
      out: new folder: the configuration, the log, and the voice, as of a finished run.

    Returns:
      The step of the checkpoint.

    Raises:
      WaveRNNError: if there is no checkpoint, or `out` is not a new or empty folder.
    """
    source, target = RunFolder.at(run), RunFolder.at(out)
    if target.path.exists() and (not target.path.is_dir() or any(target.path.iterdir())):
        raise WaveRNNError(f"Expected a new or empty folder for the voice; {out} is not.")
    config, description = source.config(), source.data()
    model = build(config, description)
    step = Checkpoints(source, model).restore()
    if not step:
        raise WaveRNNError(
            f"{run} has no checkpoint yet; the first comes with the first evaluation."
        )
    plain = wavernn.build(config)
    pruning.copy_stripped(model, plain)
    weights_lib.extract(plain)
    target.begin(config, description)
    target.write_history([row for row in source.history() if row["step"] <= step])
    target.save_voice(plain)
    pitch_stage.adopt(source, target, config)
    return step


def build(
    config: Config, description: Dict[str, Any], kernel: Any = None, workers: Workers = ALONE
) -> Any:
    """The compiled model, with pruning wrappers if the configuration prunes.

    Args:
      config: the configuration.
      description: from `checks.check_data`; gives the feature statistics.
      kernel: computes the loss, see `wavernn_tf.training.model`; Keras's by default.
      workers: the processes that train it.

    Returns:
      A `TrainingModel`.
    """
    model = wavernn.build(
        config,
        description["feature_mean"],
        description["feature_std"],
        wrap=pruning.wrapper(config),
        make=TrainingModel,
    )
    model.step = TrainingStep(model, config, kernel or KerasKernel(config), workers)
    model.compile(optimizer.make(config.training))
    return model


def _start_from_run(model: Any, init: Union[str, Path]) -> None:
    """Copy the weights of a finished run, but for the statistics of the features.

    Raises:
      WaveRNNError: if the run is of other sizes.
    """
    source = {layer.name: layer for layer in RunFolder.at(init).load_model().layers}
    for layer in (getattr(layer, "layer", layer) for layer in model.layers):
        if not layer.weights or layer.name == "standardise":
            continue
        given = source[layer.name].get_weights() if layer.name in source else []
        own = [array.shape for array in layer.get_weights()]
        if [array.shape for array in given] != own:
            raise WaveRNNError(
                f"The weights of {init} do not fit: layer {layer.name!r} has "
                f"{[list(a.shape) for a in given]} there, {[list(s) for s in own]} here. Train "
                "with that run's model configuration."
            )
        layer.set_weights(given)


def start_from_marginals(model: Any, batches: tf.data.Dataset) -> None:
    """Set the biases of the logits to the log frequencies of the coarse and fine bytes.

    Training then starts at the entropy of the bytes instead of 16 bits per sample.

    Args:
      model: from `build`.
      batches: training batches to count.
    """
    counts = {name: np.full([256], 0.1) for name in ("coarse", "fine")}
    for _, targets in batches:
        for name, classes in targets.items():
            counts[name] += np.bincount(classes.numpy().ravel(), minlength=256)
    layers = [getattr(layer, "layer", layer) for layer in model.layers]
    heads = next(layer for layer in layers if layer.name == "heads")
    for name, bias in (("coarse", heads.biases[1]), ("fine", heads.biases[3])):
        bias.assign(np.log(counts[name] / counts[name].sum()))


def _streams(config: Config) -> Tuple[Callable[..., Any], Callable[..., Any]]:
    """What makes the training batches, and the held-out ones."""
    if config.training.carry_state:
        return lanes.lane_windows, lanes.heldout_lanes
    return dataset.training_windows, dataset.heldout_windows


def _since(begun: float) -> float:
    return max(time.monotonic() - begun, 1e-3)


def _fit(
    model: Any,
    run: RunFolder,
    checkpoints: Checkpoints,
    data: Union[str, Path],
    config: Config,
    estimator: dataset.Layers,
    quiet: bool,
    audio: bool,
    workers: Workers,
) -> None:
    """Train from the checkpoint's step to the last, one Keras epoch per evaluation."""
    training = config.training
    batches, evaluated = _streams(config)
    rows = workers.rows(training.batch_size)
    held_out = evaluated(data, config, estimator).cache()
    example = _example(model, data, config) if audio else None
    progress = callbacks.Progress(config, checkpoints.step, quiet)
    hooks: List[Any] = [
        tfmot.sparsity.keras.UpdatePruningStep(),
        callbacks.Evaluations(run, checkpoints, example, config)
        if workers.chief
        else callbacks.Follow(checkpoints),
        progress,
    ]
    try:
        while checkpoints.step < training.steps:
            left = training.steps - checkpoints.step
            per_epoch = min(training.eval_every, left)
            model.fit(
                batches(data, config, checkpoints.step, estimator, rows),
                steps_per_epoch=per_epoch,
                epochs=left // per_epoch,  # a shorter last epoch takes a second turn
                validation_data=held_out,
                callbacks=hooks,
                verbose=0,
            )
    except tf.errors.OpError as error:
        # TensorFlow wraps what the native kernel refuses in an error of its own.
        refused = getattr(model.step.kernel, "failure", None)
        if refused is not None:
            raise refused from error
        workers.explain(error)
        dataset.check_records(data)  # says what is wrong with data that changed meanwhile
        raise
    finally:
        progress.close()


def _example(model: Any, data: Union[str, Path], config: Config) -> Callable[[], np.ndarray]:
    """A function that generates the start of the first held-out utterance, int16 [samples]."""
    mel = next(dataset.utterances(data, "held_out")).mel
    frames = min(len(mel), int(AUDIO_SECONDS * config.mel.frames_per_second))
    features = inputs.pad_edges(mel[:frames], config)[None]
    names = list(weights_lib.named_arrays(weights_lib.extract(model)))

    @tf.function(autograph=False)
    def sample(*arrays: tf.Tensor) -> tf.Tensor:
        weights = weights_lib.from_named(dict(zip(names, arrays)))
        return synthesis.synthesize(
            features, tf.zeros([1], tf.int64), tf.ones([1]), tf.ones([1]), config, weights
        )

    def generate() -> np.ndarray:
        arrays = weights_lib.named_arrays(weights_lib.extract(model))
        return sample(*map(tf.constant, arrays.values())).numpy()[0]

    return generate
