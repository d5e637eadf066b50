"""What a folder promises beyond the suite of all stores."""

import hashlib
import os
import signal
import subprocess
import sys
import time

from retouch.files.folder import FolderBlobs

WRITER = """
import itertools, sys
from pathlib import Path
from retouch.files.folder import FolderBlobs
blobs = FolderBlobs(Path(sys.argv[1]))
for number in itertools.count():
    data = bytes([number % 256]) * 3_000_000
    blobs.put(f"results/ab/{number}.png", data, media_type="image/png")
"""


def test_a_writer_that_is_killed_leaves_no_half_file_that_anybody_sees(tmp_path):
    blobs = FolderBlobs(tmp_path)
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)])
        until = time.monotonic() + 120
        while not list(tmp_path.glob("results/ab/.*.part")) and time.monotonic() < until:
            pass
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait(30)
    sizes = {blob.size_bytes for page in blobs.pages("results") for blob in page}
    assert sizes <= {3_000_000}
    for page in blobs.pages("results"):
        for blob in page:
            assert len(set(blobs.get(blob.key))) == 1
    blobs.delete_partial("results", min_age_seconds=0)
    assert list(tmp_path.glob("results/ab/.*")) == []


def test_what_another_process_is_writing_is_no_partial_file_of_old(tmp_path):
    partial = tmp_path / "results" / "ab" / ".x.png.0123.part"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"half")
    FolderBlobs(tmp_path).delete_partial("results", min_age_seconds=3600)
    assert partial.exists()


def test_a_folder_that_is_made_is_its_owners_alone(tmp_path):
    FolderBlobs(tmp_path / "new").put("results/ab/x.png", b"x", media_type="image/png")
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_more_files_than_a_page_come_in_pages(tmp_path, monkeypatch):
    monkeypatch.setattr("retouch.files.folder._PAGE", 3)
    blobs = FolderBlobs(tmp_path)
    for number in range(10):
        name = hashlib.sha256(bytes([number])).hexdigest()
        blobs.put(f"inputs/{name[:2]}/{name}", b"x", media_type="")
    pages = list(blobs.pages("inputs"))
    assert [len(page) for page in pages] == [3, 3, 3, 1]
    assert len({blob.key for page in pages for blob in page}) == 10
