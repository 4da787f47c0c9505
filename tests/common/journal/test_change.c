/* SPDX-License-Identifier: MIT */
/* What a journal record says comes back, change by change, and nothing else does. */
#include "common/journal/change.h"

#include <stdlib.h>

#include <criterion/criterion.h>

#define WALL_MS 1766664000123
#define CLOCK_MS 77

/* One of each type, with every field that the type has. */
static const struct change changes[] = {
    {.type = CHANGE_CREATE, .actor = 1, .owner = {2, 3, 0755}, .text = {"user_1", 6}},
    {.type = CHANGE_REMOVE, .actor = UINT64_MAX},
    {.type = CHANGE_OWNER, .actor = 1, .part = 8, .owner = {4, 5, 0600}},
    {.type = CHANGE_FLAGS, .actor = 1, .flags = 3},
    {.type = CHANGE_BEHAVIOR, .actor = 1, .text = {"counter", 7}},
    {.type = CHANGE_STATE,
     .actor = 1,
     .text = {"text/plain", 10},
     .state = {"a\0b", 3}},
    {.type = CHANGE_ACCEPT,
     .actor = 1,
     .sequence = 9,
     .due_ms = -1,
     .openings = 4,
     .key = {"key", 3},
     .fingerprint = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
     .timer = {"tick", 4},
     .caller = {"me", 2},
     .envelope = {"\1\0", 2},
     .message = {"latte\n", 6}},
    {.type = CHANGE_DUE, .actor = 1, .sequence = 9, .slot = 10},
    {.type = CHANGE_FINISH,
     .actor = 1,
     .sequence = 9,
     .slot = 10,
     .outcome = 5,
     .attempts = 2,
     .turn_ms = 30,
     .flags = CHANGE_RAN | CHANGE_STATE_CHANGED,
     .log_first = 6,
     .log_bytes = 700,
     .result = {"result", 6},
     .state = {"state", 5}},
    {.type = CHANGE_ATTEMPT,
     .actor = 1,
     .sequence = 9,
     .attempts = 3,
     .due_ms = 12345,
     .text = {"why", 3}},
    {.type = CHANGE_RETRY,
     .actor = 1,
     .sequence = 9,
     .slot = 11,
     .outcome = 6,
     .openings = 5},
    {.type = CHANGE_FORGET, .actor = 1, .sequence = 9, .outcome = 7, .key = {"k", 1}},
    {.type = CHANGE_DEFER, .actor = 1, .sequence = 9, .slot = 12},
    {.type = CHANGE_BOND, .actor = 1, .other = 2, .flags = 5},
    {.type = CHANGE_RENAME, .actor = 1, .text = {"user_2", 6}},
    {.type = CHANGE_NOTE, .text = {"lock", 4}, .state = {"held", 4}},
};
#define COUNT (sizeof(changes) / sizeof(*changes))

static void assert_same(const struct change *a, const struct change *b)
{
    struct change left = *a, right = *b;
    struct view *views[][2] = {
        {&left.text, &right.text},         {&left.key, &right.key},
        {&left.timer, &right.timer},       {&left.caller, &right.caller},
        {&left.envelope, &right.envelope}, {&left.message, &right.message},
        {&left.result, &right.result},     {&left.state, &right.state}};
    for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++) {
        cr_assert(view_equal(*views[i][0], *views[i][1]), "type %d, view %zu",
                  (int)a->type, i);
        *views[i][0] = *views[i][1] = (struct view){0};
    }
    cr_assert_eq(left.type, right.type);
    cr_assert_eq(left.actor, right.actor, "type %d", (int)a->type);
    cr_assert_eq(left.sequence, right.sequence, "type %d", (int)a->type);
    cr_assert_eq(left.slot, right.slot, "type %d", (int)a->type);
    cr_assert_eq(left.other, right.other, "type %d", (int)a->type);
    cr_assert_eq(left.due_ms, right.due_ms, "type %d", (int)a->type);
    cr_assert_eq(left.log_first, right.log_first, "type %d", (int)a->type);
    cr_assert_eq(left.log_bytes, right.log_bytes, "type %d", (int)a->type);
    cr_assert_eq(left.attempts, right.attempts, "type %d", (int)a->type);
    cr_assert_eq(left.openings, right.openings, "type %d", (int)a->type);
    cr_assert_eq(left.turn_ms, right.turn_ms, "type %d", (int)a->type);
    cr_assert_eq(left.flags, right.flags, "type %d", (int)a->type);
    cr_assert_eq(left.part, right.part, "type %d", (int)a->type);
    cr_assert_eq(left.outcome, right.outcome, "type %d", (int)a->type);
    cr_assert_eq(memcmp(&left.owner, &right.owner, sizeof(left.owner)), 0);
    cr_assert_eq(memcmp(left.fingerprint, right.fingerprint, 16), 0);
}

static void append_all(struct bytes *body)
{
    change_begin(body, WALL_MS, CLOCK_MS);
    for (size_t i = 0; i < COUNT; i++)
        change_append(body, &changes[i]);
}

Test(change, one_of_each_type_comes_back_as_it_was)
{
    BYTES_AUTO(body);
    struct change_reader reader;
    struct change change;
    cr_assert_eq(COUNT, CHANGE_TYPES - 1);
    append_all(&body);
    cr_assert(change_read_begin(&reader, view_bytes(&body)));
    cr_assert_eq(reader.wall_ms, WALL_MS);
    cr_assert_eq(reader.clock_ms, CLOCK_MS);
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert(change_read(&reader, &change), "change %zu", i);
        assert_same(&change, &changes[i]);
    }
    cr_assert_not(change_read(&reader, &change));
    cr_assert_not(reader.failed);
}

Test(change, a_record_without_changes_is_read_as_that)
{
    BYTES_AUTO(body);
    struct change_reader reader;
    struct change change;
    change_begin(&body, -5, 0);
    cr_assert(change_read_begin(&reader, view_bytes(&body)));
    cr_assert_eq(reader.wall_ms, -5);
    cr_assert_not(change_read(&reader, &change));
    cr_assert_not(reader.failed);
}

Test(change, beginning_again_forgets_what_was_there)
{
    BYTES_AUTO(body);
    change_begin(&body, 1, 2);
    size_t size = body.size;
    change_append(&body, &changes[0]);
    change_begin(&body, 1, 2);
    cr_assert_eq(body.size, size);
}

Test(change, no_change_takes_more_room_than_it_said)
{
    BYTES_AUTO(body);
    change_begin(&body, 1, 2);
    for (size_t i = 0; i < COUNT; i++) {
        size_t before = body.size;
        change_append(&body, &changes[i]);
        cr_assert_leq(body.size - before, change_size_max(&changes[i]));
    }
}

Test(change, a_body_of_another_version_or_too_short_is_not_ours)
{
    BYTES_AUTO(body);
    struct change_reader reader;
    change_begin(&body, 1, 2);
    for (size_t size = 0; size < body.size; size++)
        cr_assert_not(change_read_begin(&reader, view_of(body.data, size)));
    body.data[0]++;
    cr_assert_not(change_read_begin(&reader, view_bytes(&body)));
}

/* How many changes are read of the bytes, and whether that ended well. */
static size_t read_all(struct view body, bool *failed_out)
{
    struct change_reader reader;
    struct change change;
    size_t count = 0;
    *failed_out = !change_read_begin(&reader, body);
    while (!*failed_out && change_read(&reader, &change))
        count++;
    *failed_out |= reader.failed;
    return count;
}

Test(change, a_body_cut_short_is_malformed_unless_cut_between_changes)
{
    BYTES_AUTO(body);
    size_t ends[COUNT + 1], count = 1;
    change_begin(&body, WALL_MS, CLOCK_MS);
    ends[0] = body.size;
    for (size_t i = 0; i < COUNT; i++) {
        change_append(&body, &changes[i]);
        ends[count++] = body.size;
    }
    for (size_t size = ends[0]; size <= body.size; size++) {
        bool failed, at_end = false;
        size_t whole = 0;
        for (size_t i = 0; i < count; i++) {
            at_end |= ends[i] == size;
            whole = ends[i] <= size ? i : whole;
        }
        char *cut = memory_take(size);
        memcpy(cut, body.data, size);
        cr_assert_eq(read_all(view_of(cut, size), &failed), whole, "%zu bytes", size);
        cr_assert_eq(failed, !at_end, "%zu bytes", size);
        free(cut);
    }
}

Test(change, an_unknown_type_is_malformed)
{
    static const unsigned char types[] = {0, CHANGE_TYPES, 200, 255};
    for (size_t i = 0; i < sizeof(types); i++) {
        BYTES_AUTO(body);
        bool failed;
        change_begin(&body, 1, 2);
        bytes_append(&body, view_of(&types[i], 1));
        cr_assert_eq(read_all(view_bytes(&body), &failed), 0);
        cr_assert(failed, "type %d", types[i]);
    }
}

static bool is_taken(const struct change *change)
{
    BYTES_AUTO(body);
    bool failed;
    change_begin(&body, 1, 2);
    change_append(&body, change);
    return read_all(view_bytes(&body), &failed) == 1 && !failed;
}

Test(change, values_that_applying_could_not_bear_are_malformed)
{
    char text[FULL_KEY_BYTES_MAX + 1];
    memset(text, 'x', sizeof(text));
    struct change owner = changes[2], accept = changes[6];
    owner.part = ACTOR_PARTS - 1;
    cr_assert(is_taken(&owner));
    owner.part = ACTOR_PARTS;
    cr_assert_not(is_taken(&owner));
    accept.key = view_of(text, FULL_KEY_BYTES_MAX);
    accept.timer = view_of(text, TIMER_NAME_BYTES_MAX);
    cr_assert(is_taken(&accept));
    accept.key.size++;
    cr_assert_not(is_taken(&accept));
    accept.key.size--;
    accept.timer.size++;
    cr_assert_not(is_taken(&accept));
}

Test(change, corrupt_bytes_are_read_within_their_bounds)
{
    BYTES_AUTO(body);
    append_all(&body);
    for (size_t bit = 0; bit < body.size * 8; bit++) {
        bool failed;
        body.data[bit / 8] = (char)(body.data[bit / 8] ^ 1 << bit % 8);
        char *copy = memory_take(body.size); /* so that a read beyond it is found */
        memcpy(copy, body.data, body.size);
        read_all(view_of(copy, body.size), &failed);
        free(copy);
        body.data[bit / 8] = (char)(body.data[bit / 8] ^ 1 << bit % 8);
    }
}
