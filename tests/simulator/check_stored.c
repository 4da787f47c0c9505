/* SPDX-License-Identifier: MIT */
/*
 * After a checkpoint of all there is, LMDB holds what the model holds and not an entry
 * more: what was left behind would be found again by nobody, or by the next opening.
 * Receipts are left out; they go with their tables.
 */
#include <inttypes.h>

#include "tests/simulator/sim.h"

static bool count_one(void *context, struct view key, struct view value)
{
    (void)key, (void)value;
    ++*(uint64_t *)context;
    return true;
}

/* Unfinished tasks, the places of those that came back, actors that are to retire. */
static uint64_t live_entries(const struct actor_model *actor)
{
    uint64_t count = actor->is_retiring;
    for (uint64_t i = 1; i < actor->next; i++) {
        const struct task_model *task = &actor->tasks[i];
        if (task->sequence && !task_state_is_final(task->state))
            count += task->place && task->place != task->sequence ? 2 : 1;
    }
    return count;
}

/* Keys of unfinished tasks, and names of timers. */
static uint64_t key_entries(const struct actor_model *actor)
{
    uint64_t count = 0;
    for (uint64_t i = 1; i < actor->next; i++) {
        const struct task_model *task = &actor->tasks[i];
        count += task->sequence && task->key.size && !task_state_is_final(task->state);
    }
    for (size_t i = 0; i < TIMER_NAMES; i++)
        count += actor->timers[i] != 0;
    return count;
}

static void add_actor(const struct actor_model *actor, uint64_t expected[TABLE_COUNT])
{
    expected[TABLE_ACTORS]++;
    expected[TABLE_NAMES]++;
    expected[TABLE_STATES] += actor->state_version > 1;
    expected[TABLE_LIVE] += live_entries(actor);
    expected[TABLE_KEYS] += key_entries(actor);
    expected[TABLE_LOG] += actor->line_count;
    expected[TABLE_TIMERS] += actor_count(actor, TASK_DELAYED);
    expected[TABLE_ATTENTION] += *actor->why != '\0';
    expected[TABLE_BONDS] += actor->tie_count > 0;
}

void check_stored(struct sim *sim)
{
    static const char *const names[TABLE_COUNT] = {
        [TABLE_ACTORS] = "actors", [TABLE_NAMES] = "names",
        [TABLE_STATES] = "states", [TABLE_LIVE] = "tasks",
        [TABLE_KEYS] = "keys",     [TABLE_LOG] = "lines",
        [TABLE_TIMERS] = "timers", [TABLE_ATTENTION] = "attention",
        [TABLE_BONDS] = "bonds"};
    uint64_t expected[TABLE_COUNT] = {0};
    struct index_snapshot snapshot;
    for (size_t i = 0; i < sim->committed.actor_count; i++)
        if (!sim->committed.actors[i]->is_gone)
            add_actor(sim->committed.actors[i], expected);
    index_snapshot_begin(sim->engine->index, &snapshot);
    for (unsigned table = 0; table < TABLE_COUNT; table++) {
        uint64_t count = 0;
        if (!names[table] || (table == TABLE_ATTENTION && sim->plan.away))
            continue;
        index_scan_stored(&snapshot, (enum table)table, view_of("", 0), count_one,
                          &count);
        SIM_CHECK(sim, count == expected[table],
                  "the store holds %" PRIu64 " %s and should hold %" PRIu64, count,
                  names[table], expected[table]);
    }
    index_snapshot_end(&snapshot);
}
