/* SPDX-License-Identifier: MIT */
/* The tree that every face shows: from a name in a folder to its node. */
#include "common/tree/ordinary.h"
#include "common/tree/tree.h"

static enum status lookup_top(struct view name, struct node *node_out)
{
    for (enum node_kind kind = NODE_README; kind <= NODE_ACTORS; kind++)
        if (view_equal(name, view_text(node_base_name(kind)))) {
            node_set(node_out, kind, 0);
            return STATUS_OK;
        }
    return STATUS_NOT_FOUND;
}

static enum status lookup_actor(struct tree *tree, struct view name,
                                struct node *node_out)
{
    uint64_t actor;
    enum status status = engine_find(tree_engine(tree), name, &actor);
    if (!status)
        node_set(node_out, NODE_ACTOR, actor);
    return status;
}

/* Whether the key is known; `seen` null: nothing is kept of it. */
static enum status see_task(struct tree *tree, const struct node *node,
                            struct tree_seen *seen)
{
    struct task_info info;
    if (!seen)
        return engine_task(tree_engine(tree), node->actor, &node->parameters.key,
                           &info);
    seen->status = tree_look(tree, node, &seen->look);
    seen->is_seen = seen->status != STATUS_NOT_FOUND;
    return seen->is_seen ? STATUS_OK : STATUS_NOT_FOUND;
}

static enum status lookup_file(struct tree *tree, uint64_t actor, struct view name,
                               struct node *node_out, struct tree_seen *seen)
{
    struct parameters parameters;
    enum node_kind kind;
    struct view base;
    if (!node_kind_of_name(name, &kind))
        return STATUS_NOT_FOUND;
    enum status status = name_parse(name, &base, &parameters);
    if (status)
        return status;
    if (parameters.at && kind != NODE_TASKS && kind != NODE_EXECUTE)
        return STATUS_INVALID;
    node_set(node_out, kind, actor);
    if (!parameters.at)
        return STATUS_OK;
    node_out->parameters = parameters;
    return parameters.key.size ? see_task(tree, node_out, seen) : STATUS_NOT_FOUND;
}

static enum status lookup_special(struct tree *tree, const struct node *parent,
                                  struct view name, struct node *node_out,
                                  struct tree_seen *seen)
{
    if (parent->kind == NODE_ROOT)
        return lookup_top(name, node_out);
    if (parent->kind == NODE_ACTORS)
        return lookup_actor(tree, name, node_out);
    if (parent->kind == NODE_ACTOR)
        return lookup_file(tree, parent->actor, name, node_out, seen);
    return STATUS_NOT_FOUND;
}

enum status tree_lookup_to_read(struct tree *tree, const struct node *parent,
                                struct view name, struct node *node_out,
                                struct tree_seen *seen)
{
    node_set(node_out, NODE_ROOT, 0);
    if (name.size > FILE_NAME_BYTES_MAX)
        return STATUS_NAME_TOO_LONG;
    enum status status = lookup_special(tree, parent, name, node_out, seen);
    bool is_special = status == STATUS_OK || node_is_unlisted(node_out);
    return is_special || !tree_files(tree) || !node_name_is_ordinary(parent->kind, name)
               ? status
               : ordinary_lookup(tree, parent, name, node_out);
}

enum status tree_lookup(struct tree *tree, const struct node *parent, struct view name,
                        struct node *node_out)
{
    return tree_lookup_to_read(tree, parent, name, node_out, NULL);
}

bool tree_may_create(const struct node *node)
{
    uint64_t sequence;
    return node_is_unlisted(node) && !key_is_sequence(&node->parameters.key, &sequence);
}
