/* SPDX-License-Identifier: MIT */
#include "fs/errno_map.h"

#include <errno.h>

int errno_of_status(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return 0;
    case STATUS_INVALID:
        return EINVAL;
    case STATUS_NOT_FOUND:
        return ENOENT;
    case STATUS_EXISTS:
    case STATUS_CONFLICT:
        return EEXIST;
    case STATUS_TOO_LARGE:
        return EFBIG;
    case STATUS_NAME_TOO_LONG:
        return ENAMETOOLONG;
    case STATUS_FULL:
        return EDQUOT;
    case STATUS_NO_SPACE:
        return ENOSPC;
    case STATUS_IO:
        return EIO;
    case STATUS_BUSY:
        return EBUSY;
    case STATUS_TIMEOUT:
        return ETIMEDOUT;
    case STATUS_STALE:
        return ESTALE;
    case STATUS_SHUTDOWN:
        return ESHUTDOWN;
    case STATUS_PERMISSION:
        return EPERM;
    case STATUS_ACCESS:
        return EACCES;
    case STATUS_NOT_EMPTY:
        return ENOTEMPTY;
    case STATUS_FAILED:
        return EREMOTEIO;
    case STATUS_CANCELED:
        return ECANCELED;
    case STATUS_AGAIN:
        return EAGAIN;
    case STATUS_DEADLOCK:
        return EDEADLK;
    }
    return EIO; /* not one of ours: as good as a broken disk */
}
