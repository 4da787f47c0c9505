/* SPDX-License-Identifier: MIT */
/*
 * The porch's reading half: any thread, from what is published. Each call looks at one
 * snapshot and copies what it found.
 */
#include "common/engine/engine.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/engine/core.h"

static const char *const state_texts[] = {
    [TASK_PENDING] = "pending",   [TASK_DELAYED] = "delayed",
    [TASK_RUNNING] = "running",   [TASK_RETRYING] = "retrying",
    [TASK_DEFERRED] = "deferred", [TASK_DONE] = "done",
    [TASK_FAILED] = "failed",     [TASK_CANCELED] = "canceled"};

const char *task_state_text(enum task_state state)
{
    return state_texts[state];
}

bool task_state_is_final(enum task_state state)
{
    return state >= TASK_DONE;
}

const char *activity_text(enum activity activity)
{
    static const char *const texts[] = {
        [ACTIVITY_IDLE] = "idle",
        [ACTIVITY_RUNNING] = "running",
        [ACTIVITY_RETRYING] = "retrying",
        [ACTIVITY_SUSPENDED] = "suspended",
        [ACTIVITY_NO_BEHAVIOR] = "no-behavior",
    };
    return texts[activity];
}

int64_t core_store_clock(struct engine *engine)
{
    return engine->opened_clock_ms +
           (engine->clock->monotonic_ns(engine->clock) - engine->opened_ns) / 1000000;
}

bool actor_record_find(struct index_snapshot *snapshot, uint64_t id,
                       struct actor_record *record)
{
    struct pair_key key;
    struct view packed;
    if (!index_get(snapshot, TABLE_ACTORS, single_key(&key, id), &packed))
        return false;
    ENSURE(actor_unpack(packed, record));
    return true;
}

static bool is_running(const struct engine *engine, const struct actor_head *head)
{
    return head->running &&
           head->running_incarnation == index_incarnation(engine->index);
}

static enum activity activity_of(const struct engine *engine,
                                 const struct actor_head *head, bool has_behavior)
{
    if (is_running(engine, head))
        return ACTIVITY_RUNNING;
    if (head->flags & ACTOR_SUSPENDED)
        return ACTIVITY_SUSPENDED;
    if (head->flags & ACTOR_RETRYING)
        return ACTIVITY_RETRYING;
    return has_behavior ? ACTIVITY_IDLE : ACTIVITY_NO_BEHAVIOR;
}

static void fill_counts(const struct engine *engine, const struct actor_head *head,
                        struct actor_info *info)
{
    info->running = is_running(engine, head);
    info->pending = head->counts.pending + head->counts.deferred - info->running;
    info->delayed = head->counts.delayed;
    info->done = head->counts.done;
    info->failed = head->counts.failed;
    info->canceled = head->counts.canceled;
    info->refused = head->counts.refused;
    info->mailbox_bytes = head->counts.mailbox_bytes;
}

static void fill_info(const struct engine *engine, const struct actor_record *record,
                      struct actor_info *info)
{
    const struct actor_head *head = &record->head;
    const struct behavior *behavior = behavior_of(engine->behaviors, record);
    memset(info, 0, sizeof *info);
    info->id = head->id;
    info->activity = activity_of(engine, head, behavior != NULL);
    fill_counts(engine, head, info);
    info->state_version = head->state_version;
    info->state_bytes = head->state_bytes;
    info->log_bytes = head->log_bytes;
    info->changes = head->changes;
    info->created_ms = head->created_ms;
    info->last_turn_ms = head->last_turn_ms;
    info->state_ms = head->state_ms;
    info->changed_ms = head->changed_ms;
    for (unsigned part = 0; part < PART_COUNT; part++)
        info->owners[part] =
            (struct engine_owner){record->owners[part].uid, record->owners[part].gid,
                                  record->owners[part].mode};
    strcpy(info->name, record->name);
    strcpy(info->behavior_set, record->behavior);
    strcpy(info->state_type, record->state_type);
    strcpy(info->last_error, record->last_error);
    strcpy(info->last_refusal, record->last_refusal);
    if (!behavior)
        return;
    memcpy(info->behavior, behavior->name,
           strnlen(behavior->name, BEHAVIOR_NAME_BYTES_MAX));
    strcpy(info->result_type, behavior->policy.type);
    info->key_decides = behavior->policy.key_decides;
}

enum status engine_find(struct engine *engine, struct view name, uint64_t *actor_out)
{
    struct index_snapshot snapshot;
    struct view id;
    if (name.size == 0 || name.size > ACTOR_NAME_BYTES_MAX)
        return STATUS_NOT_FOUND;
    index_snapshot_begin(engine->index, &snapshot);
    bool found = index_get(&snapshot, TABLE_NAMES, name, &id);
    if (found)
        *actor_out = number_from_key(id.data);
    index_snapshot_end(&snapshot);
    return found ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status engine_actor(struct engine *engine, uint64_t actor,
                         struct actor_info *info_out)
{
    return engine_look(engine, actor, CONTENT_NOTHING, NULL, info_out, NULL);
}

/* ------------------------------------------------------------------------ listing */

#define LIST_CHUNK 64

struct listing {
    struct actor_record records[LIST_CHUNK];
    size_t count;
};

static bool list_one(void *context, uint64_t number, struct view packed)
{
    (void)number;
    struct listing *listing = context;
    ENSURE(actor_unpack(packed, &listing->records[listing->count]));
    return ++listing->count < LIST_CHUNK;
}

void engine_list(struct engine *engine, uint64_t after, engine_actor_fn *each,
                 void *context)
{
    struct listing *listing = memory_take(sizeof *listing);
    struct actor_info info;
    bool more = true;
    while (more) {
        struct index_snapshot snapshot;
        listing->count = 0;
        index_snapshot_begin(engine->index, &snapshot);
        index_scan_actors(&snapshot, after + 1, atomic_load(&engine->shown_next_actor),
                          list_one, listing);
        index_snapshot_end(&snapshot);
        more = listing->count == LIST_CHUNK;
        for (size_t i = 0; i < listing->count; i++) {
            after = listing->records[i].head.id;
            fill_info(engine, &listing->records[i], &info);
            if (!each(context, &info)) {
                more = false;
                break;
            }
        }
    }
    free(listing);
}

void engine_totals(struct engine *engine, struct engine_totals *totals_out)
{
    pthread_mutex_lock(&engine->shown_mutex);
    const struct index_totals *shown = &engine->shown_totals;
    *totals_out = (struct engine_totals){.actors = shown->actors,
                                         .pending = shown->pending,
                                         .delayed = shown->delayed,
                                         .done = shown->done,
                                         .failed = shown->failed,
                                         .canceled = shown->canceled,
                                         .commits = engine->shown_commits,
                                         .started_ms = engine->started_ms,
                                         .read_only = engine->shown_read_only};
    pthread_mutex_unlock(&engine->shown_mutex);
    totals_out->now_ms = engine->clock->wall_ms(engine->clock);
}

const char *engine_behavior_name(struct engine *engine, size_t n)
{
    return engine->behaviors->name(engine->behaviors, n);
}

bool engine_runs_turn_in(struct engine *engine, uint64_t actor, pid_t group)
{
    struct behavior_set *set = engine->behaviors;
    uint64_t turn;
    return set->turn_of_group && set->turn_of_group(set, group, &turn) && turn == actor;
}

const struct engine_options *engine_limits(const struct engine *engine)
{
    return &engine->options;
}

/* ------------------------------------------------------------------ what it keeps */

enum status engine_state(struct engine *engine, uint64_t actor, struct bytes *out,
                         uint64_t *version_out)
{
    struct index_snapshot snapshot;
    struct actor_record record;
    struct pair_key key;
    struct view state;
    index_snapshot_begin(engine->index, &snapshot);
    bool found = actor_record_find(&snapshot, actor, &record);
    if (found) {
        *version_out = record.head.state_version;
        if (index_get(&snapshot, TABLE_STATES, single_key(&key, actor), &state))
            bytes_append(out, state);
    }
    index_snapshot_end(&snapshot);
    return found ? STATUS_OK : STATUS_NOT_FOUND;
}

/* The task a key names, as it is remembered now. */
static bool find_task(struct engine *engine, struct index_snapshot *snapshot,
                      uint64_t actor, const struct key *key,
                      struct actor_record *record, struct task_record *task)
{
    return actor_record_find(snapshot, actor, record) &&
           key_find(engine, snapshot, &record->head, key, core_store_clock(engine),
                    task);
}

void task_describe(const struct engine *engine, const struct actor_head *actor,
                   const struct task_record *task, struct task_info *info)
{
    *info = (struct task_info){.sequence = task->head.sequence,
                               .state = (enum task_state)task->head.state,
                               .attempts = task->head.attempts,
                               .accepted_ms = task->head.accepted_ms,
                               .due_ms = task->head.due_ms,
                               .finished_ms = task->head.finished_ms,
                               .message_bytes = task->message.size};
    memcpy(info->fingerprint, task->head.fingerprint, sizeof info->fingerprint);
    if (info->state == TASK_RETRYING && actor->retry_sequence == info->sequence)
        info->due_ms = actor->retry_ms;
    if (info->state == TASK_DEFERRED && !task_is_deferred(actor, &task->head))
        info->state = TASK_PENDING; /* the state changed since */
    if (actor->running == info->sequence && is_running(engine, actor))
        info->state = TASK_RUNNING;
    if (task->head.flags & TASK_KEYED) {
        info->key.size = (uint8_t)task->key.size;
        memcpy(info->key.text, task->key.data, task->key.size);
    } else {
        key_of_sequence(task->head.sequence, &info->key);
    }
}

enum status engine_task_of(struct engine *engine, uint64_t actor, const struct key *key,
                           char *name_out, struct task_info *info_out)
{
    struct index_snapshot snapshot;
    struct actor_record record;
    struct task_record task;
    index_snapshot_begin(engine->index, &snapshot);
    bool found = find_task(engine, &snapshot, actor, key, &record, &task);
    if (found)
        task_describe(engine, &record.head, &task, info_out);
    index_snapshot_end(&snapshot);
    if (found && name_out)
        strcpy(name_out, record.name);
    return found ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status engine_task(struct engine *engine, uint64_t actor, const struct key *key,
                        struct task_info *info_out)
{
    return engine_task_of(engine, actor, key, NULL, info_out);
}

/* ------------------------------------------------------------------- one moment's */

static bool append_line(void *context, uint64_t number, struct view packed)
{
    (void)number;
    struct log_record line;
    if (log_record_unpack(packed, &line)) /* what is damaged is for check to tell */
        bytes_append(context, line.line);
    return true;
}

static void append_last_result(struct index_snapshot *snapshot,
                               const struct actor_head *head, struct bytes *out)
{
    struct task_record task;
    if (head->last_finished &&
        task_find(snapshot, head->id, head->last_finished, &task) &&
        task_state_is_final((enum task_state)task.head.state))
        bytes_append(out, task_result(&task));
}

static enum status outcome_status(enum task_state state)
{
    if (!task_state_is_final(state))
        return STATUS_AGAIN;
    return state == TASK_DONE     ? STATUS_OK
           : state == TASK_FAILED ? STATUS_FAILED
                                  : STATUS_CANCELED;
}

static enum status append_outcome(const struct task_record *task, struct bytes *out)
{
    enum status status = outcome_status((enum task_state)task->head.state);
    if (status != STATUS_AGAIN)
        bytes_append(out, task_result(task));
    return status;
}

static enum status append_content(struct engine *engine,
                                  struct index_snapshot *snapshot,
                                  const struct actor_head *head,
                                  enum engine_content content, const struct key *key,
                                  struct bytes *out)
{
    struct pair_key row;
    struct view state;
    struct task_record task;
    switch (content) {
    case CONTENT_NOTHING:
        break;
    case CONTENT_STATE:
        if (index_get(snapshot, TABLE_STATES, single_key(&row, head->id), &state))
            bytes_append(out, state);
        break;
    case CONTENT_LAST_RESULT:
        append_last_result(snapshot, head, out);
        break;
    case CONTENT_LOG:
        index_scan(snapshot, TABLE_LOG, head->id, head->log_first, head->log_next,
                   append_line, out);
        break;
    case CONTENT_OUTCOME:
        return key_find(engine, snapshot, head, key, core_store_clock(engine), &task)
                   ? append_outcome(&task, out)
                   : STATUS_NOT_FOUND;
    case CONTENT_MESSAGE:
        if (!key_find(engine, snapshot, head, key, core_store_clock(engine), &task))
            return STATUS_NOT_FOUND;
        bytes_append(out, task.message);
        break;
    }
    return STATUS_OK;
}

enum status engine_look(struct engine *engine, uint64_t actor,
                        enum engine_content content, const struct key *key,
                        struct actor_info *info_out, struct bytes *out)
{
    struct index_snapshot snapshot;
    struct actor_record record;
    enum status status = STATUS_NOT_FOUND;
    index_snapshot_begin(engine->index, &snapshot);
    bool found = actor_record_find(&snapshot, actor, &record);
    if (found)
        status = append_content(engine, &snapshot, &record.head, content, key, out);
    index_snapshot_end(&snapshot);
    if (found && info_out)
        fill_info(engine, &record, info_out);
    return status;
}

enum status engine_recall(struct engine *engine, uint64_t actor, const struct key *key,
                          struct task_info *task_out, struct actor_info *info_out,
                          struct bytes *out)
{
    struct index_snapshot snapshot;
    struct actor_record record;
    struct task_record task;
    enum status status = STATUS_NOT_FOUND;
    index_snapshot_begin(engine->index, &snapshot);
    bool found = find_task(engine, &snapshot, actor, key, &record, &task);
    if (found) {
        task_describe(engine, &record.head, &task, task_out);
        status = append_outcome(&task, out);
    }
    index_snapshot_end(&snapshot);
    if (found)
        fill_info(engine, &record, info_out);
    return status;
}

enum status engine_outcome(struct engine *engine, uint64_t actor, const struct key *key,
                           struct bytes *out)
{
    return engine_look(engine, actor, CONTENT_OUTCOME, key, NULL, out);
}

enum status engine_message(struct engine *engine, uint64_t actor, const struct key *key,
                           struct bytes *out)
{
    return engine_look(engine, actor, CONTENT_MESSAGE, key, NULL, out);
}

enum status engine_last_result(struct engine *engine, uint64_t actor, struct bytes *out)
{
    return engine_look(engine, actor, CONTENT_LAST_RESULT, NULL, NULL, out);
}

enum status engine_log(struct engine *engine, uint64_t actor, struct bytes *out)
{
    return engine_look(engine, actor, CONTENT_LOG, NULL, NULL, out);
}
