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
    ENSURE(!engine->record_is_open);
    engine->record_number++;
    change_begin(&engine->body, engine->wall_ms, engine->clock_ms);
}

static enum status reserve(struct engine *engine, uint64_t bytes)
{
    enum status status = STATUS_NO_SPACE;
    if (!(engine->checkpoint_failed && checkpoint_is_behind(engine)))
        status = journal_reserve(engine->journal, bytes);
    engine->space_short = status == STATUS_NO_SPACE;
    return status;
}

enum status record_open(struct engine *engine, size_t bytes_max)
{
    if (engine->read_only)
        return STATUS_IO;
    if (bytes_max > engine->record_bytes_max)
        return STATUS_TOO_LARGE;
    enum status status = reserve(engine, bytes_max);
    if (status)
        return status;
    record_begin(engine);
    engine->record_is_open = true;
    engine->record_room = bytes_max;
    apply_begin(engine, journal_last(engine->journal) + 1, engine->wall_ms,
                engine->clock_ms);
    return STATUS_OK;
}

void record_add(struct engine *engine, const struct change *change)
{
    change_append(&engine->body, change);
    if (engine->record_is_open)
        apply_next(engine, change);
}

static enum status append(struct engine *engine, struct view body)
{
    enum status status = reserve(engine, body.size);
    if (status)
        return status;
    apply_record(engine, journal_append(engine->journal, body), body);
    return STATUS_OK;
}

/* What is left of a body that is cut into records. */
struct cutting {
    char head[32]; /* which all of them have */
    size_t head_bytes;
    char *from; /* where `change`, the first one left, begins */
    struct change_reader reader;
    struct change change;
    bool more;
};

static void begin_cutting(struct engine *engine, struct cutting *cutting)
{
    struct bytes *body = &engine->body;
    ENSURE(change_read_begin(&cutting->reader, view_bytes(body)));
    cutting->head_bytes = body->size - cutting->reader.rest.size;
    cutting->from = body->data + cutting->head_bytes;
    ENSURE(cutting->head_bytes <= sizeof cutting->head);
    memcpy(cutting->head, body->data, cutting->head_bytes);
    cutting->more = change_read(&cutting->reader, &cutting->change);
}

/* As many changes as a record holds, applied as they are found to have room. The head
   is written over the end of the part before, which is in the journal by now. */
static enum status append_part(struct engine *engine, struct cutting *cutting)
{
    struct change_reader *reader = &cutting->reader;
    const char *end = reader->rest.data + reader->rest.size, *to;
    char *start = cutting->from - cutting->head_bytes;
    size_t bytes_max = engine->record_bytes_max, left = (size_t)(end - start);
    enum status status = reserve(engine, left < bytes_max ? left : bytes_max);
    if (status)
        return status;
    apply_begin(engine, journal_last(engine->journal) + 1, reader->wall_ms,
                reader->clock_ms);
    do {
        apply_next(engine, &cutting->change);
        to = reader->rest.data;
        cutting->more = change_read(reader, &cutting->change);
    } while (cutting->more && (size_t)(reader->rest.data - start) <= bytes_max);
    memcpy(start, cutting->head, cutting->head_bytes);
    ENSURE(journal_append(engine->journal, view_of(start, (size_t)(to - start))) ==
           engine->applying);
    apply_end(engine);
    cutting->from += to - cutting->from;
    return STATUS_OK;
}

/* A bulk load or a `clear` may be more than a record holds: it is cut between changes
   and kept in one commit all the same. Only when room ends in its midst is a part kept
   of what is then refused; nothing asks for so much but what may be asked again. */
static enum status append_parts(struct engine *engine)
{
    struct cutting cutting;
    enum status status = STATUS_OK;
    begin_cutting(engine, &cutting);
    while (!status && cutting.more)
        status = append_part(engine, &cutting);
    struct actor *actor = status ? actor_get(engine, cutting.change.actor) : NULL;
    if (actor)
        scheduler_offer(engine, actor);
    return status;
}

static void close_record(struct engine *engine)
{
    ENSURE(engine->body.size <= engine->record_room);
    ENSURE(journal_append(engine->journal, view_bytes(&engine->body)) ==
           engine->applying);
    apply_end(engine);
    engine->record_is_open = false;
}

enum status record_commit(struct engine *engine)
{
    if (engine->record_is_open) {
        close_record(engine);
        return STATUS_OK;
    }
    if (engine->read_only)
        return STATUS_IO;
    if (engine->body.size > engine->record_bytes_max)
        return append_parts(engine);
    return append(engine, view_bytes(&engine->body));
}

uint64_t record_take_slot(struct engine *engine, struct actor *actor)
{
    if (actor->planned_record != engine->record_number ||
        actor->planned_slot < actor->record.head.next_slot) {
        actor->planned_record = engine->record_number;
        actor->planned_slot = actor->record.head.next_slot;
    }
    return actor->planned_slot++;
}

void record_tell(struct engine *engine, uint64_t actor)
{
    if (engine->told_count == engine->told_capacity) {
        engine->told_capacity = engine->told_capacity * 2 + 64;
        engine->told =
            memory_resize(engine->told, engine->told_capacity * sizeof *engine->told);
    }
    engine->told[engine->told_count++] = actor;
}
