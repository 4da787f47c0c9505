/* SPDX-License-Identifier: MIT */
/*
 * Waiters: each is called once, when its task is final on disk, its actor is gone or
 * changed, or its time is over; and not before.
 */
#include <stdlib.h>

#include "tests/simulator/sim.h"

#define MAY(status) (1u << (status))

static void called(void *context, enum status status)
{
    struct wait *wait = context;
    SIM_CHECK(wait->sim, !wait->is_called, "a waiter was called twice");
    wait->is_called = true;
    wait->status = status;
}

static void expect(struct wait *wait, enum status status)
{
    wait->is_expected = true;
    wait->may |= MAY(status);
}

static void check_one(struct sim *sim, const struct wait *wait)
{
    SIM_CHECK(sim, wait->is_called || !wait->is_expected,
              "a waiter for task %llu of actor %llu was not called",
              (unsigned long long)wait->sequence, (unsigned long long)wait->actor);
    SIM_CHECK(sim, !wait->is_called || wait->may & MAY(wait->status),
              "a waiter for task %llu of actor %llu was called with `%s`",
              (unsigned long long)wait->sequence, (unsigned long long)wait->actor,
              status_text(wait->status));
}

void waits_check(struct sim *sim)
{
    for (size_t i = 0; i < WAITS_MAX; i++)
        if (sim->waits[i])
            check_one(sim, sim->waits[i]);
}

/* What it waits for may be over already. A task that is not known any more may be
   found or not. */
static void expect_over(struct sim *sim, struct wait *wait)
{
    const struct actor_model *actor = model_actor(&sim->committed, wait->actor);
    const struct task_model *task =
        actor && wait->sequence ? actor_task(actor, wait->sequence) : NULL;
    if (!actor || (wait->sequence && !task))
        expect(wait, STATUS_NOT_FOUND);
    if (!task || !task_state_is_final(task->state))
        return;
    if (!task_is_known(&sim->committed, actor, task, sim_store_clock(sim)))
        expect(wait, STATUS_NOT_FOUND);
    if (!task->forgotten)
        expect(wait, STATUS_OK);
}

static void begin(struct sim *sim, struct wait *wait, const struct actor_model *actor)
{
    struct actor_info info;
    wait->actor = actor->id;
    if (dice_odds(&sim->dice, 3) && !engine_actor(sim->engine, actor->id, &info)) {
        /* Some changes are no event: it may be called at any time. */
        wait->may = MAY(STATUS_OK);
        wait->wait =
            engine_wait_change(sim->engine, wait->actor, info.changes, called, wait);
        return;
    }
    int64_t timeout_ms =
        dice_odds(&sim->dice, 2) ? dice_between(&sim->dice, 1, 5000) : 0;
    wait->sequence = 1 + dice_roll(&sim->dice, actor->next + 1);
    wait->deadline_ns = timeout_ms ? sim->now_ns + timeout_ms * 1000000 : 0;
    expect_over(sim, wait);
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

static void note(struct wait *wait, const struct effect *effect)
{
    if (effect->kind == EFFECT_TIE && effect->other == wait->actor && !wait->sequence)
        expect(wait, STATUS_OK);
    if (effect->actor != wait->actor)
        return;
    if (effect->kind == EFFECT_REMOVE)
        expect(wait, STATUS_NOT_FOUND);
    else if (!wait->sequence ||
             (effect->kind == EFFECT_FINISH && effect->sequence == wait->sequence))
        expect(wait, STATUS_OK);
}

void waits_note(struct sim *sim, const struct event *event)
{
    for (size_t i = 0; i < WAITS_MAX; i++)
        for (size_t n = 0; sim->waits[i] && n < event->count; n++)
            note(sim->waits[i], &event->effects[n]);
}

void waits_expire(struct sim *sim)
{
    for (size_t i = 0; i < WAITS_MAX; i++)
        if (sim->waits[i] && sim->waits[i]->deadline_ns &&
            sim->waits[i]->deadline_ns <= sim->now_ns)
            expect(sim->waits[i], STATUS_TIMEOUT);
}
