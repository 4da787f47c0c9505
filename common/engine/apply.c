/* SPDX-License-Identifier: MIT */
/*
 * Applying a record: the only way in which actors and the index change, when a decision
 * is taken as well as at replay. Nothing is decided here: no key is looked up, no limit
 * checked, no clock asked but the record's own.
 *
 * At replay the tables may already be of the future (checkpoint.c says why and why that
 * is sound); therefore a task is looked for where it moves to when it is not where it
 * moves from, and everything put is absolute but the counts of actors, which are exact.
 */
#include "common/engine/apply.h"

#include <stdio.h>

#include "common/base/log.h"
#include "common/engine/core.h"

/* One record on its way into the index. */
struct application {
    struct engine *engine;
    int64_t wall_ms, clock_ms;
};

/* What was decided about is there, at replay as well. */
static struct actor *actor_of(const struct application *at, const struct change *change)
{
    struct actor *actor = actor_get(at->engine, change->actor);
    ENSURE(actor);
    return actor;
}

static struct task_record task_of(const struct application *at,
                                  const struct change *change)
{
    struct task_record task;
    ENSURE(task_find(index_decided(at->engine->index), change->actor, change->sequence,
                     &task));
    return task;
}

static void put_task(struct engine *engine, uint64_t actor,
                     const struct task_record *task)
{
    struct pair_key key;
    char *space =
        index_put(engine->index, TABLE_LIVE, pair_key(&key, actor, task->head.sequence),
                  engine->applying, task_packed_size(task));
    task_pack(task, space);
}

/* Under a number or key that was never used before, which spares LMDB its deletion if
   it is gone by the next checkpoint. At replay LMDB may know it already. */
static char *put_fresh(struct engine *engine, enum table table, struct view key,
                       size_t size)
{
    return engine->replaying
               ? index_put(engine->index, table, key, engine->applying, size)
               : index_put_fresh(engine->index, table, key, engine->applying, size);
}

static void put_new_task(struct engine *engine, uint64_t actor,
                         const struct task_record *task)
{
    struct pair_key key;
    task_pack(task,
              put_fresh(engine, TABLE_LIVE, pair_key(&key, actor, task->head.sequence),
                        task_packed_size(task)));
    if (!(task->head.flags & TASK_KEYED))
        return;
    struct text_key name;
    struct key_place place = {.sequence = task->head.sequence, .class = KEY_UNFINISHED};
    memcpy(
        put_fresh(engine, TABLE_KEYS, text_key(&name, actor, task->key), sizeof place),
        &place, sizeof place);
}

static void delete_number(struct engine *engine, enum table table, uint64_t actor,
                          uint64_t number)
{
    struct pair_key key;
    index_delete(engine->index, table, pair_key(&key, actor, number), engine->applying);
}

static void put_value(struct engine *engine, enum table table, struct view key,
                      struct view value)
{
    char *space = index_put(engine->index, table, key, engine->applying, value.size);
    if (value.size)
        memcpy(space, value.data, value.size);
}

static void put_place(struct engine *engine, uint64_t actor, struct view name,
                      uint64_t sequence, uint32_t class)
{
    struct text_key key;
    struct key_place place = {.sequence = sequence, .class = class};
    put_value(engine, TABLE_KEYS, text_key(&key, actor, name),
              view_of(&place, sizeof place));
}

/* ------------------------------------------------------------------------- actors */

static void apply_create(struct application *at, const struct change *change)
{
    struct engine *engine = at->engine;
    struct actor *actor = actor_add(engine, change->actor);
    struct actor_record *record = &actor->record;
    record->head.id = change->actor;
    record->head.next_slot = record->head.first_slot = actor->window.end = 1;
    record->head.log_first = record->head.log_next = 1;
    record->head.created_ms = record->head.state_ms = at->wall_ms;
    record->head.state_version = 1;
    for (unsigned part = 0; part < ACTOR_PARTS; part++)
        record->owners[part].mode = OWNER_INHERITED;
    record->owners[PART_FOLDER] = change->owner;
    snprintf(record->name, sizeof record->name, "%.*s", (int)change->text.size,
             change->text.data);
    char id[8];
    number_to_key(change->actor, id);
    put_value(engine, TABLE_NAMES, change->text, view_of(id, sizeof id));
    if (change->actor >= engine->next_actor)
        engine->next_actor = change->actor + 1;
    engine->totals.actors++;
    actor_touch(engine, actor);
}

/* Receipts and outcomes go with their generation: nobody can ask for them any more,
   since ids are never used again. */
static void apply_remove(struct application *at, const struct change *change)
{
    struct engine *engine = at->engine;
    struct actor *actor = actor_of(at, change);
    struct pair_key key;
    const struct actor_head *head = &actor->record.head;
    for (uint64_t line = head->log_first; line < head->log_next; line++)
        delete_number(engine, TABLE_LOG, actor->id, line);
    if (head->flags & ACTOR_RETIRING)
        delete_number(engine, TABLE_LIVE, actor->id, NUMBER_RETIRING);
    index_delete(engine->index, TABLE_NAMES, view_text(actor->record.name),
                 engine->applying);
    index_delete(engine->index, TABLE_STATES, single_key(&key, actor->id),
                 engine->applying);
    index_delete(engine->index, TABLE_ACTORS, single_key(&key, actor->id),
                 engine->applying);
    engine->totals.actors--;
    engine->totals.done -= head->counts.done;
    engine->totals.failed -= head->counts.failed;
    engine->totals.canceled -= head->counts.canceled;
    bond_drop_all(engine, actor);
    attention_forget(engine, actor);
    batch_note_gone(&engine->batch, actor->id);
    actor_drop(engine, actor);
}

static void apply_rename(struct application *at, const struct change *change)
{
    struct engine *engine = at->engine;
    struct actor *actor = actor_of(at, change);
    char id[8];
    number_to_key(actor->id, id);
    index_delete(engine->index, TABLE_NAMES, view_text(actor->record.name),
                 engine->applying);
    put_value(engine, TABLE_NAMES, change->text, view_of(id, sizeof id));
    snprintf(actor->record.name, sizeof actor->record.name, "%.*s",
             (int)change->text.size, change->text.data);
    actor_touch(engine, actor);
}

static void apply_owner(struct application *at, const struct change *change)
{
    struct actor *actor = actor_of(at, change);
    actor->record.owners[change->part] = change->owner;
    actor_touch(at->engine, actor);
}

static void apply_flags(struct application *at, const struct change *change)
{
    struct actor *actor = actor_of(at, change);
    struct pair_key key;
    actor->record.head.flags = change->flags;
    if (change->flags & ACTOR_RETIRING)
        put_value(at->engine, TABLE_LIVE, pair_key(&key, actor->id, NUMBER_RETIRING),
                  view_of("", 0));
    actor_touch(at->engine, actor);
}

static void apply_behavior(struct application *at, const struct change *change)
{
    struct actor *actor = actor_of(at, change);
    snprintf(actor->record.behavior, sizeof actor->record.behavior, "%.*s",
             (int)change->text.size, change->text.data);
    if (actor->crowd) /* in line for the behavior that it had */
        crowd_leave(at->engine, actor);
    actor_touch(at->engine, actor);
}

static void put_state(struct application *at, struct actor *actor, struct view state)
{
    struct pair_key key;
    struct actor_head *head = &actor->record.head;
    put_value(at->engine, TABLE_STATES, single_key(&key, actor->id), state);
    head->state_version++;
    head->state_bytes = state.size;
    head->state_ms = at->wall_ms;
    mailbox_offer_deferred(actor);
}

static void apply_state(struct application *at, const struct change *change)
{
    struct actor *actor = actor_of(at, change);
    snprintf(actor->record.state_type, sizeof actor->record.state_type, "%.*s",
             (int)change->text.size, change->text.data);
    put_state(at, actor, change->state);
    actor_touch(at->engine, actor);
}

/* -------------------------------------------------------------------------- tasks */

static void delay(struct engine *engine, struct actor *actor,
                  const struct task_record *task)
{
    struct due_key key;
    put_value(engine, TABLE_TIMERS,
              due_key(&key, task->head.due_ms, actor->id, task->head.sequence),
              view_of("", 0));
    timer_add(&engine->timers, task->head.due_ms, actor->id, task->head.sequence);
    actor->record.head.counts.delayed++;
    engine->totals.delayed++;
}

static void apply_accept(struct application *at, const struct change *change)
{
    struct engine *engine = at->engine;
    struct actor *actor = actor_of(at, change);
    struct actor_head *head = &actor->record.head;
    struct task_record task = {
        .head = {.sequence = change->sequence,
                 .slot = change->due_ms ? 0 : change->sequence,
                 .accepted_ms = at->wall_ms,
                 .due_ms = change->due_ms,
                 .openings = change->openings,
                 .state = change->due_ms ? TASK_DELAYED : TASK_PENDING,
                 .flags = change->key.size ? TASK_KEYED : 0},
        .key = change->key,
        .timer = change->timer,
        .caller = change->caller,
        .envelope = change->envelope,
        .message = change->message};
    memcpy(task.head.fingerprint, change->fingerprint, sizeof task.head.fingerprint);
    put_new_task(engine, actor->id, &task);
    if (change->timer.size) {
        struct text_key key;
        struct key_place place = {.sequence = change->sequence,
                                  .class = KEY_UNFINISHED};
        put_value(engine, TABLE_KEYS, timer_name_key(&key, actor->id, change->timer),
                  view_of(&place, sizeof place));
    }
    head->next_slot = change->sequence + 1;
    head->counts.mailbox_bytes += change->message.size;
    if (change->due_ms) {
        delay(engine, actor, &task);
    } else {
        head->counts.pending++;
        engine->totals.pending++;
        mailbox_append(actor, change->sequence, change->sequence);
    }
    actor_touch_shown(engine, actor);
}

/* A delayed or finished task takes a place at the mailbox's end. */
static void take_place(struct engine *engine, struct actor *actor, uint64_t slot,
                       uint64_t sequence)
{
    struct pair_key key;
    char forward[FORWARD_BYTES];
    forward_pack(sequence, forward);
    memcpy(
        put_fresh(engine, TABLE_LIVE, pair_key(&key, actor->id, slot), sizeof forward),
        forward, sizeof forward);
    actor->record.head.next_slot = slot + 1;
    actor->record.head.counts.pending++;
    engine->totals.pending++;
    mailbox_append(actor, slot, sequence);
    actor_touch_shown(engine, actor);
}

static void apply_due(struct application *at, const struct change *change)
{
    struct engine *engine = at->engine;
    struct actor *actor = actor_of(at, change);
    struct task_record task = task_of(at, change);
    struct due_key key;
    index_delete(engine->index, TABLE_TIMERS,
                 due_key(&key, task.head.due_ms, actor->id, change->sequence),
                 engine->applying);
    if (!task_state_is_final((enum task_state)task.head.state)) {
        task.head.state = TASK_PENDING;
        task.head.slot = change->slot;
        put_task(engine, actor->id, &task);
    }
    actor->record.head.counts.delayed--;
    engine->totals.delayed--;
    take_place(engine, actor, change->slot, change->sequence);
}

static void apply_attempt(struct application *at, const struct change *change)
{
    struct engine *engine = at->engine;
    struct actor *actor = actor_of(at, change);
    struct actor_head *head = &actor->record.head;
    struct task_record task = task_of(at, change);
    if (!task_state_is_final((enum task_state)task.head.state)) {
        task.head.state = TASK_RETRYING;
        task.head.attempts = change->attempts;
        put_task(engine, actor->id, &task);
    }
    head->flags |= ACTOR_RETRYING;
    head->retry_sequence = change->sequence;
    head->retry_ms = change->due_ms;
    head->running = 0;
    attention_note_error(actor, change->text);
    scheduler_wake_for_retry(engine, actor);
    actor_touch(engine, actor);
}

static void apply_retry(struct application *at, const struct change *change)
{
    struct engine *engine = at->engine;
    struct actor *actor = actor_of(at, change);
    struct actor_counts *counts = &actor->record.head.counts;
    struct task_record task = task_of(at, change);
    *(change->outcome == TASK_FAILED ? &counts->failed : &counts->canceled) -= 1;
    *(change->outcome == TASK_FAILED ? &engine->totals.failed
                                     : &engine->totals.canceled) -= 1;
    task.head.state = TASK_PENDING;
    task.head.slot = change->slot;
    /* Its due time stays: replay finds the timer that it had by it. */
    task.head.finished_ms = task.head.finished_clock_ms = 0;
    task.head.attempts = 0;
    task.head.openings = change->openings;
    task.head.flags &= TASK_KEYED;
    task.result = view_of("", 0);
    counts->mailbox_bytes += task.message.size;
    put_task(engine, actor->id, &task);
    delete_number(engine, TABLE_DONE, actor->id, change->sequence);
    if (task.head.flags & TASK_KEYED)
        put_place(engine, actor->id, task.key, change->sequence, KEY_UNFINISHED);
    take_place(engine, actor, change->slot, change->sequence);
}

static void apply_forget(struct application *at, const struct change *change)
{
    struct engine *engine = at->engine;
    struct actor *actor = actor_of(at, change);
    struct text_key key;
    delete_number(engine, TABLE_DONE, actor->id, change->sequence);
    index_delete(engine->index, TABLE_KEYS, text_key(&key, actor->id, change->key),
                 engine->applying);
    if (change->outcome == TASK_FAILED) {
        actor->record.head.counts.failed--;
        engine->totals.failed--;
    }
    actor_touch_shown(engine, actor);
}

/* It keeps its place, where the next change of the state finds it again. */
static void apply_defer(struct application *at, const struct change *change)
{
    struct engine *engine = at->engine;
    struct actor *actor = actor_of(at, change);
    struct actor_head *head = &actor->record.head;
    struct task_record task = task_of(at, change);
    if (!task_state_is_final((enum task_state)task.head.state)) {
        task.head.state = TASK_DEFERRED;
        task.head.deferred_version = head->state_version;
        put_task(engine, actor->id, &task);
    }
    head->counts.pending--;
    if (head->counts.deferred++ == 0 || change->slot < head->deferred_first)
        head->deferred_first = change->slot;
    if (head->retry_sequence == change->sequence) {
        head->retry_sequence = 0;
        head->flags &= ~(uint32_t)ACTOR_RETRYING;
    }
    head->running = 0;
    mailbox_leave(actor, change->slot);
    actor_touch(engine, actor);
}

static void apply_note(struct application *at, const struct change *change)
{
    struct engine *engine = at->engine;
    if (change->state.size)
        put_value(engine, TABLE_NOTES, change->text, change->state);
    else
        index_delete(engine->index, TABLE_NOTES, change->text, engine->applying);
}

/* ------------------------------------------------------------------------- record */

static void apply_change(struct application *at, const struct change *change)
{
    switch (change->type) {
    case CHANGE_CREATE:
        apply_create(at, change);
        break;
    case CHANGE_REMOVE:
        apply_remove(at, change);
        break;
    case CHANGE_OWNER:
        apply_owner(at, change);
        break;
    case CHANGE_FLAGS:
        apply_flags(at, change);
        break;
    case CHANGE_BEHAVIOR:
        apply_behavior(at, change);
        break;
    case CHANGE_STATE:
        apply_state(at, change);
        break;
    case CHANGE_ACCEPT:
        apply_accept(at, change);
        break;
    case CHANGE_DUE:
        apply_due(at, change);
        break;
    case CHANGE_FINISH:
        apply_finish(at->engine, change, at->wall_ms, at->clock_ms);
        break;
    case CHANGE_ATTEMPT:
        apply_attempt(at, change);
        break;
    case CHANGE_RETRY:
        apply_retry(at, change);
        break;
    case CHANGE_FORGET:
        apply_forget(at, change);
        break;
    case CHANGE_DEFER:
        apply_defer(at, change);
        break;
    case CHANGE_BOND:
        bond_put(at->engine, actor_get(at->engine, change->actor),
                 actor_get(at->engine, change->other), change->flags);
        break;
    case CHANGE_NOTE:
        apply_note(at, change);
        break;
    case CHANGE_RENAME:
        apply_rename(at, change);
        break;
    case CHANGE_TYPES:
        break;
    }
}

void apply_begin(struct engine *engine, uint64_t sequence, int64_t wall_ms,
                 int64_t clock_ms)
{
    engine->applying = sequence;
    engine->applying_wall_ms = wall_ms;
    engine->applying_clock_ms = clock_ms;
    engine->applying_actor = 0;
}

void apply_next(struct engine *engine, const struct change *change)
{
    struct application at = {.engine = engine,
                             .wall_ms = engine->applying_wall_ms,
                             .clock_ms = engine->applying_clock_ms};
    if (engine->applying_actor && engine->applying_actor != change->actor)
        attention_update(engine, engine->applying_actor);
    engine->applying_actor = change->actor;
    apply_change(&at, change);
}

void apply_end(struct engine *engine)
{
    attention_update(engine, engine->applying_actor);
}

void apply_record(struct engine *engine, uint64_t sequence, struct view body)
{
    struct change_reader reader;
    struct change change;
    ENSURE(change_read_begin(&reader, body));
    apply_begin(engine, sequence, reader.wall_ms, reader.clock_ms);
    while (change_read(&reader, &change))
        apply_next(engine, &change);
    ENSURE(!reader.failed);
    apply_end(engine);
}
