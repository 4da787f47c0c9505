/* SPDX-License-Identifier: MIT */
/*
 * The codes' names, for logs. The switch has no default, so that a new code without a
 * name does not compile.
 */
#include "common/base/status.h"

const char *status_text(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return "ok";
    case STATUS_INVALID:
        return "invalid";
    case STATUS_NOT_FOUND:
        return "not found";
    case STATUS_EXISTS:
        return "exists already";
    case STATUS_CONFLICT:
        return "key known with other bytes";
    case STATUS_TOO_LARGE:
        return "too large";
    case STATUS_NAME_TOO_LONG:
        return "name too long";
    case STATUS_FULL:
        return "mailbox full";
    case STATUS_NO_SPACE:
        return "no space";
    case STATUS_IO:
        return "input/output error";
    case STATUS_BUSY:
        return "busy";
    case STATUS_TIMEOUT:
        return "timed out";
    case STATUS_STALE:
        return "stale";
    case STATUS_SHUTDOWN:
        return "shutting down";
    case STATUS_PERMISSION:
        return "never allowed";
    case STATUS_ACCESS:
        return "not allowed";
    case STATUS_NOT_EMPTY:
        return "not empty";
    case STATUS_FAILED:
        return "failed";
    case STATUS_CANCELED:
        return "canceled";
    case STATUS_AGAIN:
        return "not yet";
    case STATUS_DEADLOCK:
        return "waits for itself";
    }
    return "unknown status";
}
