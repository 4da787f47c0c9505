/* SPDX-License-Identifier: MIT */
/*
 * Permission where the kernel does not ask for it. It checks what exists
 * (default_permissions); of a name that is being created it checks only the folder, and
 * `tasks@KEY` has the mode of `tasks`.
 */
#ifndef ACTORFS_FS_ACCESS_H
#define ACTORFS_FS_ACCESS_H

#include "fs/fuse_ops.h"

/* Whether the request's caller may write to what has these attributes. OK or ACCESS. */
MUST_CHECK enum status access_may_write(fuse_req_t request,
                                        const struct attributes *attributes);

struct caller {
    uid_t uid;
    gid_t gid;
    const gid_t *groups; /* supplementary ones */
    int group_count;
};
/* Which bits of rwx the mode grants the caller: the owner's, the group's or the
   others', the first that applies. */
unsigned access_granted(const struct caller *caller,
                        const struct attributes *attributes);

#endif
