/* SPDX-License-Identifier: MIT */
/*
 * A delivery is taken from the handle under its lock, posted without it, and finished
 * when the engine answers. Whatever happens there is told to every request that joined;
 * a refusal that only a close() could tell is noted with the actor too, for shells drop
 * the errors of close().
 */
#include "fs/delivery.h"

#include <stdlib.h>

#include "fs/deadlock.h"
#include "fs/errno_map.h"
#include "fs/reading.h"
#include "fs/retirement.h"

struct joined_answer {
    struct joined_answer *next;
    struct answer answer;
};

struct delivery {
    struct handle *handle;
    uint64_t last_number;          /* of its messages, see framing_number */
    struct joined_answer *answers; /* the handle's lock, until it is done */
    struct retirement *retirement; /* of control words that retire; or null */
};

static void join(struct delivery *delivery, const struct answer *answer)
{
    struct joined_answer *joined = memory_take(sizeof *joined);
    joined->answer = *answer;
    joined->next = delivery->answers;
    delivery->answers = joined;
}

static struct delivery *new_delivery(struct handle *handle, const struct answer *answer)
{
    struct delivery *delivery = memory_take_zeroed(1, sizeof *delivery);
    delivery->handle = handle_get(handle);
    if (answer)
        join(delivery, answer);
    return delivery;
}

static bool has_outcome(const struct node *node)
{
    return node->kind == NODE_EXECUTE || node->parameters.key.size > 0;
}

/* From now on the handle reads the outcome of the message just sent. */
static void note_call(struct delivery *delivery, const struct engine_answer *engine)
{
    struct handle *handle = delivery->handle;
    const struct node *node = &handle->node;
    handle->call = tree_node(node->kind, node->actor);
    if (node->parameters.key.size > 0)
        key_of_line(&node->parameters.key, delivery->last_number,
                    &handle->call.parameters.key);
    else
        key_of_sequence(engine->sequence, &handle->call.parameters.key);
    handle->call.parameters.at = true;
    handle->has_call = true;
    handle->is_call_awaited = false;
    snapshot_forget(&handle->snapshot);
}

static void note_success(struct delivery *delivery, const struct engine_answer *engine)
{
    struct handle *handle = delivery->handle;
    enum node_kind kind = handle->node.kind;
    if (kind == NODE_STATE && handle->state_version != STATE_VERSION_ANY)
        handle->state_version = engine->version;
    else if ((kind == NODE_TASKS || kind == NODE_EXECUTE) && has_outcome(&handle->node))
        note_call(delivery, engine);
}

/* Whether any of them stands for more than a close(). */
static bool is_told(const struct joined_answer *joined)
{
    for (; joined; joined = joined->next)
        if (joined->answer.kind != ANSWER_FLUSH)
            return true;
    return false;
}

static void give(struct handle *handle, const struct answer *answer, enum status status)
{
    if (status)
        fuse_reply_err(answer->request, errno_of_status(status));
    else if (answer->kind == ANSWER_WRITE)
        fuse_reply_write(answer->request, answer->size);
    else if (answer->kind == ANSWER_READ)
        reading_answer(handle, answer);
    else if (answer->kind == ANSWER_FLUSH && handle->node.kind == NODE_EXECUTE)
        reading_await_turn(handle, answer->request);
    else
        fuse_reply_err(answer->request, 0);
}

static void finish(void *context, const struct engine_answer *engine)
{
    struct delivery *delivery = context;
    struct handle *handle = delivery->handle;
    enum status status = engine->status;
    pthread_mutex_lock(&handle->lock);
    if (handle->ending == delivery)
        handle->ending = NULL;
    if (status)
        framing_refuse(&handle->framing, status);
    else
        note_success(delivery, engine);
    struct joined_answer *joined = delivery->answers;
    pthread_mutex_unlock(&handle->lock);

    if (status)
        retirement_drop(delivery->retirement);
    else
        retirement_watch(delivery->retirement);
    if (status && !is_told(joined))
        engine_note_refusal(tree_engine(handle->face->tree), handle->node.actor, status,
                            view_text(engine->detail));
    while (joined) {
        struct joined_answer *next = joined->next;
        give(handle, &joined->answer, status);
        free(joined);
        joined = next;
    }
    free(delivery);
    handle_put(handle);
}

/* The delivery may be finished and gone before these return. */
static void post(struct delivery *delivery, const struct view *messages, size_t count,
                 uint64_t first)
{
    struct handle *handle = delivery->handle;
    struct tree_post post = {.messages = messages, .count = count, .first_line = first};
    tree_post(handle->face->tree, &handle->node, &post, finish, delivery);
}

static void write_file(struct delivery *delivery, struct view bytes, uint64_t version)
{
    struct handle *handle = delivery->handle;
    if (handle->node.kind == NODE_STATUS)
        delivery->retirement =
            retirement_prepare(handle->face, handle->node.actor, bytes);
    if (delivery->retirement)
        atomic_store(&handle->has_retired, true);
    tree_write(handle->face->tree, &handle->node, bytes, version, finish, delivery);
}

static bool is_mailbox(const struct handle *handle)
{
    return handle->node.kind == NODE_TASKS || handle->node.kind == NODE_EXECUTE;
}

static void send_messages(struct handle *handle, struct view run,
                          const struct answer *answer)
{
    struct view *messages;
    size_t count = framing_split(run, &messages);
    if (count == 0) {
        pthread_mutex_unlock(&handle->lock);
        give(handle, answer, STATUS_OK);
    } else {
        struct delivery *delivery = new_delivery(handle, answer);
        uint64_t first = framing_number(&handle->framing, count);
        delivery->last_number = first + count - 1;
        pthread_mutex_unlock(&handle->lock);
        post(delivery, messages, count, first);
    }
    free(messages);
}

void delivery_send_lines(struct handle *handle, struct view run, struct bytes *joined,
                         const struct answer *answer)
{
    if (is_mailbox(handle)) {
        send_messages(handle, run, answer);
    } else {
        struct delivery *delivery = new_delivery(handle, answer);
        pthread_mutex_unlock(&handle->lock);
        write_file(delivery, run, STATE_VERSION_ANY);
    }
    bytes_free(joined);
}

static const struct engine_answer deadlock = {
    .status = STATUS_DEADLOCK,
    .detail = "a turn cannot wait for its own actor; write to $ACTOR_STATE"};

void delivery_end(struct handle *handle, const struct answer *answer)
{
    BYTES_AUTO(message);
    struct delivery *delivery = new_delivery(handle, answer);
    framing_take(&handle->framing, &message);
    handle->ending = delivery;
    struct view view = view_bytes(&message);
    if (is_mailbox(handle)) {
        uint64_t number = framing_number(&handle->framing, 1);
        delivery->last_number = number;
        pthread_mutex_unlock(&handle->lock);
        post(delivery, &view, 1, number);
    } else {
        bool is_state = handle->node.kind == NODE_STATE;
        uint64_t version = is_state ? handle->state_version : STATE_VERSION_ANY;
        pthread_mutex_unlock(&handle->lock);
        if (is_state && answer && deadlock_is_certain(handle, answer->request))
            finish(delivery, &deadlock);
        else
            write_file(delivery, view, version);
    }
}

void delivery_join(struct handle *handle, const struct answer *answer)
{
    join(handle->ending, answer);
    pthread_mutex_unlock(&handle->lock);
}
