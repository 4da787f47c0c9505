# SPDX-License-Identifier: MIT
"""Ordinary files, against libfuse's own pass-through example on the same filesystem, as
Debian ships its source and with its own options. Both are mounted at the same time and
asked in turn, in short pieces, so that neither has the quieter minute.
"""
import os
import statistics

from row import Measure, Row

PIECES = 5
ROWS = {
    "write": Row("files, sequential write", "MiB/s", "90% of passthrough_ll",
                 at_least=0.9),
    "read": Row("files, sequential read", "MiB/s", "90% of passthrough_ll",
                at_least=0.9),
    "small": Row("files, made, read and removed", "files/s", "90% of passthrough_ll",
                 at_least=0.9),
    "stat": Row("files, stat", "calls/s", "90% of passthrough_ll", at_least=0.9),
    "readdir": Row("files, folders of 1,000 listed", "folders/s",
                   "90% of passthrough_ll", at_least=0.9),
}


def ordinary(stage, _peers):
    with stage.actorfs() as mount, stage.passthrough() as beside:
        mine = os.path.join(mount, "actors", "bench_0")
        os.mkdir(mine)
        for what, row in ROWS.items():
            rates = [[stage.short("bench_files", folder=folder, what=what)["burst_rate"]
                      for folder in (mine, beside)] for _ in range(PIECES)]
            value, other = (statistics.median(column) for column in zip(*rates))
            yield Measure(row, value, other)


EXPERIMENTS = (ordinary,)
