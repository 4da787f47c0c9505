/* SPDX-License-Identifier: MIT */
#include "common/behavior/timers.h"

#include <limits.h>
#include <stdlib.h>

static void place(struct timers *timers, struct host_timer *timer, size_t at)
{
    timers->heap[at] = timer;
    timer->place = at;
}

static void rise(struct timers *timers, struct host_timer *timer, size_t at)
{
    for (; at > 1 && timers->heap[at / 2]->due_ms > timer->due_ms; at /= 2)
        place(timers, timers->heap[at / 2], at);
    place(timers, timer, at);
}

static void sink(struct timers *timers, struct host_timer *timer, size_t at)
{
    for (size_t child = 2 * at; child <= timers->count; at = child, child = 2 * at) {
        if (child < timers->count &&
            timers->heap[child + 1]->due_ms < timers->heap[child]->due_ms)
            child++;
        if (timers->heap[child]->due_ms >= timer->due_ms)
            break;
        place(timers, timers->heap[child], at);
    }
    place(timers, timer, at);
}

void timers_put(struct timers *timers, struct host_timer *timer, int64_t due_ms)
{
    timers_remove(timers, timer);
    if (timers->count + 1 >= timers->capacity) {
        timers->capacity = timers->capacity * 2 + 16;
        timers->heap =
            memory_resize(timers->heap, timers->capacity * sizeof *timers->heap);
    }
    timer->due_ms = due_ms;
    rise(timers, timer, ++timers->count);
}

void timers_remove(struct timers *timers, struct host_timer *timer)
{
    size_t at = timer->place;

    if (at == 0)
        return;
    timer->place = 0;
    struct host_timer *last = timers->heap[timers->count--];
    if (last == timer)
        return;
    if (at > 1 && timers->heap[at / 2]->due_ms > last->due_ms)
        rise(timers, last, at);
    else
        sink(timers, last, at);
}

void timers_expire(struct timers *timers, int64_t now_ms)
{
    while (timers->count && timers->heap[1]->due_ms <= now_ms) {
        struct host_timer *timer = timers->heap[1];

        timers_remove(timers, timer);
        timer->expired(timer);
    }
}

int timers_wait_ms(const struct timers *timers, int64_t now_ms)
{
    if (timers->count == 0)
        return -1;
    int64_t wait_ms = timers->heap[1]->due_ms - now_ms;
    if (wait_ms < 0)
        return 0;
    return wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
}

void timers_free(struct timers *timers)
{
    free(timers->heap);
    *timers = (struct timers){0};
}
