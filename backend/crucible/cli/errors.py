"""What went wrong, said once: one line on stderr, a hint where there is one, and an exit code."""

import sys
import traceback
from typing import IO, Any

import click

from crucible import config
from crucible.errors import CrucibleError, Invalid, NotFound
from crucible.scrub import Scrubber

INTERRUPTED = 130
"""128 + SIGINT, as a shell reports it."""


_MISSHAPEN = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError)
"""What showing an answer raises when it has not the shape that it should have."""


class Failure(click.ClickException):
    """An error as click shows it: `Error: ...` and perhaps `Hint: ...`."""

    def __init__(self, message: str, *, hint: str | None = None, exit_code: int = 1) -> None:
        super().__init__(message)
        self.hint = hint
        self.exit_code = exit_code  # type: ignore[misc]  # click reads the instance

    def show(self, file: IO[Any] | None = None) -> None:
        stream = file or sys.stderr
        word = click.style("Error:", fg="red")
        click.echo(f"{word} {_harmless(self.message)}", file=stream, color=_colour())
        if self.hint:
            click.echo(f"Hint: {_harmless(self.hint)}", file=stream)


class Stopped(click.ClickException):
    exit_code = INTERRUPTED

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo("Stopped.", file=file or sys.stderr)


class ErrorGroup(click.Group):
    """The edge: whatever a command raises leaves here as an exit code and a sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CrucibleError as error:
            raise known(error) from error
        except click.ClickException as error:
            error.message = _harmless(error.message)  # type: ignore[misc]  # it shows this one
            raise
        except click.exceptions.Exit:
            raise
        except (KeyboardInterrupt, click.Abort):
            click.echo(file=sys.stderr)  # ends the terminal's ^C
            raise Stopped("stopped") from None
        except Exception as error:  # noqa: BLE001 - the outermost edge, which says it in words
            obj = ctx.obj or {}
            raise unexpected(error, debug=bool(obj.get("debug")), asked=obj.get("asked")) from error


def known(error: CrucibleError) -> Failure:
    scrub = scrubber()
    return Failure(
        scrub(_message(error)),
        hint=scrub(error.hint) if error.hint else _where_else(error),
        exit_code=error.exit_code,
    )


def _where_else(error: CrucibleError) -> str | None:
    """Said here: the page and an agent find their runs by other means than this command."""
    if isinstance(error, NotFound) and error.message.startswith("there is no run "):
        return "`crucible runs` lists them."
    return None


def _message(error: CrucibleError) -> str:
    """The message, and the fields at fault where it does not name them itself."""
    if not isinstance(error, Invalid):
        return error.message
    fields = [f"{name}: {' '.join(said)}" for name, said in error.errors.items()]
    unsaid = [field for field in fields if field not in error.message]
    return "; ".join([error.message.rstrip("."), *unsaid]) if unsaid else error.message


def unexpected(error: Exception, *, debug: bool, asked: str | None = None) -> Failure:
    scrub = scrubber()
    if debug:
        click.echo(scrub("".join(traceback.format_exception(error)).rstrip()), err=True)
    if isinstance(error, OSError):
        return Failure(scrub.line(_system_message(error), 500))
    if _is_database_error(error):
        return Failure(
            scrub.line(f"the database cannot be used: {getattr(error, 'orig', error)}", 500),
            exit_code=6,
        )
    if asked and isinstance(error, _MISSHAPEN):
        return Failure(
            f"{asked} gives an answer that cannot be shown: it is of another version, or no "
            "Int Crucible server",
            hint="`--format json` prints it as it is; `crucible --debug ...` shows where it fails.",
            exit_code=6,
        )
    return Failure(
        scrub.line(f"unexpected {type(error).__name__}: {error}", 500),
        hint=None if debug else "`crucible --debug ...` shows where it happened; please report it.",
    )


def _system_message(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason


def _is_database_error(error: Exception) -> bool:
    # Without importing SQLAlchemy: if it was not loaded, the error is not one of its own.
    module = sys.modules.get("sqlalchemy.exc")
    return module is not None and isinstance(error, module.DatabaseError)


def scrubber() -> Scrubber:
    try:
        return Scrubber(config.load().secrets())
    except CrucibleError:
        return Scrubber()


def _harmless(text: str) -> str:
    """What is wrong may be quoted in the words of somebody else."""
    from crucible.cli.text import harmless  # noqa: PLC0415 - only when something went wrong

    return harmless(click.unstyle(text))


def _colour() -> bool | None:
    from crucible.cli.text import Screen  # noqa: PLC0415 - only when something went wrong

    return Screen.of(sys.stderr).colour
