/* SPDX-License-Identifier: MIT */
/* The first answer of a session is the one to INIT: nothing else is asked before it. */
#include "fs/greeting.h"

#include <linux/fuse.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fs/fuse_ops.h"

static void amend(const struct iovec *parts, int count)
{
    if (count < 2 || parts[1].iov_len < offsetof(struct fuse_init_out, max_background))
        return; /* an error, or the version is still being negotiated */
    struct fuse_init_out *greeting = parts[1].iov_base;
    greeting->flags |= FUSE_HANDLE_KILLPRIV_V2;
}

static ssize_t send_parts(int device, struct iovec *parts, int count, void *userdata)
{
    struct fuse_face *face = userdata;
    if (!atomic_load_explicit(&face->has_greeted, memory_order_relaxed)) {
        amend(parts, count);
        atomic_store(&face->has_greeted, true);
    }
    return writev(device, parts, count);
}

static ssize_t receive(int device, void *buffer, size_t size, void *userdata)
{
    (void)userdata;
    return read(device, buffer, size);
}

bool greeting_amend(struct fuse_session *session)
{
    static const struct fuse_custom_io through_here = {.writev = send_parts,
                                                       .read = receive};
    return fuse_session_custom_io(session, &through_here, fuse_session_fd(session)) ==
           0;
}
