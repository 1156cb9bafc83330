"""The command that adds an extra to this very installation.

The package is on no index, and beside pipx or uv's tools a plain `pip` is another environment's.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from shlex import quote

from crucible.config import APP_NAME


def adding(extra: str) -> str:
    """For a person to copy; what it installs is what this version's extra asks for."""
    packages = _packages(extra)
    if not packages:
        return f"install it again with the extra `{extra}` (docs/install.md)"
    wanted = " ".join(f"'{package}'" for package in packages)
    home = Path(sys.prefix)
    if home.parent.name == "venvs" and "pipx" in home.parts:
        return f"pipx inject {home.name} {wanted}"
    if (home.parent.name == "tools" and "uv" in home.parts) or find_spec("pip") is None:
        return f"uv pip install --python {quote(sys.executable)} {wanted}"
    return f"{quote(sys.executable)} -m pip install {wanted}"


def _packages(extra: str) -> list[str]:
    """With the versions that fit; empty where the package's own description is not there."""
    from importlib import metadata  # noqa: PLC0415 - 20 ms, for a hint only

    try:
        lines = metadata.requires(APP_NAME) or []
    except metadata.PackageNotFoundError:
        return []
    parts = (line.partition(";") for line in lines)
    ours = (f"extra == '{extra}'", f'extra == "{extra}"')
    return [wanted.strip() for wanted, _, when in parts if any(each in when for each in ours)]
