#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A worker that does what its messages say: `VERB REST`. All the ways in which one can
be good and bad."""
import json
import os
import signal
import sys
import time

held = []


def say(turn, **members):
    print(json.dumps({"id": turn["id"], **members}), flush=True)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def wait_for(path):
    deadline = time.monotonic() + 300
    while not os.path.exists(path):
        if time.monotonic() > deadline:
            sys.exit(f"{path} did not come within 300 s")
        time.sleep(0.005)


def note(path, text):
    with open(path, "a", encoding="utf-8") as file:
        file.write(text + "\n")


def once(path):
    """Whether this is the first time."""
    if os.path.exists(path):
        return False
    note(path, "")
    return True


def handle(turn):
    verb, _, rest = turn["message"].partition(" ")
    if verb == "echo":
        say(turn, result=rest)
    elif verb == "attempt":
        say(turn, result=str(turn["attempt"]))
    elif verb == "pid":
        say(turn, result=str(os.getpid()))
    elif verb == "environment":
        say(turn, result="\n".join(f"{k}={v}" for k, v in sorted(os.environ.items())))
    elif verb == "state":
        say(turn, result=turn["state"], state=rest,
            send=[{"to": "audit_log/tasks", "message": "told"}])
    elif verb == "raw":
        print(rest.replace("ID", str(turn["id"])), flush=True)
    elif verb == "hold":
        held.append(turn)
    elif verb == "release":
        held.append(turn)
        while held:
            say(held[-1], result=held.pop()["message"])
    elif verb == "wait":
        note(rest + ".awaited", str(os.getpid()))
        wait_for(rest)
        say(turn, result="waited")
    elif verb == "slow":
        time.sleep(float(rest))
        say(turn, result=str(os.getpid()))
    elif verb == "eat":
        bytearray(int(rest))
        say(turn, result="eaten")
    elif verb == "die":
        die()
    elif verb == "die-once":
        if once(rest):
            die()
        say(turn, result=str(turn["attempt"]))
    elif verb == "complain":
        print(rest, file=sys.stderr, flush=True)
        die()
    elif verb == "shout":
        print(("x" * 99 + "\n") * int(rest), file=sys.stderr, flush=True)
        say(turn, result="shouted")
    elif verb == "exit":
        sys.exit(int(rest))
    elif verb == "answer-and-die":
        say(turn, result="last words")
        die()
    elif verb == "close":
        os.close(int(rest))
        time.sleep(600)
    elif verb == "hang":
        if os.fork() == 0:  # with a child, who is to go with it
            os.setsid()
        note(rest, str(os.getpid()))
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    elif verb == "long":
        print("x" * int(rest), end="", flush=True)
        time.sleep(600)
    else:
        say(turn, error="what is " + verb + "?")


def main():
    if "AT_START" in os.environ:
        note(os.environ["AT_START"], str(time.monotonic_ns() // 1000000))
    if "EXIT" in os.environ:
        sys.exit(int(os.environ["EXIT"]))
    for line in sys.stdin:
        handle(json.loads(line))
    if "AT_END" in os.environ:
        note(os.environ["AT_END"], str(os.getpid()))
    if "STAY" in os.environ:
        time.sleep(600)


main()
