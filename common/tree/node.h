/* SPDX-License-Identifier: MIT */
/*
 * A node is an entry of the tree (contract, section 2): which file of which actor, and
 * for names with parameters the key and the parameters, for ordinary files the path. A
 * value; it owns nothing, and the path is borrowed.
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
    NODE_BEHAVIOR,
    NODE_ORDINARY /* a file, folder or link of the users' own, see common/tree/files.h
                   */
};

struct node {
    enum node_kind kind;
    uint64_t actor;               /* id; 0 outside /actors */
    struct parameters parameters; /* of tasks@... and execute@...; cleared otherwise */
    /* Of NODE_ORDINARY: */
    uint64_t area;    /* the actor, FILES_ROOT or FILES_ACTORS */
    struct view path; /* names joined by slashes; never "" */
    uint32_t type;    /* as of stat(2): S_IFREG, S_IFDIR, ...; 0 where there is none */
};

/* Sets all of it but the key's and the timer's texts, which mean nothing then: most of
   a node is room for them, and each look at the tree goes through several. */
void node_set(struct node *node, enum node_kind kind, uint64_t actor);
bool node_is_folder(const struct node *node);
/* Whether the name carries a key or parameters (`tasks@KEY`): such names are unlisted.
 */
bool node_is_unlisted(const struct node *node);
/* The file's own name within its folder (`tasks`); "" for folders of actors. */
const char *node_base_name(enum node_kind kind);
/* The kind of an actor's file by its base name; false for other names. */
bool node_kind_of_file(struct view base, enum node_kind *kind_out);
/* The same by the name as it is typed: what follows an `@` is not read. */
bool node_kind_of_name(struct view name, enum node_kind *kind_out);
/* Whether an entry of the folder that is called so is an ordinary file: in an actor's
   folder every name but those of special files, with or without `@...`; in / and
   /actors only what desktops insist on (dot files, desktop.ini, Thumbs.db); beneath
   ordinary folders every name. */
bool node_name_is_ordinary(enum node_kind folder, struct view name);

#endif
