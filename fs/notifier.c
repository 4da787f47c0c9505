/* SPDX-License-Identifier: MIT */
#include "fs/notifier.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/base/log.h"

#define WAITING_MAX 65536u /* a few MiB; what is left out costs the kernel a dentry */

struct notice {
    struct notice *next;
    notifier_run_fn *run; /* null: drop the name */
    void *context;
    uint64_t folder;
    size_t size;
    char name[];
};

struct notifier {
    notifier_drop_fn *drop;
    void *context;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct notice *first, **end;
    size_t count;
    bool stopping;
};

/* Takes all that waits; null at the stop. */
static struct notice *take_all(struct notifier *notifier)
{
    pthread_mutex_lock(&notifier->lock);
    while (!notifier->first && !notifier->stopping)
        pthread_cond_wait(&notifier->changed, &notifier->lock);
    struct notice *first = notifier->stopping ? NULL : notifier->first;
    if (first) {
        notifier->first = NULL;
        notifier->end = &notifier->first;
        notifier->count = 0;
    }
    pthread_mutex_unlock(&notifier->lock);
    return first;
}

static void handle_all(struct notifier *notifier, struct notice *notice,
                       bool is_stopping)
{
    for (struct notice *next; notice; notice = next) {
        next = notice->next;
        if (notice->run)
            notice->run(notice->context, is_stopping);
        else if (!is_stopping)
            notifier->drop(notifier->context, notice->folder,
                           view_of(notice->name, notice->size));
        free(notice);
    }
}

static void *run(void *context)
{
    struct notifier *notifier = context;
    for (struct notice *all; (all = take_all(notifier));)
        handle_all(notifier, all, false);
    return NULL;
}

struct notifier *notifier_start(notifier_drop_fn *drop, void *context)
{
    struct notifier *notifier = memory_take_zeroed(1, sizeof *notifier);
    notifier->drop = drop;
    notifier->context = context;
    notifier->end = &notifier->first;
    pthread_mutex_init(&notifier->lock, NULL);
    pthread_cond_init(&notifier->changed, NULL);
    ENSURE(pthread_create(&notifier->thread, NULL, run, notifier) == 0);
    return notifier;
}

/* False when too many wait. */
static bool add(struct notifier *notifier, struct notice *notice)
{
    pthread_mutex_lock(&notifier->lock);
    bool room = notifier->count < WAITING_MAX || notice->run;
    if (room) {
        if (!notifier->first)
            pthread_cond_signal(&notifier->changed);
        *notifier->end = notice;
        notifier->end = &notice->next;
        notifier->count++;
    }
    pthread_mutex_unlock(&notifier->lock);
    return room;
}

void notifier_post(struct notifier *notifier, uint64_t folder, const char *name)
{
    size_t size = strlen(name);
    struct notice *notice = memory_take_zeroed(1, sizeof *notice + size + 1);
    notice->folder = folder;
    notice->size = size;
    memcpy(notice->name, name, size);
    if (!add(notifier, notice))
        free(notice);
}

void notifier_defer(struct notifier *notifier, notifier_run_fn *run_fn, void *context)
{
    struct notice *notice = memory_take_zeroed(1, sizeof *notice);
    notice->run = run_fn;
    notice->context = context;
    add(notifier, notice);
}

void notifier_stop(struct notifier *notifier)
{
    pthread_mutex_lock(&notifier->lock);
    notifier->stopping = true;
    pthread_cond_signal(&notifier->changed);
    pthread_mutex_unlock(&notifier->lock);
    pthread_join(notifier->thread, NULL);
    handle_all(notifier, notifier->first, true);
    pthread_cond_destroy(&notifier->changed);
    pthread_mutex_destroy(&notifier->lock);
    free(notifier);
}
