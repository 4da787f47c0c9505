/* SPDX-License-Identifier: MIT */
/*
 * What is lent while the helpers end is done by whoever lends it: nothing that was
 * handed over is lost, and nobody has to know.
 */
#include "common/behavior/helpers.h"

#include <signal.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/behavior/calls.h"

struct helpers {
    pthread_mutex_t lock; /* guards what follows, but for the threads */
    pthread_cond_t changed;
    struct calls calls;
    bool ending;
    size_t count;
    pthread_t threads[];
};

void helpers_start_thread(pthread_t *thread_out, void *(*main)(void *), void *context)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    ENSURE(pthread_create(thread_out, NULL, main, context) == 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* False when all is done for good. */
static bool wait_for_call(struct helpers *helpers, struct call *call_out)
{
    bool found;

    pthread_mutex_lock(&helpers->lock);
    while (!(found = calls_take(&helpers->calls, call_out)) && !helpers->ending)
        pthread_cond_wait(&helpers->changed, &helpers->lock);
    pthread_mutex_unlock(&helpers->lock);
    return found;
}

static void *helper_main(void *context)
{
    struct call call;

    while (wait_for_call(context, &call))
        call.fn(call.context);
    return NULL;
}

struct helpers *helpers_open(size_t count)
{
    struct helpers *helpers =
        memory_take_zeroed(1, sizeof *helpers + count * sizeof *helpers->threads);

    pthread_mutex_init(&helpers->lock, NULL);
    pthread_cond_init(&helpers->changed, NULL);
    helpers->count = count;
    for (size_t i = 0; i < count; i++)
        helpers_start_thread(&helpers->threads[i], helper_main, helpers);
    return helpers;
}

void helpers_end(struct helpers *helpers)
{
    pthread_mutex_lock(&helpers->lock);
    helpers->ending = true;
    pthread_cond_broadcast(&helpers->changed);
    pthread_mutex_unlock(&helpers->lock);
    for (size_t i = 0; i < helpers->count; i++)
        pthread_join(helpers->threads[i], NULL);
}

void helpers_free(struct helpers *helpers)
{
    calls_free(&helpers->calls);
    pthread_cond_destroy(&helpers->changed);
    pthread_mutex_destroy(&helpers->lock);
    free(helpers);
}

void helpers_lend(struct helpers *helpers, host_fn *fn, void *context)
{
    pthread_mutex_lock(&helpers->lock);
    bool ending = helpers->ending;
    if (!ending) {
        calls_put(&helpers->calls, (struct call){fn, context});
        pthread_cond_signal(&helpers->changed);
    }
    pthread_mutex_unlock(&helpers->lock);
    if (ending)
        fn(context);
}
