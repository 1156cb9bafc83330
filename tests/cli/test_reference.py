import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from crucible.cli import COMMANDS, main, reference, runs
from crucible.config import SETTINGS
from crucible.models.values import Mode, Status
from crucible.schemas.queries import SORTS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", reference.PAGES)
def test_page_is_fresh(name):
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == reference.PAGES[name](), "run `python -m crucible.cli.reference`"


def test_every_setting_is_documented():
    page = reference.settings_page()
    assert all(f"`{setting.variable}`" in page for setting in SETTINGS)


def commands(command=main, path="crucible"):
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), f"{path} {name}")


@pytest.mark.parametrize(("path", "command"), list(commands()))
def test_every_command_has_help(path, command):
    result = CliRunner().invoke(main, [*path.split()[1:], "--help"])
    assert result.exit_code == 0
    assert command.help


@pytest.mark.parametrize(("path", "command"), list(commands()))
def test_every_command_has_an_example(path, command):
    said = f"{command.help}\n{command.epilog}"
    assert re.search(rf"{path}\b", said), f"no example of `{path}`"


def test_choices_are_those_of_the_models_and_the_api():
    assert runs.STATUSES == tuple(Status)
    assert runs.MODES == tuple(Mode)
    assert {sort.lstrip("-") for sort in runs.SORTS} == set(SORTS)
    assert len(runs.SORTS) == 2 * len(SORTS)


def test_lazy_help_lines_fit_one_line():
    assert all(len(short) <= 60 for _, short in COMMANDS.values())
