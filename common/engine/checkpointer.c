/* SPDX-License-Identifier: MIT */
/*
 * When checkpoints are taken: after so many bytes of journal or memory, so many
 * different actors (whose records go into one LMDB transaction), or a few seconds of
 * rest. One thread writes them, off the commit path; it also makes spare segments. When
 * it falls behind, the sequencer takes no new requests until it has caught up:
 * acknowledgements are delayed, not refused. Only when it cannot write at all is
 * room short.
 */
#include "common/engine/checkpointer.h"

#include <time.h>

#include "common/base/log.h"
#include "common/engine/core.h"

#define HELD_BYTES_MAX (64u << 20)
#define MEMORY_BYTES (40u << 20)
#define MEMORY_BYTES_MAX (96u << 20)
#define DIRTY_ACTORS 8192
#define REST_NS 3000000000LL
#define RETRY_MS 200

bool checkpoint_is_behind(struct engine *engine)
{
    return engine->checkpointing &&
           (journal_bytes_held(engine->journal) > HELD_BYTES_MAX ||
            index_bytes(engine->index) > MEMORY_BYTES_MAX);
}

static bool is_time(struct engine *engine)
{
    size_t entries = index_entries(engine->index);
    uint64_t held = journal_bytes_held(engine->journal);
    if (entries == 0)
        return false;
    return held - engine->frozen_held >= engine->options.checkpoint_bytes ||
           index_bytes(engine->index) >= MEMORY_BYTES ||
           engine->dirty_actors >= DIRTY_ACTORS ||
           engine->now_ns - engine->frozen_ns > REST_NS;
}

static bool is_at_rest(const struct engine *engine)
{
    return !engine->checkpointing && index_entries(engine->index) == 0 &&
           engine->now_ns - engine->frozen_ns > REST_NS;
}

bool checkpoint_begin(struct engine *engine)
{
    struct index_position position = {.sequence = journal_last(engine->journal),
                                      .clock_ms = engine->clock_ms,
                                      .next_actor = engine->next_actor,
                                      .totals = engine->totals};
    if (!index_freeze(engine->index, &position))
        return false;
    engine->checkpointing = true;
    engine->frozen_sequence = position.sequence;
    engine->frozen_ns = engine->now_ns;
    engine->frozen_held = journal_bytes_held(engine->journal);
    engine->epoch++;
    engine->dirty_actors = 0;
    return true;
}

static void thaw(struct engine *engine)
{
    index_thaw(engine->index);
    uint64_t before = journal_bytes_held(engine->journal);
    journal_release(engine->journal, index_position(engine->index).sequence);
    uint64_t released = before - journal_bytes_held(engine->journal);
    engine->frozen_held -=
        released < engine->frozen_held ? released : engine->frozen_held;
    engine->checkpointing = false;
    engine->checkpoint_failed = false;
    engine->holding = false; /* whoever waits is looked at before the next rest */
}

enum status checkpoint_now(struct engine *engine)
{
    if (!engine->checkpointing && !checkpoint_begin(engine))
        return STATUS_BUSY;
    enum status status = index_checkpoint(engine->index);
    engine->checkpoint_failed = status != STATUS_OK;
    if (!status)
        thaw(engine);
    return status;
}

static void start_writing(struct engine *engine)
{
    engine->checkpoint_held = false;
    pthread_mutex_lock(&engine->checkpoint_mutex);
    engine->checkpoint_wanted = true;
    pthread_cond_signal(&engine->checkpoint_wake);
    pthread_mutex_unlock(&engine->checkpoint_mutex);
}

/* Called before a seal: what is frozen then goes out with that batch, and is written to
   LMDB once it is published. */
void checkpoint_poll(struct engine *engine)
{
    if (!engine->started || engine->read_only)
        return;
    pthread_mutex_lock(&engine->checkpoint_mutex);
    bool done = engine->checkpoint_done;
    engine->checkpoint_done = false;
    engine->checkpoint_failed = engine->checkpoint_status != STATUS_OK;
    pthread_mutex_unlock(&engine->checkpoint_mutex);
    if (done)
        thaw(engine);
    if (!engine->checkpointing && is_time(engine))
        engine->checkpoint_held = checkpoint_begin(engine);
    if (is_at_rest(engine))
        index_rest(engine->index);
    if (engine->checkpoint_held &&
        index_published(engine->index) >= engine->frozen_sequence)
        start_writing(engine);
}

/* ------------------------------------------------------------------------- thread */

static void wait_a_while(struct engine *engine)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += RETRY_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&engine->checkpoint_wake, &engine->checkpoint_mutex, &until);
}

/* Mutex held; false when it is time to stop. */
static bool next_job(struct engine *engine)
{
    while (!engine->checkpoint_wanted && !engine->checkpoint_stop)
        pthread_cond_wait(&engine->checkpoint_wake, &engine->checkpoint_mutex);
    return engine->checkpoint_wanted && !engine->checkpoint_stop;
}

static void *run(void *argument)
{
    struct engine *engine = argument;
    (void)journal_prepare(
        engine->journal); /* without room: the sequencer will say so */
    pthread_mutex_lock(&engine->checkpoint_mutex);
    while (next_job(engine)) {
        pthread_mutex_unlock(&engine->checkpoint_mutex);
        (void)journal_prepare(engine->journal);
        enum status status = index_checkpoint(engine->index);
        pthread_mutex_lock(&engine->checkpoint_mutex);
        engine->checkpoint_status = status;
        if (status == STATUS_OK) {
            engine->checkpoint_wanted = false;
            engine->checkpoint_done = true;
            pthread_mutex_unlock(&engine->checkpoint_mutex);
            engine_nudge(engine);
            pthread_mutex_lock(&engine->checkpoint_mutex);
        } else {
            wait_a_while(engine);
        }
    }
    pthread_mutex_unlock(&engine->checkpoint_mutex);
    return NULL;
}

void checkpoint_start(struct engine *engine)
{
    engine->checkpoint_stop = false;
    ENSURE(pthread_create(&engine->checkpointer, NULL, run, engine) == 0);
}

/* A checkpoint that was frozen and not written stays so: the journal has it all. */
void checkpoint_stop(struct engine *engine)
{
    pthread_mutex_lock(&engine->checkpoint_mutex);
    engine->checkpoint_stop = true;
    pthread_cond_signal(&engine->checkpoint_wake);
    pthread_mutex_unlock(&engine->checkpoint_mutex);
    pthread_join(engine->checkpointer, NULL);
    if (engine->checkpoint_done)
        thaw(engine);
    engine->checkpoint_done = engine->checkpoint_wanted = false;
}
