/* SPDX-License-Identifier: MIT */
/*
 * Waiters: each is called once, when its task is final on disk, its actor is gone or
 * changed, or its time is over; and not before.
 */
#include <stdlib.h>

#include "common/base/log.h"
#include "tests/simulator/sim.h"

static void called(void *context, enum status status)
{
    struct wait *wait = context;
    SIM_CHECK(wait->sim, !wait->is_called, "a waiter was called twice");
    wait->is_called = true;
    wait->status = status;
}

/* Anything else than a wait for a task is called for changes that no event makes. */
static void check_one(struct sim *sim, const struct wait *wait)
{
    SIM_CHECK(sim, wait->is_called || !wait->is_expected,
              "a waiter for task %llu of actor %llu was not called",
              (unsigned long long)wait->sequence, (unsigned long long)wait->actor);
    SIM_CHECK(sim, !wait->is_called || wait->is_expected || !wait->sequence,
              "a waiter for task %llu of actor %llu was called for nothing",
              (unsigned long long)wait->sequence, (unsigned long long)wait->actor);
}

void waits_check(struct sim *sim)
{
    for (size_t i = 0; i < WAITS_MAX; i++)
        if (sim->waits[i])
            check_one(sim, sim->waits[i]);
}

static bool is_over(struct sim *sim, const struct wait *wait)
{
    const struct actor_model *actor = model_actor(&sim->committed, wait->actor);
    if (!actor || !wait->sequence)
        return !actor;
    const struct task_model *task = actor_task(actor, wait->sequence);
    return !task || task_state_is_final(task->state);
}

static void begin(struct sim *sim, struct wait *wait, const struct actor_model *actor)
{
    struct actor_info info;
    wait->actor = actor->id;
    if (dice_odds(&sim->dice, 3) && !engine_actor(sim->engine, actor->id, &info)) {
        wait->is_expected = is_over(sim, wait);
        wait->wait =
            engine_wait_change(sim->engine, wait->actor, info.changes, called, wait);
        return;
    }
    int64_t timeout_ms =
        dice_odds(&sim->dice, 2) ? dice_between(&sim->dice, 1, 5000) : 0;
    wait->sequence = 1 + dice_roll(&sim->dice, actor->next + 1);
    wait->deadline_ns = timeout_ms ? sim->now_ns + timeout_ms * 1000000 : 0;
    wait->is_expected = is_over(sim, wait);
    wait->wait = engine_wait_task(sim->engine, wait->actor, wait->sequence, timeout_ms,
                                  called, wait);
}

void waits_begin_one(struct sim *sim)
{
    size_t at = dice_roll(&sim->dice, WAITS_MAX);
    if (sim->waits[at] || sim->committed.actor_count == 0)
        return;
    size_t recent = sim->committed.actor_count < 8 ? sim->committed.actor_count : 8;
    struct wait *wait = memory_take_zeroed(1, sizeof *wait);
    wait->sim = sim;
    begin(sim, wait,
          sim->committed
              .actors[sim->committed.actor_count - 1 - dice_roll(&sim->dice, recent)]);
    check_one(sim, wait);
    sim->waits[at] = wait;
}

static void end(struct sim *sim, size_t at)
{
    struct wait *wait = sim->waits[at];
    if (!wait)
        return;
    bool is_called = wait->is_called;
    bool is_silent = engine_wait_end(wait->wait);
    SIM_CHECK(sim, is_silent != is_called, "the end of a wait does not tell");
    free(wait);
    sim->waits[at] = NULL;
}

void waits_end_one(struct sim *sim)
{
    end(sim, dice_roll(&sim->dice, WAITS_MAX));
}

void waits_end_all(struct sim *sim)
{
    for (size_t i = 0; i < WAITS_MAX; i++)
        end(sim, i);
}

static bool concerns(const struct wait *wait, const struct effect *effect)
{
    if (effect->actor != wait->actor)
        return false;
    return !wait->sequence || effect->kind == EFFECT_REMOVE ||
           (effect->kind == EFFECT_FINISH && effect->sequence == wait->sequence);
}

void waits_note(struct sim *sim, const struct event *event)
{
    for (size_t i = 0; i < WAITS_MAX; i++)
        for (size_t n = 0; sim->waits[i] && n < event->count; n++)
            sim->waits[i]->is_expected |= concerns(sim->waits[i], &event->effects[n]);
}

void waits_expire(struct sim *sim)
{
    for (size_t i = 0; i < WAITS_MAX; i++)
        if (sim->waits[i] && sim->waits[i]->deadline_ns &&
            sim->waits[i]->deadline_ns <= sim->now_ns)
            sim->waits[i]->is_expected = true;
}
