/* SPDX-License-Identifier: MIT */
/*
 * The record being built: the changes of one decision, which become true together. Room
 * in the journal is taken before anything is changed in memory, so that a decision that
 * cannot be kept was never taken.
 */
#include "common/engine/core.h"

void record_begin(struct engine *engine)
{
    change_begin(&engine->body, engine->wall_ms, engine->clock_ms);
}

void record_add(struct engine *engine, const struct change *change)
{
    change_append(&engine->body, change);
}

enum status record_commit(struct engine *engine)
{
    if (engine->read_only)
        return STATUS_IO;
    enum status status = STATUS_NO_SPACE;
    if (!(engine->checkpoint_failed && checkpoint_is_behind(engine)))
        status = journal_reserve(engine->journal, engine->body.size);
    engine->space_short = status == STATUS_NO_SPACE;
    if (status)
        return status;
    uint64_t sequence = journal_append(engine->journal, view_bytes(&engine->body));
    apply_record(engine, sequence, view_bytes(&engine->body));
    return STATUS_OK;
}
