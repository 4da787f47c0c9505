/* SPDX-License-Identifier: MIT */
/* The one place that says which libfuse API is meant. */
#ifndef ACTORFS_FS_FUSE_LIB_H
#define ACTORFS_FS_FUSE_LIB_H

/* Below 3.12 the loop keeps 10 threads, whatever it is told. */
#define FUSE_USE_VERSION FUSE_MAKE_VERSION(3, 12)
#include <fuse_lowlevel.h>

#endif
