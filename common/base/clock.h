/* SPDX-License-Identifier: MIT */
/*
 * Time, as something that is handed in. Everything that asks for the time asks a
 * `struct clock`; the simulator and the tests hand in one of their own.
 */
#ifndef ACTORFS_BASE_CLOCK_H
#define ACTORFS_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"

struct clock {
    /* Milliseconds since 1970 UTC; may jump either way. */
    int64_t (*wall_ms)(struct clock *clock);
    /* Nanoseconds since some start; never runs backward. */
    int64_t (*monotonic_ns)(struct clock *clock);
};

/* The machine's own clock. Any thread. */
struct clock *clock_system(void);

/* Appends RFC 3339 UTC with milliseconds: 2026-12-24T18:00:00.000Z. */
void clock_format(struct bytes *out, int64_t wall_ms);
/* Reads RFC 3339 (`2026-12-24T18:00:00Z`, fraction and numeric offset allowed). */
bool clock_parse(struct view text, int64_t *wall_ms_out);
/* Reads `250ms`, `30s`, `5m`, `2h`, `7d` (whole numbers). */
bool clock_parse_duration(struct view text, int64_t *ms_out);

#endif
