"""A web site on loopback that can misbehave in the ways real ones do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    """What one address answers. Each flaw is off unless asked for."""

    body: bytes
    statuses: list[int] = field(default_factory=list)  # answers of the first requests, 0: normal
    cuts: list[int | None] = field(default_factory=list)  # first requests end after so many bytes
    ranges: bool = True  # honours a Range header
    wrong_range: bool = False  # answers a Range with another part than was asked for
    length: bool = True  # sends Content-Length
    pause: float = 0.0  # seconds between two blocks
    stall_after: int | None = None  # sends so many bytes, then nothing more


@dataclass
class Request:
    """One request as the server saw it. Counted ahead, so that a client never finds it late."""

    path: str
    range: str | None
    sent: int = 0  # bytes of body that went out


class Site:
    """A running server. Give it pages by `add`, look at `requests` afterwards."""

    BLOCK = 1 << 12

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.requests: list[Request] = []
        self.errors: list[BaseException] = []
        self.sending = threading.Event()  # set once body bytes have gone out
        self.closing = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # _answer keeps what matters

        self.server = Server(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def add(self, path: str, body: bytes, **flaws: object) -> str:
        """Serve `body` at `path`; the address of it."""
        self.pages[path] = Page(body, **flaws)
        return self.url(path)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/{path}"

    def close(self) -> None:
        """Stop answering; a later connection is refused."""
        if not self.closing.is_set():
            self.closing.set()
            self.server.shutdown()
            self.server.server_close()
            self.thread.join()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        request = Request(handler.path.lstrip("/"), handler.headers.get("Range"))
        self.requests.append(request)
        try:
            self._send(handler, self.pages.get(request.path), request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client was killed or gave up
        except BaseException as error:
            self.errors.append(error)

    def _send(self, handler: BaseHTTPRequestHandler, page: Page | None, request: Request) -> None:
        wanted = request.range
        status = 404 if page is None else page.statuses.pop(0) if page.statuses else 0
        if status:
            handler.send_error(status)
            return
        cut = page.cuts.pop(0) if page.cuts else None
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and page.ranges else 0
        if start and start >= len(page.body):
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        body = page.body[start:]
        if start:
            first = start + 1 if page.wrong_range else start
            last = len(page.body) - 1
            handler.send_header("Content-Range", f"bytes {first}-{last}/{len(page.body)}")
        if page.length:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        body = body[:cut]
        for position in range(0, len(body), self.BLOCK):
            block = body[position : position + self.BLOCK]
            request.sent += len(block)
            handler.wfile.write(block)
            handler.wfile.flush()
            self.sending.set()
            if page.stall_after is not None and position + len(block) >= page.stall_after:
                self.closing.wait(30)
                return
            time.sleep(page.pause)
        if cut is not None:
            handler.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def running_site() -> Iterator[Site]:
    """A site that is closed at the end, and fails the test if the server itself failed."""
    site = Site()
    try:
        yield site
    finally:
        site.close()
    assert not site.errors, site.errors
