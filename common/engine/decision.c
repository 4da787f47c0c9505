/* SPDX-License-Identifier: MIT */
/*
 * The record being built: the changes of one decision, which become true together. Room
 * in the journal is taken before anything is changed in memory, so that a decision that
 * cannot be kept was never taken.
 */
#include "common/engine/decision.h"

#include "common/base/log.h"
#include "common/engine/core.h"

void record_begin(struct engine *engine)
{
    change_begin(&engine->body, engine->wall_ms, engine->clock_ms);
}

void record_add(struct engine *engine, const struct change *change)
{
    change_append(&engine->body, change);
}

static enum status append(struct engine *engine, struct view body)
{
    enum status status = STATUS_NO_SPACE;
    if (!(engine->checkpoint_failed && checkpoint_is_behind(engine)))
        status = journal_reserve(engine->journal, body.size);
    engine->space_short = status == STATUS_NO_SPACE;
    if (status)
        return status;
    apply_record(engine, journal_append(engine->journal, body), body);
    return STATUS_OK;
}

/* The changes from `from` to `to`, under the head of the body they were cut from. */
static enum status append_part(struct engine *engine, size_t head_bytes,
                               const char *from, const char *to)
{
    BYTES_AUTO(part);
    bytes_append(&part, view_of(engine->body.data, head_bytes));
    bytes_append(&part, view_of(from, (size_t)(to - from)));
    return append(engine, view_bytes(&part));
}

/* A bulk load or a `clear` may be more than a record holds: it is cut between changes
   and kept in one commit all the same. Only when room ends in its midst is a part kept
   of what is then refused; nothing asks for so much but what may be asked again. */
static enum status append_parts(struct engine *engine)
{
    struct change_reader reader;
    struct change change;
    enum status status = STATUS_OK;
    ENSURE(change_read_begin(&reader, view_bytes(&engine->body)));
    const char *from = reader.rest.data, *to = from;
    size_t head_bytes = (size_t)(from - engine->body.data);
    while (!status && change_read(&reader, &change)) {
        const char *end = reader.rest.data;
        if (to > from && head_bytes + (size_t)(end - from) > engine->record_bytes_max) {
            status = append_part(engine, head_bytes, from, to);
            from = to;
        }
        to = end;
    }
    if (!status)
        status = append_part(engine, head_bytes, from, to);
    struct actor *actor = status ? actor_get(engine, change.actor) : NULL;
    if (actor)
        scheduler_offer(engine, actor);
    return status;
}

enum status record_commit(struct engine *engine)
{
    if (engine->read_only)
        return STATUS_IO;
    if (engine->body.size > engine->record_bytes_max)
        return append_parts(engine);
    return append(engine, view_bytes(&engine->body));
}
