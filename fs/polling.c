/* SPDX-License-Identifier: MIT */
#include "fs/polling.h"

#include <poll.h>
#include <stdlib.h>

#include "fs/reading.h"
#include "fs/waiting.h"

#define READABLE ((unsigned)(POLLIN | POLLRDNORM))
#define WRITABLE ((unsigned)(POLLOUT | POLLWRNORM))

struct poll_watch {
    struct waiting waiting; /* first: they share an address */
    struct handle *handle;
};

static void dispose(struct waiting *waiting)
{
    struct poll_watch *watch = (struct poll_watch *)waiting;
    handle_put(watch->handle);
    free(watch);
}

/* Whatever woke it, the poller asks again and sees for itself. */
static void wake_poller(struct waiting *waiting, enum status status)
{
    (void)status;
    struct handle *handle = ((struct poll_watch *)waiting)->handle;
    pthread_mutex_lock(&handle->lock);
    struct fuse_pollhandle *poll = handle->poll;
    handle->poll = NULL;
    handle->watch = NULL;
    pthread_mutex_unlock(&handle->lock);
    if (poll) {
        fuse_lowlevel_notify_poll(poll);
        fuse_pollhandle_destroy(poll);
    }
}

static bool reads_outcome(const struct handle *handle)
{
    return handle->is_readable && reading_node(handle)->parameters.key.size > 0;
}

/* Rendering notes the actor's changes only for handles that are polled: most never are.
   So the first poll compares the text itself. */
static bool differs(struct handle *handle)
{
    BYTES_AUTO(text);
    enum status status = tree_read(handle->face->tree, &handle->node, &text);
    return status || !view_equal(view_bytes(&text), view_bytes(&handle->snapshot.text));
}

static bool has_changed(struct handle *handle)
{
    struct actor_info info;
    struct engine *engine = tree_engine(handle->face->tree);
    if (engine_actor(engine, handle->node.actor, &info))
        return true;
    if (handle->is_polled)
        return info.changes > handle->changes_shown;
    bool changed = handle->snapshot.is_ready && differs(handle);
    handle->is_polled = true;
    handle->changes_shown = changed ? 0 : info.changes;
    return changed;
}

/* Lock held. `waits_out`: whether something more may become true. */
static unsigned events_now(struct handle *handle, bool *waits_out)
{
    unsigned events = handle->is_writable ? WRITABLE : 0;
    *waits_out = false;
    if (reads_outcome(handle)) {
        *waits_out = reading_prepare(handle, 0) == STATUS_AGAIN;
        events |= *waits_out ? 0 : READABLE;
    } else if (handle->is_readable) {
        bool changed = handle->node.actor != 0 && has_changed(handle);
        *waits_out = handle->node.actor != 0 && !changed;
        events |= READABLE | (changed ? (unsigned)POLLPRI : 0);
    }
    return events;
}

static struct poll_watch *new_watch(struct handle *handle)
{
    struct poll_watch *watch = memory_take_zeroed(1, sizeof *watch);
    waiting_init(&watch->waiting, wake_poller, dispose);
    watch->handle = handle_get(handle);
    return watch;
}

/* No lock held: the engine may call at once. */
static void start(struct poll_watch *watch, const struct node *outcome,
                  uint64_t changes)
{
    struct tree *tree = watch->handle->face->tree;
    struct engine_wait *wait = NULL;
    enum status status = STATUS_OK;
    if (outcome->parameters.key.size > 0)
        status = tree_wait(tree, outcome, 0, waiting_wake, &watch->waiting, &wait);
    else
        wait = engine_wait_change(tree_engine(tree), outcome->actor, changes,
                                  waiting_wake, &watch->waiting);
    watch->waiting.wait = wait;
    if (status)
        waiting_wake(&watch->waiting, status);
    waiting_put(&watch->waiting);
}

unsigned polling_ask(struct handle *handle, struct fuse_pollhandle *poll)
{
    bool waits;
    struct poll_watch *watch = NULL;
    pthread_mutex_lock(&handle->lock);
    unsigned events = events_now(handle, &waits);
    struct fuse_pollhandle *older = poll ? handle->poll : NULL;
    if (poll)
        handle->poll = poll;
    if (poll && waits && !handle->watch)
        handle->watch = watch = new_watch(handle);
    struct node outcome = *reading_node(handle);
    uint64_t changes = handle->changes_shown;
    pthread_mutex_unlock(&handle->lock);
    if (older)
        fuse_pollhandle_destroy(older);
    if (watch)
        start(watch, &outcome, changes);
    return events;
}

void polling_end(struct handle *handle)
{
    pthread_mutex_lock(&handle->lock);
    struct fuse_pollhandle *poll = handle->poll;
    struct poll_watch *watch = handle->watch;
    bool ends = watch && waiting_claim(&watch->waiting);
    handle->poll = NULL;
    handle->watch = NULL;
    pthread_mutex_unlock(&handle->lock);
    if (poll)
        fuse_pollhandle_destroy(poll);
    if (ends)
        waiting_put(&watch->waiting);
}
