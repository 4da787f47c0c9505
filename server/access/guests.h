/* SPDX-License-Identifier: MIT */
/*
 * How many connections each address has open, so that none takes them all. (The HTTP
 * library's own limit knows no exceptions, and a proxy or the machine itself is one
 * address for many clients.) Of a fixed size: where it has no room for another address,
 * that one is not counted. Any thread.
 */
#ifndef ACTORFS_SERVER_ACCESS_GUESTS_H
#define ACTORFS_SERVER_ACCESS_GUESTS_H

#include <stdbool.h>

#include "server/access/address.h"

struct guests;

struct guests *guests_open(unsigned connections_max);
void guests_close(struct guests *guests);
/* Whether the address may have another one. */
bool guests_has_room(struct guests *guests, const struct address *address);
void guests_enter(struct guests *guests, const struct address *address);
void guests_leave(struct guests *guests, const struct address *address);

#endif
