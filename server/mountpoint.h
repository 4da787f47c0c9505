/* SPDX-License-Identifier: MIT */
/*
 * The folder that is to be mounted on: made absolute, freed of a mount that a crashed
 * daemon left behind, and refused when something is in it.
 */
#ifndef ACTORFS_SERVER_MOUNTPOINT_H
#define ACTORFS_SERVER_MOUNTPOINT_H

#include <stdbool.h>

#include "common/base/bytes.h"
#include "common/base/status.h"

/* The absolute path, which the caller frees. NOT_FOUND, NOT_EMPTY or IO with one line
   in `message`. */
MUST_CHECK enum status mountpoint_prepare(const char *path, bool may_be_nonempty,
                                          char **absolute_out, struct bytes *message);
/* `path` as seen from any folder; it need not exist. The caller frees it. Null (errno)
   when it is a relative one and the current folder is gone. */
char *path_make_absolute(const char *path);

#endif
