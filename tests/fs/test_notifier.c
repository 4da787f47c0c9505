/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <pthread.h>

#include "fs/notifier.h"

enum { INODES = 1000 };

struct dropped {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int count;
    bool in_order;
    pthread_t thread;
};

static void drop(void *context, const uint64_t *inodes, size_t count)
{
    struct dropped *dropped = context;
    pthread_mutex_lock(&dropped->lock);
    for (size_t i = 0; i < count; i++)
        dropped->in_order &= inodes[i] == (uint64_t)dropped->count++;
    dropped->thread = pthread_self();
    pthread_cond_signal(&dropped->changed);
    pthread_mutex_unlock(&dropped->lock);
}

Test(notifier, inodes_are_dropped_in_order_on_its_own_thread, .timeout = 20)
{
    struct dropped dropped = {.lock = PTHREAD_MUTEX_INITIALIZER,
                              .changed = PTHREAD_COND_INITIALIZER,
                              .in_order = true};
    struct notifier *notifier = notifier_start(drop, &dropped);
    for (uint64_t i = 0; i < INODES; i++)
        notifier_post(notifier, i);
    pthread_mutex_lock(&dropped.lock);
    while (dropped.count < INODES)
        pthread_cond_wait(&dropped.changed, &dropped.lock);
    cr_expect(dropped.in_order);
    cr_expect_not(pthread_equal(dropped.thread, pthread_self()));
    pthread_mutex_unlock(&dropped.lock);
    notifier_stop(notifier);
}

static void note(void *context, bool is_stopping)
{
    (void)is_stopping;
    ++*(int *)context;
}

Test(notifier, what_is_deferred_is_called_even_at_the_stop, .timeout = 20)
{
    struct dropped dropped = {.lock = PTHREAD_MUTEX_INITIALIZER,
                              .changed = PTHREAD_COND_INITIALIZER};
    int called = 0;
    struct notifier *notifier = notifier_start(drop, &dropped);
    for (int i = 0; i < INODES; i++)
        notifier_defer(notifier, note, &called);
    notifier_stop(notifier);
    cr_expect_eq(called, INODES);
    cr_expect_eq(dropped.count, 0);
}

Test(notifier, stopping_does_not_wait_for_more, .timeout = 20)
{
    struct dropped dropped = {.lock = PTHREAD_MUTEX_INITIALIZER,
                              .changed = PTHREAD_COND_INITIALIZER};
    notifier_stop(notifier_start(drop, &dropped));
    cr_expect_eq(dropped.count, 0);
}
