/* SPDX-License-Identifier: MIT */
/*
 * Arrays in ascending order of a number that each row begins with: a uint64_t, no two
 * the same. Pure, any thread.
 */
#ifndef ACTORFS_BASE_SORTED_H
#define ACTORFS_BASE_SORTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether one of the `count` rows, of row_bytes each, has that number. *position_out is
   where it stands, or else where it would have to. */
bool sorted_find(const void *rows, size_t count, size_t row_bytes, uint64_t number,
                 size_t *position_out);

#endif
