/* SPDX-License-Identifier: MIT */
/*
 * Whether a record found room is the one thing that the model cannot foresee, so it
 * looks: the linker hands the engine this record_commit() (--wrap), which notes what
 * became of each record and whose it was. The model says itself which records there
 * must be, and in which order; one more or one less is a fault. Room for an open record
 * is taken before anything is known of it, so what record_open() refuses is anybody's.
 *
 * Retiring actors are removed when nothing of them is left: at once, but when there is
 * no room; then at a moment that is the engine's choice.
 */
#include "common/base/log.h"
#include "tests/simulator/sim.h"

/* The names are the linker's. */
enum status __real_record_commit(struct engine *engine);
enum status __wrap_record_commit(struct engine *engine);
enum status __real_record_open(struct engine *engine, size_t bytes_max);
enum status __wrap_record_open(struct engine *engine, size_t bytes_max);

#define ANYBODY 0

/* Whose step it is; one run at a time. */
static struct sim *current;

static struct record_try *add_try(struct sim *sim)
{
    if (sim->record_count == sim->record_capacity) {
        sim->record_capacity = sim->record_capacity * 2 + 64;
        sim->records =
            memory_resize(sim->records, sim->record_capacity * sizeof *sim->records);
    }
    return &sim->records[sim->record_count++];
}

/* Whose record it is: that of the actor it begins with, or of the one it removes. */
static struct record_try describe(const struct engine *engine)
{
    struct change_reader reader;
    struct change change;
    struct record_try record = {0};
    ENSURE(change_read_begin(&reader, view_bytes(&engine->body)));
    for (bool first = true; change_read(&reader, &change); first = false) {
        record.removes = change.type == CHANGE_REMOVE;
        if (first || record.removes)
            record.actor = change.actor;
    }
    ENSURE(!reader.failed && record.actor);
    return record;
}

enum status __wrap_record_commit(struct engine *engine)
{
    struct record_try record = describe(engine);
    ENSURE(engine->body.size <= engine->record_bytes_max);
    *add_try(current) = record;
    size_t at = current->record_count - 1;
    enum status status = __real_record_commit(engine);
    current->records[at].status = status;
    current->was_short |= status != STATUS_OK;
    return status;
}

enum status __wrap_record_open(struct engine *engine, size_t bytes_max)
{
    enum status status = __real_record_open(engine, bytes_max);
    if (status)
        *add_try(current) = (struct record_try){.actor = ANYBODY, .status = status};
    current->was_short |= status && status != STATUS_TOO_LARGE;
    return status;
}

void records_begin(struct sim *sim)
{
    current = sim;
    sim->record_count = sim->record_next = 0;
    sim->was_short = false;
}

static bool may_retire(struct sim *sim, const struct record_try *record)
{
    struct actor_model *actor = model_actor(&sim->decided, record->actor);
    return record->removes && actor && actor->is_retiring && actor_is_through(actor) &&
           !turns_of(sim, actor->id);
}

static void retire(struct sim *sim, const struct record_try *record)
{
    SIM_CHECK(sim, may_retire(sim, record),
              "actor %llu was removed and nobody asked for it",
              (unsigned long long)record->actor);
    struct actor_model *actor = model_actor(&sim->decided, record->actor);
    sim_trace(sim, "  retired %.*s: %s", (int)actor->name.size, actor->name.data,
              status_text(record->status));
    struct decision decision;
    if (record->status)
        return;
    decision_begin(&decision, sim, false);
    notices_gone(&decision, record->actor);
    decision_keep(&decision);
}

enum status records_next(struct sim *sim, uint64_t actor, bool removes)
{
    while (sim->record_next < sim->record_count) {
        const struct record_try *record = &sim->records[sim->record_next++];
        if ((record->actor == actor && record->removes == removes) ||
            (record->actor == ANYBODY && !removes))
            return record->status;
        SIM_CHECK(sim, record->removes,
                  "a record of actor %llu was written where one of %llu was due",
                  (unsigned long long)record->actor, (unsigned long long)actor);
        retire(sim, record);
    }
    sim_fail(sim, "no record was written for actor %llu", (unsigned long long)actor);
}

void records_retire(struct sim *sim, uint64_t actor)
{
    if (sim->record_next < sim->record_count &&
        sim->records[sim->record_next].actor == actor &&
        may_retire(sim, &sim->records[sim->record_next]))
        retire(sim, &sim->records[sim->record_next++]);
}

void records_end(struct sim *sim)
{
    while (sim->record_next < sim->record_count) {
        const struct record_try *record = &sim->records[sim->record_next++];
        SIM_CHECK(sim, record->removes,
                  "a record of actor %llu was written for no reason",
                  (unsigned long long)record->actor);
        retire(sim, record);
    }
}
