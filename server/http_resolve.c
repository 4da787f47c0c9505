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

/* A walk down. Once ordinary files are reached: the folder they begin in, which is none
   itself, and the first one's segment. */
struct walk {
    struct tree *tree;
    const struct http_target *target;
    struct http_resolved *resolved;
    struct tree_seen *seen;
    enum node_kind folder_kind;
    uint64_t folder_actor;
    size_t top;
};

/* One step down from `parent`, to the i-th segment. */
static enum status step(struct walk *walk, size_t i, struct node *node)
{
    const struct http_target *target = walk->target;
    const struct node *parent = &walk->resolved->parent;
    if (parent->kind != NODE_ORDINARY) {
        struct tree_seen *seen = i + 1 == target->segment_count ? walk->seen : NULL;
        enum status status =
            tree_lookup_to_read(walk->tree, parent, target->segments[i], node, seen);
        if (node->kind == NODE_ORDINARY) {
            walk->folder_kind = parent->kind;
            walk->folder_actor = parent->actor;
            walk->top = i;
        }
        return status;
    }
    struct node folder = tree_node(walk->folder_kind, walk->folder_actor);
    struct view path = append_joined(&walk->resolved->memory,
                                     target->segments + walk->top, i - walk->top + 1);
    return tree_find(walk->tree, &folder, path, node);
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

/* Without the parameters, of which a folder has none. */
static void copy_folder(struct node *to, const struct node *from)
{
    node_set(to, from->kind, from->actor);
    to->area = from->area;
    to->path = from->path;
    to->type = from->type;
}

static enum status walk_down(struct walk *walk, uint64_t *actor)
{
    struct http_resolved *resolved = walk->resolved;
    struct node *node = &resolved->node;
    size_t count = walk->target->segment_count;
    for (size_t i = 0; i < count; i++) {
        copy_folder(&resolved->parent, node);
        enum status status = step(walk, i, node);
        if (status && status != STATUS_NOT_FOUND)
            return status;
        if (!status && i + 1 < count && !node_is_folder(node))
            status = STATUS_NOT_FOUND;
        if (i == 1 && !status)
            *actor = node->kind == NODE_ACTOR ? node->actor : 0;
        if (status) {
            resolved->found = STATUS_NOT_FOUND;
            resolved->missing = count - i;
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}

enum status http_resolve(struct tree *tree, const struct http_target *target,
                         struct http_resolved *resolved, struct tree_seen *seen)
{
    uint64_t actor = 0;
    struct walk walk = {
        .tree = tree, .target = target, .resolved = resolved, .seen = seen};
    resolved->found = STATUS_OK;
    node_set(&resolved->node, NODE_ROOT, 0);
    node_set(&resolved->parent, NODE_ROOT, 0);
    resolved->missing = 0;
    resolved->place = (struct dav_place){0};
    resolved->memory = (struct bytes){0};
    take_memory(target, &resolved->memory);
    enum status status = walk_down(&walk, &actor);
    if (!status)
        find_place(target, actor, resolved);
    return status;
}

void http_resolved_free(struct http_resolved *resolved)
{
    bytes_free(&resolved->memory);
}
