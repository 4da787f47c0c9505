/* SPDX-License-Identifier: MIT */
/*
 * What every measuring program shares: a clock, a meter that counts operations and
 * their latencies, fresh keys, command line options, and the one JSON line that each
 * program prints. It knows nothing of the product, so that peers and floors are
 * measured with the very same ruler.
 *
 * A run has a burst (from an empty store) and, when it goes on for longer, a sustained
 * part after it. Latencies are those of the burst.
 */
#ifndef ACTORFS_BENCH_MEASURE_H
#define ACTORFS_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_BYTES 100
#define FRESH_KEY_BYTES 32

/* Nanoseconds of the monotonic clock. */
int64_t now_ns(void);
/* Prints a line on standard error and exits with 1. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The same with the reason that errno gives. */
void fail_errno(const char *what) __attribute__((noreturn));

/* The text after `name` on the command line, else `fallback`. */
const char *option_text(int argc, char **argv, const char *name, const char *fallback);
uint64_t option_number(int argc, char **argv, const char *name, uint64_t fallback);

/* Latencies in logarithmic buckets with 64 steps an octave: at most 1.6 % off. */
#define HISTOGRAM_STEP_BITS 6
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_STEP_BITS + 1) << HISTOGRAM_STEP_BITS)
struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
};

struct meter {
    int64_t start_ns;
    int64_t burst_end_ns;
    int64_t end_ns;
    int64_t last_ns; /* when the last operation was counted */
    uint64_t operations;
    uint64_t burst_operations;
    struct histogram latencies;
};

/* Starts a run by the options --seconds (all of it) and --burst (its first part; all of
   it by default). */
void meter_start(struct meter *meter, int argc, char **argv);
/* Counts an operation that began at `started_ns` and ended now; false once the run is
   over. Operations that end after the run's end are not counted. */
bool meter_count(struct meter *meter, int64_t started_ns);
/* Adds what another meter of the same run counted. */
void meter_merge(struct meter *meter, const struct meter *other);
/* Prints the JSON line. */
void meter_report(const struct meter *meter);

/* A source of fresh keys and of random choices. */
struct source {
    uint64_t state;
};
/* Seeds from the system, so that two runs share no key. */
void source_seed(struct source *source);
uint64_t source_below(struct source *source, uint64_t bound);
/* Writes FRESH_KEY_BYTES hexadecimal digits, without a terminator. */
void source_key(struct source *source, char *key_out);
/* Writes MESSAGE_BYTES bytes that begin with the key; no newline among them. */
void message_fill(char *message_out, const char *key);

#endif
