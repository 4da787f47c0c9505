/* SPDX-License-Identifier: MIT */
/*
 * The host's timers in a binary heap, the earliest on top. Each timer knows its place,
 * so that it is canceled without a search. Times are those of host_now_ms. Not locked.
 */
#ifndef ACTORFS_BEHAVIOR_TIMERS_H
#define ACTORFS_BEHAVIOR_TIMERS_H

#include "common/behavior/host.h"

struct timers {
    struct host_timer **heap; /* from 1; a timer's place is its index */
    size_t count, capacity;
};

/* Moves it if it is there. */
void timers_put(struct timers *timers, struct host_timer *timer, int64_t due_ms);
void timers_remove(struct timers *timers, struct host_timer *timer);
/* Calls all that are due, each once. */
void timers_expire(struct timers *timers, int64_t now_ms);
/* How long to sleep, as epoll_wait(2) takes it; -1: nothing to wait for. */
int timers_wait_ms(const struct timers *timers, int64_t now_ms);
void timers_free(struct timers *timers);

#endif
