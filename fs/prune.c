/* SPDX-License-Identifier: MIT */
#include "fs/prune.h"

#include <linux/fuse.h>
#include <sys/uio.h>

#define NOTIFY_PRUNE 9
#define BATCH 512u /* as many as the kernel takes at a time itself */

struct prune_out {
    uint32_t count;
    uint32_t padding;
    uint64_t spare;
};

static void prune_batch(int device, const uint64_t *inodes, size_t count)
{
    struct prune_out out = {.count = (uint32_t)count};
    struct fuse_out_header header = {
        .len = (uint32_t)(sizeof header + sizeof out + count * sizeof *inodes),
        .error = NOTIFY_PRUNE};
    struct iovec parts[] = {{&header, sizeof header},
                            {&out, sizeof out},
                            {(void *)(uintptr_t)inodes, count * sizeof *inodes}};
    /* A kernel that is unmounting answers with an error: then there is nothing left. */
    if (writev(device, parts, 3) < 0)
        return;
}

void prune_inodes(int device, const uint64_t *inodes, size_t count)
{
    for (size_t at = 0; at < count; at += BATCH)
        prune_batch(device, inodes + at, count - at < BATCH ? count - at : BATCH);
}
