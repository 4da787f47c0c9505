/* SPDX-License-Identifier: MIT */
/*
 * The loop. A round waits for events, hands them out, runs the calls that other threads
 * asked for, and expires timers.
 *
 * An event of this round may belong to a watch that an earlier event's handler removed,
 * and freed: removing a watch takes its events out of the round.
 *
 * Stopping has an order. The children are killed first, while helpers and loop still
 * work, so that their ends are told the usual way; then the helpers end, which starts
 * nothing any more; then what they asked of the loop is done; then the loop ends.
 */
#include "common/behavior/host.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/behavior/host_internal.h"

enum { HELPERS_MIN = 2 };

int64_t host_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void control_watch(struct host *host, int operation, struct host_watch *watch,
                          uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};

    ENSURE(epoll_ctl(host->epoll_fd, operation, watch->fd, &event) == 0);
}

void host_watch_add(struct host *host, struct host_watch *watch, uint32_t events)
{
    control_watch(host, EPOLL_CTL_ADD, watch, events);
}

void host_watch_modify(struct host *host, struct host_watch *watch, uint32_t events)
{
    control_watch(host, EPOLL_CTL_MOD, watch, events);
}

void host_watch_remove(struct host *host, struct host_watch *watch)
{
    control_watch(host, EPOLL_CTL_DEL, watch, 0);
    for (int i = 0; i < host->event_count; i++)
        if (host->events[i].data.ptr == watch)
            host->events[i].data.ptr = NULL;
}

void host_timer_start(struct host *host, struct host_timer *timer, int64_t delay_ms)
{
    timers_put(&host->timers, timer, host_now_ms() + delay_ms);
}

void host_timer_cancel(struct host *host, struct host_timer *timer)
{
    timers_remove(&host->timers, timer);
}

void host_call(struct host *host, host_fn *fn, void *context)
{
    pthread_mutex_lock(&host->lock);
    bool was_empty = host->calls.count == 0;
    calls_put(&host->calls, (struct call){fn, context});
    pthread_mutex_unlock(&host->lock);
    if (was_empty)
        ENSURE(eventfd_write(host->wake_fd, 1) == 0);
}

void host_lend(struct host *host, host_fn *fn, void *context)
{
    helpers_lend(host->helpers, fn, context);
}

bool host_is_closing(struct host *host)
{
    pthread_mutex_lock(&host->lock);
    bool closing = host->closing;
    pthread_mutex_unlock(&host->lock);
    return closing;
}

static void clear_wake(struct host_watch *watch, uint32_t events)
{
    eventfd_t count;

    (void)events;
    (void)eventfd_read(watch->fd, &count);
}

static bool take_call(struct host *host, struct call *call_out)
{
    pthread_mutex_lock(&host->lock);
    bool found = calls_take(&host->calls, call_out);
    pthread_mutex_unlock(&host->lock);
    return found;
}

/* Not more than were there: a call that asks for another must not starve the events. */
static void run_calls(struct host *host)
{
    struct call call;

    pthread_mutex_lock(&host->lock);
    size_t count = host->calls.count;
    pthread_mutex_unlock(&host->lock);
    while (count-- > 0 && take_call(host, &call))
        call.fn(call.context);
}

static void wait_for_events(struct host *host)
{
    pthread_mutex_lock(&host->lock);
    bool has_calls = host->calls.count > 0;
    pthread_mutex_unlock(&host->lock);
    int wait_ms = has_calls ? 0 : timers_wait_ms(&host->timers, host_now_ms());
    host->event_count =
        epoll_wait(host->epoll_fd, host->events, HOST_EVENTS_MAX, wait_ms);
    ENSURE(host->event_count >= 0 || errno == EINTR);
}

static void run_round(struct host *host)
{
    wait_for_events(host);
    for (int i = 0; i < host->event_count; i++) {
        struct host_watch *watch = host->events[i].data.ptr;

        if (watch)
            watch->ready(watch, host->events[i].events);
    }
    host->event_count = 0;
    run_calls(host);
    timers_expire(&host->timers, host_now_ms());
}

static void *host_main(void *context)
{
    struct host *host = context;
    struct call call;

    while (!host->stopping || host_has_children(host))
        run_round(host);
    helpers_end(host->helpers);
    while (take_call(host, &call))
        call.fn(call.context);
    return NULL;
}

static size_t count_helpers(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    return processors > HELPERS_MIN ? (size_t)processors : HELPERS_MIN;
}

struct host *host_open(void)
{
    struct host *host = memory_take_zeroed(1, sizeof *host);

    /* Who starts us may have it ignored, which execve(2) keeps: then the kernel reaps
       our children, and how they ended is lost. */
    (void)signal(SIGCHLD, SIG_DFL);
    strays_kill_orphaned();
    strays_open(&host->strays, host_child_lives, host);
    pthread_mutex_init(&host->lock, NULL);
    host->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    host->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ENSURE(host->epoll_fd >= 0 && host->wake_fd >= 0);
    host->wake = (struct host_watch){.fd = host->wake_fd, .ready = clear_wake};
    host_watch_add(host, &host->wake, EPOLLIN);
    host->sweep.expired = host_sweep;
    host->helpers = helpers_open(count_helpers());
    helpers_start_thread(&host->thread, host_main, host);
    return host;
}

static void stop(void *context)
{
    struct host *host = context;

    host->stopping = true;
    host_stop_children(host);
}

void host_close(struct host *host)
{
    pthread_mutex_lock(&host->lock);
    host->closing = true;
    pthread_mutex_unlock(&host->lock);
    host_call(host, stop, host);
    pthread_join(host->thread, NULL);
    helpers_free(host->helpers);
    strays_close(&host->strays);
    timers_free(&host->timers);
    calls_free(&host->calls);
    close(host->epoll_fd);
    close(host->wake_fd);
    pthread_mutex_destroy(&host->lock);
    free(host);
}
