# SPDX-License-Identifier: MIT
"""The stage: scratch folders, servers and mounts, each set up for one measurement and
taken down after it, all on one filesystem.

Everything started here is stopped by its own process id; no system service is touched.
"""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
READY_SECONDS = 30
STOP_SECONDS = 60


class Stage:
    def __init__(self, build, scratch, burst, sustained):
        self.build = build
        self.scratch = scratch
        self.burst = burst
        self.sustained = sustained

    def program(self, name, **options):
        """Runs a measuring program and returns what its JSON line says."""
        command = [os.path.join(self.build, name)]
        for option, value in options.items():
            command += ["--" + option.replace("_", "-"), str(value)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    def short(self, name, **options):
        """A run that is a burst and no more."""
        return self.program(name, seconds=self.burst, **options)

    def long(self, name, **options):
        """A burst that goes on into the sustained part."""
        seconds = self.burst + self.sustained
        return self.program(name, seconds=seconds, burst=self.burst, **options)

    @contextlib.contextmanager
    def folder(self):
        path = tempfile.mkdtemp(prefix="bench-", dir=self.scratch)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    @contextlib.contextmanager
    def behaviors(self, programs, confs=None):
        """A folder with programs of the build under other names, and what their .conf
        say; where we are root they run as nobody, who must get there."""
        with self.folder() as folder:
            os.chmod(folder, 0o755)
            for name, program in programs.items():
                shutil.copy(os.path.join(self.build, program), os.path.join(folder, name))
            for name, text in (confs or {}).items():
                path = os.path.join(folder, name + ".conf")
                with open(path, "w", encoding="ascii") as file:
                    file.write(text + "\n")
            yield folder

    @staticmethod
    def erlang(*words):
        """Runs Erlang's side of it and returns what its JSON line says."""
        script = os.path.join(HERE, "pingpong.escript")
        done = subprocess.run(["escript", script, *map(str, words)],
                              stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    @contextlib.contextmanager
    def server(self, command, is_ready, cwd):
        """A server process in the foreground, from ready to stopped."""
        log_path = os.path.join(cwd, "log")
        with open(log_path, "wb") as log:
            # Some ask their whole process group to stop.
            process = subprocess.Popen(command, cwd=cwd, stdout=log, stderr=log,
                                       start_new_session=True)
        try:
            wait_until_ready(process, is_ready, log_path)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @contextlib.contextmanager
    def redis(self):
        """Redis as people run it when nothing may be lost; yields its port."""
        port = free_port()
        with self.folder() as folder:
            command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1",
                       "--save", "", "--appendonly", "yes", "--appendfsync", "always",
                       "--dir", folder]
            with self.server(command, lambda: answers(port), folder):
                yield port

    @contextlib.contextmanager
    def beanstalkd(self):
        port = free_port()
        with self.folder() as folder:
            command = ["beanstalkd", "-l", "127.0.0.1", "-p", str(port), "-b", folder,
                       "-f0"]
            with self.server(command, lambda: answers(port), folder):
                yield port

    @contextlib.contextmanager
    def mounted(self, command):
        """Mounts with `command` plus the mountpoint it finds as MNT; yields that."""
        with self.folder() as folder:
            mount = os.path.join(folder, "mnt")
            os.mkdir(mount)
            command = [mount if word == "MNT" else word for word in command]
            try:
                with self.server(command, lambda: os.path.ismount(mount), folder):
                    yield mount
            finally:
                if os.path.ismount(mount):
                    subprocess.run(["fusermount3", "-uz", mount], check=False)

    @contextlib.contextmanager
    def actorfs(self, store=None):
        """The product, mounted on an empty store (or on `store`); yields the mount."""
        with contextlib.ExitStack() as stack:
            store = store or os.path.join(stack.enter_context(self.folder()), "store")
            command = [os.path.join(self.build, "actorfs"), "mount", store, "MNT", "-f",
                       "-o", "mailbox-max=100000000"]
            yield stack.enter_context(self.mounted(command))

    @contextlib.contextmanager
    def serve(self, store=None):
        """The product, over HTTP only, on an empty store (or on `store`); yields its
        address and its process id. There is an actor a_0."""
        port = free_port()
        with self.folder() as folder:
            command = [os.path.join(self.build, "actorfs"), "serve",
                       store or os.path.join(folder, "store"), "-f",
                       "--listen", f"127.0.0.1:{port}", "-o", "mailbox-max=100000000"]
            with self.server(command, lambda: answers(port), folder) as process:
                url = f"http://127.0.0.1:{port}/"
                subprocess.run(["curl", "-sSf", "-X", "MKCOL", url + "actors/a_0"],
                               check=True)
                subprocess.run(["curl", "-sSf", "-T", "-", url + "actors/a_0/state"],
                               input=b"x" * 100, stdout=subprocess.DEVNULL, check=True)
                yield url, process.pid

    @contextlib.contextmanager
    def served(self, store=None):
        """The same; yields the address only."""
        with self.serve(store) as (url, _):
            yield url

    @contextlib.contextmanager
    def hello(self):
        """The floor of libmicrohttpd; yields its address."""
        port = free_port()
        with self.folder() as folder:
            command = [os.path.join(self.build, "hello"), str(port)]
            with self.server(command, lambda: answers(port), folder):
                yield f"http://127.0.0.1:{port}/"

    def wrk(self, url, connections, script=None, seconds=None):
        """Requests a second, all of them answered well."""
        command = ["wrk", "-t", str(min(connections, 2)), "-c", str(connections),
                   "-d", f"{seconds or self.burst}s", "--timeout", "30s"]
        if script:
            command += ["-s", os.path.join(HERE, script)]
        done = subprocess.run(command + [url], stdout=subprocess.PIPE, check=True,
                              text=True)
        if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
            raise RuntimeError(f"{url}: {done.stdout}")
        for line in done.stdout.splitlines():
            if line.startswith("Requests/sec:"):
                return float(line.split()[1])
        raise RuntimeError(f"{url}: {done.stdout}")

    def empty_fuse(self, actors):
        return self.mounted([os.path.join(self.build, "empty_fuse"), "MNT",
                             "--actors", str(actors)])

    @contextlib.contextmanager
    def passthrough(self):
        """libfuse's example over an empty folder; yields its mount."""
        program = os.path.join(self.build, "passthrough")
        if not os.path.exists(program):
            raise RuntimeError("the examples of libfuse3-dev are not installed")
        with self.folder() as folder:
            with self.mounted([program, "-f", "-o", "source=" + folder, "MNT"]) as mount:
                yield mount

    def fdatasync(self):
        """Microseconds of one small append and fdatasync, the median of a second."""
        with self.folder() as folder:
            path = os.path.join(folder, "disk")
            return self.program("bench_disk", file=path, seconds=1)["p50_us"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until_ready(process, is_ready, log_path):
    deadline = time.monotonic() + READY_SECONDS
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            with open(log_path, encoding="utf-8", errors="replace") as log:
                raise RuntimeError(f"{process.args[0]} did not start: {log.read()}")
        time.sleep(0.02)
