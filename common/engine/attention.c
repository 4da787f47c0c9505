/* SPDX-License-Identifier: MIT */
/*
 * Actors that need someone (contract, section 2). Why and since when stands in the
 * actor's record; which actors have it so is kept in a small table and, for readers, as
 * a set of ids in memory. The set runs ahead of what is committed, and only ever has
 * too many: an id is taken out when the record that ended it is on disk. A reader looks
 * at the committed record of each and shows what that says.
 */
#include "common/engine/attention.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/sorted.h"
#include "common/engine/core.h"

#define GONE_MAX 64 /* so many may linger */

struct member {
    uint64_t id;   /* first: they are sorted by it (sorted.h) */
    uint64_t gone; /* the record that ended it; 0: none did */
};

struct attention_set {
    pthread_mutex_t mutex;
    struct member *list; /* by id, ascending; guarded by mutex, as all below */
    size_t count, capacity;
    size_t gone_count; /* since they were last taken out */
};

const char *attention_text(enum attention attention)
{
    static const char *const texts[] = {
        [ATTENTION_NONE] = "",
        [ATTENTION_RETRYING] = "retrying",
        [ATTENTION_SUSPENDED] = "suspended",
        [ATTENTION_FULL] = "full",
        [ATTENTION_FAILED] = "failed",
        [ATTENTION_NO_BEHAVIOR] = "no-behavior",
    };
    return texts[attention];
}

/* Whether `id` is there, and where it is or belongs. Mutex held. */
static bool find(const struct attention_set *set, uint64_t id, size_t *at_out)
{
    return sorted_find(set->list, set->count, sizeof *set->list, id, at_out);
}

static void set_add(struct attention_set *set, uint64_t id)
{
    pthread_mutex_lock(&set->mutex);
    size_t at;
    if (!find(set, id, &at)) {
        if (set->count == set->capacity) {
            set->capacity = set->capacity * 2 + 64;
            set->list = memory_resize(set->list, set->capacity * sizeof *set->list);
        }
        memmove(set->list + at + 1, set->list + at,
                (set->count - at) * sizeof *set->list);
        set->count++;
    }
    set->list[at] = (struct member){.id = id};
    pthread_mutex_unlock(&set->mutex);
}

/* Mutex held. */
static void take_out_gone(struct attention_set *set, uint64_t published)
{
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++)
        if (!set->list[i].gone || set->list[i].gone > published)
            set->list[kept++] = set->list[i];
    set->count = kept;
    set->gone_count = 0;
}

static void set_remove(struct engine *engine, uint64_t id)
{
    struct attention_set *set = engine->attention;
    pthread_mutex_lock(&set->mutex);
    size_t at;
    if (find(set, id, &at)) {
        set->list[at].gone = engine->applying;
        if (++set->gone_count > GONE_MAX)
            take_out_gone(set, index_published(engine->index));
    }
    pthread_mutex_unlock(&set->mutex);
}

/* A failure that is forgotten can be neither retried nor looked at. */
static bool remembers_failure(const struct actor_head *head, int64_t clock_ms)
{
    return head->counts.failed && clock_ms < head->failed_until_ms;
}

static enum attention reason(struct engine *engine, const struct actor *actor)
{
    const struct actor_head *head = &actor->record.head;
    if (head->flags & ACTOR_RETRYING)
        return ATTENTION_RETRYING;
    if (head->flags & ACTOR_SUSPENDED)
        return ATTENTION_SUSPENDED;
    if (actor_unfinished(actor) >= engine->options.mailbox_tasks_max)
        return ATTENTION_FULL;
    if (remembers_failure(head, engine->applying_clock_ms))
        return ATTENTION_FAILED;
    if (head->counts.pending && !behavior_of(engine->behaviors, &actor->record))
        return ATTENTION_NO_BEHAVIOR;
    return ATTENTION_NONE;
}

void attention_note_error(struct actor *actor, struct view error)
{
    struct actor_record *record = &actor->record;
    error = error_line(error);
    snprintf(record->last_error, sizeof record->last_error, "%.*s", (int)error.size,
             error.data);
}

static void take_key(const struct task_record *task, struct key *key_out)
{
    if (!(task->head.flags & TASK_KEYED)) {
        key_of_sequence(task->head.sequence, key_out);
        return;
    }
    key_out->size = (uint8_t)task->key.size;
    memcpy(key_out->text, task->key.data, task->key.size);
}

void attention_note_failure(struct actor *actor, const struct task_record *task)
{
    attention_note_error(actor, task->result);
    take_key(task, &actor->record.failed_key);
}

void attention_update(struct engine *engine, uint64_t id)
{
    struct actor *actor = actor_get(engine, id);
    if (!actor)
        return;
    struct actor_head *head = &actor->record.head;
    enum attention now = reason(engine, actor);
    if (now == (enum attention)head->attention)
        return;
    struct pair_key key;
    struct view name = single_key(&key, id);
    bool had = head->attention != ATTENTION_NONE;
    head->attention = now;
    head->attention_ms = now == ATTENTION_NONE ? 0 : engine->wall_ms;
    if (now == ATTENTION_NONE) {
        index_delete(engine->index, TABLE_ATTENTION, name, engine->applying);
        set_remove(engine, actor->id);
    } else if (!had) {
        index_put(engine->index, TABLE_ATTENTION, name, engine->applying, 0);
        set_add(engine->attention, actor->id);
    }
}

void attention_forget(struct engine *engine, struct actor *actor)
{
    struct pair_key key;
    if (actor->record.head.attention == ATTENTION_NONE)
        return;
    index_delete(engine->index, TABLE_ATTENTION, single_key(&key, actor->id),
                 engine->applying);
    set_remove(engine, actor->id);
}

void attention_offer_all(struct engine *engine)
{
    struct attention_set *set = engine->attention;
    pthread_mutex_lock(&set->mutex);
    size_t count = set->count;
    uint64_t *ids = memory_take((count + 1) * sizeof *ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = set->list[i].id;
    pthread_mutex_unlock(&set->mutex);
    for (size_t i = 0; i < count; i++) {
        struct actor *actor = actor_get(engine, ids[i]);
        if (actor)
            scheduler_offer(engine, actor);
    }
    free(ids);
}

static bool load_id(void *context, struct view key, struct view value)
{
    (void)value;
    set_add(context, number_from_key(key.data));
    return true;
}

void attention_open(struct engine *engine)
{
    engine->attention = memory_take_zeroed(1, sizeof *engine->attention);
    pthread_mutex_init(&engine->attention->mutex, NULL);
    index_scan_stored(index_decided(engine->index), TABLE_ATTENTION, view_of("", 0),
                      load_id, engine->attention);
}

void attention_close(struct engine *engine)
{
    pthread_mutex_destroy(&engine->attention->mutex);
    free(engine->attention->list);
    free(engine->attention);
}

/* ---------------------------------------------------------------------- rendering */

struct attention_line {
    int64_t since_ms;
    struct bytes text;
};

static int older_first(const void *left, const void *right)
{
    int64_t a = ((const struct attention_line *)left)->since_ms;
    int64_t b = ((const struct attention_line *)right)->since_ms;
    return a < b ? -1 : a > b;
}

/* That a failure was forgotten is no record: it is seen when somebody looks. */
static bool is_shown(const struct actor_head *head, int64_t clock_ms)
{
    return head->attention == ATTENTION_FAILED ? remembers_failure(head, clock_ms)
                                               : head->attention != ATTENTION_NONE;
}

struct search {
    struct engine *engine;
    struct index_snapshot *snapshot;
    const struct actor_head *head;
    int64_t clock_ms;
    struct task_record *task; /* what was found last */
    bool found;
};

static void look_at(struct search *search, uint64_t sequence)
{
    struct task_record task;
    if (!task_find(search->snapshot, search->head->id, sequence, &task) ||
        task.head.state != TASK_FAILED ||
        !task_is_remembered(search->engine, search->head, &task.head, search->clock_ms))
        return;
    *search->task = task;
    search->found = true;
}

static bool visit_line(void *context, uint64_t number, struct view packed)
{
    (void)number;
    struct log_record line;
    if (log_record_unpack(packed, &line) && line.state == TASK_FAILED)
        look_at(context, line.sequence);
    return true;
}

/* The last failure that is remembered; where that was retried or forgotten, the one
   before it, as far back as the mailbox shows. */
static bool find_failure(struct engine *engine, struct index_snapshot *snapshot,
                         const struct actor_record *record, int64_t clock_ms,
                         struct task_record *task)
{
    const struct actor_head *head = &record->head;
    struct search search = {.engine = engine,
                            .snapshot = snapshot,
                            .head = head,
                            .clock_ms = clock_ms,
                            .task = task};
    uint64_t first = head->log_first;
    if (!remembers_failure(head, clock_ms))
        return false;
    if (key_find(engine, snapshot, head, &record->failed_key, clock_ms, task) &&
        task->head.state == TASK_FAILED)
        return true;
    if (head->log_next > first + MAILBOX_SHOWN_FINISHED)
        first = head->log_next - MAILBOX_SHOWN_FINISHED;
    index_scan(snapshot, TABLE_LOG, head->id, first, head->log_next, visit_line,
               &search);
    return search.found;
}

/* KEY ERROR: of the task that is retried, or of the last failure; else empty. */
static void append_cause(struct engine *engine, struct index_snapshot *snapshot,
                         const struct actor_record *record, int64_t clock_ms,
                         struct bytes *out)
{
    struct task_record task;
    struct key key = {0};
    struct view error = view_of("", 0);
    const struct actor_head *head = &record->head;
    if (head->attention == ATTENTION_RETRYING &&
        task_find(snapshot, head->id, head->retry_sequence, &task)) {
        take_key(&task, &key);
        error = view_text(record->last_error);
    } else if (find_failure(engine, snapshot, record, clock_ms, &task)) {
        take_key(&task, &key);
        error = error_line(task_result(&task));
    }
    key_append_encoded(out, &key);
    bytes_append_text(out, "\t");
    append_column(out, error);
}

/* ACTOR WHY SINCE KEY ERROR */
static bool render_line(struct engine *engine, uint64_t id, int64_t clock_ms,
                        struct attention_line *line)
{
    struct index_snapshot snapshot;
    struct actor_record record;
    index_snapshot_begin(engine->index, &snapshot);
    bool shown =
        actor_record_find(&snapshot, id, &record) && is_shown(&record.head, clock_ms);
    if (shown) {
        line->since_ms = record.head.attention_ms;
        append_column(&line->text, view_text(record.name));
        bytes_format(&line->text, "\t%s\t",
                     attention_text((enum attention)record.head.attention));
        clock_format(&line->text, record.head.attention_ms);
        bytes_append_text(&line->text, "\t");
        append_cause(engine, &snapshot, &record, clock_ms, &line->text);
        bytes_append_text(&line->text, "\n");
    }
    index_snapshot_end(&snapshot);
    return shown;
}

void engine_attention(struct engine *engine, struct bytes *out)
{
    struct attention_set *set = engine->attention;
    pthread_mutex_lock(&set->mutex);
    size_t count = set->count;
    struct member *list = memory_take(count * sizeof *list + 1);
    if (count)
        memcpy(list, set->list, count * sizeof *list);
    pthread_mutex_unlock(&set->mutex);
    struct attention_line *lines = memory_take_zeroed(count + 1, sizeof *lines);
    int64_t clock_ms = core_store_clock(engine);
    size_t shown = 0;
    for (size_t i = 0; i < count; i++)
        shown += render_line(engine, list[i].id, clock_ms, &lines[shown]);
    qsort(lines, shown, sizeof *lines, older_first);
    for (size_t i = 0; i < shown; i++) {
        bytes_append(out, view_bytes(&lines[i].text));
        bytes_free(&lines[i].text);
    }
    free(lines);
    free(list);
}
