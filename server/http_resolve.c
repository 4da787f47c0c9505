/* SPDX-License-Identifier: MIT */
#include "server/http_resolve.h"

/* All paths lie in one piece of memory that is taken at once: it must not move. */
static void take_memory(const struct http_target *target, struct bytes *memory)
{
    bytes_reserve(memory, 2 * target->text.size + 2 * TARGET_SEGMENTS_MAX + 2);
}

static struct view append_joined(struct bytes *memory, const struct view *segments,
                                 size_t count)
{
    size_t from = memory->size;
    for (size_t i = 0; i < count; i++) {
        if (i)
            bytes_append_text(memory, "/");
        bytes_append(memory, segments[i]);
    }
    return view_of(memory->data + from, memory->size - from);
}

/* One step down from `parent`; `top` is the segment where ordinary files begin. */
static enum status step(struct tree *tree, const struct http_target *target, size_t i,
                        size_t *top, const struct node *folder,
                        struct http_resolved *resolved, struct node *node)
{
    const struct node *parent = &resolved->parent;
    if (parent->kind != NODE_ORDINARY) {
        *top = i;
        return tree_lookup(tree, parent, target->segments[i], node);
    }
    struct view path =
        append_joined(&resolved->memory, target->segments + *top, i - *top + 1);
    return tree_find(tree, folder, path, node);
}

static bool is_keyed(const struct node *node)
{
    return (node->kind == NODE_TASKS || node->kind == NODE_EXECUTE) &&
           node->parameters.at;
}

/* A mailbox file is known by its key, however that is typed and whatever else is said.
 */
static struct view path_within(const struct http_target *target,
                               const struct node *node, struct bytes *memory)
{
    size_t from = memory->size;
    if (target->segment_count != 3 || !is_keyed(node))
        return append_joined(memory, target->segments + 2, target->segment_count - 2);
    bytes_append_text(memory, node_base_name(node->kind));
    if (node->parameters.key.size) {
        bytes_append_text(memory, "@");
        key_append_encoded(memory, &node->parameters.key);
    }
    return view_of(memory->data + from, memory->size - from);
}

static void find_place(const struct http_target *target, uint64_t actor,
                       struct http_resolved *resolved)
{
    resolved->place.area = actor;
    resolved->place.path =
        actor
            ? path_within(target, &resolved->node, &resolved->memory)
            : append_joined(&resolved->memory, target->segments, target->segment_count);
}

static enum status walk(struct tree *tree, const struct http_target *target,
                        uint64_t *actor, struct http_resolved *resolved)
{
    struct node folder = tree_root(); /* the last that is no ordinary one */
    size_t top = 0;
    for (size_t i = 0; i < target->segment_count; i++) {
        struct node node = {0};
        resolved->parent = resolved->node;
        if (resolved->parent.kind != NODE_ORDINARY)
            folder = resolved->parent;
        enum status status = step(tree, target, i, &top, &folder, resolved, &node);
        if (status && status != STATUS_NOT_FOUND)
            return status;
        if (!status && i + 1 < target->segment_count && !node_is_folder(&node))
            status = STATUS_NOT_FOUND;
        resolved->node = node;
        if (i == 1 && !status)
            *actor = node.kind == NODE_ACTOR ? node.actor : 0;
        if (status) {
            resolved->found = STATUS_NOT_FOUND;
            resolved->missing = target->segment_count - i;
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}

enum status http_resolve(struct tree *tree, const struct http_target *target,
                         struct http_resolved *resolved)
{
    uint64_t actor = 0;
    *resolved = (struct http_resolved){.node = tree_root(), .parent = tree_root()};
    take_memory(target, &resolved->memory);
    enum status status = walk(tree, target, &actor, resolved);
    if (!status)
        find_place(target, actor, resolved);
    return status;
}

void http_resolved_free(struct http_resolved *resolved)
{
    bytes_free(&resolved->memory);
}
