"""`make sign-off`: five runs from an empty home, seen on every surface, written to
docs/sign-off.md. Takes about four minutes; exits with 1 if any surface disagreed with another.

`--without-embedded` lets the stand-in serve the first run as well, and writes to a folder of its
own unless `--into` says where. `--quick` is for the test: small pauses, no terminal.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.machine import described
from tests.signoff import page
from tests.signoff.agreement import Agreement
from tests.signoff.endpoint import Endpoint
from tests.signoff.house import COLUMNS, House
from tests.signoff.screen import watching
from tests.signoff.stories import Stage, cancelled, failing, good, killed, resumed
from tests.signoff.trouble import trouble

DOCS = Path(__file__).resolve().parents[2] / "docs"
QUICK = 0.1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.signoff")
    parser.add_argument("--without-embedded", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--into", type=Path)
    return parser.parse_args()


def sign_off(home: Path, into: Path, *, embedded: bool, quick: bool) -> Agreement:
    """Does it all, and writes the page and its pictures."""
    agreed, machine = Agreement(), described()
    endpoint = Endpoint(seed=4, pace=QUICK if quick else 1.0)
    try:
        with watching(into / "images") as screen:
            stage = Stage(House(home, quick), endpoint, screen, agreed)
            try:
                first = good(stage, embedded)
                second, steps = failing(stage)
                stories = [first, second, cancelled(stage), resumed(stage), killed(stage)]
                told = trouble(stage)
            finally:
                stage.close()
    finally:
        endpoint.let_go()
        endpoint.close()
    text = page.write(
        machine=machine,
        embedded=embedded,
        columns=COLUMNS,
        stories=stories,
        steps=steps,
        trouble=told,
        agreed=agreed,
    )
    (into / "sign-off.md").write_text(text, encoding="utf-8")
    return agreed


def main() -> int:
    asked = arguments()
    into = asked.into or (Path(tempfile.mkdtemp()) if asked.without_embedded else DOCS)
    with tempfile.TemporaryDirectory(prefix="sign-off-") as folder:
        home, made = Path(folder, "home"), Path(folder, "made")
        home.mkdir()
        agreed = sign_off(home, made, embedded=not asked.without_embedded, quick=asked.quick)
        for each in agreed.wrong:
            sys.stdout.write(f"{each}\n")
        sys.stdout.write(f"{agreed.compared} comparisons, {len(agreed.wrong)} differences\n")
        if agreed.wrong:
            return 1
        shutil.copytree(made, into, dirs_exist_ok=True)
    sys.stdout.write(f"wrote {into / 'sign-off.md'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
