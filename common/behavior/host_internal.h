/* SPDX-License-Identifier: MIT */
/* What the host's two files share: the loop (host.c) and the children (children.c). */
#ifndef ACTORFS_BEHAVIOR_HOST_INTERNAL_H
#define ACTORFS_BEHAVIOR_HOST_INTERNAL_H

#include <pthread.h>
#include <sys/epoll.h>

#include "common/behavior/calls.h"
#include "common/behavior/helpers.h"
#include "common/behavior/host.h"
#include "common/behavior/strays.h"
#include "common/behavior/timers.h"

#define HOST_EVENTS_MAX 64

struct host {
    /* The host's thread alone. */
    int epoll_fd;
    struct epoll_event events[HOST_EVENTS_MAX]; /* of this round */
    int event_count;
    struct timers timers;
    struct strays strays;
    struct host_timer sweep; /* runs while there are children */
    struct host_timer abandon;
    bool stopping;

    int wake_fd; /* an eventfd: there are calls */
    struct host_watch wake;
    pthread_t thread;
    struct helpers *helpers;

    pthread_mutex_t lock; /* guards what follows */
    struct calls calls;
    bool closing;
    struct host_child *children; /* those that run, or are about to */
    size_t child_count;          /* those, and those whose end is not told yet */
    uint64_t last_id;
};

/* children.c: kills all of them, now and as they come. */
void host_stop_children(struct host *host);
/* Whether a child's end is still to be told. */
bool host_has_children(struct host *host);
void host_sweep(struct host_timer *timer);
bool host_child_lives(void *context, pid_t session, uint64_t id);

#endif
