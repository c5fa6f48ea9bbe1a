"""`wavernn-tf voices`."""

from __future__ import annotations

import dataclasses
from typing import Optional

import click

from wavernn_tf.cli import options, show
from wavernn_tf.voice import shipped


@click.command()
@click.argument("name", required=False)
@options.json_option
def voices(name: Optional[str], as_json: bool) -> None:
    """List the voices that come with the package, or tell all about NAME.

    Wherever a command takes a .tflite voice it takes the name of a shipped one too; `synthesize`
    without a voice takes the first below.

    \b
    Examples:
      wavernn-tf voices
      wavernn-tf voices en_ru
      wavernn-tf synthesize recording.wav out.wav
    """  # noqa: D301 (\b is for click)
    found = [shipped.card(name)] if name else shipped.cards()
    if as_json:
        show.as_json([{**dataclasses.asdict(card), "path": str(card.path)} for card in found])
        return
    if not name:
        rows = [
            [
                card.name,
                ", ".join(card.languages),
                f"{card.sample_rate} Hz",
                show.size(card.path.stat().st_size),
                card.licence,
            ]
            for card in sorted(found, key=lambda card: card.name != shipped.DEFAULT)
        ]
        show.table(["voice", "languages", "rate", "file", "licence"], rows)
        return
    (card,) = found
    click.echo(f"{card.name}: {', '.join(card.languages)}, {card.sample_rate} Hz, {card.path}")
    for speaker in card.speakers:
        click.echo(f"  speaker: {speaker}")
    click.echo(f"  trained on {card.samples_seen / 1e6:,.0f} million samples")
    click.echo(f"  licence: {card.licence}")
    for source in card.sources:
        click.echo(
            f"  from {source['name']} ({source['from']}; {source['licence']}): "
            f"{source['attribution']}"
        )
    for key, value in card.measured.items():
        click.echo(f"  {key.replace('_', ' ')}: {value}")
    for command in card.made_by:
        click.echo(f"  made by: {command}")
    click.echo(f"  limits: {card.limits}")
