/* SPDX-License-Identifier: MIT */
/*
 * Control words, as the contract has them (section 4). Each is judged as if those
 * before it had taken effect; a task that one word dealt with is no business of another
 * in the same write. Any bad word, and nothing of the write happens.
 */
#include <stdlib.h>

#include "tests/simulator/sim.h"

struct write {
    struct sim *sim;
    struct actor_model *actor;
    const struct actor_model *me; /* what `ME` stands for; null: nobody */
    struct decision *decision;
    const char *reason; /* why the last word cannot be obeyed */
    uint64_t *touched;  /* tasks, by earlier words */
    size_t touched_count, touched_capacity;
    bool is_suspended, is_retiring;
    struct turn *voided;
};

struct view word_text(struct sim *sim, const struct word *word)
{
    static const char *const texts[] = {
        [WORD_SUSPEND] = "suspend",      [WORD_RESUME] = "resume",
        [WORD_RETIRE] = "retire",        [WORD_RESTART] = "restart",
        [WORD_CLEAR] = "clear",          [WORD_RETRY_FAILED] = "retry failed",
        [WORD_RETRY] = "retry ",         [WORD_CANCEL] = "cancel ",
        [WORD_FORGET] = "forget ",       [WORD_CANCEL_TIMER] = "canceltimer ",
        [WORD_WATCH] = "watch ",         [WORD_UNWATCH] = "unwatch ",
        [WORD_LINK] = "link ",           [WORD_UNLINK] = "unlink ",
        [WORD_SHOWN] = "activity: idle", [WORD_BAD] = "explode",
    };
    BYTES_AUTO(text);
    bytes_append_text(&text, texts[word->kind]);
    if (word->kind == WORD_CANCEL_TIMER)
        bytes_append(&text, word->timer);
    if (word->kind >= WORD_WATCH && word->kind <= WORD_UNLINK)
        bytes_append(&text, word->name);
    if (word->kind >= WORD_RETRY && word->kind <= WORD_FORGET)
        key_append_encoded(&text, &word->key);
    return arena_copy(&sim->arena, view_bytes(&text));
}

static enum status refuse(struct write *write, enum status status, const char *reason)
{
    write->reason = reason;
    return status;
}

static bool was_touched(const struct write *write, uint64_t sequence)
{
    for (size_t i = 0; i < write->touched_count; i++)
        if (write->touched[i] == sequence)
            return true;
    return false;
}

static void touch(struct write *write, uint64_t sequence)
{
    if (write->touched_count == write->touched_capacity) {
        write->touched_capacity = write->touched_capacity * 2 + 16;
        write->touched = memory_resize(write->touched, write->touched_capacity *
                                                           sizeof *write->touched);
    }
    write->touched[write->touched_count++] = sequence;
}

static void cancel(struct write *write, uint64_t sequence)
{
    struct turn *turn = turns_of(write->sim, write->actor->id);
    struct task_model task = *actor_task(write->actor, sequence);
    struct effect effect = {.kind = EFFECT_FINISH,
                            .actor = write->actor->id,
                            .sequence = sequence,
                            .outcome = TASK_CANCELED,
                            .text = view_of("", 0)};
    decision_put(write->decision, &effect);
    notices_finished(write->decision, write->actor->id, &task, TASK_CANCELED,
                     view_of("", 0));
    touch(write, sequence);
    if (turn && turn->sequence == sequence)
        write->voided = turn;
}

static void retry(struct write *write, const struct task_model *task)
{
    struct effect effect = {.kind = EFFECT_RETRY,
                            .actor = write->actor->id,
                            .sequence = task->sequence,
                            .openings = write->sim->openings};
    touch(write, task->sequence);
    decision_put(write->decision, &effect);
}

/* The task in line (or set aside) that has the number as its place, or the delayed one
   that has it as its own. */
static const struct task_model *task_at(const struct actor_model *actor,
                                        uint64_t number)
{
    if (actor->tasks[number].sequence && actor->tasks[number].state == TASK_DELAYED)
        return &actor->tasks[number];
    for (uint64_t i = 1; i <= number; i++)
        if (actor->tasks[i].sequence && !task_state_is_final(actor->tasks[i].state) &&
            actor->tasks[i].place == number)
            return &actor->tasks[i];
    return NULL;
}

/* All that waits, in its order; a turn that is running goes on. What comes of it is new
   and stays. */
static void clear(struct write *write)
{
    const struct actor_model *actor = write->actor;
    struct turn *turn = turns_of(write->sim, actor->id);
    uint64_t next = actor->next;
    for (uint64_t i = 1; i < next; i++) {
        const struct task_model *task = task_at(actor, i);
        if (task && !was_touched(write, task->sequence) &&
            !(turn && !turn->is_void && turn->sequence == task->sequence))
            cancel(write, task->sequence);
    }
}

static bool log_shows(const struct actor_model *actor, uint64_t sequence)
{
    for (size_t i = 0; i < actor->line_count; i++)
        if (actor->lines[i].sequence == sequence &&
            actor->lines[i].state == TASK_FAILED)
            return true;
    return false;
}

/* As they were sent: those with a key, and of the others those that the log shows. What
   comes of it is new. */
static void retry_failed(struct write *write)
{
    const struct actor_model *actor = write->actor;
    uint64_t next = actor->next;
    for (uint64_t i = 1; i < next; i++) {
        const struct task_model *task = actor_task(actor, i);
        if (task && task->state == TASK_FAILED &&
            task_is_known(&write->sim->decided, actor, task,
                          write->sim->step_clock_ms) &&
            (task->key.size || log_shows(actor, i)) && !was_touched(write, i))
            retry(write, task);
    }
}

static enum status cancel_timer(struct write *write, struct view name)
{
    uint64_t sequence = write->actor->timers[timer_of(name)];
    if (!sequence)
        return refuse(write, STATUS_NOT_FOUND, "no such timer");
    if (!was_touched(write, sequence))
        cancel(write, sequence);
    return STATUS_OK;
}

static enum status forget(struct write *write, const struct task_model *task)
{
    struct effect effect = {
        .kind = EFFECT_FORGET, .actor = write->actor->id, .sequence = task->sequence};
    if (!task_state_is_final(task->state))
        cancel(write, task->sequence);
    else
        touch(write, task->sequence);
    decision_put(write->decision, &effect);
    return STATUS_OK;
}

static enum status act_on_task(struct write *write, const struct word *word)
{
    const struct task_model *task =
        actor_task_of_key(&write->sim->decided, write->actor, key_view(&word->key),
                          write->sim->step_clock_ms);
    if (!task)
        return refuse(write, STATUS_NOT_FOUND, "no such key");
    if (was_touched(write, task->sequence))
        return STATUS_BUSY;
    if (word->kind == WORD_FORGET)
        return forget(write, task);
    if (word->kind == WORD_CANCEL) {
        if (task_state_is_final(task->state))
            return refuse(write, STATUS_BUSY, "the task is finished");
        cancel(write, task->sequence);
        return STATUS_OK;
    }
    if (task->state != TASK_FAILED && task->state != TASK_CANCELED)
        return refuse(write, STATUS_BUSY, "the task neither failed nor was canceled");
    retry(write, task);
    return STATUS_OK;
}

/* As the words so far leave it. */
static unsigned ties_with(const struct write *write, uint64_t other)
{
    const struct event *event = &write->decision->event;
    for (size_t i = event->count; i > 0; i--) {
        const struct effect *effect = &event->effects[i - 1];
        if (effect->kind == EFFECT_TIE && effect->actor == write->actor->id &&
            effect->other == other)
            return effect->ties;
    }
    return actor_ties(write->actor, other);
}

static enum status tie(struct write *write, const struct word *word)
{
    static const unsigned flags[] = {[WORD_WATCH] = TIE_WATCHES,
                                     [WORD_UNWATCH] = TIE_WATCHES,
                                     [WORD_LINK] = TIE_LINKED,
                                     [WORD_UNLINK] = TIE_LINKED};
    bool ends = word->kind == WORD_UNWATCH || word->kind == WORD_UNLINK;
    const struct actor_model *other =
        write->me && view_equal(word->name, view_text("ME"))
            ? write->me
            : model_actor_named(&write->sim->decided, word->name);
    if (!other)
        return refuse(write, STATUS_NOT_FOUND, "no such actor");
    if (other == write->actor)
        return refuse(write, STATUS_INVALID, "that is the actor itself");
    unsigned before = ties_with(write, other->id);
    struct effect effect = {.kind = EFFECT_TIE,
                            .actor = write->actor->id,
                            .other = other->id,
                            .ties = ends ? before & ~flags[word->kind]
                                         : before | flags[word->kind]};
    if (effect.ties != before)
        decision_put(write->decision, &effect);
    return STATUS_OK;
}

static void set_flags(struct write *write, bool is_suspended, bool is_retiring)
{
    struct effect effect = {.kind = EFFECT_FLAGS,
                            .actor = write->actor->id,
                            .is_suspended = is_suspended,
                            .is_retiring = is_retiring};
    write->is_suspended = is_suspended;
    write->is_retiring = is_retiring;
    decision_put(write->decision, &effect);
}

static enum status act(struct write *write, const struct word *word)
{
    switch (word->kind) {
    case WORD_SUSPEND:
        set_flags(write, true, write->is_retiring);
        return STATUS_OK;
    case WORD_RESUME:
        set_flags(write, false, write->is_retiring);
        return STATUS_OK;
    case WORD_RETIRE:
        set_flags(write, write->is_suspended, true);
        return STATUS_OK;
    case WORD_CLEAR:
        clear(write);
        return STATUS_OK;
    case WORD_RETRY_FAILED:
        retry_failed(write);
        return STATUS_OK;
    case WORD_CANCEL_TIMER:
        return cancel_timer(write, word->timer);
    case WORD_RETRY:
    case WORD_CANCEL:
    case WORD_FORGET:
        return act_on_task(write, word);
    case WORD_WATCH:
    case WORD_UNWATCH:
    case WORD_LINK:
    case WORD_UNLINK:
        return tie(write, word);
    case WORD_BAD:
        return STATUS_INVALID;
    case WORD_RESTART:
    case WORD_SHOWN:
        break;
    }
    return STATUS_OK;
}

static struct write begin(struct decision *decision, struct actor_model *actor)
{
    return (struct write){.sim = decision->sim,
                          .actor = actor,
                          .decision = decision,
                          .is_suspended = actor->is_suspended,
                          .is_retiring = actor->is_retiring};
}

void decide_control_words(struct sim *sim, struct post *post)
{
    struct decision decision;
    struct actor_model *actor = model_actor(&sim->decided, post->actor);
    if (!actor) {
        post->status = STATUS_NOT_FOUND;
        return;
    }
    decision_begin(&decision, sim, false);
    struct write write = begin(&decision, actor);
    for (size_t i = 0; i < post->word_count && !post->status; i++)
        post->status = act(&write, &post->words[i]);
    if (!post->status && decision.event.count) {
        decide_with(sim, post, &decision);
        if (!post->status && write.voided)
            write.voided->is_void = true;
    }
    decision_drop(&decision);
    free(write.touched);
}

const char *words_act_on_one(struct decision *decision, struct actor_model *actor,
                             const struct actor_model *me, const struct word *word)
{
    struct sim *sim = decision->sim;
    struct write write = begin(decision, actor);
    write.me = me;
    enum status status = act(&write, word);
    free(write.touched);
    if (status) {
        struct view text = word_text(sim, word);
        return arena_format(&sim->arena, "%.*s: %s%c", (int)text.size, text.data,
                            write.reason, '\0')
            .data;
    }
    if (write.voided)
        write.voided->is_void = true;
    return NULL;
}
