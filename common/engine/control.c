/* SPDX-License-Identifier: MIT */
/*
 * Control words (contract, section 4). The words of one write are decided together and
 * become one record; each is judged as if those before it had taken effect, so the
 * decision keeps its own copy of what they change. A write with any bad word does
 * nothing.
 */
#include "common/engine/decide.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/engine/core.h"

struct control {
    struct engine *engine;
    struct request *request;
    struct actor *actor;
    struct actor_head head; /* as the words so far leave it */
    bool refused;           /* and answered */
    bool changed;
    bool voids_turn;
    uint64_t *ended; /* sequence numbers dealt with so far */
    size_t ended_count, ended_capacity;
    size_t ended_before; /* of these by earlier words */
};

static void refuse(struct control *control, enum status status, const char *word,
                   struct view argument, const char *why)
{
    control->refused = true;
    decide_answer(control->engine, control->request, status, "%s%s%.*s: %s", word,
                  *word && argument.size ? " " : "", (int)argument.size, argument.data,
                  why);
}

static void add(struct control *control, const struct change *change)
{
    record_add(control->engine, change);
    control->changed = true;
}

static bool is_among(const struct control *control, size_t count, uint64_t sequence)
{
    for (size_t i = 0; i < count; i++)
        if (control->ended[i] == sequence)
            return true;
    return false;
}

static bool was_ended(const struct control *control, uint64_t sequence)
{
    return is_among(control, control->ended_count, sequence);
}

static void note_ended(struct control *control, uint64_t sequence)
{
    if (control->ended_count == control->ended_capacity) {
        control->ended_capacity = control->ended_capacity * 2 + 16;
        control->ended = memory_resize(control->ended, control->ended_capacity *
                                                           sizeof *control->ended);
    }
    control->ended[control->ended_count++] = sequence;
}

static void set_flags(struct control *control, uint32_t set, uint32_t clear)
{
    control->head.flags = (control->head.flags & ~clear) | set;
    struct change change = {
        .type = CHANGE_FLAGS, .actor = control->head.id, .flags = control->head.flags};
    add(control, &change);
}

/* ------------------------------------------------------------------ one task each */

static bool find_key(struct control *control, const char *word, struct view argument,
                     struct task_record *task)
{
    struct key key;
    struct engine *engine = control->engine;
    if (key_from_name(argument, &key)) {
        refuse(control, STATUS_INVALID, word, argument, "that is no key");
        return false;
    }
    if (!key_find(engine, index_decided(engine->index), &control->actor->record.head,
                  &key, engine->clock_ms, task)) {
        refuse(control, STATUS_NOT_FOUND, word, argument, "no such key");
        return false;
    }
    if (was_ended(control, task->head.sequence)) {
        refuse(control, STATUS_BUSY, word, argument,
               "a word before it in the same write concerns that task already");
        return false;
    }
    return true;
}

static void cancel_task(struct control *control, const struct task_record *task)
{
    struct change change;
    struct actor_counts *counts = &control->head.counts;
    turn_cancel_change(control->engine, &control->head, task, &change);
    *(task->head.state == TASK_DELAYED ? &counts->delayed : &counts->pending) -= 1;
    add(control, &change);
    note_ended(control, task->head.sequence);
    if (control->head.retry_sequence == task->head.sequence)
        control->head.flags &= ~(uint32_t)ACTOR_RETRYING;
    if (control->actor->running_sequence == task->head.sequence)
        control->voids_turn = true;
}

static void cancel(struct control *control, struct view argument)
{
    struct task_record task;
    if (!find_key(control, "cancel", argument, &task))
        return;
    if (task_state_is_final((enum task_state)task.head.state))
        refuse(control, STATUS_BUSY, "cancel", argument, "the task is finished");
    else
        cancel_task(control, &task);
}

static void forget(struct control *control, struct view argument)
{
    struct task_record task;
    if (!find_key(control, "forget", argument, &task))
        return;
    uint8_t outcome = task.head.state;
    if (!task_state_is_final((enum task_state)outcome)) {
        cancel_task(control, &task);
        outcome = TASK_CANCELED;
    } else {
        note_ended(control, task.head.sequence);
    }
    struct change change = {.type = CHANGE_FORGET,
                            .actor = control->head.id,
                            .sequence = task.head.sequence,
                            .outcome = outcome,
                            .key = task.key};
    add(control, &change);
}

static void retry_task(struct control *control, const struct task_record *task)
{
    struct change change = {.type = CHANGE_RETRY,
                            .actor = control->head.id,
                            .sequence = task->head.sequence,
                            .slot = control->head.next_slot++,
                            .outcome = task->head.state,
                            .openings = index_incarnation(control->engine->index)};
    control->head.counts.pending++;
    add(control, &change);
    note_ended(control, task->head.sequence);
}

/* --------------------------------------------------------------------- many tasks */

static bool retry_line(void *context, uint64_t number, struct view packed)
{
    (void)number;
    struct control *control = context;
    struct engine *engine = control->engine;
    struct log_record line;
    struct task_record task;
    if (!log_record_unpack(packed, &line) || line.state != TASK_FAILED ||
        was_ended(control, line.sequence))
        return true;
    if (task_find(index_decided(engine->index), control->head.id, line.sequence,
                  &task) &&
        task.head.state == TASK_FAILED &&
        task_is_remembered(engine, &control->head, &task.head, engine->clock_ms))
        retry_task(control, &task);
    return true;
}

/* The failed tasks are found in the log, oldest first. */
static void retry(struct control *control, struct view argument)
{
    struct task_record task;
    const struct actor_head *head = &control->actor->record.head;
    if (view_equal(argument, view_text("failed"))) {
        index_scan(index_decided(control->engine->index), TABLE_LOG, head->id,
                   head->log_first, head->log_next, retry_line, control);
        return;
    }
    if (!find_key(control, "retry", argument, &task))
        return;
    if (task.head.state == TASK_FAILED || task.head.state == TASK_CANCELED)
        retry_task(control, &task);
    else
        refuse(control, STATUS_BUSY, "retry", argument,
               "the task neither failed nor was canceled");
}

static bool clear_task(void *context, uint64_t number, struct view packed)
{
    struct control *control = context;
    const struct actor *actor = control->actor;
    struct task_record task;
    if (task_at_place(index_decided(control->engine->index), actor->id, number, packed,
                      &task) &&
        !is_among(control, control->ended_before, task.head.sequence) &&
        (task.head.sequence != actor->running_sequence || actor->turn_void))
        cancel_task(control, &task);
    return true;
}

/* All that waits, each visited once; the running turn goes on. */
static void clear(struct control *control)
{
    struct engine *engine = control->engine;
    index_scan(index_decided(engine->index), TABLE_LIVE, control->head.id, 1,
               control->actor->record.head.next_slot, clear_task, control);
}

static void cancel_timer(struct control *control, struct view argument)
{
    struct engine *engine = control->engine;
    struct text_key name;
    struct view value;
    struct key_place place;
    struct task_record task;
    if (argument.size > TIMER_NAME_BYTES_MAX ||
        !index_get(index_decided(engine->index), TABLE_KEYS,
                   timer_name_key(&name, control->head.id, argument), &value)) {
        refuse(control, STATUS_NOT_FOUND, "canceltimer", argument, "no such timer");
        return;
    }
    memcpy(&place, value.data, sizeof place);
    if (task_find_live(index_decided(engine->index), control->head.id, place.sequence,
                       &task) &&
        !was_ended(control, place.sequence))
        cancel_task(control, &task);
}

/* -------------------------------------------------------------------------- words */

static void suspend(struct control *control)
{
    set_flags(control, ACTOR_SUSPENDED, 0);
}

static void resume(struct control *control)
{
    set_flags(control, 0, ACTOR_SUSPENDED);
}

static void retire(struct control *control)
{
    set_flags(control, ACTOR_RETIRING, 0);
}

/* Built-in behaviors have no process to restart. */
static void restart(struct control *control)
{
    (void)control;
}

struct word {
    const char *text;
    void (*act)(struct control *control);
    void (*act_on)(struct control *control, struct view argument);
};

static const struct word words[] = {
    {"suspend", suspend, NULL},
    {"resume", resume, NULL},
    {"clear", clear, NULL},
    {"restart", restart, NULL},
    {"retire", retire, NULL},
    {"retry", NULL, retry},
    {"cancel", NULL, cancel},
    {"forget", NULL, forget},
    {"canceltimer", NULL, cancel_timer},
};

static const char words_known[] =
    "not a control word; known are suspend, resume, retry KEY, retry failed, cancel "
    "KEY, "
    "forget KEY, clear, restart, retire, canceltimer NAME";

static void act_on_line(struct control *control, struct view line)
{
    const char *space = memchr(line.data, ' ', line.size);
    struct view word = space ? view_of(line.data, (size_t)(space - line.data)) : line;
    control->ended_before = control->ended_count;
    struct view argument = view_of(word.data + word.size, line.size - word.size);
    while (argument.size && *argument.data == ' ')
        argument = view_of(argument.data + 1, argument.size - 1);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!view_equal(word, view_text(words[i].text)) ||
            (argument.size == 0) != (words[i].act != NULL))
            continue;
        if (words[i].act)
            words[i].act(control);
        else
            words[i].act_on(control, argument);
        return;
    }
    refuse(control, STATUS_INVALID, "", line, words_known);
}

static struct view trimmed(struct view line)
{
    while (line.size && strchr(" \t\r", line.data[line.size - 1]))
        line.size--;
    while (line.size && strchr(" \t", *line.data))
        line = view_of(line.data + 1, line.size - 1);
    return line;
}

/* A line of the file's own form, as an editor writes it back. */
static bool is_shown_line(struct view line)
{
    const char *colon = memchr(line.data, ':', line.size);
    return colon && (colon + 1 == line.data + line.size || colon[1] == ' ') &&
           !memchr(line.data, ' ', (size_t)(colon - line.data));
}

static void act_on_lines(struct control *control, struct view lines)
{
    while (lines.size && !control->refused) {
        const char *end = memchr(lines.data, '\n', lines.size);
        size_t size = end ? (size_t)(end - lines.data) : lines.size;
        struct view line = trimmed(view_of(lines.data, size));
        if (line.size && !is_shown_line(line))
            act_on_line(control, line);
        size += end != NULL;
        lines = view_of(lines.data + size, lines.size - size);
    }
}

static void finish(struct control *control)
{
    struct engine *engine = control->engine;
    struct actor *actor = control->actor;
    enum status status = control->changed ? record_commit(engine) : STATUS_OK;
    if (!status) {
        if (control->voids_turn)
            turn_void(actor);
        if (!decide_retire(engine, actor))
            scheduler_offer(engine, actor);
    }
    decide_committed(engine, control->request, status);
}

void decide_control(struct engine *engine, struct request *request)
{
    struct actor *actor = actor_get(engine, request->actor);
    if (!actor) {
        decide_answer(engine, request, STATUS_NOT_FOUND, "no such actor");
        return;
    }
    struct control control = {.engine = engine,
                              .request = request,
                              .actor = actor,
                              .head = actor->record.head};
    record_begin(engine);
    act_on_lines(&control, view_bytes(&request->text));
    if (!control.refused)
        finish(&control);
    free(control.ended);
}
