"""What the operator is told of where the server listens."""

import socket
import tempfile
from pathlib import Path

from retouch.server.listen import _greeting, listen
from retouch.settings import load_settings


def test_the_greeting_has_an_address_to_open(tmp_path):
    with listen("127.0.0.1", 0) as listener:
        said = _greeting(load_settings(), listener, tmp_path, has_keys=False)
        assert f"http://127.0.0.1:{listener.getsockname()[1]} (open it to edit on a page)" in said


def test_the_greeting_names_a_socket_that_is_a_file():
    # Not in tmp_path: the name of such a socket has at most some hundred bytes.
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/s")
        said = _greeting(load_settings(), listener, Path(folder), has_keys=False)
        assert f"Retouch listens on the socket {folder}/s\n" in said
