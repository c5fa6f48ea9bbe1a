"""Subscale WaveRNN against the plain one: the same data, state size and number of samples seen.

    wavernn-tf prepare --corpus msu_ru_nsh data/ --preset wavernn-512-16k
    python examples/subscale_against_plain.py data/ out/ [--steps 600]

Trains the plain WaveRNN, Subscale with B = 8 and 16, and B = 16 whose network over the earlier
sub-tensors sees twice as far, or nothing (the ablation), then scores held-out speech. A batch is
always 128 sequences of 480 samples: 128 windows of the plain WaveRNN, 8 windows of Subscale 16.
Interrupt it as you like: the same command goes on where it stopped, and a finished run is only
scored.
"""

from pathlib import Path
from typing import Any, Dict, List, Tuple

import click

from wavernn_tf import config as configuration
from wavernn_tf.config import Config
from wavernn_tf.evaluation import bits, held_out
from wavernn_tf.export.benchmark import machine
from wavernn_tf.models.keras_voice import KerasVoice
from wavernn_tf.models.run_folder import RunFolder
from wavernn_tf.training import trainer

RUNS: Dict[str, Dict[str, Any]] = {
    "plain": {},
    "subscale 8": {"model.subscale.batch": 8},
    "subscale 16": {"model.subscale.batch": 16},
    "subscale 16, four layers": {
        "model.subscale.batch": 16,
        "model.subscale.dilations": [1, 2, 4, 8],
        "model.subscale.horizon": 64,
    },
    "subscale 16, blind": {"model.subscale.batch": 16, "model.subscale.input_gain": 0.0},
}
SEQUENCES, LENGTH = 128, 480


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False))
@click.argument("out", type=click.Path(file_okay=False))
@click.option("--steps", default=600, show_default=True, type=click.IntRange(6))
@click.option("--state", default=256, show_default=True, help="Units of the GRU.")
@click.option("--seconds", default=120.0, show_default=True, help="Held-out speech to score.")
@click.option("--only", multiple=True, type=click.Choice(list(RUNS)), help="These alone.")
def main(
    data: str, out: str, steps: int, state: int, seconds: float, only: Tuple[str, ...]
) -> None:
    """Train on the prepared folder DATA into OUT; print the table and write OUT/bits.json."""
    clips = held_out.read(data, seconds=seconds)
    rows: List[Dict[str, Any]] = []
    for name, changes in RUNS.items():
        if only and name not in only:
            continue
        folder = Path(out) / name.replace(", ", "_").replace(" ", "_")
        if not RunFolder.at(folder).voice.is_file():
            trainer.train(data, folder, settings(steps, state, changes), audio=False)
        rows.append({"name": name, **score(KerasVoice(folder), clips)})
        click.echo(line(rows[-1]))
    machine.write(Path(out) / "bits.json", {"rows": rows})
    click.echo("| | bits | coarse | fine | by sub-tensor, first to last |")
    click.echo("|" + "---|" * 5)
    click.echo("\n".join(map(line, rows)))


def settings(steps: int, state: int, changes: Dict[str, Any]) -> Config:
    """A small voice at 16 kHz, pruned to 90 %."""
    batch = changes.get("model.subscale.batch", 1)
    return configuration.override(
        configuration.load("wavernn-512-16k"),
        {
            "model.state_size": state,
            "model.projection_size": state // 2,
            "pruning.gate_sparsity": [0.9] * 3,
            "pruning.head_sparsity": [0.8] * 4,
            "pruning.subscale_sparsity": [0.5, 0.9],
            "pruning.begin_step": steps // 6,
            "pruning.end_step": 2 * steps // 3,
            "pruning.frequency": max(1, steps // 60),
            "training.steps": steps,
            "training.batch_size": SEQUENCES // batch,
            "training.window": LENGTH * batch,
            "training.carry_state": False,  # windows of whole positions, not of whole frames
            "training.eval_every": max(1, steps // 12),
            "training.eval_windows": 256 // batch,
            "training.precision": "mixed_bfloat16",
            "training.learning_rate": 3e-3,
            "training.final_learning_rate": 2e-4,
            "training.warmup_steps": steps // 12,
            **changes,
        },
    )


def score(voice: KerasVoice, clips: List[held_out.Clip]) -> Dict[str, Any]:
    """Bits per sample on held-out speech, of all samples and by sub-tensor."""
    batch = voice.config.model.subscale.batch
    scores = [voice.score(clip.mel, clip.audio) for clip in clips]
    whole = bits.from_scores(scores)
    parts = [bits.from_scores(score[s::batch] for score in scores) for s in range(batch)]
    return {
        **{"total": whole.total, "coarse": whole.coarse, "fine": whole.fine},
        "by_sub_tensor": [part.total for part in parts] if batch > 1 else [],
    }


def line(row: Dict[str, Any]) -> str:
    """A line of the table."""
    cells = [row["name"], *(f"{row[part]:.3f}" for part in ("total", "coarse", "fine"))]
    cells.append(" ".join(f"{part:.2f}" for part in row["by_sub_tensor"]))
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
