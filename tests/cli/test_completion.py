"""What a shell completes, and what it costs it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.test_reading import HEAVY

from crucible.cli import COMMANDS
from crucible.cli.runs import MODES, STATUSES

from .process import environment, inside

PROGRAM = Path(sys.executable).with_name("crucible")
ASK = """
eval "$(crucible completion bash)"
COMP_WORDS=({words})
COMP_CWORD={at}
_crucible_completion crucible
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def env(tmp_path):
    """A database that is not there: completing must not need one."""
    url = f"sqlite:///{tmp_path}/nothing.sqlite3"
    found = environment(CRUCIBLE_DATABASE_URL=url)
    return {**found, "PATH": f"{PROGRAM.parent}:{found['PATH']}"}


def completed(*words, env):
    """What bash offers for the last of these words."""
    quoted = " ".join(f"'{word}'" for word in ("crucible", *words))
    script = ASK.format(words=quoted, at=len(words))
    ran = subprocess.run(
        ["bash", "--norc", "-c", script], env=env, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0 and ran.stderr == "", ran.stderr
    return ran.stdout.split()


def test_bash_completes_commands_options_and_values(env):
    assert set(completed("", env=env)) == set(COMMANDS)
    assert completed("ru", env=env) == ["runs"]
    assert {"list", "show", "purge", "health"} < set(completed("runs", "", env=env))
    assert completed("runs", "sh", env=env) == ["show"]
    assert completed("runs", "--stat", env=env) == ["--status"]
    assert completed("runs", "--status", "", env=env) == list(STATUSES)
    assert completed("runs", "list", "--mode", "", env=env) == list(MODES)
    assert completed("completion", "f", env=env) == ["fish"]


@pytest.mark.parametrize("words", ["crucible ", "crucible runs ", "crucible runs --status "])
def test_completing_loads_click_and_little_else(env, words):
    """A shell waits for it at every press of Tab."""
    code = (
        "import sys\n"
        "from crucible.cli import main\n"
        "try:\n    main(prog_name='crucible')\n"
        "except SystemExit:\n    print(*sys.modules, file=sys.stderr)"
    )
    asked = {
        "_CRUCIBLE_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    ran = subprocess.run(
        [sys.executable, "-c", code], env={**env, **asked}, capture_output=True, text=True
    )
    assert "plain," in ran.stdout
    loaded = {module.partition(".")[0] for module in ran.stderr.splitlines()[-1].split()}
    assert not loaded & (HEAVY | {"sqlalchemy", "tabulate"})


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_asks_this_program(env, shell):
    result = inside("completion", shell, env=env)
    assert result.returncode == 0
    assert f"_CRUCIBLE_COMPLETE={shell}_complete" in result.stdout
    if found := shutil.which(shell):
        option = "--no-execute" if shell == "fish" else "-n"
        checked = subprocess.run([found, option], input=result.stdout, text=True)
        assert checked.returncode == 0


def test_unknown_shell_is_named(env):
    result = inside("completion", "tcsh", env=env)
    assert (result.returncode, result.stdout) == (2, "")
    assert "'bash', 'zsh', 'fish'" in result.stderr


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["runz"], "'runs'"),
        (["runs", "shwo"], "'show'"),
        (["projects", "lst"], "'list'"),
        (["db", "upgrad"], "'upgrade'"),
        (["model", "fech"], "'fetch'"),
        (["runs", "show", "--formt", "json", "1"], "'--format'"),
        (["runs", "--stauts", "failed"], "'--status'"),
    ],
)
def test_mistyped_word_brings_the_one_that_was_meant(env, words, meant):
    result = inside(*words, env=env)
    assert (result.returncode, result.stdout) == (2, "")
    assert meant in result.stderr
