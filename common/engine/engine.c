/* SPDX-License-Identifier: MIT */
/*
 * The sequencer: its steps and its thread. A step decides what was asked and runs
 * turns; what comes of it is passed on to be committed (commit.c), in groups.
 */
#include "common/engine/engine.h"

#include <sched.h>

#include "common/base/log.h"
#include "common/engine/core.h"

#define TURNS_A_STEP 512
#define SPIN_NS 20000 /* a client's next request is likely on its way */
#define HUNGRY_NS 50000000
#define SLEEP_NS_MAX 1000000000LL
#define UNHURRIED_SYNCS 4
#define BULK_MESSAGES 256 /* in one step */
#define REQUEST_NS 6000LL /* about what a request costs, from and to its client */

/* -------------------------------------------------------------------------- steps */

void core_read_clock(struct engine *engine)
{
    engine->wall_ms = engine->clock->wall_ms(engine->clock);
    engine->now_ns = engine->clock->monotonic_ns(engine->clock);
    engine->clock_ms =
        engine->opened_clock_ms + (engine->now_ns - engine->opened_ns) / 1000000;
}

/* Nothing is taken while checkpoints are behind, which delays the answers. */
static void take_queue(struct engine *engine)
{
    engine->holding = checkpoint_is_behind(engine) && !engine->checkpoint_failed;
    pthread_mutex_lock(&engine->queue_mutex);
    if (!engine->holding) {
        engine->taken = engine->queue;
        engine->queue = (struct request_list){0};
    }
    engine->nudged = false;
    pthread_mutex_unlock(&engine->queue_mutex);
}

static void decide_taken(struct engine *engine)
{
    struct request *request;
    while ((request = request_pop(&engine->taken)))
        decide_request(engine, request);
}

static unsigned turn_budget(const struct engine *engine)
{
    unsigned twice = engine->accepted * 2;
    return twice > TURNS_A_STEP ? twice : TURNS_A_STEP;
}

/* Whether anything was asked. */
static bool take_in(struct engine *engine)
{
    core_read_clock(engine);
    engine->accepted = 0;
    engine->space_short = false;
    take_queue(engine);
    bool busy = engine->taken.first != NULL;
    decide_taken(engine);
    decide_expired(engine);
    timers_fire(engine);
    crowd_poll(engine);
    if (atomic_exchange(&engine->behaviors_changed, false))
        scheduler_behaviors_changed(engine);
    waiters_expire(&engine->waiters, engine->now_ns);
    return busy;
}

static void put_touched(struct engine *engine)
{
    actor_flush_touched(engine);
    index_decided_end(engine->index);
}

static void run_turns(struct engine *engine)
{
    if (engine->backfill != UINT64_MAX)
        scheduler_backfill(engine);
    if (!engine->stopping)
        scheduler_run(engine, turn_budget(engine));
    put_touched(engine);
    actor_evict(engine);
}

bool core_step(struct engine *engine)
{
    bool busy = take_in(engine);
    run_turns(engine);
    return busy || engine->run_first;
}

/* -------------------------------------------------------------------------- groups */

/* A lone client's message and its turn share a sync: who looks once it is answered sees
   the turn done. The turns of a bulk load would be waited for too long. */
static bool is_alone(const struct engine *engine)
{
    return engine->expected <= 1 && engine->accepted < BULK_MESSAGES;
}

/* How many clients make a group worth a sync. All of them while the disk takes longer
   than what is to be done for them: to wait makes one sync of two. Else a third: were
   they all in one group, the processors would rest while the disk works. */
static unsigned company(const struct engine *engine)
{
    bool disk_is_slower = engine->sync_ns > engine->expected * REQUEST_NS;
    return disk_is_slower ? engine->expected : engine->expected / 3;
}

/* How long a batch may wait for more: a fraction of what a sync takes, and a lone
   client not at all. What only turns in other processes decided, and nobody waits for,
   may wait for more of its kind. */
static int64_t patience_ns(struct engine *engine)
{
    const struct batch *batch = &engine->batch;
    if (!batch->answers.first && engine->running && !engine->hungry &&
        !atomic_load(&engine->waiters.count))
        return UNHURRIED_SYNCS * engine->sync_ns;
    bool waits =
        (engine->running || !is_alone(engine)) && batch->answer_count < company(engine);
    return waits ? engine->sync_ns / 4 : 0;
}

/* Until the batch is to be passed on; 0 or less: now. */
static int64_t batch_idle_ns(struct engine *engine)
{
    return engine->batch.grown_ns + patience_ns(engine) - engine->now_ns;
}

int64_t core_idle_ns(struct engine *engine)
{
    if (engine->batch.answers.first && !engine->in_flight)
        return 0; /* a group that is still growing */
    if (engine->space_short || atomic_load(&engine->read_only))
        return HUNGRY_NS; /* whatever is due cannot be kept now */
    if (engine->run_first || engine->backfill != UINT64_MAX)
        return 0;
    int64_t idle_ns = engine->hungry || engine->running ? HUNGRY_NS : SLEEP_NS_MAX;
    if (engine->batch.grown_ns && !engine->in_flight)
        idle_ns = batch_idle_ns(engine);
    if (engine->timers.count) {
        int64_t due_ns =
            (engine->timers.list[0].due_ms - engine->clock->wall_ms(engine->clock)) *
            1000000;
        idle_ns = due_ns < idle_ns ? due_ns : idle_ns;
    }
    int64_t crowd_ns = crowd_idle_ns(engine);
    idle_ns = crowd_ns < idle_ns ? crowd_ns : idle_ns;
    int64_t deadline_ns = waiters_next_ns(&engine->waiters);
    if (deadline_ns) {
        deadline_ns -= engine->clock->monotonic_ns(engine->clock);
        idle_ns = deadline_ns < idle_ns ? deadline_ns : idle_ns;
    }
    return idle_ns > 0 ? idle_ns : 0;
}

/* ------------------------------------------------------------------------- thread */

/* Who is alone asks in person, once this sleeps. */
static void rest(struct engine *engine)
{
    int64_t idle_ns = core_idle_ns(engine);
    int64_t spun_ns = 0, from_ns = engine->clock->monotonic_ns(engine->clock);
    bool spins = idle_ns > 0 && !engine->in_flight && !is_alone(engine);
    while (spins && spun_ns < SPIN_NS && !queue_calls(engine))
        spun_ns = engine->clock->monotonic_ns(engine->clock) - from_ns;
    if (idle_ns > 0 && !queue_calls(engine))
        queue_sleep(engine, idle_ns);
    else if (idle_ns == 0)
        sched_yield();
}

/* A batch is on its way at any time; the next one grows meanwhile. A lone client is
   never waited for, and its batch is committed right here. */
static void pass_on(struct engine *engine)
{
    bool alone = is_alone(engine) && !engine->running;
    if (!engine->batch.grown_ns && core_has_decided(engine))
        engine->batch.grown_ns = engine->now_ns;
    if (engine->batch.grown_ns && batch_idle_ns(engine) > 0)
        return;
    checkpoint_poll(engine);
    bool sealed = core_seal(engine);
    if (sealed && !alone) {
        committer_hand_over(engine);
        return;
    }
    if (sealed)
        core_commit_sealed(engine);
    scheduler_feed(engine);
}

/* With many clients, or a bulk load, the disk works on what was sent while its turns
   run, which go with the next batch. */
static void pass_on_early(struct engine *engine)
{
    /* What a commit counted is its own until it is over. */
    if (!engine->batch.answers.first || !committer_is_idle(engine) || is_alone(engine))
        return;
    put_touched(engine);
    pass_on(engine);
}

void core_round(struct engine *engine)
{
    take_in(engine);
    pass_on_early(engine);
    run_turns(engine);
    if (committer_is_idle(engine))
        pass_on(engine);
}

static void wait_for_committer(struct engine *engine)
{
    while (!committer_is_idle(engine))
        queue_sleep(engine, HUNGRY_NS);
}

/* Running turns get their time; then what was decided is committed a last time. */
static void run_down(struct engine *engine)
{
    int64_t end_ns = engine->clock->monotonic_ns(engine->clock) +
                     engine->options.stop_turns_ms * 1000000;
    engine->stopping = true;
    wait_for_committer(engine);
    do {
        core_step(engine);
        core_commit(engine);
        if (engine->running)
            queue_sleep(engine, HUNGRY_NS / 10);
    } while (engine->running && engine->clock->monotonic_ns(engine->clock) < end_ns);
}

static void *run(void *argument)
{
    struct engine *engine = argument;
    while (!queue_is_closed(engine)) {
        core_round(engine);
        rest(engine);
    }
    run_down(engine);
    return NULL;
}

static void note_behaviors_changed(void *context)
{
    struct engine *engine = context;
    atomic_store(&engine->behaviors_changed, true);
    engine_nudge(engine);
}

static void subscribe(struct engine *engine, void (*changed)(void *context))
{
    if (engine->behaviors->subscribe)
        engine->behaviors->subscribe(engine->behaviors, changed, engine);
}

void engine_start(struct engine *engine)
{
    engine->started = true;
    subscribe(engine, note_behaviors_changed);
    checkpoint_start(engine);
    committer_start(engine);
    ENSURE(pthread_create(&engine->sequencer, NULL, run, engine) == 0);
}

static void refuse_parked(struct engine *engine)
{
    struct request *request;
    for (struct actor *actor = engine->cache.oldest; actor; actor = actor->younger)
        while ((request = request_pop(&actor->parked)))
            request_refuse(request);
    while ((request = request_pop(&engine->queue)))
        request_refuse(request);
}

void engine_stop(struct engine *engine)
{
    if (!engine->started)
        return;
    queue_close(engine);
    pthread_join(engine->sequencer, NULL);
    subscribe(engine, NULL);
    if (engine->behaviors->stop)
        engine->behaviors->stop(engine->behaviors);
    committer_stop(engine);
    checkpoint_stop(engine);
    refuse_parked(engine);
    waiters_close(&engine->waiters);
    if (!engine->read_only && checkpoint_now(engine))
        log_warning("the last checkpoint was not written; the journal has it all");
    engine->started = false;
}
