/* SPDX-License-Identifier: MIT */
/*
 * What the crash programs are told: how long to go on, whichever limit is first, and
 * what their dice begin with, so that a round that showed a fault can be run again.
 */
#ifndef ACTORFS_TESTS_CRASH_ARGUMENTS_H
#define ACTORFS_TESTS_CRASH_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

struct arguments {
    unsigned kills_max, seconds;
    uint64_t seed;
    bool is_verbose;
};

/* Without words it goes on for `seconds`, with a seed of the moment. False, and a line
   on standard error, where the words cannot be understood. */
bool arguments_parse(int count, char **words, unsigned seconds,
                     struct arguments *arguments_out);

#endif
