/* SPDX-License-Identifier: MIT */
#include "common/engine/queue.h"

#include <time.h>

#include "common/engine/core.h"

#define NS_A_SECOND 1000000000

/* In person is asked only what is decided at once, while the disk is swift: whoever
   asks has other things to do as well. */
#define IN_PERSON_BYTES_MAX (64u << 10)
#define IN_PERSON_MESSAGES_MAX 16u
#define IN_PERSON_SYNC_NS_MAX 2000000

/* ------------------------------------------------------------------------ sleeping */

/* Queue mutex held. */
static bool is_called(const struct engine *engine)
{
    return (engine->queue.first && !engine->holding) || engine->closing ||
           engine->nudged;
}

bool queue_calls(struct engine *engine)
{
    pthread_mutex_lock(&engine->queue_mutex);
    bool calls = is_called(engine);
    pthread_mutex_unlock(&engine->queue_mutex);
    return calls;
}

void queue_sleep(struct engine *engine, int64_t idle_ns)
{
    bool late = false;
    pthread_mutex_lock(&engine->queue_mutex);
    engine->sleeping = true;
    engine->sleeps_until_ns = engine->clock->monotonic_ns(engine->clock) + idle_ns;
    struct timespec until = {.tv_sec = engine->sleeps_until_ns / NS_A_SECOND,
                             .tv_nsec = engine->sleeps_until_ns % NS_A_SECOND};
    while (engine->seat_taken || !(is_called(engine) || late))
        if (engine->seat_taken)
            pthread_cond_wait(&engine->queue_wake, &engine->queue_mutex);
        else
            late = pthread_cond_timedwait(&engine->queue_wake, &engine->queue_mutex,
                                          &until) != 0;
    engine->sleeping = false;
    pthread_mutex_unlock(&engine->queue_mutex);
}

bool queue_is_closed(struct engine *engine)
{
    pthread_mutex_lock(&engine->queue_mutex);
    bool closing = engine->closing;
    pthread_mutex_unlock(&engine->queue_mutex);
    return closing;
}

void engine_nudge(struct engine *engine)
{
    pthread_mutex_lock(&engine->queue_mutex);
    engine->nudged = true;
    pthread_cond_signal(&engine->queue_wake);
    pthread_mutex_unlock(&engine->queue_mutex);
}

void queue_close(struct engine *engine)
{
    pthread_mutex_lock(&engine->queue_mutex);
    engine->closing = true;
    pthread_cond_signal(&engine->queue_wake);
    pthread_mutex_unlock(&engine->queue_mutex);
}

/* ----------------------------------------------------------------------- in person */

static bool is_small(const struct request *request)
{
    return request->count <= IN_PERSON_MESSAGES_MAX &&
           request->bodies.size + request->text.size <= IN_PERSON_BYTES_MAX;
}

/* Queue mutex held; what is the sequencer's may be read while it sleeps and nobody sits
   in its place. */
static bool may_take_seat(const struct engine *engine, const struct request *request)
{
    bool is_free = engine->sleeping && !engine->seat_taken && !is_called(engine);
    return is_free && request->in_person && is_small(request) && !engine->in_flight &&
           !engine->running && engine->expected <= 1 &&
           atomic_load(&engine->asking) == 0 && engine->sync_ns < IN_PERSON_SYNC_NS_MAX;
}

/* The sequencer goes on sleeping, unless it has to do something sooner now. */
static void leave_seat(struct engine *engine)
{
    int64_t idle_ns = core_idle_ns(engine);
    int64_t due_ns = engine->clock->monotonic_ns(engine->clock) + idle_ns;
    pthread_mutex_lock(&engine->queue_mutex);
    engine->seat_taken = false;
    if (due_ns < engine->sleeps_until_ns)
        engine->nudged = true;
    if (is_called(engine))
        pthread_cond_signal(&engine->queue_wake);
    pthread_mutex_unlock(&engine->queue_mutex);
}

/* ------------------------------------------------------------------------- posting */

void request_refuse(struct request *request)
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
    bool in_person = !closed && may_take_seat(engine, request);
    if (in_person)
        engine->seat_taken = true;
    if (!closed) {
        request_push(&engine->queue, request);
        if (request->done)
            atomic_fetch_add(&engine->asking, 1);
        if (engine->sleeping && !engine->seat_taken)
            pthread_cond_signal(&engine->queue_wake);
    }
    pthread_mutex_unlock(&engine->queue_mutex);
    if (closed) {
        request_refuse(request);
    } else if (in_person) {
        core_round(engine);
        leave_seat(engine);
    }
}
