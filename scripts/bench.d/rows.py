# SPDX-License-Identifier: MIT
"""The rows of the table and how each is measured.

An experiment measures one thing and, right beside it, the peer or floor it is held
against, so that a noisy minute of the machine hurts both. It returns a Measure for each
of its rows; the medians over all runs are taken later, of the ratios too.
"""
import os
import subprocess
import time

from row import ACTORS, Measure, Row, redis_rate
import rows_files
import rows_http

LISTED_ACTORS = 100000


ENGINE_64 = Row("engine, 64 clients", "messages/s", "4 x Redis, 64 connections",
                at_least=4.0)
ENGINE_64_LONG = Row("  the same, sustained", "messages/s", "1/3 of the burst",
                     at_least=1 / 3)
REDIS_64_LONG = Row("  Redis, 64 connections, sustained", "messages/s", "1/3 of the burst")
ENGINE_1 = Row("engine, 1 client", "messages/s", "1.2 x Redis, 1 connection",
               at_least=1.2)
ENGINE_1_TIME = Row("engine, 1 client, time", "us", "at most 1.3 x fdatasync",
                    at_most=1.3)
WRITE_64 = Row("mount, > tasks@KEY, 64 on 64 actors", "messages/s",
               "1.2 x Redis, 64 connections", at_least=1.2)
WRITE_64_FLOOR = Row("  the same, against empty FUSE", "messages/s", "")
WRITE_64_LONG = Row("  the same, sustained", "messages/s", "1/3 of the burst",
                    at_least=1 / 3)
WRITE_ONE = Row("mount, > tasks@KEY, 64 on one actor", "messages/s",
                "40% of the same on 64", at_least=0.4)
PLAIN_64 = Row("mount, > tasks, 64 on 64 actors", "messages/s",
               "1.2 x Redis, 64 connections", at_least=1.2)
PLAIN_64_FLOOR = Row("  the same, against empty FUSE", "messages/s", "")
PLAIN_ONE = Row("mount, > tasks, 64 on one actor", "messages/s",
                "40% of the same on 64", at_least=0.4)
WRITE_1_TIME = Row("mount, > tasks@KEY, 1 writer, time", "us", "empty FUSE + 1.3 x fdatasync",
                   at_most=1.0)
BULK_ONE = Row("mount, >>, 1M lines, one actor", "messages/s", "300,000", at_least=1.0)
BULK_CAT = Row("mount, cat >>, 1M lines, one actor", "messages/s", "300,000",
               at_least=1.0)
BULK_MANY = Row("mount, >>, 1M lines, 1,000 actors", "messages/s", "300,000",
                at_least=1.0)
TURNS_ONE = Row("counter turns, one actor", "turns/s", "100,000", at_least=1.0)
TURNS_MANY = Row("counter turns, 1,000 actors", "turns/s", "100,000", at_least=1.0)
READ_STATE = Row("mount, read state", "reads/s", "90% of empty FUSE", at_least=0.9)
READ_STATUS = Row("mount, read status", "reads/s", "90% of empty FUSE", at_least=0.9)
STAT = Row("mount, stat", "calls/s", "90% of empty FUSE", at_least=0.9)
LIST = Row("mount, ls -l, 100,000 actors", "actors/s", "90% of empty FUSE", at_least=0.9)
PROGRAM_TURNS = Row("program turns, 1,000 actors", "turns/s",
                    "80% of posix_spawn + waitid, all cores", at_least=0.8)
WORKER_MANY = Row("worker turns, 1,000 actors", "turns/s", "50,000", at_least=1.0)
WORKER_PING = Row("  the same, against ping-pong", "turns/s",
                  "40% of a bare pipe's ping-pong", at_least=0.4)
WORKER_PIPE = Row("  the same, against a full pipe", "turns/s", "(beside it)")
WORKER_ONE = Row("worker turns, one actor", "turns/s", "engine, 1 client", at_least=1.0)
WORKER_AHEAD = Row("  the same, speculative", "turns/s", "5 x engine, 1 client",
                   at_least=5.0)
RING = Row("ring of 1,000 actors", "messages/s", "50,000", at_least=1.0)
ERLANG_RING = Row("  Erlang, ring of 1,000 (not durable)", "messages/s", "(beside it)")
ERLANG_PAIR = Row("  Erlang, ping-pong (not durable)", "messages/s", "(beside it)")
BEANSTALKD = Row("beanstalkd put -f0, 64 connections", "messages/s", "(beside it)")


def engine_store(stage, run, **options):
    with stage.folder() as folder:
        return run("bench_engine", store=os.path.join(folder, "store"), actors=ACTORS,
                   **options)


def engine_many(stage, peers):
    mine = engine_store(stage, stage.long, clients=64)
    redis = redis_rate(stage, stage.long, 64) if peers else {}
    yield Measure(ENGINE_64, mine["burst_rate"], redis.get("burst_rate"))
    if stage.sustained:
        yield Measure(ENGINE_64_LONG, mine["sustained_rate"], mine["burst_rate"])
        if peers:
            yield Measure(REDIS_64_LONG, redis["sustained_rate"], redis["burst_rate"])


def engine_single(stage, peers):
    floor = stage.fdatasync()
    mine = engine_store(stage, stage.short, clients=1)
    redis = redis_rate(stage, stage.short, 1) if peers else {}
    yield Measure(ENGINE_1, mine["burst_rate"], redis.get("burst_rate"))
    yield Measure(ENGINE_1_TIME, mine["p50_us"], floor)


def write_rates(stage, run, keys):
    """64 writers on 64 actors through the mount, through an empty one, on one actor."""
    options = {"writers": 64, "keys": keys}
    with stage.actorfs() as mount:
        mine = run("bench_write", mount=mount, **options)
    with stage.empty_fuse(64) as mount:
        empty = stage.short("bench_write", mount=mount, **options)
    with stage.actorfs() as mount:
        one = stage.short("bench_write", mount=mount, actors=1, **options)
    return mine, empty, one


def write_keyed(stage, peers):
    redis = redis_rate(stage, stage.short, 64) if peers else {}
    mine, empty, one = write_rates(stage, stage.long, keys=1)
    yield Measure(WRITE_64, mine["burst_rate"], redis.get("burst_rate"))
    yield Measure(WRITE_64_FLOOR, mine["burst_rate"], empty["burst_rate"])
    if stage.sustained:
        yield Measure(WRITE_64_LONG, mine["sustained_rate"], mine["burst_rate"])
    yield Measure(WRITE_ONE, one["burst_rate"], mine["burst_rate"])


def write_plain(stage, peers):
    redis = redis_rate(stage, stage.short, 64) if peers else {}
    mine, empty, one = write_rates(stage, stage.short, keys=0)
    yield Measure(PLAIN_64, mine["burst_rate"], redis.get("burst_rate"))
    yield Measure(PLAIN_64_FLOOR, mine["burst_rate"], empty["burst_rate"])
    yield Measure(PLAIN_ONE, one["burst_rate"], mine["burst_rate"])


def write_single(stage, peers):
    floor = stage.fdatasync()
    with stage.empty_fuse(1) as mount:
        empty = stage.short("bench_write", mount=mount, writers=1)
    with stage.actorfs() as mount:
        mine = stage.short("bench_write", mount=mount, writers=1)
    yield Measure(WRITE_1_TIME, mine["p50_us"], empty["p50_us"] + 1.3 * floor)


def bulk(stage, peers):
    lines = stage.bulk_lines
    with stage.actorfs() as mount:
        one = stage.program("bench_bulk", mount=mount, lines=lines)
        check_accepted(mount, "bench_0", lines)
    with stage.actorfs() as mount:
        # An equal share each, in four rounds.
        many = stage.program("bench_bulk", mount=mount, lines=lines, actors=ACTORS,
                             write_lines=max(1, lines // ACTORS // 4))
    yield Measure(BULK_ONE, one["burst_rate"], 300000)
    yield Measure(BULK_CAT, cat_rate(stage, lines), 300000)
    yield Measure(BULK_MANY, many["burst_rate"], 300000)


def cat_rate(stage, lines):
    with stage.folder() as folder, stage.actorfs() as mount:
        path = os.path.join(folder, "lines")
        with open(path, "w", encoding="ascii") as file:
            file.writelines(f"{n:099d}\n" for n in range(lines))
        os.mkdir(os.path.join(mount, "actors", "bulk"))
        tasks = os.path.join(mount, "actors", "bulk", "tasks")
        started = time.monotonic()
        subprocess.run(["sh", "-c", 'cat "$1" >> "$2"', "sh", path, tasks], check=True)
        seconds = time.monotonic() - started
        check_accepted(mount, "bulk", lines)
        return lines / seconds


def check_accepted(mount, actor, lines):
    """Every line that was acknowledged is a task by now."""
    with open(os.path.join(mount, "actors", actor, "status"), encoding="utf-8") as file:
        status = dict(line.rstrip("\n").split(": ", 1) for line in file if ": " in line)
    found = sum(int(status[word]) for word in ("pending", "running", "done", "failed"))
    if found != lines:
        raise RuntimeError(f"{actor}: {found} tasks of {lines} lines")


def turns(stage, peers):
    for row, actors in ((TURNS_ONE, 1), (TURNS_MANY, ACTORS)):
        with stage.folder() as folder:
            rate = stage.program("bench_turns", store=os.path.join(folder, "store"),
                                 actors=actors, messages=stage.turns)["burst_rate"]
        yield Measure(row, rate, 100000)


def turn_rate(stage, behaviors, behavior, actors, messages):
    """Turns of an installed behavior, through the engine alone."""
    with stage.folder() as folder:
        return stage.program("bench_turns", store=os.path.join(folder, "store"),
                             behaviors=behaviors, behavior=behavior, actors=actors,
                             messages=messages)["burst_rate"]


def program_turns(stage, peers):
    with stage.behaviors({"tiny": "tiny"}) as behaviors:
        floor = stage.short("bench_spawn", program=os.path.join(behaviors, "tiny"))
        mine = turn_rate(stage, behaviors, "tiny", ACTORS,
                         stage.turns // 50 // ACTORS * ACTORS)
    yield Measure(PROGRAM_TURNS, mine, floor["burst_rate"])


def worker_turns(stage, peers):
    """Against the same worker on bare pipes: one line at a time, and as many as fit."""
    with stage.behaviors({"swift.worker": "swift"}, {"swift": "processes = 1"}) as behaviors:
        worker = os.path.join(behaviors, "swift.worker")
        ping = stage.short("bench_pipe", program=worker, actors=1)
        full = stage.short("bench_pipe", program=worker, actors=ACTORS)
        mine = turn_rate(stage, behaviors, "swift", ACTORS, stage.turns)
    yield Measure(WORKER_MANY, mine, 50000)
    yield Measure(WORKER_PING, mine, ping["burst_rate"])
    yield Measure(WORKER_PIPE, mine, full["burst_rate"])


def worker_one(stage, peers):
    """One actor's turns, each on disk before the next; then running ahead of it."""
    commits = engine_store(stage, stage.short, clients=1)["burst_rate"]
    for row, share, conf in ((WORKER_ONE, 25, "processes = 1"),
                             (WORKER_AHEAD, 5, "processes = 1\nspeculative = yes")):
        with stage.behaviors({"swift.worker": "swift"}, {"swift": conf}) as behaviors:
            mine = turn_rate(stage, behaviors, "swift", 1, stage.turns // share)
        yield Measure(row, mine, commits)


def ring(stage, peers):
    conf = f"processes = 1\nenv.RING = {ACTORS}"
    with stage.behaviors({"ring.worker": "ring"}, {"ring": conf}) as behaviors:
        with stage.folder() as folder:
            mine = stage.program("bench_ring", store=os.path.join(folder, "store"),
                                 behaviors=behaviors, actors=ACTORS,
                                 messages=stage.turns)
    yield Measure(RING, mine["burst_rate"], 50000)
    if peers:
        yield Measure(ERLANG_RING,
                      stage.erlang("ring", 10 * stage.turns, ACTORS)["burst_rate"])
        yield Measure(ERLANG_PAIR, stage.erlang("pair", 10 * stage.turns)["burst_rate"])


def read_rates(stage, mount):
    """What is read, and how often a second; the listing first, while nothing is known."""
    actors = os.path.join(mount, "actors")
    started = time.monotonic()
    subprocess.run(["ls", "-l", actors], stdout=subprocess.DEVNULL, check=True)
    rates = {"list": LISTED_ACTORS / (time.monotonic() - started)}
    for what in ("state", "status", "stat"):
        rates[what] = stage.short("bench_read", mount=mount, what=what,
                                  actors=ACTORS)["burst_rate"]
    return rates


def reads(stage, peers):
    with stage.folder() as folder:
        store = os.path.join(folder, "store")
        stage.program("bench_engine", store=store, actors=LISTED_ACTORS, seconds=0)
        with stage.actorfs(store) as mount:
            for n in range(ACTORS):
                path = os.path.join(mount, "actors", f"bench_{n}", "state")
                with open(path, "w", encoding="ascii") as file:
                    file.write("s" * 100)
        with stage.actorfs(store) as mount:
            mine = read_rates(stage, mount)
    with stage.empty_fuse(LISTED_ACTORS) as mount:
        empty = read_rates(stage, mount)
    for row, what in ((READ_STATE, "state"), (READ_STATUS, "status"), (STAT, "stat"),
                      (LIST, "list")):
        yield Measure(row, mine[what], empty[what])


def beanstalkd(stage, peers):
    if peers:
        with stage.beanstalkd() as port:
            rate = stage.short("bench_beanstalk", port=port, clients=64)["burst_rate"]
        yield Measure(BEANSTALKD, rate)


EXPERIMENTS = (engine_many, engine_single, write_keyed, write_plain, write_single, bulk,
               turns, program_turns, worker_turns, worker_one, ring, reads,
               *rows_files.EXPERIMENTS, *rows_http.EXPERIMENTS, beanstalkd)
