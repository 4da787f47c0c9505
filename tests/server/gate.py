#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gate.py ACTORFS: who gets in, asked of a real server over real sockets.

Each test is a function named for what it protects; the first line on standard output
that is not `ok` says what broke. Passwords are of the lowest cost, tokens are random.
"""
import base64
import ctypes
import hashlib
import json
import os
import re
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import traceback

DEADLINE = 30
TOKEN = secrets.token_urlsafe(24)


def poll(what, get):
    """What `get` says, once it says anything."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        found = get()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"never came: {what}")


def hashed(password):
    crypt = ctypes.CDLL("libcrypt.so.1")
    crypt.crypt.restype = ctypes.c_char_p
    return crypt.crypt(password.encode(), b"$2y$04$abcdefghijklmnopqrstuu").decode()


def make_certificate(folder, name):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key", "-out", f"{folder}/cert"],
        check=True, capture_output=True)


class Server:
    """A daemon of its own store; its log is read as it comes."""

    def __init__(self, *options, users=True):
        self.folder = tempfile.mkdtemp(prefix="actorfs-test-gate-")
        if users:
            self.write_users(f"anna:{hashed('latte')}\n"
                             f"bob:{hashed('mocha')}::read=user_* write=user_1\n"
                             f"dan:{hashed('milk')}::read=user_* write=order_*\n"
                             f"eve:{hashed('tea')}:3999999\n"
                             f"ci:{{sha256}}{hashlib.sha256(TOKEN.encode()).hexdigest()}\n")
            options += ("--users", f"{self.folder}/users")
        options = [option.replace("FOLDER", self.folder) for option in options]
        self.log = open(f"{self.folder}/log", "w+")
        self.process = subprocess.Popen(
            [ACTORFS, "serve", f"{self.folder}/store", "-f", *options], stderr=self.log)
        self.ports = poll("ports", self.read_ports)

    def write_users(self, text):
        with open(f"{self.folder}/users", "w") as file:
            file.write(text)

    def said(self):
        with open(f"{self.folder}/log") as log:
            return log.read()

    def read_ports(self):
        assert self.process.poll() is None, self.said()
        return [int(port) for port in re.findall(r"\(port (\d+)\)", self.said())]

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.ports[0]), DEADLINE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        status = self.process.wait(DEADLINE)
        said = self.said()
        subprocess.run(["rm", "-rf", self.folder], check=True)
        assert status == 0, said


class Answer:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.raw, self.code = raw, int(lines[0].split()[1]) if lines[0] else 0
        self.headers = [line.split(": ", 1) for line in lines[1:]]

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]


def read_all(connection):
    raw = b""
    while True:
        try:
            more = connection.recv(65536)
        except ConnectionResetError:
            more = b""
        if not more:
            return raw
        raw += more


def exchange(server, raw):
    """Everything the server answers until it closes."""
    with server.connect() as connection:
        connection.sendall(raw)
        return Answer(read_all(connection))


def ask(server, method, path, login=None, body=None, connection=None, **headers):
    fields = {"Host": "localhost", "Connection": "close"}
    if login and ":" in login:
        login = "Basic " + base64.b64encode(login.encode()).decode()
    if login:
        fields["Authorization"] = login
    if body is not None:
        fields["Content-Length"] = str(len(body))
    fields.update({name.replace("_", "-"): value for name, value in headers.items()})
    raw = f"{method} {path} HTTP/1.1\r\n".encode()
    raw += "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
    raw += b"\r\n" + (body or b"")
    if connection:
        connection.sendall(raw)
        return Answer(read_all(connection))
    return exchange(server, raw)


def expect(answer, *codes):
    assert answer.code in codes, f"{answer.code}, not {codes}: {answer.raw[:400]!r}"
    return answer


# ------------------------------------------------------------------------------ logins


def test_who_has_no_login_is_told_how_to_log_in():
    with Server("--listen", "127.0.0.1:0") as server:
        answer = expect(ask(server, "GET", "/"), 401)
        challenges = answer.all("WWW-Authenticate")
        assert challenges[0].startswith("Basic ") and challenges[1].startswith("Bearer ")
        expect(ask(server, "OPTIONS", "/"), 200)
        expect(ask(server, "OPTIONS", "/actors"), 200)
        expect(ask(server, "GET", "/healthz"), 200)
        expect(ask(server, "HEAD", "/healthz"), 200)


def test_passwords_and_tokens_let_in():
    with Server("--listen", "127.0.0.1:0") as server:
        for login in "anna:latte", "SHOP\\anna:latte", f"Bearer {TOKEN}", f"ci:{TOKEN}":
            expect(ask(server, "GET", "/", login), 200)
        for login in "anna:Latte", "nobody:x", "Bearer " + "x" * 30, "Basic !", "Digest a":
            expect(ask(server, "GET", "/", login), 401)


def test_an_upload_waits_for_the_verdict():
    with Server("--listen", "127.0.0.1:0") as server:
        expect(ask(server, "MKCOL", "/actors/user_1", "anna:latte"), 201)
        for login in None, "anna:wrong":
            expect(ask(server, "PUT", "/actors/user_1/tasks@a", login, b"x" * 1000), 401)
        large = ask(server, "PUT", "/actors/user_1/tasks@a", "anna:no", b"x" * 900000)
        assert large.code in (0, 401), large.raw  # or the connection was reset
        expect(ask(server, "GET", "/actors/user_1/tasks@a", "anna:latte"), 404)
        expect(ask(server, "PUT", "/actors/user_1/tasks@a", "anna:latte", b"x" * 900000), 200, 202)


def test_guesses_are_slowed_down_and_logged():
    with Server("--listen", "127.0.0.1:0") as server:
        codes = [ask(server, "GET", "/", f"anna:guess{n}").code for n in range(8)]
        assert codes[:4] == [401] * 4 and 429 in codes, codes
        later = expect(ask(server, "GET", "/", "anna:guess"), 429)
        assert int(later.all("Retry-After")[0]) >= 1
        expect(ask(server, "GET", "/", f"Bearer {TOKEN}"), 200)
        pattern = r"(?m)refused login from 127\.0\.0\.1: wrong password for anna$"
        assert len(re.findall(pattern, server.said())) == codes.count(401)


def test_many_connections_with_one_password_all_get_in():
    with Server("--listen", "127.0.0.1:0") as server:
        connections = [server.connect() for _ in range(100)]
        login = base64.b64encode(b"anna:latte").decode()
        raw = ("GET /README HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
               f"Authorization: Basic {login}\r\n\r\n").encode()
        for connection in connections:
            connection.sendall(raw)
        for connection in connections:
            expect(Answer(read_all(connection)), 200)
            connection.close()


def test_the_users_file_is_read_again():
    with Server("--listen", "127.0.0.1:0") as server:
        expect(ask(server, "GET", "/", "anna:latte"), 200)
        server.write_users(f"zoe:{hashed('cocoa')}\n")
        server.process.send_signal(signal.SIGHUP)
        poll("the new users", lambda: "read again" in server.said())
        expect(ask(server, "GET", "/", "zoe:cocoa"), 200)
        expect(ask(server, "GET", "/", "anna:latte"), 401)


# ------------------------------------------------------------------------------ rights


def test_rules_say_what_a_user_may_do_with_which_actors():
    with Server("--listen", "127.0.0.1:0") as server:
        for name in "user_1", "user_2", "order_1":
            expect(ask(server, "MKCOL", f"/actors/{name}", "anna:latte"), 201)
        bob = "bob:mocha"
        expect(ask(server, "PUT", "/actors/user_1/tasks@a", bob, b"x"), 202, 200)
        expect(ask(server, "GET", "/actors/user_1/tasks@a?wait=10", bob), 200)
        expect(ask(server, "GET", "/actors/user_2/state", bob), 200)
        for method, path in (("PUT", "/actors/user_2/tasks@a"), ("PUT", "/actors/user_1/state"),
                             ("PUT", "/actors/user_1/status"), ("DELETE", "/actors/user_1"),
                             ("GET", "/actors/order_1/state"), ("MKCOL", "/actors/order_2"),
                             ("GET", "/attention"), ("PUT", "/actors/no%5fone/tasks")):
            expect(ask(server, method, path, bob, b"" if method != "GET" else None), 403)
        listing = expect(ask(server, "GET", "/actors/", bob, Accept="text/plain"), 200).body
        assert b"user_2" in listing and b"order_1" not in listing, listing


def test_modes_count_for_users_mapped_to_unix_users():
    with Server("--listen", "127.0.0.1:0") as server:
        expect(ask(server, "MKCOL", "/actors/user_1", "anna:latte"), 201)
        eve = "eve:tea"
        expect(ask(server, "GET", "/actors/user_1/state", eve), 200)
        expect(ask(server, "PUT", "/actors/user_1/state", eve, b"x"), 403)
        expect(ask(server, "PUT", "/actors/user_1/tasks@a", eve, b"x"), 403)
        expect(ask(server, "MKCOL", "/actors/user_2", eve), 403)
        expect(ask(server, "DELETE", "/actors/user_1", eve), 403)


def test_rules_count_for_both_ends_of_a_copy_and_for_listings():
    with Server("--listen", "127.0.0.1:0") as server:
        for name in "user_1", "order_1":
            expect(ask(server, "MKCOL", f"/actors/{name}", "anna:latte"), 201)
        expect(ask(server, "PUT", "/actors/user_1/note", "bob:mocha", b"x"), 201)
        for target in "/actors/order_1/note", "/actors/user_2/note":
            expect(ask(server, "COPY", "/actors/user_1/note", "bob:mocha", Destination=target), 403)
        expect(ask(server, "COPY", "/actors/user_1/note", "bob:mocha",
                   Destination="/actors/user_1/note2"), 201)
        expect(ask(server, "MOVE", "/actors/user_1", "bob:mocha",
                   Destination="/actors/user_9"), 403)
        listing = expect(ask(server, "PROPFIND", "/actors/", "bob:mocha", Depth="1"), 207)
        assert b"user_1" in listing.raw and b"order_1" not in listing.raw, listing.raw
        page = expect(ask(server, "GET", "/actors/", "bob:mocha", Accept="text/html"), 200)
        assert b"user_1" in page.raw and b"order_1" not in page.raw, page.raw


def test_who_may_only_write_to_an_actor_is_not_told_how_it_does():
    with Server("--listen", "127.0.0.1:0") as server:
        for name in "user_1", "order_1":
            expect(ask(server, "MKCOL", f"/actors/{name}", "anna:latte"), 201)
        listing = ask(server, "GET", "/actors/", "dan:milk", Accept="application/json")
        shown = {entry["name"]: entry for entry in json.loads(expect(listing, 200).body)["entries"]}
        assert "done" in shown["user_1"] and "done" not in shown["order_1"], shown
        page = expect(ask(server, "GET", "/actors/", "dan:milk", Accept="text/html"), 200).body
        rows = [row for row in page.split(b"\n") if b"<td>" in row]
        assert len(rows) == 2, page
        assert b"idle" in rows[0] and b"order_1" in rows[1] and b"idle" not in rows[1], rows


# ----------------------------------------------------------------------------- origins


def test_other_names_and_pages_are_refused():
    options = "--listen", "127.0.0.1:0", "--public-url", "https://shop.example/coffee"
    with Server(*options, users=False) as server:
        expect(ask(server, "GET", "/", Host="evil.example"), 421)
        expect(ask(server, "GET", "/", Host="shop.example"), 200)
        expect(ask(server, "GET", "/coffee/README", Host="shop.example"), 200)
        expect(ask(server, "MKCOL", "/actors/a", Origin="http://evil.example"), 403)
        expect(ask(server, "MKCOL", "/actors/a", Sec_Fetch_Site="cross-site"), 403)
        preflight = ask(server, "OPTIONS", "/actors/a", Origin="http://evil.example",
                        Access_Control_Request_Method="PUT")
        assert expect(preflight, 403).all("Access-Control-Allow-Origin") == []
        expect(ask(server, "MKCOL", "/actors/a", Origin="https://shop.example"), 201)
        expect(ask(server, "MKCOL", "/actors/b", Origin="http://localhost"), 201)
        expect(ask(server, "PUT", "/actors/a/note", body=b"x"), 201)
        public = "https://shop.example/coffee/actors/a/note2"
        expect(ask(server, "COPY", "/actors/a/note", Destination=public), 201)
        expect(ask(server, "GET", "/actors/a/note2"), 200)


def test_a_proxy_is_believed_only_where_it_is_trusted():
    with Server("--listen", "127.0.0.1:0", "--trusted-proxy", "127.0.0.1") as server:
        expect(ask(server, "GET", "/", "anna:x", X_Forwarded_For="192.0.2.7"), 401)
        assert "refused login from 192.0.2.7: " in server.said()
    with Server("--listen", "127.0.0.1:0") as server:
        expect(ask(server, "GET", "/", "anna:x", X_Forwarded_For="192.0.2.7"), 401)
        assert "refused login from 127.0.0.1: " in server.said()


# --------------------------------------------------------------------------------- TLS


def certificate_of(server, version=ssl.TLSVersion.TLSv1_3):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    with context.wrap_socket(server.connect()) as connection:
        return connection.getpeercert(True)


def test_a_certificate_is_replaced_while_connections_go_on():
    folder = tempfile.mkdtemp(prefix="actorfs-test-gate-")
    make_certificate(folder, "one")
    with Server("--listen", "127.0.0.1:0", "--listen", "unix:FOLDER/socket", "--tls-cert",
                f"{folder}/cert", "--tls-key", f"{folder}/key") as server:
        assert server.said().count("(port ") == 1, "a socket has no port"
        context = ssl.create_default_context(cafile=f"{folder}/cert")
        old = context.wrap_socket(server.connect(), server_hostname="localhost")
        before = certificate_of(server)
        assert certificate_of(server, ssl.TLSVersion.TLSv1_2) == before
        make_certificate(folder, "two")
        server.process.send_signal(signal.SIGHUP)
        poll("the new certificate", lambda: certificate_of(server) != before)
        expect(ask(server, "GET", "/", "anna:latte", connection=old), 200)
        old.close()
        with socket.socket(socket.AF_UNIX) as plain:
            plain.connect(f"{server.folder}/socket")
            expect(ask(server, "GET", "/", "anna:latte", connection=plain), 200)
        expect(exchange(server, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 0)
    subprocess.run(["rm", "-r", folder], check=True)


# --------------------------------------------------------------------- hostile requests

SMUGGLED = b"PUT /actors/user_1/tasks@smuggled HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"


def test_a_request_that_can_be_framed_in_two_ways_is_refused_and_closed():
    put = b"PUT /actors/user_1/tasks@a HTTP/1.1\r\n"
    host = b"Host: localhost\r\n"
    chunked = b"Transfer-Encoding: chunked\r\n"
    end = b"\r\n0\r\n\r\n"
    rows = {
        "no Host": put + b"Content-Length: 1\r\n\r\nx",
        "two Hosts": put + host + host + b"Content-Length: 1\r\n\r\nx",
        "two lengths": put + host + b"Content-Length: 1\r\nContent-Length: 0\r\n\r\nx",
        "length and chunks": put + host + b"Content-Length: 4\r\n" + chunked + end,
        "chunks twice": put + host + chunked + chunked + end,
        "gzip, chunked": put + host + b"Transfer-Encoding: gzip, chunked\r\n" + end,
        "identity": put + host + b"Transfer-Encoding: identity\r\n" + end,
        "xchunked": put + host + b"Transfer-Encoding: xchunked\r\n" + end,
        "space before colon": put + host + b"Transfer-Encoding : chunked\r\n" + end,
        "folded": put + host + b"X-A: b\r\n c\r\nContent-Length: 1\r\n\r\nx",
        "folded length": put + host + b"Content-Length:\r\n 1\r\n\r\nx",
        "signed length": put + host + b"Content-Length: +1\r\n\r\nx",
        "hex length": put + host + b"Content-Length: 0x1\r\n\r\nx",
        "list length": put + host + b"Content-Length: 1, 1\r\n\r\nx",
        "huge length": put + host + b"Content-Length: 99999999999999999999\r\n\r\nx",
        "NUL in the target": put.replace(b"@a", b"@a\0b") + host + b"Content-Length: 1\r\n\r\nx",
        "space in the target": put.replace(b"@a", b"@a b") + host + b"Content-Length: 1\r\n\r\nx",
        "two spaces": put.replace(b" /", b"  /") + host + b"Content-Length: 1\r\n\r\nx",
    }
    with Server("--listen", "127.0.0.1:0", users=False) as server:
        expect(ask(server, "MKCOL", "/actors/user_1"), 201)
        for name, row in rows.items():
            answer = exchange(server, row + SMUGGLED)
            assert answer.code in (0, 400, 413), f"{name}: {answer.raw[:300]!r}"
            assert answer.raw.count(b"HTTP/1.1 ") <= 2, f"{name}: {answer.raw!r}"
            assert b" 202 " not in answer.raw and b" 200 " not in answer.raw, name
        for key in "a", "smuggled":
            expect(ask(server, "GET", f"/actors/user_1/tasks@{key}"), 404)


def test_paths_that_lead_elsewhere_are_refused():
    with Server("--listen", "127.0.0.1:0", users=False) as server:
        for path in ("/../etc/passwd", "/actors/../README", "/actors/%2e%2e/README", "//README",
                     "/actors/a%2Fb", "/actors/a%00", "/%zz", "/README#x", "README"):
            expect(ask(server, "GET", path), 400, 404)
        expect(ask(server, "GET", "http://evil.example/README"), 421)
        expect(ask(server, "GET", "http://localhost/README"), 200)


def test_a_client_that_drips_its_headers_is_cut_off():
    with Server("--listen", "127.0.0.1:0", users=False) as server:
        with server.connect() as connection:
            began = time.monotonic()
            connection.settimeout(0.5)
            closed = False
            while not closed and time.monotonic() < began + 3 * DEADLINE:
                try:
                    connection.sendall(b"G")
                    closed = connection.recv(1) == b""
                except socket.timeout:
                    continue
                except OSError:
                    closed = True
            lasted = time.monotonic() - began
            assert closed and lasted > 8, lasted


def test_a_flood_of_headers_is_refused():
    with Server("--listen", "127.0.0.1:0", users=False) as server:
        flood = b"".join(b"X-%d: %s\r\n" % (n, b"y" * 50) for n in range(2000))
        answer = exchange(server, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + flood + b"\r\n")
        assert answer.code in (0, 413, 431), answer.raw[:200]
        expect(ask(server, "GET", "/"), 200)


# ---------------------------------------------------------------------------- the start


def test_a_port_is_not_shared_with_another_store():
    folder = tempfile.mkdtemp(prefix="actorfs-test-gate-")
    with Server("--listen", "127.0.0.1:0", users=False) as server:
        done = subprocess.run([ACTORFS, "serve", f"{folder}/store", "-f", "--listen",
                               f"127.0.0.1:{server.ports[0]}"],
                              capture_output=True, timeout=DEADLINE)
        assert done.returncode == 1 and b"in use" in done.stderr, done
    subprocess.run(["rm", "-r", folder], check=True)


def test_what_would_let_strangers_in_does_not_start():
    folder = tempfile.mkdtemp(prefix="actorfs-test-gate-")
    users = f"{folder}/users"
    with open(users, "w") as file:
        file.write("anna:plain\n")
    rows = (("--listen", "0.0.0.0:0"), ("--listen", "0.0.0.0:0", "--users", users),
            ("--listen", "[::]:0"), ("--listen", "127.0.0.1:0", "--allow-other"),
            ("--listen", "127.0.0.1:0", "--users", users),
            ("--listen", "127.0.0.1:0", "--tls-cert", users),
            ("--listen", "127.0.0.1"), ("--listen", "127.0.0.1:99999"), ("--listen", "here:80"),
            ("--listen", "127.0.0.1:0", "--public-url", "shop"),
            ("--listen", "127.0.0.1:0", "--trusted-proxy", "shop"))
    for row in rows:
        done = subprocess.run([ACTORFS, "serve", f"{folder}/store", "-f", *row],
                              capture_output=True, timeout=DEADLINE)
        assert done.returncode == 1 and done.stderr.startswith(b"actorfs: "), (row, done)
    subprocess.run(["rm", "-r", folder], check=True)


def main():
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    failed = []
    for name, test in tests:
        if len(sys.argv) > 2 and sys.argv[2] not in name:
            continue
        try:
            test()
            print("ok", name[5:], flush=True)
        except Exception:
            failed.append(name)
            print("FAILED", name[5:], flush=True)
            traceback.print_exc()
    sys.exit(1 if failed else 0)


ACTORFS = os.path.abspath(sys.argv[1])
main()
