"""The `crucible` command.

Importing this loads click and nothing else of weight: a command's module is imported when the
command is asked for, and what the command needs when it runs.
"""

from typing import Any

import click

from crucible import __version__
from crucible.cli.errors import ErrorGroup
from crucible.cli.options import refuse_url, url_option

COMMANDS = {
    "serve": ("crucible.cli.serve:serve", "Serve the page and the API, and run what is started."),
    "worker": ("crucible.cli.worker:worker", "Run what is started, in a process without a page."),
    "projects": ("crucible.cli.projects:projects", "List, show and create projects."),
    "runs": ("crucible.cli.runs:runs", "List, show, watch and judge runs; stop, resume, purge."),
    "test-run": ("crucible.cli.test_run:test_run", "Run the pipeline here and watch it work."),
    "estimate": ("crucible.cli.estimate:estimate", "Say what a run would cost and take."),
    "model": (
        "crucible.cli.model:model",
        "The embedded model: fetch, status, remove.",
    ),
    "welcome": ("crucible.cli.welcome:welcome", "Prepare an empty database for a first visit."),
    "doctor": ("crucible.cli.doctor:doctor", "Check the installation, and say what to do."),
    "db": ("crucible.cli.db:db", "Upgrade, check and copy the database; sample history."),
    "mcp": ("crucible.cli.mcp:mcp", "Serve tools for agents, over stdin and stdout."),
    "completion": ("crucible.cli.completion:completion", "Complete commands in bash, zsh or fish."),
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
        name, command, rest = super().resolve_command(ctx, args)
        refuse_url(ctx, name, command, rest)
        return name, command, rest

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - for a shell only

        found = [
            CompletionItem(name, help=short)
            for name, (_, short) in self.lazy.items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

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
@url_option
@click.version_option(__version__, prog_name="crucible", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context, debug: bool) -> None:
    """Search for good designs with language models, and know what every run did.

    \b
    crucible serve                     the page, on http://127.0.0.1:8765
    crucible test-run                  one run, here, with a sample problem
    crucible runs                      the latest runs: status, duration, cost, reason
    crucible runs show 42              one run in full
    crucible runs --url HOST:8765      the same, asked of a server

    The answer goes to stdout, everything else to stderr. Exit codes: 0 done, 1 failed for a
    reason it prints, 2 usage, 3 not found, 4 the run failed, 5 cancelled, 6 no server
    or database, 7 the verdict is failing.
    """
    ctx.obj = {**(ctx.obj or {}), "debug": debug}
