"""`crucible completion`: what makes a shell complete commands, options and their values."""

import click

from crucible.cli import emit
from crucible.cli.options import examples

VARIABLE = "_CRUCIBLE_COMPLETE"
"""The one that click looks for when the program `crucible` is asked to complete."""

SHELLS = ("bash", "zsh", "fish")


@click.command(
    short_help="Print the script that completes commands in a shell.",
    epilog=examples(
        'eval "$(crucible completion bash)"                        # now, in this shell',
        "crucible completion bash > ~/.crucible-completion.bash",
        "echo '. ~/.crucible-completion.bash' >> ~/.bashrc",
        "crucible completion zsh > ~/.crucible-completion.zsh",
        "echo '. ~/.crucible-completion.zsh' >> ~/.zshrc           # after compinit",
        "crucible completion fish > ~/.config/fish/completions/crucible.fish",
    ),
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print a script for bash (4.4 or later), zsh or fish.

    Kept in a file that the shell reads at its start, it completes commands, options and the
    values of options such as --status and --format.
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - for this only

    maker = get_completion_class(shell)
    assert maker is not None
    root = click.get_current_context().find_root().command
    # The template alone: `source()` of bash would start one to ask for its version.
    script = maker(root, {}, "crucible", VARIABLE)
    emit.text((script.source_template % script.source_vars()).rstrip())
