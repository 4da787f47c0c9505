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
#include "common/engine/notice.h"

struct control {
    struct engine *engine;
    struct actor *actor;
    struct actor *me;       /* what `ME` stands for; null: nobody */
    struct actor_head head; /* as the words so far leave it */
    enum status status;     /* once a word was refused */
    struct bytes *reason;
    bool changed;
    bool voids_turn, restarts;
    struct bond *bonds; /* likewise, of those that words changed */
    size_t bond_count;
    uint64_t *ended; /* sequence numbers dealt with so far */
    size_t ended_count, ended_capacity;
    size_t ended_before; /* of these by earlier words */
};

static void refuse(struct control *control, enum status status, const char *word,
                   struct view argument, const char *why)
{
    control->status = status;
    bytes_format(control->reason, "%s%s%.*s: %s", word,
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
    *(change.flags & CHANGE_WAS_DELAYED    ? &counts->delayed
      : change.flags & CHANGE_WAS_DEFERRED ? &counts->deferred
                                           : &counts->pending) -= 1;
    add(control, &change);
    notice_finished(control->engine, control->actor, task, TASK_CANCELED,
                    view_of("", 0));
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
                            .slot = record_take_slot(control->engine, control->actor),
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

struct clearing {
    struct control *control;
    uint64_t *found; /* sequence numbers */
    size_t count, capacity;
};

static bool clear_task(void *context, uint64_t number, struct view packed)
{
    struct clearing *clearing = context;
    struct control *control = clearing->control;
    const struct actor *actor = control->actor;
    struct task_record task;
    if (!task_at_place(index_decided(control->engine->index), actor->id, number, packed,
                       &task) ||
        is_among(control, control->ended_before, task.head.sequence) ||
        (task.head.sequence == actor->running_sequence && !actor->turn_void))
        return true;
    if (clearing->count == clearing->capacity) {
        clearing->capacity = clearing->capacity * 2 + 64;
        clearing->found = memory_resize(clearing->found,
                                        clearing->capacity * sizeof *clearing->found);
    }
    clearing->found[clearing->count++] = task.head.sequence;
    return true;
}

/* All that waits, each visited once; the running turn goes on. They are found before
   any is canceled: in an open record that changes the table. */
static void clear(struct control *control)
{
    struct engine *engine = control->engine;
    struct clearing clearing = {.control = control};
    struct task_record task;
    index_scan(index_decided(engine->index), TABLE_LIVE, control->head.id, 1,
               control->actor->record.head.next_slot, clear_task, &clearing);
    for (size_t i = 0; i < clearing.count; i++)
        if (task_find_live(index_decided(engine->index), control->head.id,
                           clearing.found[i], &task))
            cancel_task(control, &task);
    free(clearing.found);
}

static void cancel_timer(struct control *control, struct view argument)
{
    struct task_record task;
    if (!timer_find(control->engine, control->head.id, argument, &task))
        refuse(control, STATUS_NOT_FOUND, "canceltimer", argument, "no such timer");
    else if (!was_ended(control, task.head.sequence))
        cancel_task(control, &task);
}

/* -------------------------------------------------------------------------- bonds */

/* The actor that a word names; null when the word was refused. */
static struct actor *find_other(struct control *control, const char *word,
                                struct view argument)
{
    BYTES_AUTO(name);
    struct actor *other = NULL;
    if (control->me && view_equal(argument, view_text("ME")))
        other = control->me;
    else if (memchr(argument.data, '%', argument.size))
        percent_decode(&name, argument);
    else
        bytes_append(&name, argument);
    if (!other && name.size)
        other = actor_get_by_name(control->engine, view_bytes(&name));
    if (!other)
        refuse(control, STATUS_NOT_FOUND, word, argument, "no such actor");
    else if (other == control->actor)
        refuse(control, STATUS_INVALID, word, argument, "that is the actor itself");
    return control->status ? NULL : other;
}

/* The bond as the words so far leave it. */
static struct bond *planned_bond(struct control *control, const struct actor *other)
{
    for (size_t i = 0; i < control->bond_count; i++)
        if (control->bonds[i].other == other->id)
            return &control->bonds[i];
    control->bonds = memory_resize(control->bonds,
                                   (control->bond_count + 1) * sizeof *control->bonds);
    struct bond *bond = &control->bonds[control->bond_count++];
    *bond =
        (struct bond){.other = other->id,
                      .flags = bond_flags(control->engine, control->actor, other->id)};
    return bond;
}

static void bond(struct control *control, const char *word, struct view argument,
                 uint32_t set, uint32_t clear_flags)
{
    struct engine *engine = control->engine;
    struct actor *other = find_other(control, word, argument);
    if (!other)
        return;
    struct bond *bond = planned_bond(control, other);
    uint32_t flags = (bond->flags & ~clear_flags) | set;
    if (flags == bond->flags)
        return;
    if (!bond->flags &&
        (bond_count(engine, control->actor) + control->bond_count > BONDS_MAX ||
         bond_count(engine, other) >= BONDS_MAX)) {
        refuse(control, STATUS_FULL, word, argument,
               "an actor watches, is watched by or linked to 1000 others at most");
        return;
    }
    bond->flags = flags;
    control->head.flags |= ACTOR_BONDED;
    struct change change = {.type = CHANGE_BOND,
                            .actor = control->head.id,
                            .other = other->id,
                            .flags = flags};
    add(control, &change);
}

static void watch(struct control *control, struct view argument)
{
    bond(control, "watch", argument, BOND_WATCHES, 0);
}

static void unwatch(struct control *control, struct view argument)
{
    bond(control, "unwatch", argument, 0, BOND_WATCHES);
}

static void link_to(struct control *control, struct view argument)
{
    bond(control, "link", argument, BOND_LINKED, 0);
}

static void unlink_from(struct control *control, struct view argument)
{
    bond(control, "unlink", argument, 0, BOND_LINKED);
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

static void restart(struct control *control)
{
    control->restarts = true;
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
    {"watch", NULL, watch},
    {"unwatch", NULL, unwatch},
    {"link", NULL, link_to},
    {"unlink", NULL, unlink_from},
};

static const char words_known[] =
    "not a control word; known are suspend, resume, retry KEY, retry failed, cancel "
    "KEY, "
    "forget KEY, clear, restart, retire, canceltimer NAME, watch A, unwatch A, link A, "
    "unlink A";

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
    while (lines.size && !control->status) {
        const char *end = memchr(lines.data, '\n', lines.size);
        size_t size = end ? (size_t)(end - lines.data) : lines.size;
        struct view line = trimmed(view_of(lines.data, size));
        if (line.size && !is_shown_line(line))
            act_on_line(control, line);
        size += end != NULL;
        lines = view_of(lines.data + size, lines.size - size);
    }
}

/* The words have taken effect. */
static void follow_up(struct control *control)
{
    struct actor *actor = control->actor;
    struct behavior *behavior =
        control->restarts ? behavior_of(control->engine->behaviors, &actor->record)
                          : NULL;
    if (control->voids_turn)
        turn_void(actor);
    if (behavior && behavior->restart)
        behavior->restart(behavior);
}

static void finish(struct control *control, struct request *request)
{
    struct engine *engine = control->engine;
    struct actor *actor = control->actor;
    enum status status = control->changed ? record_commit(engine) : STATUS_OK;
    if (!status) {
        follow_up(control);
        if (!decide_retire(engine, actor))
            scheduler_offer(engine, actor);
    }
    decide_committed(engine, request, status);
}

void decide_control(struct engine *engine, struct request *request)
{
    BYTES_AUTO(reason);
    struct actor *actor = actor_get(engine, request->actor);
    if (!actor) {
        decide_answer(engine, request, STATUS_NOT_FOUND, "no such actor");
        return;
    }
    struct control control = {.engine = engine,
                              .actor = actor,
                              .head = actor->record.head,
                              .reason = &reason};
    record_begin(engine);
    act_on_lines(&control, view_bytes(&request->text));
    if (control.status)
        decide_answer(engine, request, control.status, "%.*s", (int)reason.size,
                      reason.data);
    else
        finish(&control, request);
    free(control.ended);
    free(control.bonds);
}

enum status control_line(struct engine *engine, struct actor *actor, struct actor *me,
                         struct view line, struct bytes *reason)
{
    struct control control = {.engine = engine,
                              .actor = actor,
                              .me = me,
                              .head = actor->record.head,
                              .reason = reason};
    const char *end = line.size ? memchr(line.data, '\n', line.size) : NULL;
    ENSURE(engine->record_is_open);
    if (end)
        line.size = (size_t)(end - line.data);
    act_on_lines(&control, line);
    if (!control.status) {
        follow_up(&control);
        record_tell(engine, actor->id);
    }
    free(control.ended);
    free(control.bonds);
    return control.status;
}

size_t control_bytes_max(struct engine *engine, const struct actor *actor,
                         struct view line)
{
    const struct actor_head *head = &actor->record.head;
    size_t changes = 4;
    if (view_starts_with(line, "clear"))
        changes += 2 * actor_unfinished(actor);
    if (view_starts_with(line, "retry"))
        changes += head->log_next - head->log_first;
    return changes * (sizeof(struct change) + 1024 + notice_letter_bytes_max(engine));
}
