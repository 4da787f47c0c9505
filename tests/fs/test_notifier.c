/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>

#include "fs/notifier.h"

enum { NAMES = 1000 };

struct dropped {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int count;
    bool in_order;
    pthread_t thread;
};

static void drop(void *context, uint64_t folder, struct view name)
{
    struct dropped *dropped = context;
    char expected[32];
    pthread_mutex_lock(&dropped->lock);
    snprintf(expected, sizeof expected, "name%d", dropped->count);
    dropped->in_order &=
        folder == (uint64_t)dropped->count && view_equal(name, view_text(expected));
    dropped->count++;
    dropped->thread = pthread_self();
    pthread_cond_signal(&dropped->changed);
    pthread_mutex_unlock(&dropped->lock);
}

Test(notifier, names_are_dropped_in_order_on_its_own_thread, .timeout = 20)
{
    struct dropped dropped = {.lock = PTHREAD_MUTEX_INITIALIZER,
                              .changed = PTHREAD_COND_INITIALIZER,
                              .in_order = true};
    struct notifier *notifier = notifier_start(drop, &dropped);
    char name[32];
    for (int i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "name%d", i);
        notifier_post(notifier, (uint64_t)i, name);
    }
    pthread_mutex_lock(&dropped.lock);
    while (dropped.count < NAMES)
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
    for (int i = 0; i < NAMES; i++)
        notifier_defer(notifier, note, &called);
    notifier_stop(notifier);
    cr_expect_eq(called, NAMES);
    cr_expect_eq(dropped.count, 0);
}

Test(notifier, stopping_does_not_wait_for_more, .timeout = 20)
{
    struct dropped dropped = {.lock = PTHREAD_MUTEX_INITIALIZER,
                              .changed = PTHREAD_COND_INITIALIZER};
    notifier_stop(notifier_start(drop, &dropped));
    cr_expect_eq(dropped.count, 0);
}
