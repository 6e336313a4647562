"""The downloader against a server that breaks off, lies, or has no ranges."""

import hashlib
import http.server
import os
import re
import subprocess
import sys
import threading

import pytest

from equipoise.core.errors import UserError
from equipoise.metrics.features.download import WeightsFile, fetch

CONTENT = bytes(range(256)) * 4000  # a little over 1 MB, several reads


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT; counts and remembers what it was asked for."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.ranges, self.breaks_after, self.status = CONTENT, True, [], 200
        self.asked = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server, asked = self.server, self.headers.get("Range")
        server.asked.append(asked)
        if server.status != 200:
            self.send_error(server.status)
            return
        start = int(re.match(r"bytes=(\d+)-", asked)[1]) if asked and server.ranges else 0
        if start >= len(server.content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
        self.send_header("Content-Length", str(len(server.content) - start))
        self.end_headers()
        end = start + server.breaks_after.pop(0) if server.breaks_after else None
        self.wfile.write(server.content[start:end])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def file(server):
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    return WeightsFile("dummy.pth", f"http://127.0.0.1:{server.server_port}/dummy.pth", sha256, len(CONTENT))


def leftovers(file):
    """Names beside the file, but for the lock, which must outlive its owners."""
    return {path.name for path in file.path.parent.iterdir()} - {file.name, f".{file.name}.lock"}


def test_it_is_fetched_once(server, file):
    path = fetch(file)
    assert path == file.path
    assert path.read_bytes() == CONTENT
    assert fetch(file) == path
    assert server.asked == [None]
    assert not leftovers(file)


def test_progress_is_told(server, file):
    calls = []
    fetch(file, lambda done, size: calls.append((done, size)))
    assert [done for done, _ in calls] == sorted({done for done, _ in calls})
    assert calls[-1] == (len(CONTENT), len(CONTENT))


def test_a_broken_transfer_is_continued(server, file):
    server.breaks_after = [300_000, 200_000]
    assert fetch(file).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=300000-", "bytes=500000-"]
    assert not leftovers(file)


def test_a_transfer_that_breaks_every_time_is_continued_by_the_next_call(server, file):
    server.breaks_after = [1000, 1000, 1000, 1000]
    with pytest.raises(UserError, match="broke off 4 times"):
        fetch(file)
    assert not file.path.exists()
    assert fetch(file).read_bytes() == CONTENT
    assert server.asked[-1] == "bytes=4000-"


def test_a_server_without_ranges_starts_again(server, file):
    server.ranges, server.breaks_after = False, [300_000]
    assert fetch(file).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=300000-"]


def test_a_damaged_beginning_is_thrown_away(server, file):
    file.path.parent.mkdir(parents=True)
    part = file.path.with_name(f".{file.name}.part")
    part.write_bytes(b"x" * 5000)
    assert fetch(file).read_bytes() == CONTENT
    assert server.asked == ["bytes=5000-", None]


def test_a_beginning_longer_than_the_file_is_thrown_away(server, file):
    file.path.parent.mkdir(parents=True)
    file.path.with_name(f".{file.name}.part").write_bytes(CONTENT + b"more")
    assert fetch(file).read_bytes() == CONTENT


def test_wrong_bytes_are_not_kept(server, file):
    server.content = CONTENT[:-1] + b"!"
    found = hashlib.sha256(server.content).hexdigest()
    with pytest.raises(UserError, match=f"its SHA-256 is {found}"):
        fetch(file)
    assert not file.path.exists()
    assert not leftovers(file)
    server.content = CONTENT
    assert fetch(file).read_bytes() == CONTENT


def test_more_bytes_than_published_are_not_kept(server, file):
    server.content = CONTENT * 2
    with pytest.raises(UserError, match="longer than"):
        fetch(file)
    server.content = CONTENT
    assert fetch(file).read_bytes() == CONTENT


def test_a_missing_page_is_one_sentence_that_says_what_to_do(server, file):
    server.status = 404
    with pytest.raises(UserError) as caught:
        fetch(file)
    message = str(caught.value)
    for part in (file.name, f"{len(CONTENT):,} bytes", file.sha256, file.url, str(file.path), "Not Found"):
        assert part in message
    assert "\n" not in message
    assert not leftovers(file)


def test_without_a_network_the_sentence_is_the_same(file, server):
    server.server_close()
    offline = WeightsFile(file.name, "http://127.0.0.1:1/dummy.pth", file.sha256, file.size)
    with pytest.raises(UserError, match=r"cannot be had from .*; get it on another machine and put it at '"):
        fetch(offline)


def test_a_file_put_there_by_hand_is_taken(server, file):
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(CONTENT)
    assert fetch(file) == file.path
    assert server.asked == []


def test_a_wrong_file_put_there_by_hand_is_refused_and_left(server, file):
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(b"something else")
    with pytest.raises(UserError, match="is not the published file; remove it"):
        fetch(file)
    assert file.path.read_bytes() == b"something else"
    assert server.asked == []


def test_two_at_once_download_once(server, file):
    threads = [threading.Thread(target=fetch, args=(file,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file.path.read_bytes() == CONTENT
    assert server.asked == [None]


def test_a_cache_folder_that_cannot_be_made_is_said(file, tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("a file where the folder should be")
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "taken"))
    with pytest.raises(UserError, match=r"cannot be had from .*Not a directory"):
        fetch(file)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_kept_file_that_cannot_be_read_is_said(server, file):
    fetch(file).chmod(0)
    with pytest.raises(UserError, match="Permission denied"):
        fetch(file)


def test_two_processes_download_once(server, file):
    script = "import sys; from equipoise.metrics.features.download import WeightsFile, fetch; "
    script += "fetch(WeightsFile(*sys.argv[1:4], int(sys.argv[4])))"
    command = [sys.executable, "-c", script, file.name, file.url, file.sha256, str(file.size)]
    processes = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert file.path.read_bytes() == CONTENT
    assert server.asked == [None]
