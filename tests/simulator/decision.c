/* SPDX-License-Identifier: MIT */
/*
 * One event in the making. A stepwise one is applied to the model of what was decided
 * effect by effect, for each is decided upon those before it; any other is applied when
 * it is kept, and may be dropped instead.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "tests/simulator/sim.h"

void decision_begin(struct decision *decision, struct sim *sim, bool is_stepwise)
{
    *decision = (struct decision){.sim = sim,
                                  .event = {.wall_ms = sim->wall_ms,
                                            .clock_ms = sim->step_clock_ms,
                                            .is_stepwise = is_stepwise}};
    if (is_stepwise)
        model_begin(&sim->decided, &decision->event);
}

void decision_put(struct decision *decision, const struct effect *effect)
{
    struct event *event = &decision->event;
    if (event->count == decision->capacity) {
        decision->capacity = decision->capacity * 2 + 8;
        event->effects =
            memory_resize(event->effects, decision->capacity * sizeof *event->effects);
    }
    event->effects[event->count++] = *effect;
    if (event->is_stepwise)
        model_apply_one(&decision->sim->decided, event, effect);
}

uint64_t decision_next(const struct decision *decision, uint64_t actor)
{
    const struct actor_model *model = model_actor(&decision->sim->decided, actor);
    uint64_t next = model ? model->next : 1;
    for (size_t i = 0; i < decision->event.count; i++) {
        const struct effect *effect = &decision->event.effects[i];
        next += !decision->event.is_stepwise && effect->actor == actor &&
                (effect->kind == EFFECT_ACCEPT || effect->kind == EFFECT_RETRY);
    }
    return next;
}

void decision_keep(struct decision *decision)
{
    struct sim *sim = decision->sim;
    struct event event = decision->event;
    ENSURE(event.count);
    if (sim->event_count == sim->event_capacity) {
        sim->event_capacity = sim->event_capacity * 2 + 64;
        sim->events =
            memory_resize(sim->events, sim->event_capacity * sizeof *sim->events);
    }
    event.effects = arena_take(&sim->arena, event.count * sizeof *event.effects);
    memcpy(event.effects, decision->event.effects, event.count * sizeof *event.effects);
    sim->events[sim->event_count++] = event;
    if (event.is_stepwise)
        model_end(&sim->decided, &event);
    else
        model_apply(&sim->decided, &event);
    decision_drop(decision);
}

void decision_drop(struct decision *decision)
{
    free(decision->event.effects);
    decision->event.effects = NULL;
    decision->event.count = decision->capacity = 0;
}
