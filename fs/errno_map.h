/* SPDX-License-Identifier: MIT */
/*
 * What the engine says, in the kernel's words. Total: a new status does not compile
 * until it has an errno here.
 */
#ifndef ACTORFS_FS_ERRNO_MAP_H
#define ACTORFS_FS_ERRNO_MAP_H

#include "common/base/status.h"

/* A positive errno; 0 for STATUS_OK. */
int errno_of_status(enum status status);

#endif
