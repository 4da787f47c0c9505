/* SPDX-License-Identifier: MIT */
/*
 * What a call that can fail says, chosen by what the caller can do next. The faces map
 * it with one total switch each: to errno in fs/errno_map.c, to HTTP in server/.
 * A broken invariant or an allocation that fails is no status: it aborts, in release
 * too, because durable state makes a crash a restart.
 */
#ifndef ACTORFS_BASE_STATUS_H
#define ACTORFS_BASE_STATUS_H

enum status {
    STATUS_OK = 0,
    STATUS_INVALID,       /* the words are wrong: say it differently (EINVAL, 400) */
    STATUS_NOT_FOUND,     /* no such actor, key or name (ENOENT, 404) */
    STATUS_EXISTS,        /* the name is taken (EEXIST, 409 or 412) */
    STATUS_CONFLICT,      /* the key is known with other bytes (EEXIST, 422) */
    STATUS_TOO_LARGE,     /* larger than the limit (EFBIG, 413) */
    STATUS_NAME_TOO_LONG, /* (ENAMETOOLONG, 414) */
    STATUS_FULL,          /* the mailbox is full: come later (EDQUOT, 429) */
    STATUS_NO_SPACE,      /* the disk is full; nothing is in doubt (ENOSPC, 507) */
    STATUS_IO,            /* the outcome is unknown until a restart (EIO, 500) */
    STATUS_BUSY,          /* wrong state for this now (EBUSY, 409) */
    STATUS_TIMEOUT,       /* the wait ran out (ETIMEDOUT, 503) */
    STATUS_STALE,         /* it changed since you looked (ESTALE, 412) */
    STATUS_SHUTDOWN,      /* the daemon stops (ESHUTDOWN, 503) */
    STATUS_PERMISSION,    /* never allowed (EPERM, 403) */
    STATUS_ACCESS,        /* not allowed to you (EACCES, 403) */
    STATUS_NOT_EMPTY,     /* tasks are unfinished (ENOTEMPTY, 409) */
    STATUS_FAILED,        /* the task failed (EREMOTEIO, 500) */
    STATUS_CANCELED,      /* the task was canceled (ECANCELED, 410) */
    STATUS_AGAIN,         /* it would have to wait (EAGAIN, 202) */
    STATUS_DEADLOCK       /* it waits for itself (EDEADLK, 508) */
};

/* Marks a function whose status must be looked at. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* The code's own name, such as "not found": for logs, never null. */
const char *status_text(enum status status);

#endif
