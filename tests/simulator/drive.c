/* SPDX-License-Identifier: MIT */
/*
 * The one place that knows how the engine is run: a step decides, a commit makes it
 * durable, a checkpoint moves it into LMDB. The engine's threads do the same.
 *
 * A crash drops the engine as it stands, loses what the disk had not synced (where the
 * power fails), and opens it again. Of the events that were not committed for sure a
 * prefix may have survived, for the journal keeps them in order; how long it is is the
 * only thing taken from the engine. What had been acknowledged must be within it.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/simulator/sim.h"

/* Commits in a row after which an actor that could go on may still wait its turn. */
#define STUCK_MAX 4

/* -------------------------------------------------------------------------- steps ---
 */

static void take(struct sim *sim)
{
    for (size_t i = 0; i < sim->posted.count; i++)
        post_list_add(&sim->taken, sim->posted.list[i]);
    sim->posted.count = 0;
}

/* After a failed commit the engine decides on what may never be; nothing of it may come
   out but refusals. */
static void give_up(struct sim *sim)
{
    sim->is_synced = true;
    for (size_t i = 0; i < sim->taken.count; i++) {
        struct post *post = sim->taken.list[i];
        post->is_decided |= post->deadline_ns == 0;
        post->is_sealed |= post->deadline_ns != 0;
        post->is_answered |= post->kind == POST_TURN;
    }
}

static bool may_run(struct sim *sim, const struct actor_model *actor)
{
    const struct task_model *task = actor_first(actor);
    return task && !actor->is_suspended &&
           !(actor->retry_sequence && actor->retry_ms > sim->wall_ms) &&
           model_behavior(&sim->decided, actor) &&
           turns_are_durable(sim, actor->id, task->sequence);
}

static bool waits_for_others(const struct sim *sim, const struct actor_model *actor)
{
    const struct behavior *behavior = model_behavior(&sim->decided, actor);
    return behavior && kinds_are_limited(sim, behavior) &&
           !(actor->is_retiring && actor_is_through(actor));
}

/* Who can run runs, and who is to retire retires, when there is room for it. Where a
   behavior has not room for everybody, somebody runs. */
static void check_nobody_is_stuck(struct sim *sim)
{
    bool could_run[KINDS_MAX] = {false};
    for (size_t i = 0; i < sim->decided.actor_count; i++) {
        const struct actor_model *actor = sim->decided.actors[i];
        struct loose *loose = sim_loose(sim, i + 1);
        bool waits =
            !actor->is_gone && !turns_of(sim, actor->id) && !sim->was_short &&
            ((actor->is_retiring && actor_is_through(actor)) || may_run(sim, actor));
        if (waits && waits_for_others(sim, actor)) {
            could_run[model_behavior(&sim->decided, actor) - sim->kinds] = true;
            waits = false;
        }
        loose->stuck = waits ? loose->stuck + sim->was_fed : 0;
        SIM_CHECK(sim, loose->stuck <= STUCK_MAX, "%.*s could go on and does not",
                  (int)actor->name.size, actor->name.data);
    }
    for (size_t i = 0; i < KINDS; i++) {
        struct kind *kind = &sim->kind_states[i];
        bool waits = could_run[i] && kinds_have_room(sim, &sim->kinds[i]);
        kind->stuck = waits ? kind->stuck + sim->was_fed : 0;
        SIM_CHECK(sim, kind->stuck <= STUCK_MAX * 4,
                  "%s has room, and nobody who waits for it runs", turns_names[i]);
    }
    sim->was_fed = false;
}

void drive_step(struct sim *sim)
{
    take(sim);
    records_begin(sim);
    sim->is_synced = false;
    sim->in_step = true;
    sim->step_clock_ms = sim_store_clock(sim);
    waits_expire(sim);
    sim_trace(sim, "step %llu at %lld (store %lld)", (unsigned long long)sim->steps,
              (long long)sim->wall_ms, (long long)sim->step_clock_ms);
    core_step(sim->engine);
    if (sim->read_only) {
        give_up(sim);
    } else {
        decide_all(sim);
        turns_settle(sim);
        records_end(sim);
        check_nobody_is_stuck(sim);
    }
    sim->in_step = false;
}

/* The first so many events are on disk. */
static void publish(struct sim *sim, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct event *event = &sim->events[i];
        model_apply(&sim->committed, event);
        waits_note(sim, event);
        if (event->clock_ms > sim->durable_clock_ms)
            sim->durable_clock_ms = event->clock_ms;
    }
    sim->committed_records += count;
    sim->event_count -= count;
    if (count)
        memmove(sim->events, sim->events + count,
                sim->event_count * sizeof *sim->events);
}

/* All that was in the batch was answered. */
static void sweep(struct sim *sim)
{
    size_t kept = 0;
    for (size_t i = 0; i < sim->taken.count; i++) {
        struct post *post = sim->taken.list[i];
        bool may_wait = sim->read_only && post->deadline_ns; /* for its turn */
        SIM_CHECK(sim, !post->is_sealed || post->is_answered || may_wait,
                  "a request was not answered");
        if (!post->is_answered)
            sim->taken.list[kept++] = post;
    }
    sim->taken.count = kept;
}

void drive_seal(struct sim *sim)
{
    if (sim->is_sealed)
        return;
    sim->is_sealed = core_seal(sim->engine);
    sim->sealed_count = sim->event_count;
    SIM_CHECK(sim, sim->is_sealed || sim->read_only || !sim->event_count,
              "there was nothing to seal");
    for (size_t i = 0; i < sim->taken.count; i++)
        sim->taken.list[i]->is_sealed |= sim->taken.list[i]->is_decided;
}

void drive_commit(struct sim *sim)
{
    sim->steps++;
    sim->in_commit = true;
    if (sim->is_sealed)
        core_commit_sealed(sim->engine);
    scheduler_feed(sim->engine);
    sim->in_commit = false;
    sim->is_sealed = false;
    sim->was_fed = true;
    if (sim->engine->read_only) {
        if (!sim->read_only)
            sim_trace(sim, "the commit failed");
        sim->read_only = true;
    } else {
        publish(sim, sim->sealed_count);
    }
    sim->sealed_count = 0;
    sweep(sim);
    waits_check(sim);
}

void drive_commit_silently(struct sim *sim)
{
    if (!sim->is_sealed || sim->read_only || !sim->engine->sealed.has_records)
        return;
    if (journal_commit(sim->engine->journal) == STATUS_OK)
        sim->acknowledged = sim->committed_records + sim->sealed_count;
}

/* --------------------------------------------------------------------- checkpoints ---
 */

static void begin_checkpoint(struct sim *sim)
{
    sim->frozen = sim->committed_records + sim->event_count;
    sim->frozen_clock_ms = sim->engine->clock_ms;
    SIM_CHECK(sim, checkpoint_begin(sim->engine), "a checkpoint cannot be begun");
    sim_trace(sim, "checkpoint begun");
}

void drive_checkpoint(struct sim *sim, unsigned fail_commit)
{
    struct engine *engine = sim->engine;
    if (sim->read_only)
        return;
    if (!engine->checkpointing && !sim->is_sealed)
        begin_checkpoint(sim);
    if (!engine->checkpointing || sim->frozen > sim->committed_records)
        return;
    index_fail_commit(engine->index, fail_commit);
    enum status status = checkpoint_now(engine);
    index_fail_commit(engine->index, 0);
    sim->steps++;
    sim_trace(sim, "checkpoint: %s", status_text(status));
    SIM_CHECK(sim, fail_commit || !status, "a checkpoint failed");
    if (!status && sim->frozen_clock_ms > sim->durable_clock_ms)
        sim->durable_clock_ms = sim->frozen_clock_ms;
}

/* ------------------------------------------------------------------------- crashes ---
 */

static void lose(struct sim *sim, bool power)
{
    if (power && sim->options.durability == DURABILITY_COMMIT)
        faulty_disk_crash(sim->disk);
    else
        faulty_disk_kill(sim->disk);
}

static void forget_requests(struct sim *sim)
{
    sim->posted.count = sim->taken.count = 0;
    sim->is_sealed = sim->was_fed = false;
    turns_forget(sim);
}

void drive_crash(struct sim *sim, bool power)
{
    sim->steps++;
    sim_trace(sim, "crash: %s", power ? "power" : "killed");
    waits_end_all(sim);
    engine_abandon(sim->engine);
    sim->engine = NULL;
    forget_requests(sim);
    lose(sim, power);
}

void drive_stop_cleanly(struct sim *sim)
{
    if (!sim->read_only && !sim->event_count) {
        drive_checkpoint(sim, 0); /* one that was begun, maybe */
        drive_checkpoint(sim, 0);
        check_stored(sim);
    }
    drive_crash(sim, false);
}

/* Looks how many of the events in doubt are there; they are the truth from now on. */
static void resolve(struct sim *sim, uint64_t survived)
{
    SIM_CHECK(sim, sim->committed_records + survived >= sim->acknowledged,
              "%llu records were acknowledged, and %llu are there",
              (unsigned long long)sim->acknowledged,
              (unsigned long long)(sim->committed_records + survived));
    SIM_CHECK(sim, survived <= sim->event_count,
              "%zu events were in doubt, and %llu are there", sim->event_count,
              (unsigned long long)survived);
    sim_trace(sim, "opened: %llu of %zu events in doubt are there",
              (unsigned long long)survived, sim->event_count);
    publish(sim, survived);
    sim->event_count = sim->sealed_count = 0;
    model_copy(&sim->decided, &sim->committed);
}

static void after_open(struct sim *sim, uint64_t records)
{
    SIM_CHECK(sim, records >= sim->committed_records,
              "%llu records were committed, and %llu are there",
              (unsigned long long)sim->committed_records, (unsigned long long)records);
    resolve(sim, records - sim->committed_records);
    sim->read_only = false;
    sim->opened_ns = sim->now_ns;
    sim->opened_clock_ms = sim->step_clock_ms = sim->durable_clock_ms;
    for (size_t i = 0; i < sim->loose_capacity; i++)
        sim->loose[i].stuck = 0;
    kinds_forget(sim);
    sim->engine->cache.idle_max = sim->plan.idle_actors_max;
    if (sim->plan.pages_max)
        index_bound_pages(sim->engine->index, sim->plan.pages_max);
    check_opened(sim);
}

static bool try_open(struct sim *sim, bool may_fail)
{
    BYTES_AUTO(message);
    sim->openings++;
    records_begin(sim);
    enum status status =
        engine_open(sim->folder, &sim->options, &sim->engine, &message);
    sim_trace(sim, "opening %u: %s", sim->openings, status_text(status));
    SIM_CHECK(sim, !status || may_fail, "the store cannot be opened: %.*s",
              (int)message.size, message.data);
    return status == STATUS_OK;
}

void drive_open(struct sim *sim)
{
    bool fails = dice_odds(&sim->dice, sim->plan.crash ? 4 : 0);
    while (fails && dice_odds(&sim->dice, 2)) {
        faulty_disk_stop(sim->disk, 1 + dice_roll(&sim->dice, 60));
        if (try_open(sim, true))
            break;
        lose(sim, dice_odds(&sim->dice, 2));
    }
    if (!sim->engine && !try_open(sim, sim->is_full)) {
        lose(sim, false);
        faulty_disk_set_capacity(sim->disk, FAULTY_CAPACITY_NONE);
        sim->is_full = false;
        try_open(sim, false);
    }
    after_open(sim, journal_last(sim->engine->journal));
}
