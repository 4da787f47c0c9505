/* SPDX-License-Identifier: MIT */
/*
 * Where a connection comes from: an IP address, or a Unix socket, which has none. IPv4
 * is held as IPv6 (::ffff:a.b.c.d), so that one listener of both knows a client by one
 * value. Values; pure functions, any thread.
 */
#ifndef ACTORFS_SERVER_ACCESS_ADDRESS_H
#define ACTORFS_SERVER_ACCESS_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/base/bytes.h"

struct address {
    bool is_unix;
    uint8_t ip[16]; /* zeros for a Unix socket */
};

/* Of accept(2) or getpeername(2). Anything but IPv4 and IPv6 counts as a Unix socket.
 */
struct address address_of_socket(const struct sockaddr *socket);
/* `192.0.2.7`, `2001:db8::1`, `[2001:db8::1]`. False for all other text. */
bool address_parse(struct view text, struct address *address_out);
/* Appends it as address_parse reads it, without brackets; `unix`. */
void address_append(struct bytes *out, const struct address *address);
bool address_equal(const struct address *left, const struct address *right);
/* 127.0.0.0/8 and ::1. */
bool address_is_loopback(const struct address *address);
/* The address that stands for all that one client can choose from: an IPv6 /64, and
   IPv4 as it is. */
struct address address_of_client(const struct address *address);

struct address_range {
    struct address first;
    unsigned bits; /* that must be equal; of the IPv6 form */
};

/* `ADDR`, `ADDR/BITS`, `unix`. False for all other text. */
bool address_range_parse(struct view text, struct address_range *range_out);
bool address_is_in(const struct address *address, const struct address_range *range);

#endif
