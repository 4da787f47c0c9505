/* SPDX-License-Identifier: MIT */
/* Splitmix64, and an arena of blocks. */
#include "tests/simulator/dice.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/log.h"

#define BLOCK_BYTES (1u << 18)

uint64_t dice_next(struct dice *dice)
{
    uint64_t z = dice->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

uint64_t dice_roll(struct dice *dice, uint64_t n)
{
    return dice_next(dice) % n;
}

int64_t dice_between(struct dice *dice, int64_t low, int64_t high)
{
    return low + (int64_t)dice_roll(dice, (uint64_t)(high - low + 1));
}

bool dice_odds(struct dice *dice, unsigned n)
{
    return n && dice_roll(dice, n) == 0;
}

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    char data[];
};

void *arena_take(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->blocks;
    size = (size + 15) & ~(size_t)15;
    if (!block || block->size - block->used < size) {
        size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        block = memory_take_zeroed(1, sizeof *block + room);
        block->size = room;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *taken = block->data + block->used;
    block->used += size;
    return taken;
}

struct view arena_copy(struct arena *arena, struct view text)
{
    if (text.size == 0)
        return view_of("", 0);
    char *copy = arena_take(arena, text.size);
    memcpy(copy, text.data, text.size);
    return view_of(copy, text.size);
}

struct view arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    char text[512];
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ENSURE(size >= 0 && (size_t)size < sizeof text);
    return arena_copy(arena, view_of(text, (size_t)size));
}

void arena_free(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}
