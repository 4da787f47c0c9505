/* SPDX-License-Identifier: MIT */
/*
 * Packed values as they may lie in LMDB. The first byte of the input says which kind.
 * Whatever the bytes are: they are none, or what was unpacked, packed again, is them.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/journal/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An owner that is there and has the mode of one that is not, or a text with a NUL in
   it, is not packed again as it was: it is read, and that is all. */
static void try_actor(struct view packed)
{
    BYTES_AUTO(again);
    struct actor_record actor;

    if (!actor_unpack(packed, &actor))
        return;
    ENSURE(strlen(actor.name) <= ACTOR_NAME_BYTES_MAX);
    ENSURE(strlen(actor.behavior) <= BEHAVIOR_NAME_BYTES_MAX);
    ENSURE(strlen(actor.state_type) <= CONTENT_TYPE_BYTES_MAX);
    ENSURE(strlen(actor.last_error) <= ERROR_TEXT_BYTES_MAX);
    ENSURE(strlen(actor.last_refusal) <= ERROR_TEXT_BYTES_MAX);
    actor_pack(&actor, &again);
    ENSURE(again.size <= packed.size);
    ENSURE(actor_unpack(view_bytes(&again), &actor));
}

static void try_task(struct view packed)
{
    struct task_record task;
    char *again;

    if (!task_unpack(packed, &task))
        return;
    ENSURE(task_packed_size(&task) == packed.size);
    again = memory_take(packed.size);
    task_pack(&task, again);
    ENSURE(view_equal(view_of(again, packed.size), packed));
    free(again);
}

static void try_log(struct view packed)
{
    struct log_record log;
    char *again;

    if (!log_record_unpack(packed, &log))
        return;
    ENSURE(log_record_packed_size(&log) == packed.size);
    again = memory_take(packed.size);
    log_record_pack(&log, again);
    ENSURE(view_equal(view_of(again, packed.size), packed));
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct view packed = view_of(data + 1, size - 1);
    if (data[0] % 3 == 0)
        try_actor(packed);
    else if (data[0] % 3 == 1)
        try_task(packed);
    else
        try_log(packed);
    return 0;
}
