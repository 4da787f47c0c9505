/* SPDX-License-Identifier: MIT */
/*
 * The host keeps the processes that behaviors run in. It has one thread with an epoll
 * loop, on which all descriptors, timers and ends of processes are told, and a few
 * helper threads for what takes a moment, such as starting a process. All owners of
 * processes share one host, so no owner's callback may block or take long.
 *
 * A process started here is a child; what it starts in turn are its descendants. When a
 * child has ended, or is killed, all its descendants are killed too, also those that
 * made themselves independent (setsid, double fork): the daemon is their subreaper.
 * Children of others in this process are left alone. There is one host a process.
 *
 * Functions are for the host's thread unless they say otherwise.
 */
#ifndef ACTORFS_BEHAVIOR_HOST_H
#define ACTORFS_BEHAVIOR_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/status.h"
#include "common/behavior/spawn.h"

/* What `pointer`, which points to `member` of a `type`, is part of. */
#define OWNER_OF(pointer, type, member)                                                \
    ((type *)((char *)(pointer)-offsetof(type, member)))

struct host;
typedef void host_fn(void *context);

/* Starts the threads. Kills what a daemon that was killed itself has left running. From
   now on the process has SIGCHLD at its default. Never fails but by aborting. */
struct host *host_open(void);
/* Kills all children and their descendants, tells their ends to their owners, and ends
   the threads: no callback comes any more. What cannot be killed within ten seconds is
   logged and told as killed. Any thread but the host's own. */
void host_close(struct host *host);
/* Whether host_close was called: owners start nothing and answer nothing. Any thread.
 */
bool host_is_closing(struct host *host);

/* Runs fn(context) soon on the host's thread, in the order of the calls. Any thread. */
void host_call(struct host *host, host_fn *fn, void *context);
/* Runs fn(context) soon on one of the helper threads (as many as there are processors,
   two at least). What is handed over before host_close is run, even while closing. Any
   thread. */
void host_lend(struct host *host, host_fn *fn, void *context);

/* A descriptor that is watched, level-triggered. The caller owns it and the descriptor;
   both stay until removed. `ready` may add and remove any watch, its own too. */
struct host_watch {
    int fd;
    void (*ready)(struct host_watch *watch, uint32_t events); /* EPOLLIN... */
};
void host_watch_add(struct host *host, struct host_watch *watch, uint32_t events);
void host_watch_modify(struct host *host, struct host_watch *watch, uint32_t events);
/* `ready` is not called any more, not even for what is already known. */
void host_watch_remove(struct host *host, struct host_watch *watch);

/* The host's time, in milliseconds since some start: of now, not of the last event. Any
   thread. */
int64_t host_now_ms(void);

/* Calls `expired` once, when the time has come. Zero-initialize, then set `expired`. */
struct host_timer {
    void (*expired)(struct host_timer *timer);
    int64_t due_ms; /* the rest is the host's */
    size_t place;   /* 0: not started */
};
/* Starts it anew if it runs. */
void host_timer_start(struct host *host, struct host_timer *timer, int64_t delay_ms);
/* Nothing to do if it does not run. */
void host_timer_cancel(struct host *host, struct host_timer *timer);

/* A process of ours. Zero-initialize, then set the owner's fields. */
struct host_child {
    /* Called once, on the host's thread: the process was reaped, its descendants are
       gone, pid and pidfd mean nothing any more. `status` is that of waitpid(2). */
    void (*exited)(struct host_child *child, int status);
    bool has_turn; /* it runs one turn only... */
    uint64_t turn; /* ...this one: for host_turn_of_group */

    pid_t pid; /* also its process group; the rest is the host's */
    int pidfd;
    uint64_t id;
    struct host *host;
    struct host_watch watch;
    struct host_timer clearing;
    int64_t clearing_until_ms;
    int status;
    struct host_child *next, *previous;
};

/* Starts a process, as spawn_process does. On 0 the caller hands it over with
   host_child_adopt. ESHUTDOWN while closing. The environment gets one more variable,
   ACTORFS_CHILD, by which descendants are known. The host's thread or a helper. */
MUST_CHECK int host_spawn(struct host *host, struct host_child *child,
                          const struct spawn *plan, enum spawn_step *step_out);
/* From now on its end is told; if the host is closing it is killed. It may have ended
   already. */
void host_child_adopt(struct host_child *child);
/* Kills it with its process group, at once; `exited` follows. An adopted child only. */
void host_child_kill(struct host_child *child);

/* The turn that the process group runs; false when it is none of ours, or one that runs
   many turns. Any thread. */
bool host_turn_of_group(struct host *host, pid_t group, uint64_t *turn_out);

#endif
