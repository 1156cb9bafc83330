"""A wheel needs the page; a checkout does not."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest


def hook(root: Path) -> Any:
    spec = importlib.util.spec_from_file_location(
        "hatch_build", Path(__file__).parents[1] / "hatch_build.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.NeedsPage(str(root), {}, None, None, str(root), "wheel")


def test_no_wheel_is_built_without_the_page(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="run `make page` first"):
        hook(tmp_path).initialize("standard", {})
    hook(tmp_path).initialize("editable", {})
    page = tmp_path / "backend/crucible/_web/index.html"
    page.parent.mkdir(parents=True)
    page.touch()
    hook(tmp_path).initialize("standard", {})
