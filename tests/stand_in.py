"""A remote server on the loopback that records what it gets and answers what the test says."""

import base64
import io
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image


@dataclass
class Received:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, list[bytes]]:
        """The parts of a form, by name."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        parts: dict[str, list[bytes]] = {}
        for part in BytesParser(policy=HTTP).parsebytes(head + self.body).iter_parts():
            name = part.get_param("name", header="content-disposition")
            parts.setdefault(name, []).append(part.get_payload(decode=True))
        return parts


@dataclass
class Answer:
    """What the stand-in says. ``hang_seconds`` passes before it says anything; ``resets`` breaks the connection off instead."""

    status: int = 200
    body: bytes | dict = b""
    headers: dict[str, str] = field(default_factory=dict)
    hang_seconds: float = 0.0
    resets: bool = False


class StandIn:
    """The server. ``answers`` are given in turn, the last one for ever; one may be a function of the request."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: list[Answer | Callable[[Received], Answer]] = []
        self.hung_up = threading.Event()
        self._closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                length = int(self.headers.get("content-length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Received(self.command, self.path, headers, self.rfile.read(length))
                outer.received.append(request)
                turn = min(len(outer.received), len(outer.answers)) - 1
                answer = outer.answers[turn]
                outer.give(self, answer(request) if callable(answer) else answer)

            do_POST = do_GET = handle_any

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Say nothing of clients that hang up."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def give(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        if answer.hang_seconds:
            self._hang(handler, answer.hang_seconds)
        if answer.resets or self._closing.is_set() or self.hung_up.is_set():
            handler.close_connection = True
            return
        body = json.dumps(answer.body).encode() if isinstance(answer.body, dict) else answer.body
        handler.send_response(answer.status)
        length = {} if "Transfer-Encoding" in answer.headers else {"Content-Length": str(len(body))}
        for name, value in {**length, **answer.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        try:
            handler.wfile.write(body)
        except OSError:
            handler.close_connection = True

    def _hang(self, handler: BaseHTTPRequestHandler, seconds: float) -> None:
        """Wait, and notice when the client closes the connection."""
        handler.connection.settimeout(0.02)
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._closing.is_set():
            try:
                if handler.connection.recv(1) == b"":
                    self.hung_up.set()
                    return
            except TimeoutError:
                continue
            except OSError:
                self.hung_up.set()
                return
        handler.connection.settimeout(None)

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def with_bird(pixels: np.ndarray) -> np.ndarray:
    """The edit that the stand-in makes: a blue square, and two levels of drift all over."""
    edited = np.clip(pixels.astype(np.int16) + 2, 0, 255).astype(np.uint8)
    height, width = edited.shape[:2]
    edited[height // 4 : height // 2, width // 4 : width // 2] = (10, 40, 230)
    return edited


def b64_answer(pixels: np.ndarray) -> Answer:
    return Answer(body={"created": 1, "data": [{"b64_json": base64.b64encode(png(pixels)).decode()}]})
