from pathlib import Path

import pytest
from tests.api.conftest import Shared


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "web"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>page</title>")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "app-3f2a.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr("crucible.api.pages.WEB", folder)
    return folder


@pytest.mark.parametrize(
    "path",
    ["/", "/projects", "/projects/", "/projects/x", "/projects/x/runs", "/projects/x/runs/y",
     "/projects/x/new", "/runs/x", "/runs/x/", "/runs/x/results", "/runs/x/results/"],
)  # fmt: skip
def test_addresses_of_the_page_give_its_document(shared: Shared, web: Path, path: str) -> None:
    answer = shared.client.get(path)

    assert answer.status_code == 200
    assert "<title>page</title>" in answer.text
    assert answer.headers["Cache-Control"] == "no-cache"
    answer.close()


def test_hashed_files_are_kept_for_ever(shared: Shared, web: Path) -> None:
    answer = shared.client.get("/assets/app-3f2a.js")

    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.mimetype in ("text/javascript", "application/javascript")
    answer.close()


def test_other_files_are_asked_for_again(shared: Shared, web: Path) -> None:
    answer = shared.client.get("/favicon.svg")

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")
    answer.close()


@pytest.mark.parametrize(
    "path",
    ["/assets/none.js", "/assets/", "/none.txt", "/runs", "/runs/x/y", "/a/b", "/assets/../x",
     "/assets/%2e%2e/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/%2e%2e/secret.txt",
     "/assets/%00", "/%00", "/assets//etc/passwd", "/assets/" + "a" * 5000, "/index.html"],
)  # fmt: skip
def test_unknown_files_are_404_and_never_the_page(shared: Shared, web: Path, path: str) -> None:
    answer = shared.client.get(path, follow_redirects=True)

    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize("path", ["/nowhere", "/runs", "/runs/x/y", "/a/b", "/index.html", "/%00"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_person_who_came_to_nowhere_gets_the_page_that_says_so(
    shared: Shared, web: Path, path: str, method: str
) -> None:
    found = shared.client.get("/")
    found.close()
    asked = {"Accept": BROWSER, "If-None-Match": found.headers["ETag"], "Range": "bytes=0-4"}
    answer = shared.client.open(path, method=method, headers=asked)

    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert ("<title>page</title>" in answer.text) == (method == "GET")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Accept" in answer.vary
    assert "Content-Security-Policy" in answer.headers
    answer.close()


@pytest.mark.parametrize(
    ("method", "path", "accept"),
    [
        ("GET", "/nowhere", None),
        ("GET", "/nowhere", "*/*"),
        ("GET", "/nowhere", "application/json"),
        ("POST", "/a/b", BROWSER),
        ("GET", "/api/nowhere", BROWSER),
        ("GET", "/api", BROWSER),
        ("GET", "/api/projects/nowhere", BROWSER),
        ("GET", "/metrics/nowhere", BROWSER),
        ("GET", "/assets/nowhere.js", BROWSER),
    ],
)
def test_a_program_is_told_of_nowhere_in_json(
    shared: Shared, web: Path, method: str, path: str, accept: str | None
) -> None:
    headers = {"Accept": accept} if accept else {}
    answer = shared.client.open(path, method=method, headers=headers)

    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert answer.get_json()["code"] == "not_found"


def test_without_a_build_the_page_says_so(
    shared: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crucible.api.pages.WEB", tmp_path / "none")

    assert "<code>make page</code>" in shared.client.get("/").text
    nowhere = shared.client.get("/nowhere", headers={"Accept": BROWSER})
    assert (nowhere.status_code, nowhere.mimetype) == (404, "text/html")
    assert shared.client.get("/assets/x.js").status_code == 404
