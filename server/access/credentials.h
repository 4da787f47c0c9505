/* SPDX-License-Identifier: MIT */
/*
 * What stands in an Authorization field: Basic (RFC 7617) or Bearer (RFC 6750, section
 * 2.1). Pure functions, any thread; fuzzed.
 */
#ifndef ACTORFS_SERVER_ACCESS_CREDENTIALS_H
#define ACTORFS_SERVER_ACCESS_CREDENTIALS_H

#include <stdbool.h>

#include "common/base/bytes.h"
#include "common/base/status.h"

#define CREDENTIALS_BYTES_MAX 4096
#define PASSWORD_BYTES_MAX 511 /* libcrypt's own */

struct credentials {
    bool is_bearer;
    struct bytes text;          /* what the views point into, NUL-terminated */
    struct view name, password; /* of Basic; `DOMAIN\name` is `name` here. The password
                                   ends in a NUL beyond its size. */
    struct view token;          /* of Bearer */
};

/* INVALID for another scheme, and for what is malformed: control characters, no colon,
   a password above 511 bytes. Free it in any case. */
MUST_CHECK enum status credentials_parse(struct view field,
                                         struct credentials *credentials_out);
/* Wipes and frees. */
void credentials_free(struct credentials *credentials);

#endif
