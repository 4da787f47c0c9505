/* SPDX-License-Identifier: MIT */
/*
 * Standard error of a program: each line goes to the daemon's log, and the last bytes
 * of a turn are kept for its error text. A program that says more than anybody reads
 * does not flood the log: lines beyond a rate are dropped and counted. One thread.
 */
#ifndef ACTORFS_BEHAVIOR_COMPLAINTS_H
#define ACTORFS_BEHAVIOR_COMPLAINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"

/* Of a behavior, for all its turns together. Zero-initialize. */
struct complaint_rate {
    int64_t filled_ms;
    uint32_t tokens;  /* lines that may be logged now */
    uint64_t dropped; /* and not told yet */
};

struct complaints {
    const char *behavior, *actor; /* borrowed */
    struct complaint_rate *rate;  /* borrowed */
    size_t tail_bytes_max;
    struct bytes tail, line;
};

void complaints_add(struct complaints *complaints, struct view text, int64_t now_ms);
/* Nothing more is said: logs a last line that has no newline. */
void complaints_end(struct complaints *complaints, int64_t now_ms);
/* The last tail_bytes_max bytes, without the white space at the end. */
struct view complaints_tail(const struct complaints *complaints);
void complaints_free(struct complaints *complaints);

/* Says how many lines were dropped since it was last said, if any. */
void complaint_rate_tell(struct complaint_rate *rate, const char *behavior);

#endif
