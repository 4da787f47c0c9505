/* SPDX-License-Identifier: MIT */
/*
 * The behaviors of the simulator, as a set that the engine looks into: what is around
 * their turns. Each run gives them other policies; some have a limited room or a rate,
 * and in some runs they come and go.
 */
#include <stdio.h>
#include <string.h>

#include "tests/simulator/sim.h"

const char *const turns_names[] = {"echo",  "counter", "keep", "wild",
                                   "plain", "later",   "soon", NULL};

/* Behaviors are found without a context, so the run is kept here. */
static struct sim *current;

/* ----------------------------------------------------------------- room and rates ---
 */

static size_t under_way(const struct sim *sim, const struct behavior *behavior)
{
    size_t count = 0;
    for (size_t i = 0; i < TURNS_MAX; i++)
        count += sim->turns[i].actor && sim->turns[i].behavior == behavior;
    return count;
}

static bool has_room(struct behavior *behavior)
{
    const struct kind *kind = &current->kind_states[behavior - current->kinds];
    return under_way(current, behavior) < kind->turns_max;
}

/* So many turns ago one was started. */
static bool may_start(const struct sim *sim, const struct behavior *behavior,
                      int64_t rate_ns)
{
    const struct kind *kind = &sim->kind_states[behavior - sim->kinds];
    uint32_t turns = behavior->policy.rate_turns;
    return !turns || kind->started < turns ||
           sim->now_ns - kind->started_ns[kind->started % turns] >= rate_ns;
}

bool kinds_have_room(const struct sim *sim, const struct behavior *behavior)
{
    const struct behavior_policy *policy = &behavior->policy;
    const struct kind *kind = &sim->kind_states[behavior - sim->kinds];
    int64_t last_ns = kind->started && policy->rate_turns
                          ? kind->started_ns[(kind->started - 1) % policy->rate_turns]
                          : INT64_MIN / 2;
    if (kind->turns_max && under_way(sim, behavior) >= kind->turns_max)
        return false;
    return !policy->rate_turns ||
           sim->now_ns - last_ns >= policy->rate_ms * 1000000 / policy->rate_turns;
}

bool kinds_are_limited(const struct sim *sim, const struct behavior *behavior)
{
    return sim->kind_states[behavior - sim->kinds].turns_max ||
           behavior->policy.rate_turns;
}

void kinds_note_start(struct sim *sim, const struct behavior *behavior)
{
    struct kind *kind = &sim->kind_states[behavior - sim->kinds];
    const struct behavior_policy *policy = &behavior->policy;
    SIM_CHECK(sim, !kind->turns_max || under_way(sim, behavior) < kind->turns_max,
              "%s runs more turns than it has room for", behavior->name);
    /* Turns are spread over the time, by whole nanoseconds. */
    SIM_CHECK(sim,
              may_start(sim, behavior,
                        policy->rate_ms * 1000000 - (int64_t)policy->rate_turns),
              "%s runs more often than its rate allows", behavior->name);
    if (policy->rate_turns)
        kind->started_ns[kind->started++ % policy->rate_turns] = sim->now_ns;
    kind->stuck = 0;
}

void kinds_forget(struct sim *sim)
{
    for (size_t i = 0; i < KINDS; i++)
        sim->kind_states[i].started = sim->kind_states[i].stuck = 0;
}

/* ------------------------------------------------------------------------ the set ---
 */

static struct behavior *find(struct behavior_set *set, struct view name)
{
    (void)set;
    const struct behavior *behavior = rules_find(&current->rules, name);
    return behavior ? &current->kinds[behavior - current->kinds] : NULL;
}

static const char *name_of(struct behavior_set *set, size_t n)
{
    (void)set;
    return n < KINDS ? turns_names[n] : NULL;
}

void kinds_change(struct sim *sim)
{
    size_t n = dice_roll(&sim->dice, KINDS);
    sim->are_away[n] = !sim->are_away[n];
    sim_trace(sim, "%s %s", turns_names[n], sim->are_away[n] ? "goes" : "comes");
    /* As the engine's own callback does, which only a started one has subscribed. */
    atomic_store(&sim->engine->behaviors_changed, true);
}

static void choose_policy(struct sim *sim, struct behavior_policy *policy)
{
    static const char *const patterns[] = {"", "", "*", "*", "*_1", "echo*", "dead-*"};
    static const uint32_t attempts[] = {5, 5, 1, 2, 3};
    *policy = (struct behavior_policy)BEHAVIOR_POLICY_DEFAULT;
    policy->attempts = attempts[dice_roll(&sim->dice, 5)];
    if (dice_odds(&sim->dice, 3))
        policy->backoff_ms = dice_between(&sim->dice, 1, 3000);
    if (dice_odds(&sim->dice, 3))
        policy->backoff_max_ms = dice_between(&sim->dice, 1000, 10000);
    policy->create = dice_odds(&sim->dice, 6);
    policy->key_decides = dice_odds(&sim->dice, 6);
    snprintf(policy->control, sizeof policy->control, "%s",
             patterns[dice_roll(&sim->dice, 7)]);
}

static void limit(struct sim *sim, size_t n)
{
    struct behavior *behavior = &sim->kinds[n];
    if (n >= LATER && dice_odds(&sim->dice, 3)) {
        sim->kind_states[n].turns_max = 1 + (unsigned)dice_roll(&sim->dice, 2);
        behavior->has_room = has_room;
    }
    if (dice_odds(&sim->dice, 8)) {
        behavior->policy.rate_turns =
            1 + (uint32_t)dice_roll(&sim->dice, RATE_TURNS_MAX);
        behavior->policy.rate_ms = dice_between(&sim->dice, 1, 1000);
    }
}

void kinds_open(struct sim *sim)
{
    current = sim;
    for (size_t i = 0; i < KINDS; i++) {
        sim->kinds[i] =
            (struct behavior){.name = turns_names[i],
                              .runs_ahead = i <= WILD,
                              .start = i >= LATER ? turns_start_later : turns_start_now,
                              .kill = turns_kill};
        choose_policy(sim, &sim->kinds[i].policy);
        if (!sim->plan.flood)
            limit(sim, i);
    }
    sim->behaviors = (struct behavior_set){.find = find, .name = name_of};
    sim->rules.kinds = sim->kinds;
    sim->rules.kind_count = KINDS;
    sim->rules.are_away = sim->are_away;
    if (sim->plan.has_fallback)
        sim->rules.fallback = sim->behaviors.fallback = &sim->kinds[ECHO];
}
