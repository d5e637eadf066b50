"""The proxies' files are ones that they take, and their limits let through what Retouch itself lets through."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.deploy.artefacts import DEPLOY, passes, seconds, tool

from retouch.settings import load_settings

PROXY = DEPLOY / "proxy"
NGINX = (PROXY / "nginx.conf").read_text("utf-8")
CADDY = (PROXY / "Caddyfile").read_text("utf-8")
INGRESS = next(yaml.safe_load_all((DEPLOY / "kubernetes" / "example" / "ingress.yaml").read_text("utf-8")))
ANNOTATIONS = {key.split("/")[1]: value for key, value in INGRESS["metadata"]["annotations"].items()}
SETTINGS = load_settings()

BODIES = {
    "nginx": int(re.search(r"client_max_body_size (\d+)m;", NGINX)[1]) * 2**20,  # type: ignore[index]
    "caddy": int(re.search(r"max_size (\d+)MiB", CADDY)[1]) * 2**20,  # type: ignore[index]
    "ingress": int(ANNOTATIONS["proxy-body-size"].removesuffix("m")) * 2**20,
}
WAITS = {
    "nginx": seconds(re.search(r"proxy_read_timeout (\w+);", NGINX)[1]),  # type: ignore[index]
    "caddy": seconds(re.search(r"response_header_timeout (\w+)", CADDY)[1]),  # type: ignore[index]
    "ingress": seconds(ANNOTATIONS["proxy-read-timeout"]),
}


@pytest.mark.parametrize("proxy", BODIES)
def test_the_largest_body_passes(proxy: str) -> None:
    assert SETTINGS.limits.max_body_bytes < BODIES[proxy] < 1.1 * SETTINGS.limits.max_body_bytes


@pytest.mark.parametrize("proxy", WAITS)
def test_the_longest_edit_is_waited_for(proxy: str) -> None:
    assert SETTINGS.queue.deadline_seconds < WAITS[proxy] < 2 * SETTINGS.queue.deadline_seconds


def test_events_pass_as_they_are_made() -> None:
    assert "proxy_buffering off;" in NGINX
    assert "flush_interval -1" in CADDY
    assert ANNOTATIONS["proxy-buffering"] == "off"


def test_a_client_can_not_say_where_it_comes_from() -> None:
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in NGINX
    assert "proxy_add_x_forwarded_for" not in NGINX
    assert "trusted_proxies" not in CADDY  # without it, Caddy sets the header anew


def test_nginx_takes_its_file(tmp_path: Path) -> None:
    nginx, openssl = (
        tool("nginx", "checks its own file"),
        tool("openssl", "makes the certificate that nginx wants to see"),
    )
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=retouch.example.org"]
    subprocess.run([*request, "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=60)
    site = NGINX.replace("/etc/ssl/certs/retouch.example.org.pem", str(certificate))
    site = site.replace("/etc/ssl/private/retouch.example.org.key", str(key))
    temporary = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = tmp_path / "nginx.conf"
    whole.write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; {temporary}\n{site}\n}}"
    )
    passes(nginx, "-t", "-e", "stderr", "-c", whole)


def test_caddy_takes_its_file(tmp_path: Path) -> None:
    caddy = tool("caddy", "checks its own file")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DOMAIN": "retouch.example.org"}
    command = [caddy, "validate", "--adapter", "caddyfile", "--config", PROXY / "Caddyfile"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
