/* SPDX-License-Identifier: MIT */
/*
 * Who could get in by what the command line says, before anything listens (contract,
 * section 8). A Unix socket is guarded by its mode. A loopback address without users
 * gives everybody on the machine the daemon's rights; where other users are let into
 * the mount, that must be said aloud. Beyond loopback it takes users and TLS.
 */
#ifndef ACTORFS_SERVER_EXPOSURE_H
#define ACTORFS_SERVER_EXPOSURE_H

#include "server/options.h"

/* INVALID with one line in `message` that says what is missing. */
MUST_CHECK enum status exposure_check(const struct options *options,
                                      struct bytes *message);

#endif
