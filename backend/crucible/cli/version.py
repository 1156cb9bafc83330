"""`crucible version`."""

import click

from crucible import __version__
from crucible.cli import emit
from crucible.cli.options import examples, format_option


@click.command(epilog=examples("crucible version"))
@format_option()
def version(form: str) -> None:
    """Print the version."""
    if form == "json":
        emit.value({"version": __version__})
    else:
        emit.text(f"crucible {__version__}")
