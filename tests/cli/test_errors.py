import click
import pytest
from click.testing import CliRunner

from crucible import errors
from crucible.cli import main
from crucible.cli.errors import ErrorGroup

KEY = "sk-test-0123456789abcdef"


def group(failure):
    @click.group(cls=ErrorGroup)
    @click.option("--debug", is_flag=True)
    @click.pass_context
    def cli(ctx, debug):
        ctx.obj = {"debug": debug}

    @cli.command()
    def fail():
        raise failure

    return cli


def run(failure, *args, monkeypatch=None):
    return CliRunner().invoke(group(failure), [*args, "fail"])


def all_errors(kind=errors.CrucibleError):
    yield kind
    for child in kind.__subclasses__():
        yield from all_errors(child)


@pytest.mark.parametrize("kind", list(all_errors()))
def test_every_error_is_one_line_and_its_own_exit_code(kind):
    result = run(kind("what went wrong", hint="what to do"))
    assert result.exit_code == kind.exit_code
    assert result.stdout == ""
    assert result.stderr == "Error: what went wrong\nHint: what to do\n"


def test_exit_codes_are_those_of_the_documentation():
    codes = {kind.__name__: kind.exit_code for kind in all_errors()}
    assert codes == {
        "CrucibleError": 1,
        "ConfigError": 2,
        "Invalid": 2,
        "Precondition": 1,
        "NotFound": 3,
        "Conflict": 1,
        "Ambiguous": 2,
        "NoTokenNeeded": 1,
        "Unauthorized": 1,
        "TooManyTries": 1,
        "Unavailable": 6,
    }


def test_fields_at_fault_are_all_named():
    failure = errors.Invalid(
        "title: takes text (and 1 more)",
        {"title": ["takes text"], "constraints[2].weight": ["takes a whole number"]},
    )
    said = run(failure).stderr
    assert "title: takes text" in said
    assert "constraints[2].weight: takes a whole number" in said


def test_unexpected_error_is_one_line_without_traceback_or_secret(monkeypatch):
    monkeypatch.setenv("CRUCIBLE_LLM_API_KEY", KEY)
    result = run(RuntimeError(f"boom with {KEY}\nand more"))
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: unexpected RuntimeError: boom with [removed] and more")
    assert "Traceback" not in result.output


def test_debug_shows_the_traceback_without_secrets(monkeypatch):
    monkeypatch.setenv("CRUCIBLE_LLM_API_KEY", KEY)
    result = run(RuntimeError(f"boom with {KEY}"), "--debug")
    assert "Traceback" in result.stderr
    assert KEY not in result.output


def test_secrets_are_scrubbed_from_known_errors_too(monkeypatch):
    monkeypatch.setenv("CRUCIBLE_LLM_API_KEY", KEY)
    assert KEY not in run(errors.Conflict(f"not with {KEY}", hint=f"nor {KEY}")).output


def test_file_errors_name_the_file():
    result = run(PermissionError(13, "Permission denied", "/root/x"))
    assert (result.exit_code, result.stderr) == (1, "Error: /root/x: Permission denied\n")


def test_interrupt_is_quiet():
    result = run(KeyboardInterrupt())
    assert (result.exit_code, result.stderr) == (130, "\nStopped.\n")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["rnus"], "Did you mean 'runs'?"),
        (["runs", "shw"], "Did you mean 'show'?"),
        (["runs", "--statsu", "failed"], "--status"),
        (["runs", "--status", "done"], "'failed'"),
        (["runs", "--limit", "0"], "1<=x<=200"),
        (["runs", "--sort", "size"], "duration_seconds"),
        (["runs", "show"], "Missing argument"),
        (["runs", "--limit", "5", "show"], "unexpected extra argument"),
        (["runs", "verify", "--project-id", "x"], "goes with a RUN"),
        (["serve", "--port", "99999"], "65535"),
        (["projects", "create", "--constraint", "heavy"], "NAME:WEIGHT"),
    ],
)
def test_wrong_usage_says_what_is_right(args, said):
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
