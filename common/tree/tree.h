/* SPDX-License-Identifier: MIT */
/*
 * The tree that every face shows: lookup, attributes, listing, reading and posting, in
 * terms of nodes. The faces ask the tree and nothing deeper, so that they cannot
 * disagree. What only reads answers at once, on any thread, from what is committed;
 * what changes something calls `done` when that is on disk (see engine.h).
 */
#ifndef ACTORFS_TREE_TREE_H
#define ACTORFS_TREE_TREE_H

#include "common/base/bytes.h"
#include "common/base/status.h"
#include "common/engine/engine.h"
#include "common/tree/files.h"
#include "common/tree/node.h"

struct tree;

/* `engine` is borrowed and outlives the tree. `owner` is who owns what belongs to no
   actor (the root, /actors, /status). */
struct tree *tree_open(struct engine *engine, const struct engine_owner *owner);
void tree_close(struct tree *tree);
struct engine *tree_engine(struct tree *tree);
/* From now on ordinary files are kept in STORE/files (see files.h); those of actors
   that are gone are removed, and those whose bytes were sent when a crash came. A tree
   without them shows none and takes none. Before engine_start. IO, NO_SPACE, ACCESS,
   and `message` says why. */
MUST_CHECK enum status tree_keep_files(struct tree *tree, const char *store,
                                       struct bytes *message);
/* Null without. */
struct files *tree_files(struct tree *tree);

/* The root. */
struct node tree_root(void);
/* A listed node by kind and actor id, with parameters cleared. */
struct node tree_node(enum node_kind kind, uint64_t actor);
/* The entry `name` of folder `parent`. A name with a key that is unknown, or with
   parameters but no key, is NOT_FOUND and yet fills node_out: such a name may be opened
   for writing (tree_may_create says whether). A name that can be an ordinary file's and
   is none is NOT_FOUND with a node of that kind and type 0. INVALID for a malformed
   name, NAME_TOO_LONG. The node of an ordinary file borrows `name`; beneath one,
   tree_find must be asked. */
MUST_CHECK enum status tree_lookup(struct tree *tree, const struct node *parent,
                                   struct view name, struct node *node_out);
/* The same for names joined by slashes, all but the first beneath ordinary folders; the
   node borrows `path`. */
MUST_CHECK enum status tree_find(struct tree *tree, const struct node *folder,
                                 struct view path, struct node *node_out);
/* Notes of files that were sent (files_begin_sending) have keys that begin so; whoever
   sent one removes the file and then the note. */
#define SENT_NOTE_PREFIX "sent/"
#define SENT_KEY_SIZE 80
/* The key of the file's note, ended by NUL. */
void tree_sent_key(const struct stat *stat, char key_out[SENT_KEY_SIZE]);
/* Whether there is such a note: the message is taken, and the file has only to go. */
bool tree_was_sent(struct tree *tree, const char *key);
/* Where the ordinary file is kept, for the functions of files.h. NOT_FOUND when its
   actor is gone, PERMISSION where none are kept. */
MUST_CHECK enum status tree_place(struct tree *tree, const struct node *node,
                                  struct file_place *place_out);
/* Whether `name`, which tree_lookup did not find, is one that opening for writing makes
   (`tasks@KEY`, `execute@KEY,...`). */
bool tree_may_create(const struct node *node);

struct attributes {
    bool is_folder;
    uint32_t mode; /* permission bits */
    uint32_t uid, gid;
    uint32_t links;
    uint64_t size;    /* true: what a reader would get now */
    uint64_t version; /* changes when the content does: the ETag's matter */
    int64_t modified_ms, created_ms;
};

/* NOT_FOUND when the actor or the key is gone. */
MUST_CHECK enum status tree_attributes(struct tree *tree, const struct node *node,
                                       struct attributes *attributes_out);

/* An entry of a folder. `next` continues the listing after it. */
struct tree_entry {
    const char *name;
    struct node node;
    struct attributes attributes;
    uint64_t next;
};
/* Returns false to stop. */
typedef bool tree_entry_fn(void *context, const struct tree_entry *entry);
/* Lists a folder from `after` (0: the start) in a stable order; without . and ..
   Special files come before ordinary ones, whose names and paths are good until `each`
   returns.
 */
MUST_CHECK enum status tree_list(struct tree *tree, const struct node *folder,
                                 uint64_t after, tree_entry_fn *each, void *context);

/* Appends what a reader gets now; INVALID for an ordinary file, which may be large
   (files_open_to_read). For tasks@KEY: AGAIN while it is unfinished; FAILED
   or CANCELED with the text that precedes the error; tasks and execute read as empty.
 */
MUST_CHECK enum status tree_read(struct tree *tree, const struct node *node,
                                 struct bytes *out);

/* The same together with the attributes, both of one moment, and with the actor, whose
   id is 0 where there is none. Where the status is that of an outcome, they are filled
   in as well. */
struct tree_look {
    struct attributes attributes;
    struct actor_info actor;
    struct bytes text; /* to be freed by the caller in any case */
};
/* `look_out` need not be initialized. */
MUST_CHECK enum status tree_look(struct tree *tree, const struct node *node,
                                 struct tree_look *look_out);

/* tree_lookup for whoever is about to look: whether a task is there is found out by
   looking, once for both. Of what is no task nothing is seen. */
struct tree_seen {
    bool is_seen;       /* false before; the rest is good where it was set */
    enum status status; /* of tree_look */
    struct tree_look look;
};
MUST_CHECK enum status tree_lookup_to_read(struct tree *tree, const struct node *parent,
                                           struct view name, struct node *node_out,
                                           struct tree_seen *seen);

/* Waits for what a read of tasks@KEY or execute@KEY waits for. NOT_FOUND (and no wait)
   when the key is unknown. See engine_wait_task. */
MUST_CHECK enum status tree_wait(struct tree *tree, const struct node *node,
                                 int64_t timeout_ms, engine_wake_fn *wake,
                                 void *context, struct engine_wait **wait_out);

/* Whether opening for writing can be refused already: no such actor, a full mailbox, a
   file that is never written (ACCESS). */
MUST_CHECK enum status tree_check_write(struct tree *tree, const struct node *node);
/* Whether `message`, complete or not yet, can be refused already: too large, or a known
   key with other bytes (CONFLICT: it is longer than the known message, or as long and
   different; one final newline more or less is no difference). */
MUST_CHECK enum status tree_check_message(struct tree *tree, const struct node *node,
                                          struct view message);

struct tree_post {
    const struct view *messages; /* copied */
    size_t count;
    uint64_t first_line;            /* see engine_send */
    const struct engine_note *note; /* likewise; may be null */
    struct view caller, headers;
    /* Where the node has no actor: who is made with the message, if at all. */
    struct view create_name;
    struct engine_owner create_owner;
    bool in_person; /* see engine.h */
};
/* Sends messages to tasks or execute (accepts, does not wait for the turn). */
void tree_post(struct tree *tree, const struct node *node, const struct tree_post *post,
               engine_done_fn *done, void *context);
/* Writes `state` (expected_version: see engine_set_state), `status` or `behavior`. */
void tree_write(struct tree *tree, const struct node *node, struct view bytes,
                uint64_t expected_version, engine_done_fn *done, void *context);
/* Makes or retires an actor. PERMISSION outside /actors. */
void tree_make_folder(struct tree *tree, const struct node *parent, struct view name,
                      const struct engine_owner *owner, engine_done_fn *done,
                      void *context);
/* Gives an actor another name; see engine_rename. PERMISSION where it is no actor, or
   would leave /actors. */
void tree_rename_folder(struct tree *tree, const struct node *folder,
                        const struct node *new_parent, struct view new_name,
                        engine_done_fn *done, void *context);
void tree_remove_folder(struct tree *tree, const struct node *folder,
                        engine_done_fn *done, void *context);
/* Before an actor is removed as rmdir(2) does it: NOT_EMPTY when it has ordinary files,
   which tree_remove_folder takes along. */
MUST_CHECK enum status tree_check_empty(struct tree *tree, const struct node *folder);
/* chmod and chown on an actor's folder or one of its files, all or nothing. Each
   special file keeps an owner and mode with its actor. */
void tree_set_owner(struct tree *tree, const struct node *node,
                    const struct engine_owner *owner, engine_done_fn *done,
                    void *context);

#endif
