/* SPDX-License-Identifier: MIT */
/*
 * A node is an entry of the tree (contract, section 2): which file of which actor, and
 * for names with parameters the key and the parameters. A value; it owns nothing.
 */
#ifndef ACTORFS_TREE_NODE_H
#define ACTORFS_TREE_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/name.h"

enum node_kind {
    NODE_ROOT,
    NODE_README,
    NODE_DAEMON_STATUS,
    NODE_ATTENTION,
    NODE_BEHAVIORS,
    NODE_ACTORS, /* the folder */
    NODE_ACTOR,  /* an actor's folder; the kinds below are files in it */
    NODE_TASKS,
    NODE_EXECUTE,
    NODE_STATE,
    NODE_STATUS,
    NODE_MAILBOX,
    NODE_RESULT,
    NODE_LOG,
    NODE_BEHAVIOR
};

struct node {
    enum node_kind kind;
    uint64_t actor;               /* id; 0 outside /actors */
    struct parameters parameters; /* of tasks@... and execute@...; cleared otherwise */
};

bool node_is_folder(const struct node *node);
/* Whether the name carries a key or parameters (`tasks@KEY`): such names are unlisted.
 */
bool node_is_unlisted(const struct node *node);
/* The file's own name within its folder (`tasks`); "" for folders of actors. */
const char *node_base_name(enum node_kind kind);
/* The kind of an actor's file by its base name; false for other names. */
bool node_kind_of_file(struct view base, enum node_kind *kind_out);

#endif
