/* SPDX-License-Identifier: MIT */
#include "fs/access.h"

#include <stdlib.h>

#define WRITE 2u
#define GROUPS_MAX 65536 /* NGROUPS_MAX of Linux */

static bool is_member(const struct caller *caller, gid_t group)
{
    if (caller->gid == group)
        return true;
    for (int i = 0; i < caller->group_count; i++)
        if (caller->groups[i] == group)
            return true;
    return false;
}

unsigned access_granted(const struct caller *caller,
                        const struct attributes *attributes)
{
    if (caller->uid == 0)
        return 7;
    if (caller->uid == attributes->uid)
        return attributes->mode >> 6 & 7;
    if (is_member(caller, attributes->gid))
        return attributes->mode >> 3 & 7;
    return attributes->mode & 7;
}

/* Asked of /proc, so only where it can matter. */
static unsigned granted_with_groups(fuse_req_t request, struct caller *caller,
                                    const struct attributes *attributes)
{
    int count = fuse_req_getgroups(request, 0, NULL);
    if (count <= 0 || count > GROUPS_MAX)
        return access_granted(caller, attributes);
    gid_t *groups = memory_take((size_t)count * sizeof *groups);
    int got = fuse_req_getgroups(request, count, groups);
    caller->groups = groups;
    caller->group_count = got < count ? got : count;
    unsigned granted = access_granted(caller, attributes);
    free(groups);
    return granted;
}

enum status access_may_write(fuse_req_t request, const struct attributes *attributes)
{
    const struct fuse_ctx *context = fuse_req_ctx(request);
    struct caller caller = {.uid = context->uid, .gid = context->gid};
    bool groups_matter = caller.uid != 0 && caller.uid != attributes->uid;
    unsigned granted = groups_matter ? granted_with_groups(request, &caller, attributes)
                                     : access_granted(&caller, attributes);
    return granted & WRITE ? STATUS_OK : STATUS_ACCESS;
}
