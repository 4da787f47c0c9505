# SPDX-License-Identifier: MIT
"""From measures to medians, a table for people and JSON for programs."""
import json
import os
import platform
import statistics
import subprocess
import time

ERLANG_VERSION = "io:put_chars(erlang:system_info(otp_release)), halt()."


def summarize(measures):
    """One result a row, in the order in which rows were first met."""
    by_row = {}
    for measure in measures:
        by_row.setdefault(measure.row, []).append(measure)
    return [summarize_row(row, taken) for row, taken in by_row.items()]


def summarize_row(row, taken):
    ratios = [m.value / m.beside for m in taken if m.beside]
    ratio = statistics.median(ratios) if ratios else None
    beside = [m.beside for m in taken if m.beside]
    return {
        "row": row.name,
        "unit": row.unit,
        "value": statistics.median(m.value for m in taken),
        "beside": statistics.median(beside) if beside else None,
        "ratio": ratio,
        "target": row.target,
        "pass": row.passes(ratio),
        "runs": [{"value": m.value, "beside": m.beside} for m in taken],
    }


def number(value):
    return "" if value is None else f"{value:,.0f}"


def table(results):
    lines = [f"{'what':<37}{'median':>12}  {'unit':<11}{'beside it':>12}{'ratio':>8}"
             f"  {'':<5}target"]
    for result in results:
        ratio = "" if result["ratio"] is None else f"{result['ratio']:.2f}"
        mark = {True: "ok", False: "MISS", None: ""}[result["pass"]]
        lines.append(f"{result['row']:<37}{number(result['value']):>12}  "
                     f"{result['unit']:<11}{number(result['beside']):>12}{ratio:>8}"
                     f"  {mark:<5}{result['target']}")
    return "\n".join(lines)


def filesystem_of(path):
    command = ["findmnt", "-n", "-o", "FSTYPE,SOURCE", "-T", path]
    return " ".join(subprocess.run(command, capture_output=True, text=True,
                                   check=False).stdout.split())


def version_of(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return (done.stdout or done.stderr).strip().split("\n")[0]


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def machine(scratch):
    return {
        "cores": os.cpu_count(),
        "processor": processor(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        "kernel": platform.release(),
        "filesystem": filesystem_of(scratch),
        "load_average": os.getloadavg()[0],
        "redis": version_of(["redis-server", "--version"]),
        "beanstalkd": version_of(["beanstalkd", "-v"]),
        "nginx": version_of(["nginx", "-v"]),
        "lighttpd": version_of(["lighttpd", "-v"]),
        "apache": version_of(["apache2", "-v"]),
        "erlang": version_of(["erl", "-noshell", "-eval", ERLANG_VERSION]),
    }


def write_json(path, facts, settings, results):
    document = {
        "taken": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": facts,
        "settings": settings,
        "results": results,
    }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.write("\n")
