"""`wavernn-tf snapshot`."""

from __future__ import annotations

import click

from wavernn_tf import extras, logs


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False))
@click.argument("out", type=click.Path(file_okay=False))
@extras.needed_for("Reading a checkpoint")
def snapshot(run: str, out: str) -> None:
    """Write the voice of a run that still trains.

    RUN is the folder of a training run; OUT becomes a folder with the voice of its newest
    checkpoint, which `export`, `evaluate` and `synthesize` take like a finished run.

    \b
    Example:
      wavernn-tf snapshot run/ so_far/
    """  # noqa: D301 (\b is for click)
    logs.quiet_tensorflow()
    from wavernn_tf.training import trainer

    step = trainer.snapshot(run, out)
    click.echo(f"voice of step {step}: {out}")
