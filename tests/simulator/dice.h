/* SPDX-License-Identifier: MIT */
/*
 * Every choice of a run comes from one seed: dice (splitmix64), and an arena for the
 * texts of the run, which all live until it ends.
 */
#ifndef ACTORFS_TESTS_SIMULATOR_DICE_H
#define ACTORFS_TESTS_SIMULATOR_DICE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"

struct dice {
    uint64_t state;
};

uint64_t dice_next(struct dice *dice);
/* 0 to n - 1. */
uint64_t dice_roll(struct dice *dice, uint64_t n);
/* From low to high, both included. */
int64_t dice_between(struct dice *dice, int64_t low, int64_t high);
/* True once in n times; never for 0. */
bool dice_odds(struct dice *dice, unsigned n);

struct arena_block;
struct arena {
    struct arena_block *blocks;
};

void *arena_take(struct arena *arena, size_t size);
struct view arena_copy(struct arena *arena, struct view text);
struct view arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *arena);

#endif
