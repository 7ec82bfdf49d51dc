"""Object stores: moto's server on loopback, with a proxy before it that makes it fail."""

import http.client
import http.server
import json
import pathlib
import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import faceveil
from faceveil import store

obstore = pytest.importorskip("obstore")
moto_server = pytest.importorskip("moto.server")

Fault = Callable[[str, str, bytes], int | None]


class Server:
    """moto behind a proxy. ``fault`` sees each request, and gives a status to answer with, or 0 to
    cut the connection."""

    def __init__(self) -> None:
        self.moto = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.moto.start()
        port = self.moto.get_host_and_port()[1]
        self.fault: Fault | None = None
        self.requests: list[tuple[str, str]] = []
        outer = self

        class Proxy(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: Any) -> None:
                pass

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.requests.append((self.command, self.path))
                status = outer.fault(self.command, self.path, body) if outer.fault else None
                if status == 0:
                    self.close_connection = True
                    self.connection.close()
                    return
                if status is not None:
                    self.send_response(status)
                    self.send_header("content-length", "0")
                    self.end_headers()
                    return
                to = http.client.HTTPConnection("127.0.0.1", port)
                to.request(self.command, self.path, body, dict(self.headers))
                answer = to.getresponse()
                data = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                        self.send_header(name, value)
                length = answer.getheader("content-length") if self.command == "HEAD" else None
                self.send_header("content-length", length or str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                to.close()

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any

        self.proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        threading.Thread(target=self.proxy.serve_forever, daemon=True).start()

    def bucket(self, name: str) -> Any:
        from obstore.store import S3Store

        self.fault, self.requests = None, []
        conn = http.client.HTTPConnection("127.0.0.1", self.proxy.server_port)
        conn.request("PUT", f"/{name}")
        assert conn.getresponse().read() is not None
        conn.close()
        return S3Store(name, **self.config())

    def config(self) -> dict[str, Any]:
        from datetime import timedelta

        return {
            "endpoint": f"http://127.0.0.1:{self.proxy.server_port}",
            "access_key_id": "test",
            "secret_access_key": "test",
            "region": "us-east-1",
            "client_options": {"allow_http": True},
            "retry_config": {
                "max_retries": 3,
                "retry_timeout": timedelta(seconds=20),
                "backoff": {
                    "init_backoff": timedelta(milliseconds=10),
                    "max_backoff": timedelta(milliseconds=50),
                    "base": 2,
                },
            },
        }

    def open_uploads(self, bucket: str) -> int:
        conn = http.client.HTTPConnection("127.0.0.1", self.proxy.server_port)
        conn.request("GET", f"/{bucket}?uploads")
        return conn.getresponse().read().count(b"<UploadId>")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.proxy.shutdown()
    server.moto.stop()


def keys(bucket: Any) -> set[str]:
    """Keys but those of the manifest."""
    names = {meta["path"] for batch in obstore.list(bucket) for meta in batch}
    return {name for name in names if not name.startswith(".faceveil/")}


def lines(src: Any, dst: Any, **options: Any) -> dict[str, dict[str, Any]]:
    return {line["input"]: line for line in store.blur(src, dst, preset="fast", **options)}


def test_photos_go_from_bucket_to_bucket_and_a_second_run_does_nothing(
    server: Server, samples: pathlib.Path, face: bytes
) -> None:
    src, dst = server.bucket("in1"), server.bucket("out1")
    obstore.put(src, "a/face.jpg", face)
    obstore.put(src, "rocket.jpg", (samples / "rocket.jpg").read_bytes())
    obstore.put(src, "broken.jpg", face[:300])
    obstore.put(src, "text.jpg", b"no picture at all")
    first = lines(src, dst)
    outcomes = {name: line["outcome"] for name, line in first.items()}
    assert outcomes == {
        "a/face.jpg": "redacted",
        "rocket.jpg": "no-faces",
        "broken.jpg": "failed",
        "text.jpg": "failed",
    }
    assert keys(dst) == {"a/face.jpg", "rocket.jpg"}
    expected = faceveil.Anonymizer(preset="fast").photo(face).data
    assert bytes(obstore.get(dst, "a/face.jpg").bytes()) == expected
    assert "faceveil" not in first["broken.jpg"]["error"].lower()
    again = lines(src, dst)
    assert {n for n, line in again.items() if line["outcome"] == "skipped"} == keys(dst)
    # A changed source and other options are done anew, and nothing is replaced.
    assert lines(src, dst, margin=2)["a/face.jpg"]["outcome"] == "failed"
    assert bytes(obstore.get(dst, "a/face.jpg").bytes()) == expected


def test_a_key_that_exists_is_never_replaced(server: Server, face: bytes) -> None:
    src, dst = server.bucket("in2"), server.bucket("out2")
    obstore.put(src, "face.jpg", face)
    obstore.put(dst, "face.jpg", b"somebody's")
    line = lines(src, dst)["face.jpg"]
    assert line["outcome"] == "failed" and "exists" in line["error"]
    assert bytes(obstore.get(dst, "face.jpg").bytes()) == b"somebody's"


def test_a_run_that_ended_before_it_could_remember_is_taken_up(server: Server, face: bytes) -> None:
    src, dst = server.bucket("in3"), server.bucket("out3")
    obstore.put(src, "face.jpg", face)
    server.fault = lambda method, path, _: 403 if method == "PUT" and ".faceveil" in path else None
    assert lines(src, dst)["face.jpg"]["outcome"] == "failed"
    server.fault = None
    assert lines(src, dst)["face.jpg"]["outcome"] == "redacted"
    assert lines(src, dst)["face.jpg"]["outcome"] == "skipped"


def test_throttling_is_waited_for(server: Server, face: bytes) -> None:
    src, dst = server.bucket("in4"), server.bucket("out4")
    obstore.put(src, "face.jpg", face)
    seen: dict[tuple[str, str], int] = {}

    def slow_down(method: str, path: str, _: bytes) -> int | None:
        seen[method, path] = seen.get((method, path), 0) + 1
        return 503 if seen[method, path] <= 2 else None

    server.fault = slow_down
    assert lines(src, dst)["face.jpg"]["outcome"] == "redacted"
    assert keys(dst) == {"face.jpg"}


def test_a_store_that_fails_for_good_leaves_nothing(server: Server, face: bytes) -> None:
    src, dst = server.bucket("in5"), server.bucket("out5")
    obstore.put(src, "face.jpg", face)
    for status in (500, 403, 0):
        server.fault = lambda method, path, _: status if method == "PUT" else None
        line = lines(src, dst)["face.jpg"]
        assert line["outcome"] == "failed" and line["error"]
        server.fault = None
        assert keys(dst) == set() and server.open_uploads("out5") == 0


def test_a_video_whose_upload_breaks_off_leaves_nothing(
    server: Server, clip: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    src, dst = server.bucket("in6"), server.bucket("out6")
    obstore.put(src, "v/clip.mp4", clip)
    # As if it were larger: uploaded in parts.
    monkeypatch.setattr("faceveil._storage.ONE_PUT", 1000)
    for fails in ("PUT", "POST"):
        def broken(method: str, path: str, _: bytes) -> int | None:
            part = "partNumber" in path if fails == "PUT" else "uploadId" in path
            return 403 if method == fails and part else None

        server.fault = broken
        line = lines(src, dst)["v/clip.mp4"]
        server.fault = None
        assert line["outcome"] == "failed", fails
        assert keys(dst) == set() and server.open_uploads("out6") == 0, fails
    line = lines(src, dst)["v/clip.mp4"]
    assert line["outcome"] == "redacted" and line["output"] == "v/clip.mp4"
    new = bytes(obstore.get(dst, "v/clip.mp4").bytes())
    assert faceveil.inspect(new)["findings"] == []
    assert lines(src, dst)["v/clip.mp4"]["outcome"] == "skipped"


def test_a_source_that_breaks_off_is_a_failed_file(server: Server, face: bytes) -> None:
    src, dst = server.bucket("in7"), server.bucket("out7")
    obstore.put(src, "face.jpg", face)
    server.fault = lambda method, path, _: 0 if method == "GET" and "face.jpg" in path else None
    assert lines(src, dst)["face.jpg"]["outcome"] == "failed"
    server.fault = None
    assert keys(dst) == set()


def test_urls_name_prefixes(server: Server, face: bytes) -> None:
    bucket = server.bucket("both")
    obstore.put(bucket, "in/face.jpg", face)
    done = lines("s3://both/in/", "s3://both/out/", config=server.config())
    assert done["face.jpg"]["outcome"] == "redacted"
    assert keys(bucket) == {"in/face.jpg"} | {k for k in keys(bucket) if k.startswith("out/")}
    assert "out/face.jpg" in keys(bucket)
    for src, dst in [("s3://both/in/", "s3://both/in/new/"), ("s3://both/in", "s3://both/in/")]:
        with pytest.raises(faceveil.InvalidArgumentError, match="lie in each other"):
            next(iter(store.blur(src, dst, config=server.config())))


def test_a_thousand_keys_are_all_listed(server: Server) -> None:
    src, dst = server.bucket("in8"), server.bucket("out8")
    for i in range(1005):
        obstore.put(src, f"{i:04}.jpg", b"x")
    done = lines(src, dst)
    assert len(done) == 1005
    assert {line["outcome"] for line in done.values()} == {"failed"}


def test_lines_can_be_read_back(tmp_path: pathlib.Path, face: bytes) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "face.jpg").write_bytes(face)
    (tmp_path / "in" / "broken.jpg").write_bytes(face[:300])
    for _ in range(2):
        for line in lines(tmp_path / "in", tmp_path / "out").values():
            if line["outcome"] != "failed" and line["output"]:
                data = (tmp_path / "out" / line["output"]).read_bytes()
                assert faceveil.verify(data, json.dumps(line))["verdict"] == "passed"
            faceveil.Result(b"", json.dumps(line))
    shutil.rmtree(tmp_path / "out" / ".faceveil")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["face.jpg"]


def test_a_folder_without_nameless_files_is_written_too(
    tmp_path: pathlib.Path, face: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "face.jpg").write_bytes(face)
    assert lines(tmp_path / "in", tmp_path / "out")["face.jpg"]["outcome"] == "redacted"
    shutil.rmtree(tmp_path / "out" / ".faceveil")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["face.jpg"]


def test_endings_follow_the_format(tmp_path: pathlib.Path, face: bytes) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "face.jpeg").write_bytes(face)
    done = lines(tmp_path / "in", tmp_path / "out", format="png")
    assert done["face.jpeg"]["output"] == "face.png"


def test_leftovers_of_killed_processes_are_removed(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    from faceveil import _batch

    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    dead, living = tmp_path / "faceveil-4194305-x", tmp_path / f"faceveil-{os.getpid()}-x"
    dead.mkdir()
    living.mkdir()
    _batch.remove_leftovers()
    assert [p.name for p in tmp_path.iterdir()] == [living.name]


def test_names_stay_below_the_target(tmp_path: pathlib.Path, face: bytes) -> None:
    (tmp_path / "in").mkdir()
    blur = store.Blur(tmp_path / "in", tmp_path / "out", options={"preset": "fast"})
    names = ["../x.jpg", "/x.jpg", "a/../../x.jpg", ".faceveil/x.jpg", ""]
    done = blur({"path": names, "bytes": [face] * len(names)})
    assert done["outcome"] == ["failed"] * len(names)
    assert all("no name below" in error for error in done["error"])
    assert blur({"path": ["empty.jpg"], "bytes": [b""]})["outcome"] == ["failed"]
    assert blur({"path": ["a/x.jpg"], "bytes": [face]})["outcome"] == ["redacted"]
    assert not (tmp_path / "x.jpg").exists() and (tmp_path / "out" / "a" / "x.jpg").exists()
