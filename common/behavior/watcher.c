/* SPDX-License-Identifier: MIT */
/*
 * inotify and a thread. A change has settled when nothing more came for SETTLE_MS; a
 * folder that never comes to rest is told of every SETTLE_MS_MAX all the same.
 *
 * IN_MODIFY is not asked for: a file that is being written is not to be used before its
 * writer has closed it, and that is told.
 */
#include "common/behavior/watcher.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#define SETTLE_MS 40
#define SETTLE_MS_MAX 1000
#define CHANGES                                                                        \
    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |            \
     IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR)
#define AGAIN_MS 1000

struct watcher {
    int events; /* inotify */
    int watch;  /* of the folder */
    int stop;   /* an eventfd */
    bool is_started;
    pthread_t thread;
    watcher_fn *changed;
    void *context;
};

/* Of an inode that is watched the watch is the same. */
enum status watcher_follow(struct watcher *watcher, int descriptor)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d/.", descriptor);
    int watch = inotify_add_watch(watcher->events, path, CHANGES);
    if (watch < 0)
        return STATUS_IO;
    if (watcher->watch >= 0 && watcher->watch != watch)
        inotify_rm_watch(watcher->events, watcher->watch);
    watcher->watch = watch;
    return STATUS_OK;
}

enum status watcher_open(int descriptor, struct watcher **watcher_out)
{
    struct watcher watcher = {.watch = -1};
    watcher.events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watcher.events < 0)
        return STATUS_IO;
    if (watcher_follow(&watcher, descriptor)) {
        close(watcher.events);
        return STATUS_IO;
    }
    watcher.stop = eventfd(0, EFD_CLOEXEC);
    ENSURE(watcher.stop >= 0);
    *watcher_out = memory_take(sizeof watcher);
    **watcher_out = watcher;
    return STATUS_OK;
}

static void drop_events(const struct watcher *watcher)
{
    char buffer[4096];
    while (read(watcher->events, buffer, sizeof buffer) > 0)
        continue;
}

/* False when it is time to stop. */
static bool wait_for_event(const struct watcher *watcher, int timeout_ms,
                           bool *is_event_out)
{
    struct pollfd descriptors[] = {{.fd = watcher->stop, .events = POLLIN},
                                   {.fd = watcher->events, .events = POLLIN}};
    while (poll(descriptors, 2, timeout_ms) < 0)
        continue;
    *is_event_out = descriptors[1].revents != 0;
    return descriptors[0].revents == 0;
}

static int64_t now_ms(void)
{
    struct clock *clock = clock_system();
    return clock->monotonic_ns(clock) / 1000000;
}

static bool wait_for_rest(const struct watcher *watcher)
{
    int64_t end_ms = now_ms() + SETTLE_MS_MAX;
    bool is_event = true;
    while (is_event && now_ms() < end_ms) {
        drop_events(watcher);
        if (!wait_for_event(watcher, SETTLE_MS, &is_event))
            return false;
    }
    return true;
}

static void *watch(void *context)
{
    const struct watcher *watcher = context;
    bool is_event, is_content = true;
    while (wait_for_event(watcher, is_content ? -1 : AGAIN_MS, &is_event) &&
           wait_for_rest(watcher))
        is_content = watcher->changed(watcher->context);
    return NULL;
}

void watcher_start(struct watcher *watcher, watcher_fn *changed, void *context)
{
    watcher->changed = changed;
    watcher->context = context;
    watcher->is_started = true;
    ENSURE(pthread_create(&watcher->thread, NULL, watch, watcher) == 0);
}

void watcher_close(struct watcher *watcher)
{
    eventfd_write(watcher->stop, 1);
    if (watcher->is_started)
        pthread_join(watcher->thread, NULL);
    close(watcher->stop);
    close(watcher->events);
    free(watcher);
}
