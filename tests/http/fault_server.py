"""An HTTP server on loopback that knows ranges and ETags, and does on request what servers do wrong.

The first part of a path names the behaviour, the rest the file: /cut/model.gguf. Every request is
noted with its headers and the bytes of body that were sent.
"""
import json
import re
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Request:
    def __init__(self, path, headers):
        self.path, self.headers, self.sent, self.status = path, headers, 0, None

    @property
    def range(self):
        m = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        return (int(m[1]), int(m[2]) if m[2] else None) if m else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def start(self, status, length=0, **fields):
        self.note.status = status
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def body(self, parts, stop_at=None, pause=None):
        for part in parts:
            if stop_at is not None and self.note.sent + len(part) > stop_at:
                part = part[:stop_at - self.note.sent]
                self.wfile.write(part)
                self.note.sent += len(part)
                if pause:
                    time.sleep(pause)
                self.close_connection = True
                return
            self.wfile.write(part)
            self.note.sent += len(part)

    def do_GET(self):
        self.note = Request(self.path, dict(self.headers))
        self.server.requests.append(self.note)
        mode, _, name = self.path.lstrip("/").partition("/")
        try:
            if mode == "api":
                return self.endless_listing() if "/endless" in self.path else self.listing()
            getattr(self, "do_" + mode, self.do_range)(name if hasattr(self, "do_" + mode) else self.path[1:])
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True

    def count(self, key):
        self.server.counts[key] = self.server.counts.get(key, 0) + 1
        return self.server.counts[key]

    def file(self, name):
        return self.server.files.get(name.split("?")[0])

    def do_range(self, name, size=None, shift=0, knows_if_range=True, **body):
        f = self.file(name)
        if f is None:
            return self.start(404)
        etag = '"%s"' % self.server.etags.get(name, "1")
        size = size or f.size
        if self.headers.get("If-None-Match") == etag:
            return self.start(304, ETag=etag)
        asked = self.note.range
        if asked and knows_if_range and self.headers.get("If-Range", etag) != etag:
            asked = None
        if not asked:
            self.start(200, size, ETag=etag)
            return self.body(f.read(0, size - 1), **body)
        first, last = asked
        if first >= size:
            return self.start(416, Content_Range="bytes */%d" % size)
        last = min(size - 1, size - 1 if last is None else last)
        self.start(206, last + 1 - first, ETag=etag,
                   Content_Range="bytes %d-%d/%d" % (first + shift, last + shift, size))
        self.body(f.read(first, last), **body)

    def do_whole(self, name):  # ignores ranges
        f = self.file(name)
        self.start(200, f.size)
        self.body(f.read(0, f.size - 1))

    def do_slow(self, name):
        self.do_range(name, stop_at=100000, pause=4)

    def do_drip(self, name):  # 2 KiB a second, for as long as anybody reads
        first, last = self.note.range
        self.start(206, last + 1 - first, ETag='"1"', Content_Range="bytes %d-%d/%d" % (first, last, self.file(name).size))
        while True:
            self.wfile.write(bytes(2048))
            time.sleep(1)

    def do_trickle(self, name):  # 8 KiB a second
        f, (first, last) = self.file(name), self.note.range
        self.start(206, last + 1 - first, ETag='"1"', Content_Range="bytes %d-%d/%d" % (first, last, f.size))
        for at in range(first, last + 1, 2048):
            self.body(f.read(at, min(last, at + 2047)))
            time.sleep(0.25)

    def do_single(self, name):  # a byte an answer
        f, first = self.file(name), self.note.range[0]
        self.start(206, 1, ETag='"1"', Content_Range="bytes %d-%d/%d" % (first, first, f.size))
        self.body(f.read(first, first))

    def do_preface(self, name):  # answers that another one follows, without end
        while True:
            self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 50)
            time.sleep(0.01)

    def do_silent(self, name):
        time.sleep(4)
        self.close_connection = True

    def do_cut(self, name):  # once
        self.do_range(name, stop_at=700000 if self.count("cut") == 1 else None)

    def do_cutall(self, name):
        self.do_range(name, stop_at=700000)

    def do_short(self, name):  # says that the file is smaller than its tensors
        self.do_range(name, size=self.file(name).size - 1000000)

    def do_stump(self, name):  # the file ends within its header
        self.do_range(name, size=1000000)

    def do_shifted(self, name):  # answers with another range
        self.do_range(name, shift=16)

    def do_status(self, name):  # /status/403/...
        self.start(int(name.split("/")[0]), 5)
        self.body([b"sorry"])

    def do_busy(self, name):  # twice 429, then the file
        if self.count("busy") <= 2:
            return self.start(429, Retry_After="1")
        self.do_range(name)

    def do_later(self, name):
        self.start(429, Retry_After="3600")

    def do_broken(self, name):  # once 503
        if self.count("broken") == 1:
            return self.start(503)
        self.do_range(name)

    def do_loop(self, name):
        self.start(302, Location="/loop/" + name)

    def do_to(self, name):  # /to/URL
        self.start(302, Location=name)

    def do_html(self, name):
        page = b"<!DOCTYPE html><title>Sign in</title>" + b" " * 100000
        self.start(200, len(page))
        self.body([page])

    def do_changing(self, name):  # another ETag for every answer
        self.server.etags[name] = str(self.count("changing"))
        self.do_range(name, knows_if_range=False)

    def endless_listing(self):  # each page has a next one
        page = b"[" + b" " * 100000 + b"]"
        self.start(200, len(page), Link='<%s/api/models/org/endless/tree/main?cursor=%d>; rel="next"' % (
            self.server.url, self.count("pages")))
        self.body([page])

    def listing(self):
        m = re.fullmatch(r"/api/models/(.+)/tree/main\?recursive=true(?:&cursor=(\d+))?", self.path)
        rows = self.server.repositories.get(m[1]) if m else None
        if rows is None:
            return self.start(404)
        at, step = int(m[2] or 0), 3
        page = json.dumps(rows[at:at + step]).encode()
        more = {}
        if at + step < len(rows):
            more["Link"] = '<%s/api/models/%s/tree/main?recursive=true&cursor=%d>; rel="next"' % (
                self.server.url, m[1], at + step)
        self.start(200, len(page), **more)
        self.body([page])


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, certificate=None):
        super().__init__(("127.0.0.1", 0), Handler)
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            scheme = "https"
        self.url = "%s://127.0.0.1:%d" % (scheme, self.server_port)
        self.files, self.repositories = {}, {}
        self.reset()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a client that goes away, or does not trust the certificate

    def reset(self):
        self.requests, self.counts, self.etags = [], {}, {}
