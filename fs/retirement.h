/* SPDX-License-Identifier: MIT */
/*
 * An actor told to retire (`echo retire > status`) goes later, when its mailbox is
 * empty, behind the kernel's back, which would show its folder for a minute more. So it
 * is watched, and the kernel told to drop it.
 */
#ifndef ACTORFS_FS_RETIREMENT_H
#define ACTORFS_FS_RETIREMENT_H

#include "fs/fuse_ops.h"

struct retirement;

/* Before these control words are written to the actor: null unless they retire it. */
struct retirement *retirement_prepare(struct fuse_face *face, uint64_t actor,
                                      struct view words);
/* They were accepted: watches from now on. Takes it. Null is allowed in both. */
void retirement_watch(struct retirement *retirement);
void retirement_drop(struct retirement *retirement);
/* Asks the kernel to drop the actor's folder, if nobody uses it; harmless where the
   actor is still there. */
void retirement_forget_folder(struct fuse_face *face, uint64_t actor);
/* Whether one of the lines is `retire`. */
bool retirement_is_asked(struct view words);

#endif
