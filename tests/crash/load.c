/* SPDX-License-Identifier: MIT */
/*
 * Keys, values and messages as functions of numbers. The hash only has to spread.
 */
#include "tests/crash/load.h"

#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t clock, int64_t per_second, int64_t divisor)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * per_second + now.tv_nsec / divisor;
}

int64_t clock_now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC, 1000000000, 1);
}

int64_t wall_now_ms(void)
{
    return read_clock(CLOCK_REALTIME, 1000, 1000000);
}

uint64_t random_next(uint64_t *state)
{
    uint64_t mixed = (*state += 0x9e3779b97f4a7c15u);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

uint32_t random_below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)(random_next(state) % bound);
}

static uint64_t mix(int actor, char space, uint32_t index, uint32_t line)
{
    uint64_t state =
        (uint64_t)actor << 56 ^ (uint64_t)space << 48 ^ (uint64_t)line << 32 ^ index;
    return random_next(&state);
}

enum behavior_kind actor_behavior(int actor)
{
    return (enum behavior_kind)(actor % 3);
}

void actor_name(int generation, int actor, char *name_out, size_t size)
{
    static const char *const behaviors[] = {"counter", "echo", "keep"};
    snprintf(name_out, size, "%s_%d", behaviors[actor_behavior(actor)],
             generation * 100 + actor);
}

uint32_t key_lines(char space, uint32_t index)
{
    return space == 'm' ? 2 + index % 19 : 1;
}

int64_t key_delay_ms(char space, uint32_t index)
{
    if (space == 'c')
        return 3600 * 1000;
    if (space != 'd')
        return 0;
    /* A few last longer than several rounds do. */
    return index % 8 == 0 ? 3000 : 1 + index % 600;
}

void key_text(char space, uint32_t index, uint32_t line, char *text_out, size_t size)
{
    if (line > 1)
        snprintf(text_out, size, "%c%u~%u", space, index, line);
    else
        snprintf(text_out, size, "%c%u", space, index);
}

bool key_parse(const char *text, char *space_out, uint32_t *index_out,
               uint32_t *line_out)
{
    char again[64];
    *line_out = 1;
    if (sscanf(text, "%c%u~%u", space_out, index_out, line_out) < 2 ||
        strchr("krmdbxcf", *space_out) == NULL)
        return false;
    key_text(*space_out, *index_out, *line_out, again, sizeof again);
    return strcmp(again, text) == 0 && *line_out >= 1 &&
           *line_out <= key_lines(*space_out, *index_out);
}

int64_t key_value(int actor, char space, uint32_t index, uint32_t line)
{
    return space == 'b' ? -1 : 1 + (int64_t)(mix(actor, space, index, line) % 1000);
}

static void append_padding(struct bytes *out, uint64_t hash)
{
    /* One in 64 is large enough for several sectors. */
    size_t size = hash % 64 == 0 ? 500 + (hash >> 8) % 5000 : (hash >> 8) % 120;
    char *room = bytes_reserve(out, size);
    for (size_t i = 0; i < size; i++)
        room[i] = (char)('a' + (hash + i * i) % 26);
    out->size += size;
}

void key_message(struct bytes *out, int actor, char space, uint32_t index,
                 uint32_t line, uint32_t epoch)
{
    if (actor_behavior(actor) == BEHAVIOR_COUNTER && space == 'b') {
        bytes_format(out, "bad %u\n", index);
    } else if (actor_behavior(actor) == BEHAVIOR_COUNTER) {
        bytes_format(out, "%lld\n", (long long)key_value(actor, space, index, line));
    } else {
        bytes_format(out, "%d %c%u %u %u ", actor, space, index, line, epoch);
        append_padding(out, mix(actor, space, index, line));
        bytes_append_text(out, "\n");
    }
}
