/* SPDX-License-Identifier: MIT */
/* Names and kinds of the tree's entries: one table, looked at from both sides. */
#include "common/tree/node.h"

#include <sys/stat.h>

static const char *const base_names[] = {
    [NODE_ROOT] = "",
    [NODE_README] = "README",
    [NODE_DAEMON_STATUS] = "status",
    [NODE_ATTENTION] = "attention",
    [NODE_BEHAVIORS] = "behaviors",
    [NODE_ACTORS] = "actors",
    [NODE_ACTOR] = "",
    [NODE_TASKS] = "tasks",
    [NODE_EXECUTE] = "execute",
    [NODE_STATE] = "state",
    [NODE_STATUS] = "status",
    [NODE_MAILBOX] = "mailbox",
    [NODE_RESULT] = "result",
    [NODE_LOG] = "log",
    [NODE_BEHAVIOR] = "behavior",
    [NODE_ORDINARY] = "",
};

void node_set(struct node *node, enum node_kind kind, uint64_t actor)
{
    node->kind = kind;
    node->actor = actor;
    parameters_clear(&node->parameters);
    node->area = 0;
    node->path = view_of(NULL, 0);
    node->type = 0;
}

bool node_is_folder(const struct node *node)
{
    return node->kind == NODE_ROOT || node->kind == NODE_ACTORS ||
           node->kind == NODE_ACTOR ||
           (node->kind == NODE_ORDINARY && S_ISDIR(node->type));
}

bool node_is_unlisted(const struct node *node)
{
    return node->parameters.at;
}

const char *node_base_name(enum node_kind kind)
{
    return base_names[kind];
}

bool node_kind_of_file(struct view base, enum node_kind *kind_out)
{
    for (enum node_kind kind = NODE_TASKS; kind <= NODE_BEHAVIOR; kind++)
        if (view_equal(base, view_text(base_names[kind]))) {
            *kind_out = kind;
            return true;
        }
    return false;
}

bool node_kind_of_name(struct view name, enum node_kind *kind_out)
{
    const char *at = name.size ? memchr(name.data, '@', name.size) : NULL;
    if (at)
        name.size = (size_t)(at - name.data);
    return node_kind_of_file(name, kind_out);
}

static bool is_insisted_on(struct view name)
{
    return view_starts_with(name, ".") || view_equal(name, view_text("desktop.ini")) ||
           view_equal(name, view_text("Thumbs.db"));
}

bool node_name_is_ordinary(enum node_kind folder, struct view name)
{
    enum node_kind special;
    if (folder == NODE_ROOT || folder == NODE_ACTORS)
        return is_insisted_on(name);
    return folder == NODE_ORDINARY || !node_kind_of_name(name, &special);
}
