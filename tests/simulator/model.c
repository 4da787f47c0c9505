/* SPDX-License-Identifier: MIT */
/* Effects, one by one. What can be asked: model_ask.c. */
#include "tests/simulator/model.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/text.h"

/* ------------------------------------------------------------------------ actors ---
 */

static struct actor_model *add_actor(struct model *model)
{
    if (model->actor_count == model->actor_capacity) {
        model->actor_capacity = model->actor_capacity * 2 + 16;
        model->actors =
            memory_resize(model->actors, model->actor_capacity * sizeof *model->actors);
    }
    struct actor_model *actor = memory_take_zeroed(1, sizeof *actor);
    model->actors[model->actor_count++] = actor;
    actor->id = model->actor_count;
    return actor;
}

static void empty(struct actor_model *actor)
{
    free(actor->tasks);
    free(actor->lines);
    free(actor->ties);
    actor->tasks = NULL;
    actor->lines = NULL;
    actor->ties = NULL;
    actor->task_capacity = actor->line_capacity = actor->line_count = 0;
    actor->tie_capacity = actor->tie_count = 0;
    actor->next = 0;
}

static void create(struct model *model, const struct event *event,
                   const struct effect *effect)
{
    struct actor_model *actor = add_actor(model);
    ENSURE(actor->id == effect->actor);
    actor->name = effect->text;
    actor->behavior = actor->state = actor->type = actor->last_error = view_of("", 0);
    for (unsigned part = 0; part < PART_COUNT; part++)
        actor->owners[part].mode = OWNER_INHERITED;
    actor->owners[PART_FOLDER] = effect->owner;
    actor->next = 1;
    actor->state_version = 1;
    actor->created_ms = actor->state_ms = event->wall_ms;
    actor->why = "";
}

/* One side: what the other is to this one. */
static void put_tie(struct actor_model *actor, uint64_t other, unsigned flags)
{
    size_t at = 0;
    while (at < actor->tie_count && actor->ties[at].other != other)
        at++;
    if (at == actor->tie_capacity) {
        actor->tie_capacity = actor->tie_capacity * 2 + 4;
        actor->ties =
            memory_resize(actor->ties, actor->tie_capacity * sizeof *actor->ties);
    }
    if (flags) {
        actor->ties[at] = (struct tie_model){other, flags};
        actor->tie_count += at == actor->tie_count;
    } else if (at < actor->tie_count) {
        actor->tie_count--;
        memmove(actor->ties + at, actor->ties + at + 1,
                (actor->tie_count - at) * sizeof *actor->ties);
    }
    actor->touches++;
}

static void tie(struct model *model, struct actor_model *actor, uint64_t other,
                unsigned flags)
{
    unsigned back = (flags & TIE_WATCHES ? TIE_WATCHED : 0u) |
                    (flags & TIE_WATCHED ? TIE_WATCHES : 0u) | (flags & TIE_LINKED);
    put_tie(actor, other, flags);
    put_tie(model_actor(model, other), actor->id, back);
}

static void go(struct model *model, struct actor_model *actor)
{
    while (actor->tie_count)
        tie(model, actor, actor->ties[0].other, 0);
    empty(actor);
    actor->is_gone = true;
}

/* ------------------------------------------------------------------------- tasks ---
 */

/* The next number; it may be a task's, or only a place. */
static uint64_t take_number(struct actor_model *actor)
{
    if (actor->next >= actor->task_capacity) {
        size_t capacity = actor->task_capacity * 2 + 64;
        actor->tasks = memory_resize(actor->tasks, capacity * sizeof *actor->tasks);
        memset(actor->tasks + actor->task_capacity, 0,
               (capacity - actor->task_capacity) * sizeof *actor->tasks);
        actor->task_capacity = capacity;
    }
    actor->tasks[actor->next] = (struct task_model){0};
    return actor->next++;
}

static void accept(struct actor_model *actor, const struct event *event,
                   const struct effect *effect)
{
    uint64_t sequence = take_number(actor);
    ENSURE(!effect->sequence || sequence == effect->sequence);
    actor->tasks[sequence] =
        (struct task_model){.sequence = sequence,
                            .place = effect->due_ms ? 0 : sequence,
                            .state = effect->due_ms ? TASK_DELAYED : TASK_PENDING,
                            .key = effect->key,
                            .timer = effect->timer,
                            .message = effect->text,
                            .letter = effect->letter,
                            .openings = effect->openings,
                            .accepted_ms = event->wall_ms,
                            .due_ms = effect->due_ms};
    if (effect->timer.size)
        actor->timers[timer_of(effect->timer)] = sequence;
}

struct view model_last_line(struct view text)
{
    while (text.size && memchr("\n\r\t ", text.data[text.size - 1], 4))
        text.size--;
    const char *end = text.size ? memrchr(text.data, '\n', text.size) : NULL;
    size_t from = end ? (size_t)(end + 1 - text.data) : 0;
    size_t size = text.size - from, most = ERROR_TEXT_BYTES_MAX;
    return view_of(text.data + from, size < most ? size : most);
}

static void write_line(struct model *model, struct actor_model *actor,
                       const struct task_model *task, uint32_t turn_ms)
{
    BYTES_AUTO(text);
    struct key key = task_key(task);
    uint64_t bytes_max = model->rules->options->log_bytes_max;
    clock_format(&text, task->finished_ms);
    bytes_format(&text, "\t%llu\t%s\t%u\t%u\t", (unsigned long long)task->sequence,
                 task->state == TASK_DONE     ? "done"
                 : task->state == TASK_FAILED ? "failed"
                                              : "canceled",
                 task->attempts, turn_ms);
    key_append_encoded(&text, &key);
    bytes_append_text(&text, "\t");
    if (task->state == TASK_FAILED)
        append_column(&text, model_last_line(task->result));
    bytes_append_text(&text, "\n");
    actor->log_bytes += text.size;
    size_t drop = 0;
    if (actor->log_bytes > bytes_max)
        while (drop < actor->old_lines && actor->log_bytes > bytes_max - bytes_max / 8)
            actor->log_bytes -= actor->lines[drop++].text.size;
    actor->line_count -= drop;
    actor->old_lines -= drop;
    if (drop && actor->line_count)
        memmove(actor->lines, actor->lines + drop,
                actor->line_count * sizeof *actor->lines);
    if (actor->line_count == actor->line_capacity) {
        actor->line_capacity = actor->line_capacity * 2 + 16;
        actor->lines =
            memory_resize(actor->lines, actor->line_capacity * sizeof *actor->lines);
    }
    actor->lines[actor->line_count++] =
        (struct line_model){.sequence = task->sequence,
                            .state = task->state,
                            .attempts = task->attempts,
                            .accepted_ms = task->accepted_ms,
                            .due_ms = task->due_ms,
                            .finished_ms = task->finished_ms,
                            .key = task->key,
                            .text = arena_copy(model->arena, view_bytes(&text))};
}

/* What was set aside is in line again, in its place. */
static void change_state(struct actor_model *actor, const struct event *event,
                         struct view state, struct view type)
{
    actor->state = state;
    actor->type = type;
    actor->state_version++;
    actor->state_ms = event->wall_ms;
    for (uint64_t i = 1; i < actor->next; i++)
        if (actor->tasks[i].sequence && actor->tasks[i].state == TASK_DEFERRED)
            actor->tasks[i].state = TASK_PENDING;
}

static void note_failure(const struct model *model, struct actor_model *actor,
                         const struct task_model *task)
{
    const struct engine_options *options = model->rules->options;
    int64_t until_ms =
        task->finished_clock_ms +
        (task->key.size ? options->retention_failed_ms : options->retention_keyless_ms);
    if (until_ms > actor->failed_until_ms)
        actor->failed_until_ms = until_ms;
    actor->failed_sequence = task->sequence;
    actor->last_error = model_last_line(task->result);
}

static void finish(struct model *model, struct actor_model *actor,
                   const struct event *event, const struct effect *effect)
{
    struct task_model *task = actor_task(actor, effect->sequence);
    ENSURE(task && !task_state_is_final(task->state));
    task->state = effect->outcome;
    task->place = 0;
    task->attempts += effect->has_run;
    task->result = effect->text;
    task->finished_ms = event->wall_ms;
    task->finished_clock_ms = event->clock_ms;
    if (!task->key.size)
        task->keyless_number = ++actor->keyless_finished;
    if (task->timer.size && actor->timers[timer_of(task->timer)] == task->sequence)
        actor->timers[timer_of(task->timer)] = 0;
    if (actor->retry_sequence == task->sequence)
        actor->retry_sequence = 0;
    if (effect->state_changed)
        change_state(actor, event, effect->state, view_of("", 0));
    actor->done += effect->outcome == TASK_DONE;
    actor->failed += effect->outcome == TASK_FAILED;
    actor->canceled += effect->outcome == TASK_CANCELED;
    actor->last_finished = task->sequence;
    if (effect->has_run)
        actor->last_turn_ms = event->wall_ms;
    if (effect->outcome == TASK_FAILED)
        note_failure(model, actor, task);
    write_line(model, actor, task, effect->turn_ms);
}

static void attempt(struct actor_model *actor, const struct effect *effect)
{
    struct task_model *task = actor_task(actor, effect->sequence);
    ENSURE(task && task_is_pending(task));
    task->state = TASK_RETRYING;
    task->attempts++;
    actor->retry_sequence = task->sequence;
    actor->retry_ms = effect->due_ms;
    actor->last_error = model_last_line(effect->text);
}

static void defer(struct actor_model *actor, const struct effect *effect)
{
    struct task_model *task = actor_task(actor, effect->sequence);
    ENSURE(task && task_is_pending(task));
    task->state = TASK_DEFERRED;
    if (actor->retry_sequence == task->sequence)
        actor->retry_sequence = 0;
}

/* To the end of the mailbox. */
static void move(struct actor_model *actor, uint64_t sequence)
{
    uint64_t place = take_number(actor);
    ENSURE(actor_task(actor, sequence));
    actor->tasks[sequence].place = place;
    actor->tasks[sequence].state = TASK_PENDING;
}

static void retry(struct actor_model *actor, const struct effect *effect)
{
    struct task_model *task = actor_task(actor, effect->sequence);
    ENSURE(task && (task->state == TASK_FAILED || task->state == TASK_CANCELED));
    actor->failed -= task->state == TASK_FAILED;
    actor->canceled -= task->state == TASK_CANCELED;
    task->attempts = 0;
    task->openings = effect->openings;
    task->finished_ms = 0;
    task->result = view_of("", 0);
    move(actor, effect->sequence);
}

static void forget(struct actor_model *actor, const struct effect *effect)
{
    struct task_model *task = actor_task(actor, effect->sequence);
    ENSURE(task && task_state_is_final(task->state));
    task->forgotten = true;
    actor->failed -= task->state == TASK_FAILED;
}

/* ------------------------------------------------------------------------ events ---
 */

static void apply(struct model *model, const struct event *event,
                  const struct effect *effect)
{
    if (effect->kind == EFFECT_CREATE)
        create(model, event, effect);
    struct actor_model *actor = model_actor(model, effect->actor);
    ENSURE(actor);
    switch (effect->kind) {
    case EFFECT_CREATE:
        break;
    case EFFECT_REMOVE:
        go(model, actor);
        break;
    case EFFECT_OWNER:
        actor->owners[effect->part] = effect->owner;
        break;
    case EFFECT_FLAGS:
        actor->is_suspended = effect->is_suspended;
        actor->is_retiring = effect->is_retiring;
        break;
    case EFFECT_BEHAVIOR:
        actor->behavior = effect->text;
        break;
    case EFFECT_STATE:
        change_state(actor, event, effect->state, effect->text);
        break;
    case EFFECT_ACCEPT:
        accept(actor, event, effect);
        break;
    case EFFECT_DUE:
        move(actor, effect->sequence);
        break;
    case EFFECT_FINISH:
        finish(model, actor, event, effect);
        break;
    case EFFECT_ATTEMPT:
        attempt(actor, effect);
        break;
    case EFFECT_RETRY:
        retry(actor, effect);
        break;
    case EFFECT_FORGET:
        forget(actor, effect);
        break;
    case EFFECT_DEFER:
        defer(actor, effect);
        break;
    case EFFECT_TIE:
        tie(model, actor, effect->other, effect->ties);
        break;
    }
    actor->touches++;
}

/* Contract, section 2: what someone should look at. */
static const char *why_of(const struct model *model, const struct actor_model *actor,
                          int64_t clock_ms)
{
    uint64_t pending = actor_count_pending(actor);
    if (actor->retry_sequence)
        return "retrying";
    if (actor->is_suspended)
        return "suspended";
    if (actor_count_unfinished(actor) >= model->rules->options->mailbox_tasks_max)
        return "full";
    if (actor->failed && clock_ms < actor->failed_until_ms)
        return "failed";
    if (pending && !model_behavior(model, actor))
        return "no-behavior";
    return "";
}

static void update_why(struct model *model, const struct event *event)
{
    struct actor_model *actor = model_actor(model, model->applying);
    const char *why = actor ? why_of(model, actor, event->clock_ms) : NULL;
    if (actor && strcmp(why, actor->why) != 0) {
        actor->why = why;
        actor->why_ms = event->wall_ms;
    }
}

void model_begin(struct model *model, const struct event *event)
{
    model->applying = 0;
    for (size_t i = 0; i < event->count; i++) {
        struct actor_model *actor = model_actor(model, event->effects[i].actor);
        if (actor)
            actor->old_lines = actor->line_count;
    }
}

void model_apply_one(struct model *model, const struct event *event,
                     const struct effect *effect)
{
    struct actor_model *actor = model_actor(model, effect->actor);
    if (actor && event->is_stepwise)
        actor->old_lines = actor->line_count;
    if (model->applying != effect->actor)
        update_why(model, event);
    model->applying = effect->actor;
    apply(model, event, effect);
}

void model_end(struct model *model, const struct event *event)
{
    update_why(model, event);
}

void model_apply(struct model *model, const struct event *event)
{
    model_begin(model, event);
    for (size_t i = 0; i < event->count; i++)
        model_apply_one(model, event, &event->effects[i]);
    model_end(model, event);
}

/* ----------------------------------------------------------------------- copying ---
 */

static void copy_actor(struct actor_model *actor, const struct actor_model *from)
{
    struct task_model *tasks = actor->tasks;
    struct line_model *lines = actor->lines;
    struct tie_model *ties = actor->ties;
    *actor = *from;
    actor->tasks = memory_resize(tasks, (from->task_capacity + 1) * sizeof *tasks);
    actor->lines = memory_resize(lines, (from->line_capacity + 1) * sizeof *lines);
    if (from->task_capacity)
        memcpy(actor->tasks, from->tasks, from->task_capacity * sizeof *tasks);
    if (from->line_count)
        memcpy(actor->lines, from->lines, from->line_count * sizeof *lines);
    actor->ties = memory_resize(ties, (from->tie_capacity + 1) * sizeof *ties);
    if (from->tie_count)
        memcpy(actor->ties, from->ties, from->tie_count * sizeof *ties);
}

static void drop_last(struct model *model)
{
    struct actor_model *actor = model->actors[--model->actor_count];
    empty(actor);
    free(actor);
}

void model_copy(struct model *model, const struct model *from)
{
    while (model->actor_count > from->actor_count)
        drop_last(model);
    while (model->actor_count < from->actor_count)
        add_actor(model);
    for (size_t i = 0; i < from->actor_count; i++)
        if (!from->actors[i]->is_gone)
            copy_actor(model->actors[i], from->actors[i]);
        else if (!model->actors[i]->is_gone) {
            empty(model->actors[i]);
            model->actors[i]->is_gone = true;
        }
}

void model_free(struct model *model)
{
    while (model->actor_count)
        drop_last(model);
    free(model->actors);
    *model = (struct model){0};
}
