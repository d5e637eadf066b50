"""curl, by the command that the guide shows."""

import json
import shlex
import subprocess
import tempfile
from pathlib import Path

from cases import run

# docs:
COMMAND = """
curl -sS "$SERVER/v1/images/edits" -H "Authorization: Bearer $KEY" \\
  -F image=@photo.png -F prompt="$PROMPT"
"""
# end


def edit(server, key, photo, prompt, options):
    further = "".join(f" -F {shlex.quote(f'{name}={value}')}" for name, value in options.items())
    done = subprocess.run(
        ["sh", "-c", COMMAND.strip().replace("photo.png", shlex.quote(str(photo))) + further],
        env={"SERVER": server, "KEY": key, "PROMPT": prompt, "PATH": "/usr/bin:/bin:/usr/local/bin"},
        capture_output=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    if "data" not in answer:
        raise RuntimeError(answer["message"])
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "answer.png"
        subprocess.run(["curl", "-sS", "-o", str(saved), answer["data"][0]["url"]], check=True)
        return saved.read_bytes()


run(edit)
