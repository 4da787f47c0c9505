/* SPDX-License-Identifier: MIT */
/*
 * A parked request can be ended by the engine or by the kernel's FUSE_INTERRUPT.
 * libfuse calls the interrupt's function with the request's lock held, on a thread of
 * its own or from within fuse_req_interrupt_func() when the interrupt came first; there
 * the request must not be answered, because libfuse goes on using it. Hence `phase`.
 * Before the engine's side answers it takes the function away, which waits until one
 * that runs has returned.
 */
#include "fs/reading.h"

#include <errno.h>
#include <stdlib.h>

#include "fs/deadlock.h"
#include "fs/waiting.h"

enum phase { PHASE_REGISTERING, PHASE_INTERRUPTED, PHASE_PARKED };

struct parked {
    struct waiting waiting; /* first: they share an address */
    struct handle *handle;
    struct answer answer;
    _Atomic(enum phase) phase;
};

const struct node *reading_node(const struct handle *handle)
{
    return handle->has_call ? &handle->call : &handle->node;
}

static bool is_outcome(const struct node *node)
{
    return node->parameters.key.size > 0;
}

static enum status render(struct handle *handle, struct bytes *text)
{
    struct actor_info info;
    struct tree *tree = handle->face->tree;
    if (handle->is_polled &&
        !engine_actor(tree_engine(tree), handle->node.actor, &info))
        handle->changes_shown = info.changes;
    return tree_read(tree, reading_node(handle), text);
}

static enum status prepare_outcome(struct handle *handle)
{
    struct snapshot *snapshot = &handle->snapshot;
    if (snapshot->is_ready)
        return STATUS_OK;
    bytes_clear(&snapshot->text);
    enum status status = render(handle, &snapshot->text);
    bool ends_badly = status == STATUS_FAILED || status == STATUS_CANCELED;
    if (status && !ends_badly)
        return status;
    snapshot->end = status;
    snapshot->is_ready = true;
    if (!handle->has_call)
        snapshot->is_based = true;
    return STATUS_OK;
}

static enum status prepare_file(struct handle *handle, uint64_t offset)
{
    struct snapshot *snapshot = &handle->snapshot;
    bool fresh = !snapshot->is_ready || offset == 0;
    bool follow = !fresh && handle->node.kind == NODE_LOG &&
                  snapshot_is_read_to_end(snapshot, offset);
    if (!fresh && !follow)
        return STATUS_OK;
    BYTES_AUTO(text);
    enum status status = render(handle, &text);
    if (status)
        return status;
    if (fresh)
        snapshot_forget(snapshot);
    snapshot_follow(snapshot, &text);
    snapshot->is_ready = snapshot->is_based = true;
    return STATUS_OK;
}

enum status reading_prepare(struct handle *handle, uint64_t offset)
{
    return is_outcome(reading_node(handle)) ? prepare_outcome(handle)
                                            : prepare_file(handle, offset);
}

/* A state that is being edited reads as it was edited so far. */
static enum status look(struct handle *handle, const struct answer *answer,
                        struct view *out)
{
    if (handle->is_writable && handle->framing.rule == FRAMING_IMAGE) {
        struct view held = view_bytes(&handle->framing.held);
        size_t at = answer->offset < held.size ? (size_t)answer->offset : held.size;
        size_t left = held.size - at;
        *out = view_of(held.data + at, left < answer->size ? left : answer->size);
        return STATUS_OK;
    }
    enum status status = reading_prepare(handle, answer->offset);
    if (status)
        return status;
    return snapshot_read(&handle->snapshot, answer->offset, answer->size, out);
}

static void dispose(struct waiting *waiting)
{
    struct parked *parked = (struct parked *)waiting;
    handle_put(parked->handle);
    free(parked);
}

/* The other side cannot touch the request any more when this returns. */
static void take_back(struct parked *parked)
{
    fuse_req_interrupt_func(parked->answer.request, NULL, NULL);
}

static void wake_reader(struct waiting *waiting, enum status status)
{
    struct parked *parked = (struct parked *)waiting;
    take_back(parked);
    if (status)
        reply_status(parked->answer.request, status);
    else
        reading_answer(parked->handle, &parked->answer);
}

/* Says how the turn went: the result itself is read elsewhere. */
static void wake_flush(struct waiting *waiting, enum status status)
{
    struct parked *parked = (struct parked *)waiting;
    BYTES_AUTO(result);
    take_back(parked);
    if (!status) {
        pthread_mutex_lock(&parked->handle->lock);
        struct node call = parked->handle->call;
        pthread_mutex_unlock(&parked->handle->lock);
        status = tree_read(parked->handle->face->tree, &call, &result);
    }
    reply_status(parked->answer.request, status);
}

/* An interrupted close() has closed; an interrupted read() has read nothing. */
static void reply_interrupted(struct parked *parked)
{
    bool is_read = parked->answer.kind == ANSWER_READ;
    fuse_reply_err(parked->answer.request, is_read ? EINTR : 0);
}

static void interrupt(fuse_req_t request, void *context)
{
    (void)request;
    struct parked *parked = context;
    enum phase registering = PHASE_REGISTERING;
    if (atomic_compare_exchange_strong(&parked->phase, &registering, PHASE_INTERRUPTED))
        return;
    if (!waiting_claim(&parked->waiting))
        return;
    reply_interrupted(parked);
    waiting_put(&parked->waiting);
}

/* False when the interrupt was there first. */
static bool register_interrupt(struct parked *parked)
{
    enum phase registering = PHASE_REGISTERING;
    fuse_req_interrupt_func(parked->answer.request, interrupt, parked);
    return atomic_compare_exchange_strong(&parked->phase, &registering, PHASE_PARKED);
}

static struct parked *new_parked(struct handle *handle, const struct answer *answer)
{
    struct parked *parked = memory_take_zeroed(1, sizeof *parked);
    bool is_read = answer->kind == ANSWER_READ;
    waiting_init(&parked->waiting, is_read ? wake_reader : wake_flush, dispose);
    parked->handle = handle_get(handle);
    parked->answer = *answer;
    atomic_init(&parked->phase, PHASE_REGISTERING);
    return parked;
}

static void park(struct handle *handle, const struct answer *answer,
                 const struct node *node, int64_t timeout_ms)
{
    if (deadlock_is_certain(handle, answer->request)) {
        reply_status(answer->request, STATUS_DEADLOCK);
        return;
    }
    struct parked *parked = new_parked(handle, answer);
    if (!register_interrupt(parked)) {
        waiting_claim(&parked->waiting);
        take_back(parked);
        reply_interrupted(parked);
        waiting_put(&parked->waiting);
    } else {
        struct engine_wait *wait = NULL;
        enum status status = tree_wait(handle->face->tree, node, timeout_ms,
                                       waiting_wake, &parked->waiting, &wait);
        parked->waiting.wait = wait;
        if (status)
            waiting_wake(&parked->waiting, status);
    }
    waiting_put(&parked->waiting);
}

/* How long to wait for an outcome; 0: for as long as it takes. Who sent the message
   through this handle to execute it waits as long as the contract says, a reader of a
   name as long as the name says. */
static int64_t patience(const struct handle *handle)
{
    int64_t wait_ms = handle->node.parameters.wait_ms;
    if (wait_ms >= 0)
        return wait_ms > 0 ? wait_ms : 1;
    bool executes = handle->node.kind == NODE_EXECUTE && handle->has_call;
    return executes ? EXECUTE_WAIT_MS_DEFAULT : 0;
}

/* Room for what most files have to say. */
struct small_reply {
    bool is_used;
    size_t size;
    char data[4096];
};

/* Lock held. A reader wakes before the reply to it returns, and its close() would wait
   for the lock: what is small is taken along, to be said without it. */
static void give(const struct answer *answer, struct view view,
                 struct small_reply *small)
{
    small->is_used = view.size <= sizeof small->data;
    small->size = view.size;
    if (!small->is_used)
        fuse_reply_buf(answer->request, view.data, view.size);
    else if (view.size > 0)
        memcpy(small->data, view.data, view.size);
}

void reading_answer(struct handle *handle, const struct answer *answer)
{
    struct view view;
    struct small_reply small;
    pthread_mutex_lock(&handle->lock);
    enum status status = look(handle, answer, &view);
    struct node node = *reading_node(handle);
    int64_t timeout_ms = patience(handle);
    if (!status)
        give(answer, view, &small);
    pthread_mutex_unlock(&handle->lock);
    if (status == STATUS_AGAIN && !answer->is_nonblocking)
        park(handle, answer, &node, timeout_ms);
    else if (status)
        reply_status(answer->request, status);
    else if (small.is_used)
        fuse_reply_buf(answer->request, small.data, small.size);
}

void reading_await_turn(struct handle *handle, fuse_req_t request)
{
    struct answer answer = {.kind = ANSWER_FLUSH, .request = request};
    pthread_mutex_lock(&handle->lock);
    handle->is_call_awaited = true;
    struct node call = handle->call;
    int64_t timeout_ms = patience(handle);
    pthread_mutex_unlock(&handle->lock);
    park(handle, &answer, &call, timeout_ms);
}
