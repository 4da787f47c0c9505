/* SPDX-License-Identifier: MIT */
/*
 * An open file: what is being written through it (fs/framing.h) and what is read from
 * it (fs/snapshot.h), with the lock, the process that opened it, and the requests under
 * way. It lives until the kernel has released it and the last of those is answered.
 *
 * Locks: the handle's own is taken before the openings' and the inodes'. It is never
 * held over a call that may call back (tree_post, tree_write, tree_wait, ...).
 */
#ifndef ACTORFS_FS_HANDLE_H
#define ACTORFS_FS_HANDLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "fs/framing.h"
#include "fs/fuse_ops.h"
#include "fs/opening.h"
#include "fs/snapshot.h"

struct delivery;
struct poll_watch;

struct handle {
    /* At rest once it is open. */
    struct fuse_face *face;
    struct node node;
    bool is_readable, is_writable;
    atomic_uint references;
    struct opening opening;  /* tells its inode */
    atomic_bool has_retired; /* its actor was told to, through it */

    pthread_mutex_t lock;            /* guards what follows */
    struct framing framing;          /* if writable */
    pid_t last_thread, last_process; /* the last one mapped */
    unsigned flushes;
    int strangers_at_open;    /* see handle.c; -1: not counted */
    struct delivery *ending;  /* of a message, not yet committed */
    uint64_t state_version;   /* of the bytes that the state started from */
    struct snapshot snapshot; /* if readable */
    bool is_polled;           /* as a file that changes */
    uint64_t changes_shown;   /* then: of the actor, when the snapshot was rendered */
    bool has_call;        /* a message was sent whose outcome the handle waits for */
    bool is_call_awaited; /* by a FLUSH, already */
    struct node call;     /* `execute@KEY` of that message */
    struct poll_watch *watch;
    struct fuse_pollhandle *poll; /* the newest; null when nobody polls */
};

static inline struct handle *handle_of(const struct fuse_file_info *file)
{
    return (struct handle *)(uintptr_t)file->fh;
}

/* Opens the node for a request of `thread`; `flags` as of open(2). `inode` must be one
   that the kernel knows or is about to. Opening to read asks for nothing
   yet. Errors as tree_check_write. */
MUST_CHECK enum status handle_open(struct fuse_face *face, uint64_t inode,
                                   const struct node *node, int flags, pid_t thread,
                                   struct handle **handle_out);
/* The kernel's last word: sends what is owing, drops the kernel's reference. */
void handle_release(struct handle *handle);
/* Closes a handle of which the kernel says nothing more: the session is over. What it
   held was never acknowledged, and is dropped. */
void handle_abandon(struct opening *opening);

struct handle *handle_get(struct handle *handle);
void handle_put(struct handle *handle);

/* The process of a thread that uses the handle. Lock held. */
pid_t handle_process(struct handle *handle, pid_t thread);
/* Whether this FLUSH, counted in `flushes`, by this thread is the end
   (framing_ends_at_flush). Lock held. */
bool handle_ends_at_flush(struct handle *handle, pid_t thread);

#endif
