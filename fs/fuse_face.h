/* SPDX-License-Identifier: MIT */
/*
 * The FUSE face: the tree as a mounted filesystem. A face never waits: what must wait
 * for a commit or a turn keeps its request and is answered when the engine calls back,
 * so a handful of threads serves any number of waiting programs.
 *
 * Life: open (mounts) -> start -> ... -> stop (unmounts) -> close. The engine is
 * stopped before the face is: that answers every request that still waits.
 */
#ifndef ACTORFS_FS_FUSE_FACE_H
#define ACTORFS_FS_FUSE_FACE_H

#include <stdbool.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/tree/tree.h"

struct fuse_face;

struct fuse_face_options {
    const char *store; /* its folder: shown as the mount's source, asked for space */
    const char *mountpoint;  /* absolute */
    const char *mount_words; /* further options for mount(2), `ro,noexec`; may be "" */
    bool allow_other;
    struct clock *clock;
};

/* Mounts. `tree` is borrowed. On failure (IO) `message` says why in one line. */
MUST_CHECK enum status fuse_face_open(struct tree *tree,
                                      const struct fuse_face_options *options,
                                      struct fuse_face **face_out,
                                      struct bytes *message);
/* Starts the threads; returns when the mount answers. IO when it never will. All
   signals must be blocked in the calling thread; SIGUSR1 is the face's own. */
MUST_CHECK enum status fuse_face_start(struct fuse_face *face);
/* A descriptor that becomes readable when the session ended from outside
   (fusermount3 -u). */
int fuse_face_end_descriptor(const struct fuse_face *face);
/* Ends the session, unmounts and joins the threads. */
void fuse_face_stop(struct fuse_face *face);
void fuse_face_close(struct fuse_face *face);

#endif
