"""`python -m tests.security` starts a server, asks for each kind of answer, and prints what the
headers were; `--write` puts the table into docs/security.md. Exit code 1 if anything is wrong."""

import re
import sys
import tempfile
from pathlib import Path

from tests.security.real import serving
from tests.security.scan import table

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
PLACE = re.compile(r"(<!-- scan -->\n).*?(<!-- end of scan -->)", re.DOTALL)


def main(write: bool) -> int:
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        found, wrong = table(server)
    if write:
        PAGE.write_text(PLACE.sub(lambda m: f"{m[1]}{found}\n{m[2]}", PAGE.read_text()))
    sys.stdout.write(found + "\n")
    sys.stderr.writelines(f"{each}\n" for each in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
