# SPDX-License-Identifier: MIT
"""What a row of the table is, and what several experiments measure themselves against."""
from dataclasses import dataclass
from typing import Optional

ACTORS = 1000


@dataclass(frozen=True, eq=False)
class Row:
    name: str
    unit: str
    target: str
    at_least: Optional[float] = None  # the ratio of the value to what is beside it
    at_most: Optional[float] = None

    def passes(self, ratio):
        if ratio is None or (self.at_least is None and self.at_most is None):
            return None
        if self.at_least is not None:
            return ratio >= self.at_least
        return ratio <= self.at_most


@dataclass
class Measure:
    row: Row
    value: float
    beside: Optional[float] = None


def redis_rate(stage, run, clients):
    with stage.redis() as port:
        return run("bench_redis", port=port, clients=clients, actors=ACTORS)
