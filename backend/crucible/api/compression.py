"""Answers travel compressed to who takes them so.

No answer holds a secret beside text of a client's choosing, so their length gives nothing away
(the attack known as BREACH needs both).
"""

import gzip

from flask import Flask, Response, request

LEAST_BYTES = 1024
LEVEL = 5
_TYPES = frozenset(
    {
        "application/json",
        "application/problem+json",
        "application/javascript",
        "application/openmetrics-text",
        "image/svg+xml",
        "text/css",
        "text/html",
        "text/javascript",
        "text/plain",
    }
)
_MOST_FILES = 64


def register_compression(app: Flask) -> None:
    # Files of the page stay as they are while the server runs; each is compressed once.
    files: dict[tuple[str, str], bytes] = {}

    @app.after_request
    def _compress(response: Response) -> Response:
        if response.mimetype not in _TYPES or "Content-Encoding" in response.headers:
            return response
        response.vary.add("Accept-Encoding")
        if request.accept_encodings.quality("gzip") <= 0 or response.status_code in (204, 206, 304):
            return response
        is_file = response.direct_passthrough
        if is_file and "Range" in request.headers:
            return response
        if response.is_streamed and not is_file:
            return response
        length = response.content_length or response.calculate_content_length()
        if (length or 0) < LEAST_BYTES:
            return response
        _replace(response, files if is_file else None)
        return response


def _replace(response: Response, files: dict[tuple[str, str], bytes] | None) -> None:
    tag, weak = response.get_etag()
    key = (request.path, tag or "")
    small = files.get(key) if files is not None else None
    if small is None:
        response.direct_passthrough = False
        small = gzip.compress(response.get_data(), LEVEL, mtime=0)
        if files is not None:
            if len(files) >= _MOST_FILES:
                files.clear()
            files[key] = small
    response.direct_passthrough = False
    response.close()  # the file that will not be sent
    response.set_data(small)
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Accept-Ranges", None)
    if tag is not None and not weak:
        # The same text in other bytes: no longer a strong tag.
        response.set_etag(tag, weak=True)
