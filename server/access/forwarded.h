/* SPDX-License-Identifier: MIT */
/*
 * Whom a request comes from when a proxy passes it on. What a client writes into
 * X-Forwarded-For itself is worth nothing: only what --trusted-proxy appended counts.
 * Pure functions, any thread.
 */
#ifndef ACTORFS_SERVER_ACCESS_FORWARDED_H
#define ACTORFS_SERVER_ACCESS_FORWARDED_H

#include <stddef.h>

#include "server/access/address.h"

bool forwarded_is_trusted(const struct address_range *proxies, size_t count,
                          const struct address *address);
/* The nearest address that is no trusted proxy: the peer itself, or the last of `field`
   (X-Forwarded-For, several joined by commas) that such a proxy vouches for. What is
   malformed ends the chain. */
struct address forwarded_client(const struct address_range *proxies, size_t count,
                                const struct address *peer, struct view field);

#endif
