/* SPDX-License-Identifier: MIT */
/*
 * Waiting without a thread. A waiter enters itself first and looks afterwards; the
 * sequencer publishes first and looks for waiters afterwards: one of the two sees the
 * other. A waiter is called outside the mutex, by whoever found it.
 *
 * Ends are the hard part: engine_wait_end may race with the call. Who calls takes the
 * waiter out of its bucket and marks it; who ends waits until a marked call is over,
 * unless it is that call itself.
 */
#include "common/engine/wait.h"

#include <stdlib.h>

#include "common/engine/core.h"

#define BUCKETS 16384
#define NOT_IN_HEAP SIZE_MAX

void waiters_open(struct waiters *waiters)
{
    pthread_mutex_init(&waiters->mutex, NULL);
    pthread_cond_init(&waiters->called, NULL);
    waiters->buckets = memory_take_zeroed(BUCKETS, sizeof *waiters->buckets);
}

/* By actor and task; those who wait for a change have sequence 0. */
static struct engine_wait **bucket_of(struct waiters *waiters, uint64_t actor,
                                      uint64_t sequence)
{
    uint64_t mixed = (actor + sequence * 0xD6E8FEB86659FD93u) * 0x9E3779B97F4A7C15u;
    return &waiters->buckets[(mixed >> 40) % BUCKETS];
}

/* ------------------------------------------------------------------ deadline heap */

static void place(struct waiters *waiters, struct engine_wait *wait, size_t at)
{
    waiters->deadlines[at] = wait;
    wait->heap_at = at;
}

static void sift(struct waiters *waiters, struct engine_wait *wait, size_t at)
{
    struct engine_wait **heap = waiters->deadlines;
    while (at > 0 && wait->deadline_ns < heap[(at - 1) / 2]->deadline_ns) {
        place(waiters, heap[(at - 1) / 2], at);
        at = (at - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < waiters->deadline_count &&
            heap[child + 1]->deadline_ns < heap[child]->deadline_ns)
            child++;
        if (child >= waiters->deadline_count ||
            heap[child]->deadline_ns >= wait->deadline_ns)
            break;
        place(waiters, heap[child], at);
        at = child;
    }
    place(waiters, wait, at);
}

static void heap_add(struct waiters *waiters, struct engine_wait *wait)
{
    if (waiters->deadline_count == waiters->deadline_capacity) {
        waiters->deadline_capacity = waiters->deadline_capacity * 2 + 64;
        waiters->deadlines =
            memory_resize(waiters->deadlines,
                          waiters->deadline_capacity * sizeof *waiters->deadlines);
    }
    sift(waiters, wait, waiters->deadline_count++);
}

static void heap_remove(struct waiters *waiters, struct engine_wait *wait)
{
    if (wait->heap_at == NOT_IN_HEAP)
        return;
    struct engine_wait *last = waiters->deadlines[--waiters->deadline_count];
    if (last != wait)
        sift(waiters, last, wait->heap_at);
    wait->heap_at = NOT_IN_HEAP;
}

/* -------------------------------------------------------------- entering, calling */

static void enter(struct waiters *waiters, struct engine_wait *wait)
{
    struct engine_wait **bucket = bucket_of(waiters, wait->actor, wait->sequence);
    wait->number = waiters->entered++;
    wait->next = *bucket;
    wait->link = bucket;
    if (wait->next)
        wait->next->link = &wait->next;
    *bucket = wait;
    if (wait->deadline_ns)
        heap_add(waiters, wait);
    atomic_fetch_add(&waiters->count, 1);
}

static void leave(struct waiters *waiters, struct engine_wait *wait)
{
    *wait->link = wait->next;
    if (wait->next)
        wait->next->link = wait->link;
    wait->link = NULL;
    heap_remove(waiters, wait);
    atomic_fetch_sub(&waiters->count, 1);
}

/* Calls with the mutex held before and after, not during. */
static void call(struct waiters *waiters, struct engine_wait *wait, enum status status)
{
    leave(waiters, wait);
    wait->calling = true;
    wait->caller = pthread_self();
    pthread_mutex_unlock(&waiters->mutex);
    wait->wake(wait->context, status);
    pthread_mutex_lock(&waiters->mutex);
}

/* After `wake` returned: the waiter may be gone if it was ended from within. */
static void called(struct waiters *waiters, struct engine_wait *wait, bool *ended)
{
    if (*ended)
        return;
    wait->ended = NULL;
    wait->calling = false;
    pthread_cond_broadcast(&waiters->called);
}

static void wake(struct waiters *waiters, struct engine_wait *wait, enum status status)
{
    bool ended = false;
    wait->ended = &ended;
    call(waiters, wait, status);
    called(waiters, wait, &ended);
}

/* One that entered before `end` and has seen fewer changes than that. */
static struct engine_wait *find(struct waiters *waiters, uint64_t actor,
                                uint64_t sequence, uint64_t changes, uint64_t end)
{
    struct engine_wait *wait = *bucket_of(waiters, actor, sequence);
    while (wait && !(wait->actor == actor && wait->sequence == sequence &&
                     wait->changes < changes && wait->number < end))
        wait = wait->next;
    return wait;
}

/* Not those who enter meanwhile, from within the calls for example: they look for
   themselves. */
static void wake_all(struct waiters *waiters, uint64_t actor, uint64_t sequence,
                     uint64_t changes, enum status status)
{
    if (atomic_load(&waiters->count) == 0)
        return;
    struct engine_wait *wait;
    pthread_mutex_lock(&waiters->mutex);
    uint64_t end = waiters->entered;
    while ((wait = find(waiters, actor, sequence, changes, end)))
        wake(waiters, wait, status);
    pthread_mutex_unlock(&waiters->mutex);
}

void waiters_wake_task(struct waiters *waiters, uint64_t actor, uint64_t sequence)
{
    wake_all(waiters, actor, sequence, UINT64_MAX, STATUS_OK);
}

static bool is_awaited(struct waiters *waiters, uint64_t actor)
{
    pthread_mutex_lock(&waiters->mutex);
    bool awaited = find(waiters, actor, 0, UINT64_MAX, UINT64_MAX) != NULL;
    pthread_mutex_unlock(&waiters->mutex);
    return awaited;
}

void waiters_wake_gone(struct waiters *waiters, uint64_t actor)
{
    wake_all(waiters, actor, 0, UINT64_MAX, STATUS_NOT_FOUND);
}

/* Who enters between the publishing and this may have seen what is told here. */
void waiters_wake_changed(struct engine *engine, uint64_t actor)
{
    struct actor_info info;
    if (is_awaited(&engine->waiters, actor) &&
        engine_actor(engine, actor, &info) == STATUS_OK)
        wake_all(&engine->waiters, actor, 0, info.changes, STATUS_OK);
}

void waiters_expire(struct waiters *waiters, int64_t now_ns)
{
    if (atomic_load(&waiters->count) == 0)
        return;
    pthread_mutex_lock(&waiters->mutex);
    while (waiters->deadline_count && waiters->deadlines[0]->deadline_ns <= now_ns)
        wake(waiters, waiters->deadlines[0], STATUS_TIMEOUT);
    pthread_mutex_unlock(&waiters->mutex);
}

int64_t waiters_next_ns(struct waiters *waiters)
{
    pthread_mutex_lock(&waiters->mutex);
    int64_t next = waiters->deadline_count ? waiters->deadlines[0]->deadline_ns : 0;
    pthread_mutex_unlock(&waiters->mutex);
    return next;
}

void waiters_close(struct waiters *waiters)
{
    pthread_mutex_lock(&waiters->mutex);
    waiters->closed = true;
    for (size_t i = 0; i < BUCKETS; i++)
        while (waiters->buckets[i])
            wake(waiters, waiters->buckets[i], STATUS_SHUTDOWN);
    pthread_mutex_unlock(&waiters->mutex);
}

void waiters_free(struct waiters *waiters)
{
    free(waiters->buckets);
    free(waiters->deadlines);
    pthread_mutex_destroy(&waiters->mutex);
    pthread_cond_destroy(&waiters->called);
}

/* -------------------------------------------------------------------- the porch's */

static bool task_is_over(struct engine *engine, const struct engine_wait *wait,
                         enum status *status_out)
{
    struct index_snapshot snapshot;
    struct actor_record actor;
    struct task_record task;
    index_snapshot_begin(engine->index, &snapshot);
    /* What a retired actor finished may still lie among the receipts. */
    bool found = actor_record_find(&snapshot, wait->actor, &actor) &&
                 task_find(&snapshot, wait->actor, wait->sequence, &task);
    bool final = found && task_state_is_final((enum task_state)task.head.state);
    index_snapshot_end(&snapshot);
    *status_out = found ? STATUS_OK : STATUS_NOT_FOUND;
    return !found || final;
}

static bool actor_has_changed(struct engine *engine, const struct engine_wait *wait,
                              enum status *status_out)
{
    struct actor_info info;
    *status_out = engine_actor(engine, wait->actor, &info);
    return *status_out || info.changes > wait->changes;
}

static struct engine_wait *make(struct engine *engine, const struct engine_wait *like,
                                int64_t timeout_ms)
{
    struct engine_wait *wait = memory_take(sizeof *wait);
    *wait = *like;
    wait->waiters = &engine->waiters;
    wait->heap_at = NOT_IN_HEAP;
    if (timeout_ms)
        wait->deadline_ns =
            engine->clock->monotonic_ns(engine->clock) + timeout_ms * 1000000;
    return wait;
}

static struct engine_wait *start(struct engine *engine, const struct engine_wait *like,
                                 int64_t timeout_ms)
{
    struct engine_wait *wait = make(engine, like, timeout_ms);
    struct waiters *waiters = wait->waiters;
    enum status status = STATUS_SHUTDOWN;
    pthread_mutex_lock(&waiters->mutex);
    bool closed = waiters->closed;
    enter(waiters, wait);
    bool first = wait->heap_at == 0;
    pthread_mutex_unlock(&waiters->mutex);
    bool over = closed || (wait->sequence ? task_is_over(engine, wait, &status)
                                          : actor_has_changed(engine, wait, &status));
    if (over) {
        pthread_mutex_lock(&waiters->mutex);
        if (wait->link)
            wake(waiters, wait, status);
        pthread_mutex_unlock(&waiters->mutex);
    } else if (first) {
        engine_nudge(engine); /* it may sleep for longer than this deadline */
    }
    return wait;
}

struct engine_wait *engine_wait_task(struct engine *engine, uint64_t actor,
                                     uint64_t sequence, int64_t timeout_ms,
                                     engine_wake_fn *wake_fn, void *context)
{
    const struct engine_wait like = {
        .actor = actor, .sequence = sequence, .wake = wake_fn, .context = context};
    return start(engine, &like, timeout_ms);
}

struct engine_wait *engine_wait_change(struct engine *engine, uint64_t actor,
                                       uint64_t changes, engine_wake_fn *wake_fn,
                                       void *context)
{
    return engine_wait_change_until(engine, actor, changes, 0, wake_fn, context);
}

struct engine_wait *engine_wait_change_until(struct engine *engine, uint64_t actor,
                                             uint64_t changes, int64_t timeout_ms,
                                             engine_wake_fn *wake_fn, void *context)
{
    const struct engine_wait like = {
        .actor = actor, .changes = changes, .wake = wake_fn, .context = context};
    return start(engine, &like, timeout_ms);
}

bool engine_wait_end(struct engine_wait *wait)
{
    struct waiters *waiters = wait->waiters;
    pthread_mutex_lock(&waiters->mutex);
    bool silent = wait->link != NULL;
    if (silent)
        leave(waiters, wait);
    else if (wait->calling && pthread_equal(wait->caller, pthread_self()))
        *wait->ended = true;
    else
        while (wait->calling)
            pthread_cond_wait(&waiters->called, &waiters->mutex);
    pthread_mutex_unlock(&waiters->mutex);
    free(wait);
    return silent;
}
