"""The installed command, as people, scripts and agents use it beside a server."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

CRUCIBLE = str(Path(sys.executable).with_name("crucible"))
PATIENCE_SECONDS = 120
HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "soak", "version": "1"},
}


class Failed(Exception):
    """A command ended otherwise than it should."""


def crucible(
    *words: str, environ: Mapping[str, str], codes: Sequence[int] = (0,), stdin: str = ""
) -> str:
    """What it prints. Raises Failed."""
    ran = subprocess.run(
        [CRUCIBLE, *words],
        env=dict(environ),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    if ran.returncode not in codes or "Traceback" in ran.stderr:
        said = ran.stderr.strip() or ran.stdout.strip()
        raise Failed(f"`crucible {' '.join(words)}` exited with {ran.returncode}: {said[-600:]}")
    return ran.stdout


def differences(environ: Mapping[str, str]) -> tuple[int, list[str]]:
    """How many runs `crucible runs verify` looked at, and what it found. Raises Failed."""
    said = crucible("runs", "verify", "--format", "json", environ=environ, codes=(0, 1))
    runs = json.loads(said)["runs"]
    return len(runs), [f"run {run['run_id']}: {d}" for run in runs for d in run["differences"]]


def mcp(
    *words: str, environ: Mapping[str, str], ask: Sequence[tuple[str, Mapping[str, Any]]]
) -> list[Any]:
    """What `crucible mcp` answers to these calls over stdio. Raises Failed where one refuses."""
    calls = [
        {"id": n, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
        for n, (name, arguments) in enumerate(ask, 1)
    ]
    hello = {"id": 0, "method": "initialize", "params": HELLO}
    lines = [hello, {"method": "notifications/initialized"}, *calls]
    text = "".join(json.dumps({"jsonrpc": "2.0", **line}) + "\n" for line in lines)
    command = [CRUCIBLE, "mcp", *words]
    pipe = subprocess.PIPE
    with (
        TemporaryFile("w+") as told,
        subprocess.Popen(
            command, env=dict(environ), stdin=pipe, stdout=pipe, stderr=told, text=True
        ) as process,
    ):
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(text)
        process.stdin.flush()
        said = [json.loads(process.stdout.readline() or "{}") for _ in range(len(calls) + 1)]
        process.stdin.close()
        code = process.wait(PATIENCE_SECONDS)
        told.seek(0)
        errors = told.read()[-600:]
    results = {answer.get("id"): answer.get("result", {}) for answer in said}
    refused = [results.get(call["id"]) for call in calls if not _good(results.get(call["id"]))]
    if code or refused:
        raise Failed(f"`crucible mcp` exited with {code}: {json.dumps(refused)[:600]} {errors}")
    return [results[call["id"]]["structuredContent"] for call in calls]


def _good(result: Mapping[str, Any] | None) -> bool:
    return bool(result) and "structuredContent" in result and not result.get("isError")
