/* SPDX-License-Identifier: MIT */
/*
 * Inodes are gathered for a moment, for a wake-up and a system call each would cost a
 * busy mount more than the dropping itself; what is deferred is done at once.
 */
#include "fs/notifier.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/bytes.h"
#include "common/base/log.h"

#define GATHER_MS 50
#define GATHER_INODES 256

struct deferred {
    struct deferred *next;
    notifier_run_fn *run;
    void *context;
};

/* What waits to be done. */
struct work {
    struct bytes inodes; /* uint64_t each */
    struct deferred *deferred;
};

struct notifier {
    notifier_drop_fn *drop;
    void *context;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct work waiting;
    bool is_stopping;
};

static bool is_idle(const struct work *work)
{
    return work->inodes.size == 0 && !work->deferred;
}

static bool is_urgent(const struct notifier *notifier)
{
    return notifier->is_stopping || notifier->waiting.deferred ||
           notifier->waiting.inodes.size >= GATHER_INODES * sizeof(uint64_t);
}

/* Lock held. Waits for something to do, then for a moment for more. */
static void gather(struct notifier *notifier)
{
    struct timespec until;
    while (is_idle(&notifier->waiting) && !notifier->is_stopping)
        pthread_cond_wait(&notifier->changed, &notifier->lock);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += GATHER_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    while (!is_urgent(notifier) &&
           pthread_cond_timedwait(&notifier->changed, &notifier->lock, &until) == 0)
        continue;
}

/* Takes all that waits, leaving the memory of the last work to be used again. False at
   the stop. */
static bool take_all(struct notifier *notifier, struct work *work)
{
    pthread_mutex_lock(&notifier->lock);
    gather(notifier);
    bool goes_on = !notifier->is_stopping;
    if (goes_on) {
        struct work done = *work;
        *work = notifier->waiting;
        notifier->waiting = done;
    }
    pthread_mutex_unlock(&notifier->lock);
    return goes_on;
}

static void run_deferred(struct work *work, bool is_stopping)
{
    for (struct deferred *at = work->deferred, *next; at; at = next) {
        next = at->next;
        at->run(at->context, is_stopping);
        free(at);
    }
    work->deferred = NULL;
}

static void *run(void *context)
{
    struct notifier *notifier = context;
    struct work work = {0};
    while (take_all(notifier, &work)) {
        if (work.inodes.size > 0)
            notifier->drop(notifier->context,
                           (const uint64_t *)(void *)work.inodes.data,
                           work.inodes.size / sizeof(uint64_t));
        bytes_clear(&work.inodes);
        run_deferred(&work, false);
    }
    bytes_free(&work.inodes);
    return NULL;
}

struct notifier *notifier_start(notifier_drop_fn *drop, void *context)
{
    struct notifier *notifier = memory_take_zeroed(1, sizeof *notifier);
    notifier->drop = drop;
    notifier->context = context;
    pthread_mutex_init(&notifier->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&notifier->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    ENSURE(pthread_create(&notifier->thread, NULL, run, notifier) == 0);
    return notifier;
}

/* Lock held, with something just added. */
static void wake(struct notifier *notifier, bool was_idle)
{
    if (was_idle || is_urgent(notifier))
        pthread_cond_signal(&notifier->changed);
}

void notifier_post(struct notifier *notifier, uint64_t inode)
{
    pthread_mutex_lock(&notifier->lock);
    bool was_idle = is_idle(&notifier->waiting);
    bytes_append(&notifier->waiting.inodes, view_of(&inode, sizeof inode));
    wake(notifier, was_idle);
    pthread_mutex_unlock(&notifier->lock);
}

void notifier_defer(struct notifier *notifier, notifier_run_fn *run_fn, void *context)
{
    struct deferred *deferred = memory_take(sizeof *deferred);
    deferred->run = run_fn;
    deferred->context = context;
    pthread_mutex_lock(&notifier->lock);
    deferred->next = notifier->waiting.deferred;
    notifier->waiting.deferred = deferred;
    wake(notifier, true);
    pthread_mutex_unlock(&notifier->lock);
}

void notifier_stop(struct notifier *notifier)
{
    pthread_mutex_lock(&notifier->lock);
    notifier->is_stopping = true;
    pthread_cond_signal(&notifier->changed);
    pthread_mutex_unlock(&notifier->lock);
    pthread_join(notifier->thread, NULL);
    run_deferred(&notifier->waiting, true);
    bytes_free(&notifier->waiting.inodes);
    pthread_cond_destroy(&notifier->changed);
    pthread_mutex_destroy(&notifier->lock);
    free(notifier);
}
