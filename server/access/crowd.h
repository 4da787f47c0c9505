/* SPDX-License-Identifier: MIT */
/*
 * How many connections each address has open, so that none takes them all. (The HTTP
 * library's own limit knows no exceptions, and a proxy or the machine itself is one
 * address for many clients.) Of a fixed size: where it has no room for another address,
 * that one is not counted. Any thread.
 */
#ifndef ACTORFS_SERVER_ACCESS_CROWD_H
#define ACTORFS_SERVER_ACCESS_CROWD_H

#include <stdbool.h>

#include "server/access/address.h"

struct crowd;

struct crowd *crowd_open(unsigned connections_max);
void crowd_close(struct crowd *crowd);
/* Whether the address may have another one. */
bool crowd_has_room(struct crowd *crowd, const struct address *address);
void crowd_enter(struct crowd *crowd, const struct address *address);
void crowd_leave(struct crowd *crowd, const struct address *address);

#endif
