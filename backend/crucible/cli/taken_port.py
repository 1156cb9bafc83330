"""What to say where the address to serve on is in use: who has it, and how to take another.

`python -m crucible.cli.taken_port` asks before there is a server: for `make run`, which should not
fetch a model first.
"""

import errno
import json
import socket
import sys
from ipaddress import ip_address

from crucible import config
from crucible.cli.errors import Failure
from crucible.errors import CrucibleError

PATIENCE_SECONDS = 1.0
HINT = "`crucible serve --port N` or CRUCIBLE_PORT=N takes another port."


def bound(host: str, port: int) -> socket.socket:
    """A socket at the address. Raises Failure where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise _unbindable(host, port, error) from error
    return listening


def address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _unbindable(host: str, port: int, error: OSError) -> Failure:
    where = address(host, port)
    if error.errno != errno.EADDRINUSE:
        return Failure(f"cannot serve on {where}: {error.strerror}")
    ours = ": Int Crucible serves there already" if _is_ours(host, port) else ""
    return Failure(f"{where} is in use already{ours}", hint=HINT)


def _is_ours(host: str, port: int) -> bool:
    import http.client  # noqa: PLC0415 - for this case only

    # An address that stands for all is not one to call.
    loopback = "::1" if ":" in host else "127.0.0.1"
    to = loopback if ip_address(host).is_unspecified else host
    asking = http.client.HTTPConnection(to, port, timeout=PATIENCE_SECONDS)
    try:
        asking.request("GET", "/api/health")
        found = json.loads(asking.getresponse().read(65_536))
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        asking.close()
    return isinstance(found, dict) and {"executor", "llm", "version"} <= found.keys()


def main() -> int:
    """Whether the configured address is free: 0, or 1 once it is said that it is not."""
    try:
        settings = config.load()
        host = "127.0.0.1" if settings.host.lower() == "localhost" else settings.host
        ip_address(host)
        bound(host, settings.port).close()
    except Failure as failure:
        failure.show()
        return failure.exit_code
    except (CrucibleError, ValueError):
        return 0  # `serve` says it better
    return 0


if __name__ == "__main__":
    sys.exit(main())
