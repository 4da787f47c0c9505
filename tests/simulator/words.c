/* SPDX-License-Identifier: MIT */
/*
 * Control words, as the contract has them (section 4). Each is judged as if those
 * before it had taken effect; a task that one word dealt with is no business of another
 * in the same write. Any bad word, and nothing of the write happens.
 */
#include <stdlib.h>

#include "common/base/log.h"
#include "tests/simulator/sim.h"

struct write {
    struct sim *sim;
    struct actor_model *actor;
    struct effect *effects;
    size_t count, capacity;
    uint64_t *touched; /* tasks, by earlier words */
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
        [WORD_SHOWN] = "activity: idle", [WORD_BAD] = "explode",
    };
    BYTES_AUTO(text);
    bytes_append_text(&text, texts[word->kind]);
    if (word->kind == WORD_CANCEL_TIMER)
        bytes_append(&text, word->timer);
    if (word->kind >= WORD_RETRY && word->kind <= WORD_FORGET)
        key_append_encoded(&text, &word->key);
    bytes_append_text(&text, "\n");
    return arena_copy(&sim->arena, view_bytes(&text));
}

static struct effect *add(struct write *write, enum effect_kind kind, uint64_t sequence)
{
    if (write->count == write->capacity) {
        write->capacity = write->capacity * 2 + 16;
        write->effects =
            memory_resize(write->effects, write->capacity * sizeof *write->effects);
    }
    struct effect *effect = &write->effects[write->count++];
    *effect =
        (struct effect){.kind = kind, .actor = write->actor->id, .sequence = sequence};
    return effect;
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

static void cancel(struct write *write, const struct task_model *task)
{
    struct turn *turn = turns_of(write->sim, write->actor->id);
    struct effect *effect = add(write, EFFECT_FINISH, task->sequence);
    effect->outcome = TASK_CANCELED;
    effect->text = view_of("", 0);
    touch(write, task->sequence);
    if (turn && turn->sequence == task->sequence)
        write->voided = turn;
}

static void retry(struct write *write, const struct task_model *task)
{
    add(write, EFFECT_RETRY, task->sequence)->openings = write->sim->openings;
    touch(write, task->sequence);
}

/* The pending task that has the number as its place, or the delayed one that has it as
   its own. */
static const struct task_model *task_at(const struct actor_model *actor,
                                        uint64_t number)
{
    if (actor->tasks[number].sequence && actor->tasks[number].state == TASK_DELAYED)
        return &actor->tasks[number];
    for (uint64_t i = 1; i <= number; i++)
        if (task_is_pending(&actor->tasks[i]) && actor->tasks[i].place == number)
            return &actor->tasks[i];
    return NULL;
}

/* All that waits, in its order; a turn that is running goes on. */
static void clear(struct write *write)
{
    const struct actor_model *actor = write->actor;
    struct turn *turn = turns_of(write->sim, actor->id);
    for (uint64_t i = 1; i < actor->next; i++) {
        const struct task_model *task = task_at(actor, i);
        if (task && !was_touched(write, task->sequence) &&
            !(turn && !turn->is_void && turn->sequence == task->sequence))
            cancel(write, task);
    }
}

/* Those that the log still shows, oldest line first. */
static void retry_failed(struct write *write)
{
    const struct actor_model *actor = write->actor;
    for (size_t i = 0; i < actor->line_count; i++) {
        const struct task_model *task = actor_task(actor, actor->lines[i].sequence);
        if (actor->lines[i].state == TASK_FAILED && task->state == TASK_FAILED &&
            task_is_known(&write->sim->decided, actor, task,
                          write->sim->step_clock_ms) &&
            !was_touched(write, task->sequence))
            retry(write, task);
    }
}

static enum status cancel_timer(struct write *write, struct view name)
{
    uint64_t sequence = write->actor->timers[timer_of(name)];
    if (!sequence)
        return STATUS_NOT_FOUND;
    if (!was_touched(write, sequence))
        cancel(write, actor_task(write->actor, sequence));
    return STATUS_OK;
}

static enum status forget(struct write *write, const struct task_model *task)
{
    if (!task_state_is_final(task->state))
        cancel(write, task);
    else
        touch(write, task->sequence);
    add(write, EFFECT_FORGET, task->sequence);
    return STATUS_OK;
}

static enum status act_on_task(struct write *write, const struct word *word)
{
    const struct task_model *task =
        actor_task_of_key(&write->sim->decided, write->actor, key_view(&word->key),
                          write->sim->step_clock_ms);
    if (!task)
        return STATUS_NOT_FOUND;
    if (was_touched(write, task->sequence))
        return STATUS_BUSY;
    if (word->kind == WORD_FORGET)
        return forget(write, task);
    if (word->kind == WORD_CANCEL) {
        if (task_state_is_final(task->state))
            return STATUS_BUSY;
        cancel(write, task);
        return STATUS_OK;
    }
    if (task->state != TASK_FAILED && task->state != TASK_CANCELED)
        return STATUS_BUSY;
    retry(write, task);
    return STATUS_OK;
}

static void set_flags(struct write *write, bool is_suspended, bool is_retiring)
{
    write->is_suspended = is_suspended;
    write->is_retiring = is_retiring;
    struct effect *effect = add(write, EFFECT_FLAGS, 0);
    effect->is_suspended = is_suspended;
    effect->is_retiring = is_retiring;
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
    case WORD_BAD:
        return STATUS_INVALID;
    case WORD_RESTART:
    case WORD_SHOWN:
        break;
    }
    return STATUS_OK;
}

void decide_control_words(struct sim *sim, struct post *post)
{
    struct actor_model *actor = model_actor(&sim->decided, post->actor);
    if (!actor) {
        post->status = STATUS_NOT_FOUND;
        return;
    }
    struct write write = {.sim = sim,
                          .actor = actor,
                          .is_suspended = actor->is_suspended,
                          .is_retiring = actor->is_retiring};
    for (size_t i = 0; i < post->word_count && !post->status; i++)
        post->status = act(&write, &post->words[i]);
    if (!post->status && write.count) {
        decide_with(sim, post, write.effects, write.count);
        if (!post->status && write.voided)
            write.voided->is_void = true;
    }
    free(write.effects);
    free(write.touched);
}
