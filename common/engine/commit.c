/* SPDX-License-Identifier: MIT */
/*
 * From decided to durable to visible to answered. The sequencer seals what its steps
 * decided into a batch; the batch is committed either by the sequencer itself (a lone
 * client is answered soonest so) or by the committer thread, while the sequencer
 * already decides what the next batch will hold: the disk and the processor work at the
 * same time, and groups form by themselves. One batch is on its way at any time.
 *
 *     decided --seal--> sealed --commit--> durable --publish--> visible --> answered
 *
 * After a commit that failed the journal's tail is unknown: nothing of that batch or a
 * later one becomes visible, and who was to hear OK hears IO.
 */
#include "common/engine/commit.h"

#include "common/base/log.h"
#include "common/engine/core.h"

/* ---------------------------------------------------------------------- one batch */

bool core_has_decided(const struct engine *engine)
{
    return journal_last(engine->journal) > engine->sealed.sequence ||
           engine->batch.answers.first || engine->batch.changed_count;
}

bool core_seal(struct engine *engine)
{
    struct batch *batch = &engine->batch;
    if (!core_has_decided(engine))
        return false;
    batch->has_records = journal_seal(engine->journal);
    batch->sequence = journal_last(engine->journal);
    batch->totals = engine->totals;
    batch->next_actor = engine->next_actor;
    index_seal(engine->index, batch->sequence);
    struct batch empty = engine->sealed;
    engine->sealed = *batch;
    batch_clear(&empty);
    engine->batch = empty;
    return true;
}

void core_publish(struct engine *engine)
{
    const struct batch *batch = &engine->sealed;
    index_publish(engine->index, batch->sequence);
    atomic_store(&engine->shown_next_actor, batch->next_actor);
    pthread_mutex_lock(&engine->shown_mutex);
    engine->shown_totals = batch->totals;
    engine->shown_commits += batch->has_records;
    pthread_mutex_unlock(&engine->shown_mutex);
}

static void answer_all(struct engine *engine, struct batch *batch, bool lost)
{
    struct request *request;
    while ((request = request_pop(&batch->answers))) {
        struct engine_answer *answer = &request->answer;
        answer->detail = request->detail.size ? request->detail.data : "";
        if (lost && answer->status == STATUS_OK) {
            answer->status = STATUS_IO;
            answer->detail = "the journal could not be written; the outcome is unknown "
                             "until the daemon is restarted";
        }
        if (request->done) {
            atomic_fetch_sub(&engine->asking, 1);
            request->done(request->context, answer);
        }
        request_free(request);
    }
}

static void wake_all(struct engine *engine, struct batch *batch)
{
    for (size_t i = 0; i < batch->finished_count; i++) {
        const struct finished_task *task = &batch->finished[i];
        if (task->sequence)
            waiters_wake_task(&engine->waiters, task->actor, task->sequence);
        else
            waiters_wake_gone(&engine->waiters, task->actor);
    }
    for (size_t i = 0; i < batch->changed_count; i++)
        waiters_wake_changed(engine, batch->changed[i]);
}

static void fail(struct engine *engine)
{
    atomic_store(&engine->read_only, true);
    log_error("the journal could not be written: serving reads only until the daemon "
              "is started again");
    pthread_mutex_lock(&engine->shown_mutex);
    engine->shown_read_only = true;
    pthread_mutex_unlock(&engine->shown_mutex);
}

static void make_durable(struct engine *engine)
{
    if (!engine->sealed.has_records || atomic_load(&engine->read_only))
        return;
    int64_t from_ns = engine->clock->monotonic_ns(engine->clock);
    if (journal_commit(engine->journal))
        fail(engine);
    engine->sync_ns = engine->clock->monotonic_ns(engine->clock) - from_ns;
}

/* Who asks now is expected back, for a while. */
static void note_clients(struct engine *engine)
{
    unsigned clients = atomic_load(&engine->asking);
    engine->expected -= (engine->expected + 7) / 8;
    if (clients > engine->expected)
        engine->expected = clients;
}

void core_commit_sealed(struct engine *engine)
{
    struct batch *batch = &engine->sealed;
    make_durable(engine);
    bool lost = atomic_load(&engine->read_only);
    if (!lost)
        core_publish(engine);
    note_clients(engine);
    answer_all(engine, batch, lost);
    if (!lost && atomic_load(&engine->waiters.count))
        wake_all(engine, batch);
}

void core_commit(struct engine *engine)
{
    if (core_seal(engine))
        core_commit_sealed(engine);
    scheduler_feed(engine);
}

/* ---------------------------------------------------------------------- committer */

static void *run(void *argument)
{
    struct engine *engine = argument;
    pthread_mutex_lock(&engine->commit_mutex);
    while (!engine->commit_stop) {
        if (!engine->commit_wanted) {
            pthread_cond_wait(&engine->commit_wake, &engine->commit_mutex);
            continue;
        }
        engine->commit_wanted = false;
        pthread_mutex_unlock(&engine->commit_mutex);
        core_commit_sealed(engine);
        atomic_store_explicit(&engine->commit_done, true, memory_order_release);
        engine_nudge(engine);
        pthread_mutex_lock(&engine->commit_mutex);
    }
    pthread_mutex_unlock(&engine->commit_mutex);
    return NULL;
}

void committer_start(struct engine *engine)
{
    pthread_mutex_init(&engine->commit_mutex, NULL);
    pthread_cond_init(&engine->commit_wake, NULL);
    ENSURE(pthread_create(&engine->committer, NULL, run, engine) == 0);
}

void committer_hand_over(struct engine *engine)
{
    engine->in_flight = true;
    pthread_mutex_lock(&engine->commit_mutex);
    engine->commit_wanted = true;
    pthread_cond_signal(&engine->commit_wake);
    pthread_mutex_unlock(&engine->commit_mutex);
}

bool committer_is_idle(struct engine *engine)
{
    if (engine->in_flight &&
        atomic_exchange_explicit(&engine->commit_done, false, memory_order_acquire)) {
        engine->in_flight = false;
        scheduler_feed(engine);
    }
    return !engine->in_flight;
}

void committer_stop(struct engine *engine)
{
    pthread_mutex_lock(&engine->commit_mutex);
    engine->commit_stop = true;
    pthread_cond_signal(&engine->commit_wake);
    pthread_mutex_unlock(&engine->commit_mutex);
    pthread_join(engine->committer, NULL);
    pthread_mutex_destroy(&engine->commit_mutex);
    pthread_cond_destroy(&engine->commit_wake);
}
