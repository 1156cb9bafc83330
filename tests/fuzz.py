"""`make fuzz`: the API against its document, and every property test; writes its part of
docs/reliability.md.

Exits with 1 if anything did not hold.
"""

import os
import re
import sys
import time
from pathlib import Path

os.environ.setdefault("FUZZ_CASES", "100")  # before the tests are loaded, which read it

from tests.benchmarks.report import table
from tests.outcomes import Outcomes, in_words, run
from tests.reliability import put, setting

DOCUMENT = "tests/api/test_schemathesis.py"
WORDS = {
    "tests/api/test_fuzz.py": "whatever a client sends, no answer is a fault of ours",
    "tests/services/test_health_any.py": "any history is judged, and foretells",
    "tests/services/test_compare_any.py": "any two runs: parts add up to the change, exactly",
    "tests/services/test_cost_causes.py": "the causes of any change of cost add up",
    "tests/services/test_estimating.py": "more to do is never foretold to take less",
    "tests/services/test_history_any.py": "any summary comes back from an import as it was",
    "tests/services/test_history_broken.py": "any value in a line is taken, or refused by name",
    "tests/recorder/test_history.py": "totals are sums in whatever order calls settle",
    "tests/pipeline/test_ranking.py": "every candidate is ranked once and in order",
    "tests/llm/test_usage_and_prices.py": "no report of usage, however odd, is fatal",
    "tests/cli/test_emit.py": "any JSON is the same value, and nothing a terminal obeys",
    "tests/cli/test_text.py": "any text stays on its line, fits, and loses nothing",
}
"""What each file of property tests is about; others are named by their path."""
BODY = """
`make fuzz` gives every operation of [openapi.json](openapi.json) {cases} generated requests that
fit its schema and {cases} that do not, and holds status, headers, content type and body of each
answer against the document (schemathesis); then it runs every property test, which hypothesis
gives cases of its own. An operation that takes nothing that could be wrong has no second half.
"""


def properties() -> list[str]:
    """The files with property tests."""
    found = (path for path in Path("tests").rglob("test_*.py") if "@given(" in path.read_text())
    return sorted(str(path) for path in found if str(path) != DOCUMENT)


def markdown(outcomes: Outcomes, seconds: float) -> str:
    tried = sum(n["valid"] for n in outcomes.cases.values())
    operations = {_operation(name) for name in outcomes.of if name.startswith(DOCUMENT)}
    rows = [
        [f"{len(operations)} operations against the document", *_counts(outcomes, DOCUMENT)],
        *([what, *_counts(outcomes, path)] for path, what in _named(outcomes)),
    ]
    failed = "\n".join(f"- {in_words(name)}" for name in outcomes.failed)
    parts = [
        "## Generated cases",
        setting("sqlite").replace("SQLite", "SQLite and, where it matters, PostgreSQL"),
        BODY.strip().format(cases=os.environ["FUZZ_CASES"]),
        table(["", "tests", "cases", "failed"], rows),
        f"**What did not hold:**\n\n{failed}" if failed else "",
        f"{tried:,} cases in {seconds / 60:.1f} min.",
    ]
    return "\n\n".join(part for part in parts if part)


def _named(outcomes: Outcomes) -> list[tuple[str, str]]:
    paths = sorted({name.partition("::")[0] for name in outcomes.cases} - {DOCUMENT})
    return [(path, WORDS.get(path, f"`{path}`")) for path in paths]


def _operation(nodeid: str) -> str:
    """Its method and path, whatever the engine."""
    found = re.search(r"(?:get|post|put|delete|patch)-/.*?(?=-positive|-negative)", nodeid)
    return found[0] if found else nodeid


def _counts(outcomes: Outcomes, path: str) -> list[str]:
    failed = sum(name.startswith(path) for name in outcomes.failed)
    return [f"{outcomes.tests_of(path):,}", f"{outcomes.cases_of(path):,}", f"{failed:,}"]


def main() -> int:
    began = time.monotonic()
    code, outcomes = run(DOCUMENT, *properties())
    if code not in (0, 1):
        return code
    text = markdown(outcomes, time.monotonic() - began)
    sys.stdout.write(f"\n{text}\n")
    put("d", text)
    return code


if __name__ == "__main__":
    sys.exit(main())
