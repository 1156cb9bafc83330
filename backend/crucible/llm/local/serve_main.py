"""The server's process: `python -m crucible.llm.local.serve_main MODEL CONTEXT_TOKENS`.

Says one line of JSON on its standard output: `{"port": N}` when it answers, or `{"error": code,
"detail": text}`. Ends when its standard input does, which the parent holds open: so it ends with
the parent, however that ended.
"""

import importlib
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from crucible.llm.local import runtime

PARENT_POLL_SECONDS = 1.0


def main() -> None:
    say = _take_stdout()
    parent = os.getppid()
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    if runtime.lacks_avx2():
        _fail(say, "no_avx2", "the processor lacks AVX2")
    try:
        xllamacpp = importlib.import_module("xllamacpp")
    except ImportError as error:
        _fail(say, _import_code(error), str(error))
    try:
        server = xllamacpp.Server(_parameters(xllamacpp, sys.argv[1], int(sys.argv[2])))
    except MemoryError as error:
        _fail(say, "out_of_memory", str(error))
    except Exception as error:  # noqa: BLE001 - the library documents none; the parent must hear
        _fail(say, "not_loaded", str(error))
    _tell(say, {"port": urlsplit(server.listening_address).port})
    _end_with(parent)


def _parameters(xllamacpp: Any, path: str, context_tokens: int) -> Any:
    cores = runtime.usable_cores()
    p = xllamacpp.CommonParams()
    p.model.path = path
    # What answers name as their model; else the whole path.
    p.model_alias = {Path(path).stem}
    p.hostnames = ["127.0.0.1"]
    p.port = 0
    p.n_ctx = context_tokens
    # The context is split across slots, and requests in parallel are no faster on a processor.
    p.n_parallel = 1
    p.cpuparams_batch.n_threads = cores
    # Generation spins between tokens. With as many threads as cores, anything else that runs
    # makes all of them wait: measured, 30 tokens a second become 1.4.
    p.cpuparams.n_threads = max(1, cores - 1)
    # Its default keeps up to 8 GiB of old prompts.
    p.cache_ram_mib = 0
    # A repacked copy of the weights would double the memory.
    p.no_extra_bufts = True
    p.offline = True
    p.ui = False
    p.endpoint_slots = False
    p.cors_origins = ""
    p.verbosity = 2
    return p


def _end_with_stdin() -> NoReturn:
    while os.read(0, 4096):
        pass
    os._exit(0)


def _end_with(parent: int) -> NoReturn:
    """Ends when the parent changes, even if a fork of the parent still holds our standard input.

    PR_SET_PDEATHSIG would not do: it fires when the *thread* that started this process ends.
    """
    while os.getppid() == parent:
        time.sleep(PARENT_POLL_SECONDS)
    os._exit(0)


def _take_stdout() -> int:
    """Keeps the pipe for ourselves: what the library prints goes with the messages."""
    say = os.dup(1)
    os.dup2(2, 1)
    return say


def _import_code(error: ImportError) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name == "xllamacpp":
        return "not_installed"
    return "no_libgomp" if "libgomp" in str(error) else "not_importable"


def _tell(say: int, message: dict[str, Any]) -> None:
    os.write(say, json.dumps(message).encode() + b"\n")
    os.close(say)


def _fail(say: int, code: str, detail: str) -> NoReturn:
    _tell(say, {"error": code, "detail": detail})
    sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    main()
