# SPDX-License-Identifier: MIT
"""The rows of HTTP and WebDAV, and how each is measured; see rows.py."""
import http.client
import os
import resource
import socket
import time
from urllib.parse import urlsplit

import web
from row import ACTORS, Measure, Row, redis_rate

LISTED = 10000
LISTINGS = 10  # of which the median counts
LINES_A_POST = 50000
CONNECTIONS_HELD = 2000

HTTP_PUT_64 = Row("HTTP, PUT, 64 connections", "messages/s",
                  "2 x Redis, 64 connections", at_least=2.0)
HTTP_PUT_1 = Row("HTTP, PUT, 1 connection", "messages/s", "Redis, 1 connection",
                 at_least=1.0)
HTTP_PUT_MANY = {count: Row(f"HTTP, PUT, {count} connections", "messages/s",
                            "the same with 64", at_least=1.0)
                 for count in (128, 512, 2000)}
HTTP_AGAIN = Row("HTTP, PUT of a finished key", "requests/s", "80% of hello",
                 at_least=0.8)
HTTP_RESULT = Row("HTTP, GET of its result", "requests/s", "80% of hello", at_least=0.8)
HTTP_STATE = Row("HTTP, GET state", "requests/s", "85% of hello", at_least=0.85)
HTTP_STATUS = Row("HTTP, GET status", "requests/s", "85% of hello", at_least=0.85)
HTTP_PUT_FILE = {name: Row(f"HTTP, PUT, against {name}'s PUT", "messages/s",
                           f"10 x {name}, which syncs nothing", at_least=10.0)
                 for name in ("nginx", "lighttpd")}
HTTP_BULK = Row("HTTP, POST of 1M lines, one actor", "messages/s", "300,000", at_least=1.0)
HTTP_STATE_FILE = Row("HTTP, GET state, against nginx", "requests/s", "nginx, file of 1 KiB",
                      at_least=1.0)
DAV_LIST = {name: Row(f"PROPFIND, 10,000 actors; {name}", "us", f"{name}, 10,000 files",
                      at_most=1.0)
            for name in ("nginx", "lighttpd")}
DAV_FIRST = Row("  the same, to its first byte", "us", "2 ms", at_most=1.0)
DAV_LIST_ALONE = Row("PROPFIND, 10,000 actors", "us", "")
DAV_LOCK = {clients: Row(f"LOCK + UNLOCK, clients: {clients}", "pairs/s",
                         "2 x Apache, one client", at_least=2.0)
            for clients in (1, 64)}
HTTP_IDLE = Row("HTTP, memory of an idle connection", "bytes", "20,000", at_most=1.0)
HTTP_WAITING = Row("HTTP, memory of a waiting one", "bytes", "20,000", at_most=1.0)


def http_put(stage, peers):
    """Asked by the very client that asks Redis: wrk takes longer than either server."""
    redis = redis_rate(stage, stage.short, 64) if peers else {}
    rates = {}
    for connections in (64, 1, 128, 512, 2000):
        with stage.served() as url:
            rates[connections] = stage.short("bench_put", port=urlsplit(url).port,
                                             clients=connections,
                                             actors=ACTORS)["burst_rate"]
    yield Measure(HTTP_PUT_64, rates[64], redis.get("burst_rate"))
    lone = redis_rate(stage, stage.short, 1) if peers else {}
    yield Measure(HTTP_PUT_1, rates[1], lone.get("burst_rate"))
    for count, row in HTTP_PUT_MANY.items():
        yield Measure(row, rates[count], rates[64])


def http_read(stage, _peers):
    with stage.hello() as url:
        hello = stage.wrk(url, 64)
    with stage.served() as url:
        stage.wrk(url, 1, "again.lua", seconds=1)
        yield Measure(HTTP_AGAIN, stage.wrk(url, 64, "again.lua"), hello)
        yield Measure(HTTP_RESULT, stage.wrk(url + "actors/a_0/tasks@cup", 64), hello)
        yield Measure(HTTP_STATE, stage.wrk(url + "actors/a_0/state", 64), hello)
        yield Measure(HTTP_STATUS, stage.wrk(url + "actors/a_0/status", 64), hello)


def http_put_files(stage, peers):
    """A fresh file each, in one folder."""
    if not peers:
        return
    with stage.served() as url:
        mine = stage.wrk(url, 64, "put.lua")
    for name, row in HTTP_PUT_FILE.items():
        with getattr(web, name)(stage) as url:
            yield Measure(row, mine, stage.wrk(url, 64, "put_file.lua"))


def http_bulk(stage, _peers):
    count = min(stage.bulk_lines, LINES_A_POST)
    body = b"".join(b"%099d\n" % n for n in range(count))
    with stage.served() as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        started = time.monotonic()
        for n in range(stage.bulk_lines // count):
            connection.request("POST", f"/actors/a_0/tasks?Idempotency-Key=b{n}", body,
                               {"Content-Type": "application/x-ndjson"})
            expect(connection.getresponse(), 202, 200)
        seconds = time.monotonic() - started
    yield Measure(HTTP_BULK, stage.bulk_lines // count * count / seconds, 300000)


def expect(response, *codes):
    """The body of an answer that has one of these codes."""
    body = response.read()
    if response.status not in codes:
        raise RuntimeError(f"an answer was {response.status}: {body[:200]}")
    return body


def http_file(stage, peers):
    """A small state beside nginx with a file in its cache."""
    if not peers:
        return
    with stage.folder() as root:
        with open(os.path.join(root, "state"), "wb") as file:
            file.write(b"x" * 1024)
        with web.nginx(stage, root) as url:
            nginx = stage.wrk(url + "state", 64)
    with stage.served() as url:
        yield Measure(HTTP_STATE_FILE, stage.wrk(url + "actors/a_0/state", 64), nginx)


PROPERTIES = (b'<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop><D:resourcetype/>'
              b"<D:getcontentlength/><D:getlastmodified/><D:getetag/></D:prop>"
              b"</D:propfind>")


def list_times(url, path):
    """Microseconds to the whole answer of PROPFIND Depth 1, and to its first byte."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    whole, first = [], []
    for _ in range(LISTINGS):
        started = time.monotonic()
        connection.request("PROPFIND", path, PROPERTIES,
                           {"Depth": "1", "Content-Type": "application/xml"})
        response = connection.getresponse()
        first.append(1e6 * (time.monotonic() - started))
        body = expect(response, 207)
        whole.append(1e6 * (time.monotonic() - started))
        if body.count(b"<D:href>") <= LISTED:
            raise RuntimeError(f"{url}: {body.count(b'<D:href>')} entries")
    return sorted(whole)[LISTINGS // 2], sorted(first)[LISTINGS // 2]


def dav_list(stage, peers):
    with stage.folder() as folder:
        store = os.path.join(folder, "store")
        stage.program("bench_engine", store=store, actors=LISTED, seconds=0)
        with stage.served(store) as url:
            whole, first = list_times(url, "/actors/")
    if not peers:
        yield Measure(DAV_LIST_ALONE, whole)
    for name, row in DAV_LIST.items() if peers else ():
        with stage.folder() as root:
            for n in range(LISTED):
                with open(os.path.join(root, f"bench_{n}"), "wb"):
                    pass
            with getattr(web, name)(stage, root) as url:
                yield Measure(row, whole, list_times(url, "/")[0])
    yield Measure(DAV_FIRST, first, 2000)


def lock_rate(stage, url, prefix, clients):
    return stage.short("bench_lock", port=urlsplit(url).port, prefix=prefix,
                       clients=clients)["burst_rate"]


def dav_lock(stage, peers):
    """Apache has one client: when several come at once, most are refused (400)."""
    apache = None
    if peers:
        with web.apache(stage) as url:
            apache = lock_rate(stage, url, "/", 1)
    for clients, row in DAV_LOCK.items():
        with stage.served() as url:
            yield Measure(row, lock_rate(stage, url, "/actors/a_0/", clients), apache)


def held_bytes(url, pid, path, is_answered):
    """What a connection costs that has asked for `path`."""
    port, request = urlsplit(url).port, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    before = settled_memory(pid)
    held = []
    try:
        for _ in range(CONNECTIONS_HELD):
            held.append(socket.create_connection(("127.0.0.1", port)))
            held[-1].sendall(request.encode())
            if is_answered:
                held[-1].recv(4096)
        return (settled_memory(pid) - before) / CONNECTIONS_HELD
    finally:
        for connection in held:
            connection.close()


def settled_memory(pid):
    """Bytes of its own that the process has in memory, once that no longer changes."""
    last = None
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            now = next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))
        if now == last:
            return 1024 * now
        last = now
        time.sleep(0.5)
    raise RuntimeError(f"the memory of process {pid} does not settle within 60 s")


def http_memory(stage, _peers):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 65536)), hard))
    with stage.serve() as (url, pid):
        yield Measure(HTTP_IDLE, held_bytes(url, pid, "/actors/a_0/state", True), 20000)
    with stage.serve() as (url, pid):
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        for path, body in (("status", b"suspend\n"), ("tasks@cup", b"latte")):
            connection.request("PUT", "/actors/a_0/" + path, body)
            expect(connection.getresponse(), 202, 204)
        path = "/actors/a_0/tasks@cup?wait=300s"
        yield Measure(HTTP_WAITING, held_bytes(url, pid, path, False), 20000)


EXPERIMENTS = (http_put, http_put_files, http_bulk, http_read, http_file, http_memory,
               dav_list, dav_lock)
