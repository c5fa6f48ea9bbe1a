"""Train the runs of the list, one after another.

    python -m examples.claims.train DATA RUNS [--only GROUP] [--samples 20e6]

A finished run is skipped, and one that was killed goes on: interrupt it as you like. Every run is
`wavernn-tf train DATA RUNS/<name>` with the configuration of the list. The pitch estimator, which
depends on the data and the seed alone, is trained by the first run that needs it; the others take
it over.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import List, Optional, Sequence

import click
import yaml

from examples.claims import runs as lists
from examples.claims.runs import Run
from wavernn_tf import config as configuration
from wavernn_tf import files
from wavernn_tf.models.run_folder import RunFolder


def adopt_estimator(run: Run, folder: RunFolder, others: Sequence[RunFolder]) -> None:
    """Begin a run with the pitch estimator of another, if it needs one and there is one.

    Args:
      run: of the list.
      folder: of the run.
      others: folders of runs on the same data, begun or not.
    """
    if run.config.signal.pitch != "estimated" or folder.pitch.exists():
        return
    from wavernn_tf.training import pitch_stage

    for other in others:
        if other.pitch.is_file() and other.config().training.seed == run.config.training.seed:
            data = {key: value for key, value in other.data().items() if key != "init"}
            folder.begin(run.config, data)
            pitch_stage.adopt(other, folder, run.config)
            return


def train(
    data: str, out: Path, listed: Sequence[Run], estimators: Sequence[RunFolder] = ()
) -> None:
    """Train what is left of the list.

    Args:
      data: folder made by `wavernn-tf prepare`.
      out: folder of the runs.
      listed: the runs.
      estimators: other runs on the data, whose pitch estimator may be taken over.

    Raises:
      subprocess.CalledProcessError: if a run fails.
    """
    folders = [RunFolder.at(out / run.name) for run in listed]
    for run, folder in zip(listed, folders):
        if folder.voice.is_file():
            continue
        click.echo(f"{run.name}: {run.samples / 1e6:.1f} million samples", err=True)
        adopt_estimator(run, folder, [*estimators, *folders])
        config = out / f"{run.name}.yaml"
        text = yaml.safe_dump(configuration.to_dict(run.config), sort_keys=False)
        files.write_text(config, text)
        subprocess.run(command(data, folder.path, config), check=True)


def command(data: str, folder: Path, config: Path) -> List[str]:
    """The command that trains a run, or goes on with it."""
    program = [sys.executable, "-m", "wavernn_tf.cli", "train"]
    return [*program, data, str(folder), "--config", str(config), "--no-audio", "--quiet"]


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--only", metavar="GROUP", help="Train this group alone.")
@click.option("--samples", type=float, help="Another number of samples for every run.")
@click.option(
    "--estimator",
    type=click.Path(exists=True, file_okay=False),
    help="A run on the same data, with the same seed, whose pitch estimator is taken over.",
)
@lists.list_option
def main(
    data: str,
    out: Path,
    only: Optional[str],
    samples: Optional[float],
    estimator: Optional[str],
    path: Path,
) -> None:
    """Train the runs of examples/claims/runs.yaml on DATA, into folders of OUT."""
    listed = [run for run in lists.read(path, samples) if only in (None, run.group)]
    train(data, out, listed, [RunFolder.at(estimator)] if estimator else [])


if __name__ == "__main__":
    main()
