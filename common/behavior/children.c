/* SPDX-License-Identifier: MIT */
/*
 * The life of a child:
 *
 *     host_spawn    known, so that its descendants are taken for somebody's
 *     adopt         its pidfd is watched
 *     ended         the pidfd is readable: its group is killed while the zombie still
 *                   holds the group's number, then it is reaped and no longer known
 *     clearing      what descends from it is killed until nothing is left
 *     exited        told to the owner
 *
 * Killed processes need a moment to be gone; one in the middle of an uninterruptible
 * system call may need longer than anybody wants to wait. Then the owner is told all
 * the same, and the sweep that runs every second goes on.
 */
#include "common/behavior/host.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/behavior/host_internal.h"

enum {
    CLEARING_STEP_MS = 1,
    CLEARING_MS_MAX = 1000,
    SWEEP_MS = 1000,
    STOP_MS_MAX = 10 * 1000,
};

static void insert(struct host *host, struct host_child *child)
{
    child->next = host->children;
    child->previous = NULL;
    if (child->next)
        child->next->previous = child;
    host->children = child;
}

static void forget(struct host_child *child)
{
    struct host *host = child->host;

    pthread_mutex_lock(&host->lock);
    if (child->previous)
        child->previous->next = child->next;
    else
        host->children = child->next;
    if (child->next)
        child->next->previous = child->previous;
    pthread_mutex_unlock(&host->lock);
}

static void count_out(struct host *host)
{
    pthread_mutex_lock(&host->lock);
    host->child_count--;
    pthread_mutex_unlock(&host->lock);
}

static bool know(struct host *host, struct host_child *child)
{
    pthread_mutex_lock(&host->lock);
    bool open = !host->closing;
    if (open) {
        child->host = host;
        child->id = ++host->last_id;
        child->pid = 0;
        insert(host, child);
        host->child_count++;
    }
    pthread_mutex_unlock(&host->lock);
    return open;
}

/* The environment with the mark in front; free() it. */
static char **mark_environment(char *const *environment, char *mark)
{
    size_t count = 0;

    while (environment[count])
        count++;
    char **marked = memory_take((count + 2) * sizeof *marked);
    marked[0] = mark;
    memcpy(marked + 1, environment, (count + 1) * sizeof *marked);
    return marked;
}

int host_spawn(struct host *host, struct host_child *child, const struct spawn *plan,
               enum spawn_step *step_out)
{
    struct spawn marked = *plan;
    struct spawned spawned;
    BYTES_AUTO(mark);

    *step_out = SPAWN_FORK;
    if (!know(host, child))
        return ESHUTDOWN;
    strays_mark(&host->strays, &mark, child->id);
    char **environment = mark_environment(plan->environment, mark.data);
    marked.environment = environment;
    marked.pid_place = &child->pid;
    int error = spawn_process(&marked, &spawned, step_out);
    free(environment);
    if (error) {
        forget(child);
        count_out(host);
        return error;
    }
    child->pidfd = spawned.pidfd;
    return 0;
}

static void tell(struct host_child *child)
{
    struct host *host = child->host;

    host_timer_cancel(host, &child->clearing);
    count_out(host);
    child->exited(child, child->status);
}

static void clear(struct host_timer *timer)
{
    struct host_child *child = OWNER_OF(timer, struct host_child, clearing);
    size_t left = strays_clear(&child->host->strays);

    if (left == 0) {
        tell(child);
    } else if (host_now_ms() < child->clearing_until_ms) {
        host_timer_start(child->host, timer, CLEARING_STEP_MS);
    } else {
        log_warning("%zu killed processes of behaviors are still there", left);
        tell(child);
    }
}

/* An end that nobody tells us is no success: it counts as a kill. */
static int reap(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return SIGKILL;
    return status;
}

static void ended(struct host_watch *watch, uint32_t events)
{
    struct host_child *child = OWNER_OF(watch, struct host_child, watch);

    (void)events;
    host_watch_remove(child->host, watch);
    kill(-child->pid, SIGKILL);
    forget(child);
    child->status = reap(child->pid);
    close(child->pidfd);
    child->clearing_until_ms = host_now_ms() + CLEARING_MS_MAX;
    clear(&child->clearing);
}

void host_child_adopt(struct host_child *child)
{
    struct host *host = child->host;

    child->watch = (struct host_watch){.fd = child->pidfd, .ready = ended};
    child->clearing = (struct host_timer){.expired = clear};
    host_watch_add(host, &child->watch, EPOLLIN);
    if (host->sweep.place == 0)
        host_timer_start(host, &host->sweep, SWEEP_MS);
    if (host->stopping)
        host_child_kill(child);
}

void host_child_kill(struct host_child *child)
{
    if (child->clearing.place == 0)
        kill(-child->pid, SIGKILL);
}

/* An adopted one, which nobody else lets go of; null. */
static struct host_child *find_adopted(struct host *host)
{
    struct host_child *child;

    pthread_mutex_lock(&host->lock);
    for (child = host->children; child && child->watch.ready == NULL;)
        child = child->next;
    pthread_mutex_unlock(&host->lock);
    return child;
}

static void abandon(struct host_timer *timer)
{
    struct host *host = OWNER_OF(timer, struct host, abandon);
    struct host_child *child;

    while ((child = find_adopted(host))) {
        log_warning("process %d of a behavior cannot be killed: left alone",
                    (int)child->pid);
        host_watch_remove(host, &child->watch);
        close(child->pidfd);
        forget(child);
        child->status = SIGKILL;
        tell(child);
    }
}

/* What is not adopted yet is killed when it is. */
void host_stop_children(struct host *host)
{
    host->abandon.expired = abandon;
    host_timer_start(host, &host->abandon, STOP_MS_MAX);
    pthread_mutex_lock(&host->lock);
    for (struct host_child *child = host->children; child; child = child->next)
        if (child->watch.ready)
            host_child_kill(child);
    pthread_mutex_unlock(&host->lock);
}

bool host_has_children(struct host *host)
{
    pthread_mutex_lock(&host->lock);
    bool has = host->child_count > 0;
    pthread_mutex_unlock(&host->lock);
    return has;
}

/* Reaps what descended from children that still run, and looks after stubborn ones. */
void host_sweep(struct host_timer *timer)
{
    struct host *host = OWNER_OF(timer, struct host, sweep);

    if (strays_clear(&host->strays) > 0 || host_has_children(host))
        host_timer_start(host, timer, SWEEP_MS);
}

/* The child itself puts it there, before its program runs: who asks the daemon for the
   turn of its group must be known at once. */
static pid_t pid_of(const struct host_child *child)
{
    return __atomic_load_n(&child->pid, __ATOMIC_ACQUIRE);
}

bool host_child_lives(void *context, pid_t session, uint64_t id)
{
    struct host *host = context;
    struct host_child *child;

    pthread_mutex_lock(&host->lock);
    for (child = host->children; child; child = child->next)
        if ((session && pid_of(child) == session) || (id && child->id == id))
            break;
    pthread_mutex_unlock(&host->lock);
    return child != NULL;
}

bool host_turn_of_group(struct host *host, pid_t group, uint64_t *turn_out)
{
    struct host_child *child;

    pthread_mutex_lock(&host->lock);
    for (child = host->children; child; child = child->next)
        if (pid_of(child) == group && child->has_turn)
            break;
    if (child)
        *turn_out = child->turn;
    pthread_mutex_unlock(&host->lock);
    return child != NULL;
}
