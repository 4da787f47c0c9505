/* SPDX-License-Identifier: MIT */
#include "fs/deadlock.h"

#include <unistd.h>

bool deadlock_is_certain(const struct handle *handle, fuse_req_t request)
{
    const struct fuse_ctx *context = fuse_req_ctx(request);
    pid_t group = context->pid > 0 ? getpgid(context->pid) : -1;
    return group > 0 && engine_runs_turn_in(tree_engine(handle->face->tree),
                                            handle->node.actor, group);
}
