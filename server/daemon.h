/* SPDX-License-Identifier: MIT */
/*
 * The daemon: puts engine, tree and faces together, and takes them apart in order.
 */
#ifndef ACTORFS_SERVER_DAEMON_H
#define ACTORFS_SERVER_DAEMON_H

#include "server/options.h"

/* Mounts, serves, or both, until it is told to stop; in the background unless the
   options say otherwise. Returns the exit status. */
int daemon_run(const struct options *options);

#endif
