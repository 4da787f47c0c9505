/* SPDX-License-Identifier: MIT */
/*
 * The tree that every face shows, write side: what can be refused early, and what is
 * asked of the engine.
 */
#include <stdlib.h>

#include "common/base/log.h"
#include "common/tree/tree.h"

enum status tree_wait(struct tree *tree, const struct node *node, int64_t timeout_ms,
                      engine_wake_fn *wake, void *context,
                      struct engine_wait **wait_out)
{
    struct task_info info;
    enum status status =
        engine_task(tree_engine(tree), node->actor, &node->parameters.key, &info);
    if (status)
        return status;
    *wait_out = engine_wait_task(tree_engine(tree), node->actor, info.sequence,
                                 timeout_ms, wake, context);
    return STATUS_OK;
}

static bool key_is_known(struct tree *tree, const struct node *node)
{
    struct task_info info;
    return node->parameters.key.size &&
           engine_task(tree_engine(tree), node->actor, &node->parameters.key, &info) ==
               STATUS_OK;
}

static enum status check_mailbox(struct tree *tree, const struct node *node,
                                 const struct actor_info *info)
{
    const struct parameters *parameters = &node->parameters;
    if (parameters->reply || parameters->part == PART_MESSAGE)
        return STATUS_INVALID; /* that is for actors, and for readers */
    uint64_t unfinished = info->pending + info->running + info->delayed;
    if (node->kind == NODE_EXECUTE && info->activity == ACTIVITY_SUSPENDED)
        return STATUS_BUSY;
    if (unfinished >= engine_limits(tree_engine(tree))->mailbox_tasks_max &&
        !key_is_known(tree, node))
        return STATUS_FULL;
    return STATUS_OK;
}

enum status tree_check_write(struct tree *tree, const struct node *node)
{
    struct actor_info info;
    struct file_place place;
    if (node_is_folder(node))
        return STATUS_ACCESS;
    if (node->kind == NODE_ORDINARY)
        return tree_place(tree, node, &place);
    if (!node->actor)
        return STATUS_ACCESS;
    enum status status = engine_actor(tree_engine(tree), node->actor, &info);
    if (status)
        return status;
    switch (node->kind) {
    case NODE_TASKS:
    case NODE_EXECUTE:
        return check_mailbox(tree, node, &info);
    case NODE_STATE:
    case NODE_STATUS:
    case NODE_BEHAVIOR:
        return STATUS_OK;
    case NODE_MAILBOX:
    case NODE_RESULT:
    case NODE_LOG:
    case NODE_ROOT:
    case NODE_README:
    case NODE_DAEMON_STATUS:
    case NODE_ATTENTION:
    case NODE_BEHAVIORS:
    case NODE_ACTORS:
    case NODE_ACTOR:
    case NODE_ORDINARY:
        break;
    }
    return STATUS_ACCESS;
}

static struct view without_newline(struct view text)
{
    if (!text.size || text.data[text.size - 1] != '\n')
        return text;
    text.size--;
    if (text.size && text.data[text.size - 1] == '\r')
        text.size--;
    return text;
}

/* Whether the message is, or can still become, the known one. */
static bool may_equal(struct view message, struct view known)
{
    struct view core = without_newline(known);
    size_t common = message.size < core.size ? message.size : core.size;
    if (common && memcmp(message.data, core.data, common) != 0)
        return false;
    struct view rest = view_of(message.data + common, message.size - common);
    return rest.size == 0 || view_equal(rest, view_text("\n")) ||
           view_equal(rest, view_text("\r")) || view_equal(rest, view_text("\r\n"));
}

enum status tree_check_message(struct tree *tree, const struct node *node,
                               struct view message)
{
    const struct engine_options *limits = engine_limits(tree_engine(tree));
    if (message.size > (node->kind == NODE_STATE ? limits->state_bytes_max
                                                 : limits->message_bytes_max))
        return STATUS_TOO_LARGE;
    if (!node->parameters.key.size)
        return STATUS_OK;
    BYTES_AUTO(known);
    if (engine_message(tree_engine(tree), node->actor, &node->parameters.key, &known))
        return STATUS_OK;
    struct actor_info info;
    if (may_equal(message, view_bytes(&known)) ||
        (!engine_actor(tree_engine(tree), node->actor, &info) && info.key_decides))
        return STATUS_OK;
    return STATUS_CONFLICT;
}

void tree_post(struct tree *tree, const struct node *node, const struct tree_post *post,
               engine_done_fn *done, void *context)
{
    struct engine_send send = {.actor = node->actor,
                               .messages = post->messages,
                               .count = post->count,
                               .parameters = &node->parameters,
                               .first_line = post->first_line,
                               .note = post->note,
                               .caller = post->caller,
                               .headers = post->headers,
                               .create_name = post->create_name,
                               .create_owner = post->create_owner,
                               .in_person = post->in_person,
                               .refuse_suspended = node->kind == NODE_EXECUTE};
    engine_send(tree_engine(tree), &send, done, context);
}

void tree_write(struct tree *tree, const struct node *node, struct view bytes,
                uint64_t expected_version, engine_done_fn *done, void *context)
{
    struct engine *engine = tree_engine(tree);
    if (node->kind == NODE_STATE)
        engine_set_state(engine, node->actor, bytes, view_of("", 0), expected_version,
                         done, context);
    else if (node->kind == NODE_STATUS)
        engine_control(engine, node->actor, bytes, done, context);
    else {
        ENSURE(node->kind == NODE_BEHAVIOR);
        engine_set_behavior(engine, node->actor, bytes, done, context);
    }
}

void tree_make_folder(struct tree *tree, const struct node *parent, struct view name,
                      const struct engine_owner *owner, engine_done_fn *done,
                      void *context)
{
    struct engine_answer refusal = {.status = STATUS_PERMISSION,
                                    .detail =
                                        "folders are made in /actors and are actors"};
    if (parent->kind == NODE_ACTORS)
        engine_create(tree_engine(tree), name, owner, done, context);
    else
        done(context, &refusal);
}

struct removal {
    struct tree *tree;
    uint64_t actor;
    engine_done_fn *done;
    void *context;
};

static void removed(void *context, const struct engine_answer *answer)
{
    struct removal *removal = context;
    if (!answer->status && tree_files(removal->tree))
        files_forget(tree_files(removal->tree), removal->actor);
    removal->done(removal->context, answer);
    free(removal);
}

void tree_rename_folder(struct tree *tree, const struct node *folder,
                        const struct node *new_parent, struct view new_name,
                        engine_done_fn *done, void *context)
{
    struct engine_answer refusal = {.status = STATUS_PERMISSION,
                                    .detail = "actors are in /actors and nowhere else"};
    if (folder->kind == NODE_ACTOR && new_parent->kind == NODE_ACTORS)
        engine_rename(tree_engine(tree), folder->actor, new_name, done, context);
    else
        done(context, &refusal);
}

void tree_remove_folder(struct tree *tree, const struct node *folder,
                        engine_done_fn *done, void *context)
{
    struct engine_answer refusal = {.status = STATUS_PERMISSION,
                                    .detail = "only an actor can be removed"};
    if (folder->kind != NODE_ACTOR) {
        done(context, &refusal);
        return;
    }
    struct removal *removal = memory_take(sizeof *removal);
    *removal = (struct removal){tree, folder->actor, done, context};
    engine_remove(tree_engine(tree), folder->actor, removed, removal);
}

enum status tree_check_empty(struct tree *tree, const struct node *folder)
{
    return tree_files(tree) && folder->kind == NODE_ACTOR
               ? files_retire_empty(tree_files(tree), folder->actor)
               : STATUS_OK;
}

void tree_set_owner(struct tree *tree, const struct node *node,
                    const struct engine_owner *owner, engine_done_fn *done,
                    void *context)
{
    struct engine_answer refusal = {.status = STATUS_PERMISSION,
                                    .detail =
                                        "only an actor and its files have owners"};
    if (node->actor && node->kind != NODE_ORDINARY)
        engine_set_owner(tree_engine(tree), node->actor,
                         (enum actor_part)(node->kind - NODE_ACTOR), owner, done,
                         context);
    else
        done(context, &refusal);
}
