/* SPDX-License-Identifier: MIT */
/*
 * The body of a journal record. Whatever the bytes are: they are malformed, or what was
 * read of them, written again, reads the same.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/base/log.h"
#include "common/journal/change.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_within(struct view part, struct view whole)
{
    ENSURE(part.size == 0 || (part.data >= whole.data &&
                              part.data + part.size <= whole.data + whole.size));
}

static void check_change(const struct change *change, struct view body)
{
    check_within(change->text, body);
    check_within(change->key, body);
    check_within(change->timer, body);
    check_within(change->caller, body);
    check_within(change->envelope, body);
    check_within(change->message, body);
    check_within(change->result, body);
    check_within(change->state, body);
    ENSURE(change->part < ACTOR_PARTS);
    ENSURE(change->key.size <= FULL_KEY_BYTES_MAX);
    ENSURE(change->timer.size <= TIMER_NAME_BYTES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BYTES_AUTO(again);
    struct view body = view_of(data, size);
    struct change_reader reader;
    struct change change;

    if (!change_read_begin(&reader, body))
        return 0;
    change_begin(&again, reader.wall_ms, reader.clock_ms);
    while (change_read(&reader, &change)) {
        check_change(&change, body);
        change_append(&again, &change);
    }
    ENSURE(reader.failed || view_equal(view_bytes(&again), body));
    return 0;
}
