/* SPDX-License-Identifier: MIT */
/* The lists that readers are shown: mailbox, log, attention, totals, actors. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "tests/simulator/sim.h"

/* ------------------------------------------------------------------------ mailbox ---
 */

struct rows {
    struct task_info *list;
    size_t count, capacity;
};

static void add_row(void *context, const struct task_info *info)
{
    struct rows *rows = context;
    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity * 2 + 64;
        rows->list = memory_resize(rows->list, rows->capacity * sizeof *rows->list);
    }
    rows->list[rows->count++] = *info;
}

/* Pending before delayed; pending ones by place, delayed ones by time. */
static bool comes_before(const struct task_model *left, const struct task_model *right)
{
    bool left_waits = left->state == TASK_DELAYED;
    bool right_waits = right->state == TASK_DELAYED;
    if (left_waits != right_waits)
        return right_waits;
    if (!left_waits)
        return left->place < right->place;
    if (left->due_ms != right->due_ms)
        return left->due_ms < right->due_ms;
    return left->sequence < right->sequence;
}

static void check_row(struct sim *sim, const struct actor_model *actor,
                      const struct task_info *row, uint64_t sequence,
                      enum task_state state, struct key key, bool settled)
{
    const struct turn *turn = turns_of(sim, actor->id);
    bool runs = turn && !turn->is_void && turn->sequence == sequence;
    SIM_CHECK(sim, row->sequence == sequence,
              "the mailbox of %.*s shows task %" PRIu64 " where %" PRIu64 " belongs",
              (int)actor->name.size, actor->name.data, row->sequence, sequence);
    if (settled)
        SIM_CHECK(sim, row->state == (runs ? TASK_RUNNING : state),
                  "the mailbox shows another state of task %" PRIu64, sequence);
    SIM_CHECK(sim, view_equal(key_view(&row->key), key_view(&key)),
              "the mailbox shows another key of task %" PRIu64, sequence);
}

static size_t check_unfinished(struct sim *sim, const struct actor_model *actor,
                               const struct rows *rows, bool settled)
{
    size_t count = 0;
    const struct task_model *last = NULL;
    for (;; count++) {
        const struct task_model *next = NULL;
        for (uint64_t i = 1; i < actor->next; i++) {
            const struct task_model *task = &actor->tasks[i];
            if (task->sequence && !task_state_is_final(task->state) &&
                (!last || comes_before(last, task)) &&
                (!next || comes_before(task, next)))
                next = task;
        }
        if (!next || count == MAILBOX_SHOWN_UNFINISHED)
            return count;
        SIM_CHECK(sim, count < rows->count, "the mailbox of %.*s lacks task %" PRIu64,
                  (int)actor->name.size, actor->name.data, next->sequence);
        check_row(sim, actor, &rows->list[count], next->sequence, next->state,
                  task_key(next), settled);
        last = next;
    }
}

static void check_line(struct sim *sim, const struct actor_model *actor,
                       const struct task_info *row, const struct line_model *line)
{
    struct task_model task = {.sequence = line->sequence, .key = line->key};
    check_row(sim, actor, row, line->sequence, line->state, task_key(&task), false);
    SIM_CHECK(sim,
              row->state == line->state && row->attempts == line->attempts &&
                  row->accepted_ms == line->accepted_ms &&
                  row->due_ms == line->due_ms && row->finished_ms == line->finished_ms,
              "the mailbox shows another outcome of task %" PRIu64, line->sequence);
}

static bool finished_again(const struct actor_model *actor, size_t at)
{
    for (size_t later = at + 1; later < actor->line_count; later++)
        if (actor->lines[later].sequence == actor->lines[at].sequence)
            return true;
    return false;
}

/* The last lines of the log, each task with its last outcome, but for tasks that wait
   again. */
static void check_finished(struct sim *sim, const struct actor_model *actor,
                           const struct rows *rows, size_t at)
{
    size_t first = actor->line_count > MAILBOX_SHOWN_FINISHED
                       ? actor->line_count - MAILBOX_SHOWN_FINISHED
                       : 0;
    for (size_t i = first; i < actor->line_count; i++) {
        const struct line_model *line = &actor->lines[i];
        if (!task_state_is_final(actor_task(actor, line->sequence)->state) ||
            finished_again(actor, i))
            continue;
        SIM_CHECK(sim, at < rows->count, "the mailbox of %.*s lacks task %" PRIu64,
                  (int)actor->name.size, actor->name.data, line->sequence);
        check_line(sim, actor, &rows->list[at++], line);
    }
    SIM_CHECK(sim, at == rows->count, "the mailbox of %.*s has too much",
              (int)actor->name.size, actor->name.data);
}

void check_mailbox(struct sim *sim, const struct actor_model *actor, bool settled)
{
    struct rows rows = {0};
    SIM_CHECK(sim, !engine_mailbox(sim->engine, actor->id, add_row, &rows),
              "a mailbox cannot be read");
    check_finished(sim, actor, &rows, check_unfinished(sim, actor, &rows, settled));
    free(rows.list);
}

/* ---------------------------------------------------------------------------- log ---
 */

void check_log(struct sim *sim, const struct actor_model *actor, uint64_t bytes)
{
    BYTES_AUTO(is);
    BYTES_AUTO(should);
    SIM_CHECK(sim, !engine_log(sim->engine, actor->id, &is), "a log cannot be read");
    for (size_t i = 0; i < actor->line_count; i++)
        bytes_append(&should, actor->lines[i].text);
    SIM_CHECK(sim, view_equal(view_bytes(&is), view_bytes(&should)),
              "the log of %.*s is\n%.*s\nand should be\n%.*s", (int)actor->name.size,
              actor->name.data, (int)is.size, is.data, (int)should.size, should.data);
    SIM_CHECK(sim, bytes == is.size, "the log's size is not true");
}

/* ------------------------------------------------------------------ all the actors ---
 */

void check_totals(struct sim *sim)
{
    struct engine_totals is, should = {0};
    for (size_t i = 0; i < sim->committed.actor_count; i++) {
        const struct actor_model *actor = sim->committed.actors[i];
        if (actor->is_gone)
            continue;
        should.actors++;
        should.pending +=
            actor_count_pending(actor) + actor_count(actor, TASK_DEFERRED);
        should.delayed += actor_count(actor, TASK_DELAYED);
        should.done += actor->done;
        should.failed += actor->failed;
        should.canceled += actor->canceled;
    }
    engine_totals(sim->engine, &is);
    SIM_CHECK(sim,
              is.actors == should.actors && is.pending == should.pending &&
                  is.delayed == should.delayed && is.done == should.done &&
                  is.failed == should.failed && is.canceled == should.canceled,
              "totals: actors %" PRIu64 " (%" PRIu64 ") pending %" PRIu64 " (%" PRIu64
              ") delayed %" PRIu64 " (%" PRIu64 ") done %" PRIu64 " (%" PRIu64
              ") failed %" PRIu64 " (%" PRIu64 ") canceled %" PRIu64 " (%" PRIu64 ")",
              is.actors, should.actors, is.pending, should.pending, is.delayed,
              should.delayed, is.done, should.done, is.failed, should.failed,
              is.canceled, should.canceled);
    SIM_CHECK(sim, is.read_only == sim->read_only, "totals: another read_only");
}

static bool is_failure(struct sim *sim, const struct actor_model *actor,
                       uint64_t sequence)
{
    const struct task_model *task = actor_task(actor, sequence);
    return task && task->state == TASK_FAILED && !task->forgotten &&
           task_is_known(&sim->committed, actor, task, sim_store_clock(sim));
}

/* The last failure that is still one, as far back as the mailbox shows; or null. */
static const struct task_model *find_failure(struct sim *sim,
                                             const struct actor_model *actor)
{
    size_t shown = 0;
    if (sim_store_clock(sim) >= actor->failed_until_ms)
        return NULL;
    if (is_failure(sim, actor, actor->failed_sequence))
        return actor_task(actor, actor->failed_sequence);
    for (size_t i = actor->line_count; i > 0 && shown < MAILBOX_SHOWN_FINISHED;
         i--, shown++)
        if (is_failure(sim, actor, actor->lines[i - 1].sequence))
            return actor_task(actor, actor->lines[i - 1].sequence);
    return NULL;
}

/* KEY ERROR */
static void append_cause(struct sim *sim, struct bytes *out,
                         const struct actor_model *actor)
{
    bool retries = strcmp(actor->why, "retrying") == 0;
    const struct task_model *task =
        retries ? actor_task(actor, actor->retry_sequence) : find_failure(sim, actor);
    struct key key = task ? task_key(task) : (struct key){0};
    key_append_encoded(out, &key);
    bytes_append_text(out, "\t");
    if (task)
        append_column(out, retries ? actor->last_error : model_last_line(task->result));
}

/* ACTOR WHY SINCE KEY ERROR */
static void append_need(struct sim *sim, struct bytes *out,
                        const struct actor_model *actor)
{
    append_column(out, actor->name);
    bytes_format(out, "\t%s\t", actor->why);
    clock_format(out, actor->why_ms);
    bytes_append_text(out, "\t");
    append_cause(sim, out, actor);
    bytes_append_text(out, "\n");
}

static void check_oldest_first(struct sim *sim, struct view lines)
{
    struct view before = view_of("", 0);
    while (lines.size) {
        const char *end = memchr(lines.data, '\n', lines.size);
        const char *why = memchr(lines.data, '\t', lines.size);
        const char *since = memchr(why + 1, '\t', lines.size);
        struct view time = view_of(since + 1, 24);
        SIM_CHECK(sim, before.size == 0 || memcmp(before.data, time.data, 24) <= 0,
                  "attention: not oldest first");
        before = time;
        lines = view_of(end + 1, lines.size - (size_t)(end + 1 - lines.data));
    }
}

/* Where behaviors come and go, that one is missing is seen when it is looked for. */
static bool is_loose(const struct sim *sim, const struct actor_model *actor)
{
    return sim->plan.away && strcmp(actor->why, "no-behavior") == 0;
}

/* A failure that is forgotten meanwhile is nobody's concern. */
static bool is_needed(struct sim *sim, const struct actor_model *actor)
{
    bool has_expired = strcmp(actor->why, "failed") == 0 &&
                       sim_store_clock(sim) >= actor->failed_until_ms;
    return !actor->is_gone && *actor->why && !has_expired;
}

void check_attention(struct sim *sim)
{
    BYTES_AUTO(is);
    size_t size = 0;
    engine_attention(sim->engine, &is);
    for (size_t i = 0; i < sim->committed.actor_count; i++) {
        const struct actor_model *actor = sim->committed.actors[i];
        if (!is_needed(sim, actor) || is_loose(sim, actor))
            continue;
        BYTES_AUTO(line);
        append_need(sim, &line, actor);
        SIM_CHECK(sim, is.size && memmem(is.data, is.size, line.data, line.size),
                  "attention lacks %.*sand is\n%.*s", (int)line.size, line.data,
                  (int)is.size, is.data);
        size += line.size;
    }
    SIM_CHECK(sim, size == is.size || sim->plan.away, "attention has too much:\n%.*s",
              (int)is.size, is.data);
    check_oldest_first(sim, view_bytes(&is));
}

struct listing {
    struct sim *sim;
    size_t next; /* index in the model */
};

static bool check_listed(void *context, const struct actor_info *info)
{
    struct listing *listing = context;
    const struct model *model = &listing->sim->committed;
    while (listing->next < model->actor_count && model->actors[listing->next]->is_gone)
        listing->next++;
    SIM_CHECK(listing->sim,
              listing->next < model->actor_count &&
                  info->id == model->actors[listing->next]->id,
              "actor %llu is listed where it does not belong",
              (unsigned long long)info->id);
    listing->next++;
    return true;
}

void check_list(struct sim *sim)
{
    struct listing listing = {.sim = sim};
    engine_list(sim->engine, 0, check_listed, &listing);
    while (listing.next < sim->committed.actor_count &&
           sim->committed.actors[listing.next]->is_gone)
        listing.next++;
    SIM_CHECK(sim, listing.next == sim->committed.actor_count,
              "actor %zu is not listed", listing.next + 1);
}
