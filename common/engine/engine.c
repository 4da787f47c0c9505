/* SPDX-License-Identifier: MIT */
/*
 * The sequencer: its steps and its thread. A step decides; a commit makes what was
 * decided durable, then visible, then answers. Nothing of a step is seen before its
 * commit; after a commit that failed nothing is seen any more, and the daemon serves
 * reads until it is started again.
 */
#include <sched.h>
#include <time.h>

#include "common/base/log.h"
#include "common/engine/core.h"

#define TURNS_A_STEP 512
#define GATHER_NS_MAX 100000
#define SPIN_NS 20000 /* a client's next request is likely on its way */
#define HUNGRY_NS 50000000
#define SLEEP_NS_MAX 1000000000LL

/* -------------------------------------------------------------------------- steps ---
 */

void core_read_clock(struct engine *engine)
{
    engine->wall_ms = engine->clock->wall_ms(engine->clock);
    engine->now_ns = engine->clock->monotonic_ns(engine->clock);
    engine->clock_ms =
        engine->opened_clock_ms + (engine->now_ns - engine->opened_ns) / 1000000;
}

static void take_queue(struct engine *engine)
{
    pthread_mutex_lock(&engine->queue_mutex);
    engine->taken = engine->queue;
    engine->queue = (struct request_list){0};
    atomic_store_explicit(&engine->queued, 0, memory_order_relaxed);
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

bool core_step(struct engine *engine)
{
    core_read_clock(engine);
    checkpoint_poll(engine);
    engine->accepted = 0;
    engine->space_short = false;
    if (!checkpoint_is_behind(engine) || engine->checkpoint_failed)
        take_queue(engine);
    bool busy = engine->taken.first != NULL;
    decide_taken(engine);
    timers_fire(engine);
    waiters_expire(&engine->waiters, engine->now_ns);
    if (engine->backfill != UINT64_MAX)
        scheduler_backfill(engine);
    if (!engine->stopping)
        scheduler_run(engine, turn_budget(engine));
    actor_flush_touched(engine);
    engine->batch.sequence = journal_last(engine->journal);
    engine->batch.totals = engine->totals;
    index_seal(engine->index, engine->batch.sequence);
    index_decided_end(engine->index);
    actor_evict(engine);
    return busy || engine->run_first;
}

void core_publish(struct engine *engine)
{
    struct batch *batch = &engine->batch;
    index_publish(engine->index, batch->sequence);
    atomic_store(&engine->shown_next_actor, engine->next_actor);
    pthread_mutex_lock(&engine->shown_mutex);
    engine->shown_totals = batch->totals;
    engine->shown_commits++;
    pthread_mutex_unlock(&engine->shown_mutex);
}

static unsigned answer_all(struct batch *batch, bool lost)
{
    struct request *request;
    unsigned answers = 0;
    for (; (request = request_pop(&batch->answers)); answers++) {
        struct engine_answer *answer = &request->answer;
        answer->detail = request->detail.size ? request->detail.data : "";
        if (lost && answer->status == STATUS_OK) {
            answer->status = STATUS_IO;
            answer->detail = "the journal could not be written; the outcome is unknown "
                             "until the daemon is restarted";
        }
        if (request->done)
            request->done(request->context, answer);
        request_free(request);
    }
    return answers;
}

static void wake_all(struct engine *engine, struct batch *batch)
{
    for (size_t i = 0; i < batch->finished_count; i++) {
        const struct finished_task *task = &batch->finished[i];
        if (task->sequence)
            waiters_wake_task(&engine->waiters, task->actor, task->sequence, STATUS_OK);
        else
            waiters_wake_actor(&engine->waiters, task->actor, UINT64_MAX, true);
    }
    for (size_t i = 0; i < batch->changed_count; i++)
        waiters_wake_actor(&engine->waiters, batch->changed[i], UINT64_MAX, false);
}

static void fail(struct engine *engine)
{
    engine->read_only = true;
    log_error("the journal could not be written: serving reads only until the daemon "
              "is started again");
    pthread_mutex_lock(&engine->shown_mutex);
    engine->shown_read_only = true;
    pthread_mutex_unlock(&engine->shown_mutex);
}

void core_commit(struct engine *engine)
{
    struct batch *batch = &engine->batch;
    bool lost = false;
    if (journal_seal(engine->journal)) {
        int64_t from_ns = engine->clock->monotonic_ns(engine->clock);
        lost = journal_commit(engine->journal) != STATUS_OK;
        engine->sync_ns = engine->clock->monotonic_ns(engine->clock) - from_ns;
    }
    if (lost)
        fail(engine);
    else if (!engine->read_only)
        core_publish(engine);
    unsigned answers = answer_all(batch, lost);
    /* The clients at work, as far as one commit shows; forgotten slowly. */
    engine->expected -= engine->expected / 8;
    if (answers > engine->expected)
        engine->expected = answers;
    if (!lost && atomic_load(&engine->waiters.count))
        wake_all(engine, batch);
    batch_clear(batch);
    scheduler_feed(engine);
}

int64_t core_idle_ns(struct engine *engine)
{
    if (engine->run_first || engine->backfill != UINT64_MAX)
        return engine->space_short ? HUNGRY_NS : 0;
    int64_t idle_ns = engine->hungry || engine->running ? HUNGRY_NS : SLEEP_NS_MAX;
    if (engine->timers.count) {
        int64_t due_ns =
            (engine->timers.list[0].due_ms - engine->clock->wall_ms(engine->clock)) *
            1000000;
        idle_ns = due_ns < idle_ns ? due_ns : idle_ns;
    }
    int64_t deadline_ns = waiters_next_ns(&engine->waiters);
    if (deadline_ns) {
        deadline_ns -= engine->clock->monotonic_ns(engine->clock);
        idle_ns = deadline_ns < idle_ns ? deadline_ns : idle_ns;
    }
    return idle_ns > 0 ? idle_ns : 0;
}

/* ------------------------------------------------------------------------- thread ---
 */

static void refuse_closed(struct request *request)
{
    struct engine_answer answer = {.status = STATUS_SHUTDOWN,
                                   .detail = "the daemon is stopping"};
    if (request->done)
        request->done(request->context, &answer);
    request_free(request);
}

void engine_post(struct engine *engine, struct request *request)
{
    pthread_mutex_lock(&engine->queue_mutex);
    bool closed = engine->closing && request->kind != REQUEST_TURN_FINISHED;
    if (!closed) {
        request_push(&engine->queue, request);
        atomic_fetch_add_explicit(&engine->queued, 1, memory_order_relaxed);
        if (engine->sleeping)
            pthread_cond_signal(&engine->queue_wake);
    }
    pthread_mutex_unlock(&engine->queue_mutex);
    if (closed)
        refuse_closed(request);
}

void engine_nudge(struct engine *engine)
{
    pthread_mutex_lock(&engine->queue_mutex);
    engine->nudged = true;
    pthread_cond_signal(&engine->queue_wake);
    pthread_mutex_unlock(&engine->queue_mutex);
}

/* Whoever was answered by the last commits is likely to ask again at once. Waiting for
   most of them, for a fraction of what a sync takes, makes one large group of two small
   ones; a lone client is never waited for. */
static void gather(struct engine *engine)
{
    int64_t from_ns = engine->clock->monotonic_ns(engine->clock);
    int64_t wait_ns =
        engine->sync_ns / 4 < GATHER_NS_MAX ? engine->sync_ns / 4 : GATHER_NS_MAX;
    while (atomic_load_explicit(&engine->queued, memory_order_relaxed) <
               engine->expected &&
           engine->clock->monotonic_ns(engine->clock) - from_ns < wait_ns)
        sched_yield();
}

static bool has_request(struct engine *engine)
{
    pthread_mutex_lock(&engine->queue_mutex);
    bool has = engine->queue.first || engine->closing || engine->nudged;
    pthread_mutex_unlock(&engine->queue_mutex);
    return has;
}

static void sleep_until(struct engine *engine, int64_t idle_ns)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (until.tv_nsec + idle_ns) / 1000000000;
    until.tv_nsec = (until.tv_nsec + idle_ns) % 1000000000;
    pthread_mutex_lock(&engine->queue_mutex);
    engine->sleeping = true;
    int error = 0;
    while (!engine->queue.first && !engine->closing && !engine->nudged && !error)
        error =
            pthread_cond_timedwait(&engine->queue_wake, &engine->queue_mutex, &until);
    engine->sleeping = false;
    engine->nudged = false;
    pthread_mutex_unlock(&engine->queue_mutex);
}

static void rest(struct engine *engine)
{
    int64_t idle_ns = core_idle_ns(engine);
    int64_t spun_ns = 0, from_ns = engine->clock->monotonic_ns(engine->clock);
    while (idle_ns > 0 && spun_ns < SPIN_NS && !has_request(engine))
        spun_ns = engine->clock->monotonic_ns(engine->clock) - from_ns;
    if (idle_ns > 0 && !has_request(engine))
        sleep_until(engine, idle_ns);
}

static bool is_closing(struct engine *engine)
{
    pthread_mutex_lock(&engine->queue_mutex);
    bool closing = engine->closing;
    pthread_mutex_unlock(&engine->queue_mutex);
    return closing;
}

/* Running turns get their time; then what was decided is committed a last time. */
static void run_down(struct engine *engine)
{
    int64_t end_ns = engine->clock->monotonic_ns(engine->clock) +
                     engine->options.stop_turns_ms * 1000000;
    engine->stopping = true;
    do {
        core_step(engine);
        core_commit(engine);
        if (engine->running)
            sleep_until(engine, HUNGRY_NS / 10);
    } while (engine->running && engine->clock->monotonic_ns(engine->clock) < end_ns);
}

static void *run(void *argument)
{
    struct engine *engine = argument;
    while (!is_closing(engine)) {
        gather(engine);
        core_step(engine);
        core_commit(engine);
        rest(engine);
    }
    run_down(engine);
    return NULL;
}

void engine_start(struct engine *engine)
{
    engine->started = true;
    checkpoint_start(engine);
    ENSURE(pthread_create(&engine->sequencer, NULL, run, engine) == 0);
}

static void refuse_parked(struct engine *engine)
{
    struct request *request;
    for (struct actor *actor = engine->cache.oldest; actor; actor = actor->younger)
        while ((request = request_pop(&actor->parked)))
            refuse_closed(request);
    while ((request = request_pop(&engine->queue)))
        refuse_closed(request);
}

void engine_stop(struct engine *engine)
{
    if (!engine->started)
        return;
    pthread_mutex_lock(&engine->queue_mutex);
    engine->closing = true;
    pthread_cond_signal(&engine->queue_wake);
    pthread_mutex_unlock(&engine->queue_mutex);
    pthread_join(engine->sequencer, NULL);
    checkpoint_stop(engine);
    refuse_parked(engine);
    waiters_close(&engine->waiters);
    if (!engine->read_only && checkpoint_now(engine))
        log_warning("the last checkpoint was not written; the journal has it all");
    engine->started = false;
}
