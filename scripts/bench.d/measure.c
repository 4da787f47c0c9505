/* SPDX-License-Identifier: MIT */
/*
 * The ruler of the measuring programs. Everything is plain memory without pointers, so
 * that meters may lie in memory shared by writer processes and be merged afterwards.
 */
#include "scripts/bench.d/measure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define NS_PER_SECOND 1000000000LL

int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

void fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

void fail_errno(const char *what)
{
    fail("%s: %s", what, strerror(errno));
}

const char *option_text(int argc, char **argv, const char *name, const char *fallback)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return fallback;
}

uint64_t option_number(int argc, char **argv, const char *name, uint64_t fallback)
{
    const char *text = option_text(argc, argv, name, NULL);
    char *end;

    if (!text)
        return fallback;
    uint64_t number = strtoull(text, &end, 10);
    if (end == text || *end)
        fail("%s: not a number: %s", name, text);
    return number;
}

static size_t bucket_of(uint64_t value)
{
    if (value < 1u << HISTOGRAM_STEP_BITS)
        return value;
    unsigned octave = 63u - (unsigned)__builtin_clzll(value);
    unsigned shift = octave - HISTOGRAM_STEP_BITS;
    uint64_t step = (value >> shift) & ((1u << HISTOGRAM_STEP_BITS) - 1);

    return ((size_t)(shift + 1) << HISTOGRAM_STEP_BITS) + step;
}

static uint64_t bucket_middle(size_t bucket)
{
    if (bucket < 1u << HISTOGRAM_STEP_BITS)
        return bucket;
    unsigned shift = (unsigned)(bucket >> HISTOGRAM_STEP_BITS) - 1;
    uint64_t step = bucket & ((1u << HISTOGRAM_STEP_BITS) - 1);
    uint64_t low = (step | 1u << HISTOGRAM_STEP_BITS) << shift;

    return low + (1ull << shift) / 2;
}

static void histogram_add(struct histogram *histogram, uint64_t value)
{
    histogram->counts[bucket_of(value)]++;
}

/* The value below which `part` (0 to 1) of all values lie; 0 for an empty histogram. */
static uint64_t histogram_at(const struct histogram *histogram, double part)
{
    uint64_t total = 0;
    uint64_t passed = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        total += histogram->counts[i];
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        passed += histogram->counts[i];
        if (passed > 0 && (double)passed >= part * (double)total)
            return bucket_middle(i);
    }
    return 0;
}

void meter_start(struct meter *meter, int argc, char **argv)
{
    int64_t seconds = (int64_t)option_number(argc, argv, "--seconds", 5);
    int64_t burst = (int64_t)option_number(argc, argv, "--burst", (uint64_t)seconds);

    memset(meter, 0, sizeof(*meter));
    meter->start_ns = now_ns();
    meter->burst_end_ns = meter->start_ns + burst * NS_PER_SECOND;
    meter->end_ns = meter->start_ns + seconds * NS_PER_SECOND;
    meter->last_ns = meter->start_ns;
}

bool meter_count(struct meter *meter, int64_t started_ns)
{
    int64_t now = now_ns();

    if (now >= meter->end_ns)
        return false;
    meter->operations++;
    meter->last_ns = now;
    if (now < meter->burst_end_ns) {
        meter->burst_operations++;
        histogram_add(&meter->latencies, (uint64_t)(now - started_ns));
    }
    return true;
}

void meter_merge(struct meter *meter, const struct meter *other)
{
    meter->operations += other->operations;
    meter->burst_operations += other->burst_operations;
    if (other->last_ns > meter->last_ns)
        meter->last_ns = other->last_ns;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        meter->latencies.counts[i] += other->latencies.counts[i];
}

static double rate(uint64_t operations, int64_t ns)
{
    return ns > 0 ? (double)operations * (double)NS_PER_SECOND / (double)ns : 0;
}

void meter_report(const struct meter *meter)
{
    uint64_t later = meter->operations - meter->burst_operations;

    printf("{\"operations\": %llu, \"burst_rate\": %.1f, \"sustained_rate\": %.1f, "
           "\"p50_us\": %.2f, \"p99_us\": %.2f}\n",
           (unsigned long long)meter->operations,
           rate(meter->burst_operations, meter->burst_end_ns - meter->start_ns),
           rate(later, meter->end_ns - meter->burst_end_ns),
           (double)histogram_at(&meter->latencies, 0.50) / 1000,
           (double)histogram_at(&meter->latencies, 0.99) / 1000);
}

void source_seed(struct source *source)
{
    if (getrandom(&source->state, sizeof(source->state), 0) != sizeof(source->state))
        fail("no random seed");
}

/* splitmix64: one multiplication chain, every seed is a good one. */
static uint64_t next_random(struct source *source)
{
    uint64_t mixed = source->state += 0x9E3779B97F4A7C15ull;

    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9ull;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBull;
    return mixed ^ mixed >> 31;
}

uint64_t source_below(struct source *source, uint64_t bound)
{
    return next_random(source) % bound;
}

void source_key(struct source *source, char *key_out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < FRESH_KEY_BYTES; i += 16) {
        uint64_t random = next_random(source);
        for (size_t j = 0; j < 16; j++)
            key_out[i + j] = digits[random >> (4 * j) & 15];
    }
}

void message_fill(char *message_out, const char *key)
{
    memset(message_out, 'm', MESSAGE_BYTES);
    memcpy(message_out, key, FRESH_KEY_BYTES);
}
