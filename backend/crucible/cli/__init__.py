"""The `crucible` command.

Importing this loads click and nothing else of weight: a command's module is imported when the
command is asked for, and what the command needs when it runs.
"""

from typing import Any

import click

from crucible import __version__
from crucible.cli.errors import ErrorGroup

COMMANDS = {
    "serve": ("crucible.cli.serve:serve", "Serve the page and the API, and run what is started."),
    "projects": ("crucible.cli.projects:projects", "List, show and create projects."),
    "runs": ("crucible.cli.runs:runs", "List, show, verify, cancel, resume and move runs."),
    "test-run": ("crucible.cli.test_run:test_run", "Run the pipeline here and watch it work."),
    "model": (
        "crucible.cli.model:model",
        "The embedded model: fetch, status, remove.",
    ),
    "welcome": ("crucible.cli.welcome:welcome", "Prepare an empty database for a first visit."),
    "db": ("crucible.cli.db:db", "Upgrade and check the database; make up sample history."),
    "version": ("crucible.cli.version:version", "Print the version."),
}
"""Where each command lives and its one line of help, so that `crucible --help` imports none."""


class LazyGroup(ErrorGroup):
    def __init__(self, *args: Any, lazy: dict[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy:
            return None
        import importlib  # noqa: PLC0415 - only with a command to load

        module, _, name = self.lazy[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.lazy and not args[0].startswith("-"):
            raise click.exceptions.NoSuchCommand(args[0], possibilities=self.lazy, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, short) in self.lazy.items()])


@click.command(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings are environment variables: see docs/configuration.md.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.version_option(__version__, prog_name="crucible", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context, debug: bool) -> None:
    """Search for good designs with language models, and know what every run did.

    \b
    crucible serve                     the page, on http://127.0.0.1:8765
    crucible test-run                  one run, here, with a sample problem
    crucible runs                      the latest runs: status, duration, cost, reason
    crucible runs show 42              one run in full

    The answer goes to stdout, everything else to stderr. Exit codes: 0 done, 1 failed for a
    reason it prints, 2 usage, 3 not found, 4 the run failed, 5 cancelled, 6 no database.
    """
    ctx.obj = {"debug": debug}
