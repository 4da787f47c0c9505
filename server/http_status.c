/* SPDX-License-Identifier: MIT */
#include "server/http_status.h"

#include <microhttpd.h>

unsigned http_status_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return 200;
    case STATUS_INVALID:
        return 400;
    case STATUS_NOT_FOUND:
        return 404;
    case STATUS_EXISTS:
        return 405; /* MKCOL, RFC 4918, section 9.3.1 */
    case STATUS_CONFLICT:
        return 422;
    case STATUS_TOO_LARGE:
        return 413;
    case STATUS_NAME_TOO_LONG:
        return 414;
    case STATUS_FULL:
        return 429;
    case STATUS_NO_SPACE:
        return 507;
    case STATUS_IO:
    case STATUS_FAILED:
        return 500;
    case STATUS_BUSY:
    case STATUS_NOT_EMPTY:
        return 409;
    case STATUS_TIMEOUT:
    case STATUS_SHUTDOWN:
        return 503;
    case STATUS_STALE:
        return 412;
    case STATUS_PERMISSION:
    case STATUS_ACCESS:
        return 403;
    case STATUS_CANCELED:
        return 410;
    case STATUS_AGAIN:
        return 202;
    case STATUS_DEADLOCK:
        return 508;
    }
    return 500;
}

const char *http_status_phrase(unsigned code)
{
    const char *phrase = MHD_get_reason_phrase_for(code);
    return phrase ? phrase : "Unknown";
}
