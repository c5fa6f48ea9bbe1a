"""`wavernn-tf export tflite`, `saved-model` and `serving-kit`."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Tuple

import click

from wavernn_tf import logs
from wavernn_tf.cli import options, show, speech
from wavernn_tf.config.matrices import BLOCK_SHAPES
from wavernn_tf.export.format.packing import WEIGHT_TYPES

DEVICES = ("cpu", "gpu")
"""Of `wavernn_tf.export.serving.saved_model`, which takes TensorFlow to import."""


@click.group()
def export() -> None:
    """Export a trained voice.

    \b
    Examples:
      wavernn-tf export tflite run/ voice.tflite
      wavernn-tf export tflite run/ small_voice.tflite --weights int8
      wavernn-tf export tflite run/ quieter.tflite --set signal.noise_shaping=0.4
      wavernn-tf export saved-model run/ saved_model/
      wavernn-tf export saved-model run/ no_xla_saved_model/ --no-xla
      wavernn-tf export serving-kit kit/ --model voice=saved_model/
    """  # noqa: D301 (\b is for click)


@export.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False))
@click.argument("out", type=click.Path(dir_okay=False))
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False),
    help="Prepared data with held-out speech.  [default: the run's own]",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1),
    default=10.0,
    show_default=True,
    help="Held-out speech to compare on, at most.",
)
@click.option(
    "--weights",
    "weight_type",
    type=click.Choice(list(WEIGHT_TYPES)),
    default="float32",
    show_default=True,
    help="What the file holds the weights in; with integers the op reads integer activations too.",
)
@click.option(
    "--block",
    type=click.Choice(list(BLOCK_SHAPES)),
    help="Block shape, outputs x inputs, to pack every matrix in. Another one than it was pruned "
    "in keeps zeros.  [default: as pruned]",
)
@click.option("--no-parity", is_flag=True, help="Do not compare the file with Keras.")
@click.option("--no-timing", is_flag=True, help="Do not time sparse against dense.")
@options.sampling_option
@options.runtime_option
def tflite(
    run: str,
    out: str,
    data: Optional[str],
    seconds: float,
    weight_type: str,
    block: Optional[str],
    no_parity: bool,
    no_timing: bool,
    assignments: Tuple[str, ...],
    runtime: str,
) -> None:
    """Export a finished training run to a .tflite file.

    The file must score held-out speech as the Keras model does: a difference in bits per sample
    above 0.1 % (float32), 0.005 bits (bfloat16, int16) or 0.03 bits (int8) is refused, with the
    numbers.
    What was measured is kept in the file (see `wavernn-tf inspect`). The op is then timed on this
    machine against a dense form of the same voice.

    \b
    Examples:
      wavernn-tf export tflite run/ voice.tflite --data data/
      wavernn-tf export tflite run/ voice.tflite --weights int8 --block 8x4
    """  # noqa: D301 (\b is for click)
    if Path(out).suffix != ".tflite":
        raise click.BadParameter(f"expected OUT to end with .tflite; got {out}.")
    settings = options.parse(assignments)
    with speech.tensorflow_for("Exporting"):
        logs.quiet_tensorflow()
        from wavernn_tf.export import exporter as pipeline
        from wavernn_tf.export import parity
    made = pipeline.to_tflite(
        run,
        out,
        data,
        check=not no_parity,
        seconds=seconds,
        time=not no_timing,
        runtime=runtime,
        echo=show.note,
        weight_type=weight_type,
        block=block,
        settings=settings,
    )
    click.echo(
        f"{out}: {show.size(made.file_bytes)}, {weight_type} weights {made.info.weights_hash[:16]}"
    )
    click.echo(
        f"{made.info.nonzeros} weights kept; with the conditioning network they take "
        f"{show.size(made.payload_bytes)}: the file is {made.file_bytes / made.payload_bytes:.2f} "
        "times that"
    )
    show.table(
        ["matrix", "block", "zero blocks"],
        [
            [name, made.info.blocks[name], f"{100 * share:.2f} %"]
            for name, share in made.info.sparsity.items()
        ],
    )
    if made.bits:
        keras, op = made.bits["keras"], made.bits["op"]
        difference = abs(op.total - keras.total)
        show.table(
            ["bits per sample", "total", "coarse", "fine"],
            [[name, *show.bits_cells(b)] for name, b in made.bits.items()],
        )
        click.echo(
            f"equal within {difference:.6f} bits per sample on {keras.samples} held-out samples "
            f"(limit with {weight_type} weights: {parity.limit(keras.total, weight_type):.4g})"
        )
    else:
        click.echo("not compared with Keras (--no-parity)")
    if made.timings:
        sizes = {"sparse": made.file_bytes, "dense": made.dense_bytes}
        show.table(
            ["on this machine", "us/sample", "speed", "file"],
            [
                [name, f"{t.us_per_sample:.2f}", show.speed(t.real_time_factor)]
                + [show.size(sizes[name])]
                for name, t in made.timings.items()
            ],
        )


@export.command("saved-model")
@click.argument("run", type=click.Path(exists=True, file_okay=False))
@click.argument("out_dir", type=click.Path(file_okay=False))
@click.option(
    "--xla/--no-xla",
    default=True,
    show_default=True,
    help="Compile the sampling loop with XLA, when the server warms up: several times faster. "
    "--no-xla is for servers without XLA.",
)
@click.option(
    "--device",
    type=click.Choice(DEVICES),
    default="cpu",
    show_default=True,
    help="What the compiled loop is made for: rows in parallel over the cores, or side by side.",
)
@click.option(
    "--unroll",
    type=int,
    help="Samples of an iteration of the loop: 1, 2, 4 or 8.  [default: 1; with --device gpu the "
    "most that divide the hop]",
)
@options.sampling_option
def saved_model(
    run: str,
    out_dir: str,
    xla: bool,
    device: str,
    unroll: Optional[int],
    assignments: Tuple[str, ...],
) -> None:
    """Export a finished training run to a SavedModel for TF Serving.

    OUT_DIR gets the version 1, in TF Serving's layout, or the number after the highest there is;
    other versions are kept. It loads in plain TensorFlow. TF Serving compiles for the CPU only
    with its flag --xla_cpu_compilation_enabled=true.

    \b
    Example:
      wavernn-tf export saved-model run/ saved_model/
    """  # noqa: D301 (\b is for click)
    settings = options.parse(assignments)
    with speech.tensorflow_for("Exporting"):
        logs.quiet_tensorflow()
        from wavernn_tf.export import exporter as pipeline
    version = Path(pipeline.to_saved_model(run, out_dir, xla, settings, device, unroll))
    total = sum(p.stat().st_size for p in version.rglob("*") if p.is_file())
    click.echo(f"{version}: {show.size(total)}")
    for missing in pipeline.missing_signatures(version):
        click.echo(missing)


@export.command("serving-kit")
@click.argument("out_dir", type=click.Path(file_okay=False))
@click.option(
    "--model",
    "models",
    multiple=True,
    required=True,
    metavar="NAME=PATH",
    help="A SavedModel's folder and the name to serve it under; repeatable.",
)
@click.option("--image", help="The server's container.  [default: the official one]")
def serving_kit(out_dir: str, models: Tuple[str, ...], image: Optional[str]) -> None:
    """Write what TF Serving is started with: configurations and a page for operators.

    OUT_DIR gets models.config, batching.config, monitoring.config, docker-compose.yml,
    prometheus.yml and README.md. The models stay where they are.

    \b
    Examples:
      wavernn-tf export serving-kit kit/ --model voice=saved_model/
      wavernn-tf export serving-kit kit/ --model en=en/ --model ru=ru/
    """  # noqa: D301 (\b is for click)
    with speech.tensorflow_for("Exporting"):
        logs.quiet_tensorflow()
        from wavernn_tf.export.serving import kit
    found = kit.parse_models(models)
    for remark in kit.write(out_dir, found, image or kit.IMAGE):
        show.note(f"note: {remark}")
    click.echo(f"{out_dir}: {len(found)} models; start with `docker compose up -d` there")
