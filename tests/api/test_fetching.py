"""Pictures by URL, from a web server on this machine."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

GENERATIONS = "/v1/images/generations"


@pytest.fixture
def web(photo):
    """Serve the photo at /photo.png, a page at /page.html, a redirect at /moved; wait for two requests at /together."""
    together = threading.Barrier(2)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/together":
                together.wait(10)
            found = {"/photo.png": photo, "/together": photo, "/page.html": b"<!doctype html>"}.get(self.path)
            status = 302 if self.path == "/moved" else 404 if found is None else 200
            self.send_response(status)
            self.send_header("Content-Length", str(len(found or b"")))
            if status == 302:
                self.send_header("Location", "/photo.png")
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def post(serve, body):
    client = serve(safety={"allow_private_addresses": True})
    return lambda **changes: client.post(GENERATIONS, json=body(**changes))


@pytest.mark.parametrize("path", ["/photo.png", "/moved"])
def test_a_picture_is_fetched_from_its_url(post, web, path):
    assert post(image_url=web + path).status_code == 200


def test_several_pictures_are_fetched_side_by_side(post, web):
    assert post(image_url=[f"{web}/together", f"{web}/together"]).status_code == 200


@pytest.mark.parametrize(("path", "code"), [("/none.png", "image_fetch_failed"), ("/page.html", "image_decode_failed")])
def test_a_url_without_a_picture_is_named(post, web, path, code):
    answer = post(image_url=[f"{web}/photo.png", web + path])
    assert answer.status_code == 400
    assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == (code, "image_url[1]")


def test_by_default_nothing_is_fetched_from_this_machine(client, body, web):
    answer = client.post(GENERATIONS, json=body(image_url=f"{web}/photo.png"))
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "address_not_allowed"
