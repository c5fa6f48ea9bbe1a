"""Train the runs of the list, one after another.

    python -m examples.claims.train DATA RUNS [--only GROUP]

A finished run is skipped, and one that was killed goes on: interrupt it as you like. Every run is
`wavernn-tf train DATA RUNS/<name>` with the configuration of the list. The pitch estimator, which
depends on the data and the seed alone, is trained by the first run that needs it; the others take
it over.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Optional, Sequence

import click
import yaml

from examples.claims import runs as lists
from examples.claims.runs import Run
from wavernn_tf import config as configuration
from wavernn_tf import files
from wavernn_tf.models.run_folder import RunFolder


def begin(run: Run, folder: RunFolder, others: Sequence[RunFolder]) -> None:
    """Write the configuration of a run that has not begun, with the pitch estimator of another.

    Args:
      run: of the list.
      folder: of the run.
      others: folders of the list's runs on the same data.
    """
    from wavernn_tf.training import pitch_stage

    if folder.pitch.exists() or run.config.signal.pitch != "estimated":
        return
    for other in others:
        if other.pitch.is_file() and other.config().training.seed == run.config.training.seed:
            folder.begin(run.config, other.data())
            pitch_stage.adopt(other, folder, run.config)
            return


def command(data: str, run: Run, folder: RunFolder, config: Path) -> Sequence[str]:
    """The command that trains a run, or goes on with it."""
    return [
        *(sys.executable, "-m", "wavernn_tf.cli", "train", data, str(folder.path)),
        *("--config", str(config), "--no-audio", "--quiet"),
    ]


def train(data: str, out: Path, only: Optional[str] = None) -> None:
    """Train what is left of the list.

    Args:
      data: folder made by `wavernn-tf prepare`.
      out: folder of the runs.
      only: a group.

    Raises:
      subprocess.CalledProcessError: if a run fails.
    """
    listed = lists.read()
    folders = {run.name: RunFolder.at(out / run.name) for run in listed}
    for run in listed:
        folder = folders[run.name]
        if only not in (None, run.group) or folder.voice.is_file():
            continue
        print(f"{run.name}: {run.samples / 1e6:.0f} million samples", flush=True)
        begin(run, folder, list(folders.values()))
        config = out / f"{run.name}.yaml"
        text = yaml.safe_dump(configuration.to_dict(run.config), sort_keys=False)
        files.write_text(config, text)
        subprocess.run(command(data, run, folder, config), check=True)


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--only", metavar="GROUP", help="Train this group alone.")
def main(data: str, out: Path, only: Optional[str]) -> None:
    """Train the runs of examples/claims/runs.yaml on DATA, into folders of OUT."""
    train(data, out, only)


if __name__ == "__main__":
    main()
