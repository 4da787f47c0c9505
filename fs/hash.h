/* SPDX-License-Identifier: MIT */
/*
 * The hash of the tables in this room: FNV-1a over names of a few dozen bytes, and
 * Fibonacci hashing for numbers that mostly count up. What they hash was made by the
 * daemon or is short-lived and local, so that no secret seed is needed.
 */
#ifndef ACTORFS_FS_HASH_H
#define ACTORFS_FS_HASH_H

#include <stdint.h>

#include "common/base/bytes.h"

static inline uint64_t hash_number(uint64_t number)
{
    uint64_t mixed = number * 0x9E3779B97F4A7C15u;
    return mixed ^ mixed >> 32;
}

/* Continues `hash` over the bytes. */
static inline uint64_t hash_bytes(uint64_t hash, struct view bytes)
{
    hash ^= 0xCBF29CE484222325u;
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ (unsigned char)bytes.data[i]) * 0x100000001B3u;
    return hash ^ hash >> 32;
}

#endif
