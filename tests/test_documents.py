"""Links of the documents: to files that go along with them, and headings that are there."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[1]
# Inline links and pictures, and what a reference such as `[1]: page.md` names.
LINK = re.compile(r"\]\(<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\)|^ {0,3}\[[^\]]+\]:\s+<?([^>\s]+)", re.M)
TAG = re.compile(r"<(?:a|img|source)\s[^>]*?(?:href|src|srcset)=\"([^\"\s]+)\"")
ELSEWHERE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//")


def tracked() -> frozenset[str]:
    """The files that git keeps, by their paths from the root; empty where there is no git."""
    if not (shutil.which("git") and (ROOT / ".git").exists()):
        return frozenset()
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return frozenset(filter(None, listed.split("\0")))


TRACKED = tracked()
DOCUMENTS = sorted(name for name in TRACKED if name.endswith(".md"))


def prose(text: str) -> str:
    """Without code, whose brackets are no links."""
    text = re.sub(r"^( *)(```+|~~~+).*?^\1\2[`~]*$", "", text, flags=re.M | re.S)
    return re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "code", text)


def links(text: str) -> list[str]:
    """What its links name within the repository."""
    text = prose(text)
    found = [first or second for first, second in LINK.findall(text)] + TAG.findall(text)
    return [link for link in found if not ELSEWHERE.match(link)]


@cache
def anchors(document: Path) -> frozenset[str]:
    """The anchors of its headings, made as GitHub makes them, and those it sets itself."""
    text = re.sub(r"^( *)(```+|~~~+).*?^\1\2[`~]*$", "", document.read_text(), flags=re.M | re.S)
    found: set[str] = set(re.findall(r"<a\s+(?:id|name)=\"([^\"]+)\"", text))
    seen: dict[str, int] = {}
    for heading in re.findall(r"^#{1,6}\s+(.*?)\s*#*$", text, re.M):
        words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        again = seen.get(slug, 0)
        seen[slug] = again + 1
        found.add(f"{slug}-{again}" if again else slug)
    return frozenset(found)


def wrong(document: Path, link: str, kept: frozenset[str]) -> str | None:
    """What is wrong with a link of the document; None where it leads somewhere."""
    path, _, anchor = unquote(link).partition("#")
    aim = document
    if path:
        aim = Path(*([ROOT, path[1:]] if path.startswith("/") else [document.parent, path]))
        aim = aim.resolve()
        if not aim.is_relative_to(ROOT):
            return f"{link} leads out of the repository"
        name = aim.relative_to(ROOT).as_posix()
        if name not in kept and not any(each.startswith(f"{name}/") for each in kept):
            return f"{link} leads to what git does not keep"
    if anchor and aim.suffix == ".md" and anchor not in anchors(aim):
        return f"{link} leads to no heading"
    return None


needs_git = pytest.mark.skipif(not TRACKED, reason="this is no clone, or git is not installed")


@needs_git
@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files_and_headings_that_are_kept(name: str) -> None:
    document = ROOT / name
    found = links(document.read_text())
    assert [said for link in found if (said := wrong(document, link, TRACKED))] == []


@needs_git
def test_the_documents_have_links_to_follow() -> None:
    found = [link for name in DOCUMENTS for link in links((ROOT / name).read_text())]
    assert len(found) > 50
    assert any("#" in link for link in found)
    assert any(link.endswith(".png") for link in found)


def test_what_is_astray_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    page, other = tmp_path / "docs" / "page.md", tmp_path / "other.md"
    page.parent.mkdir()
    page.write_text("# A page\n")
    other.write_text("# `One`, two: [three](x.md)\n## Again\n## Again\n```\n# no heading\n```\n")
    kept = frozenset({"docs/page.md", "other.md"})
    leads = ["#a-page", "../other.md", "../other.md#one-two-three", "/other.md#again-1", "../docs"]
    astray = ["#b", "gone.md", "../other.md#again-2", "../other.md#no-heading", "../../x.md"]
    text = "".join(f"[x]({link})\n" for link in leads + astray)
    found = links(f"{text}`[x](code.md)`\n```\n[x](code.md)\n```\n[x](https://example.com/y)\n")
    assert found == leads + astray
    assert [link for link in found if wrong(page, link, kept)] == astray
    (page.parent / "gone.md").write_text("there, and not kept")
    assert wrong(page, "gone.md", kept)
