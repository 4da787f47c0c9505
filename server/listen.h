/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets from the words of --listen: `ADDR:PORT`, `[ADDR6]:PORT`,
 * `localhost:PORT`, `unix:PATH`.
 */
#ifndef ACTORFS_SERVER_LISTEN_H
#define ACTORFS_SERVER_LISTEN_H

#include <stdbool.h>

#include "common/base/bytes.h"
#include "common/base/status.h"

bool listen_is_unix(const char *word);
/* INVALID for a malformed word; `message` says what would be right. */
MUST_CHECK enum status listen_check(const char *word, struct bytes *message);
/* Whether only this machine can connect: a Unix socket or a loopback address. False for
   a malformed word. */
bool listen_is_local(const char *word);
/* A bound, listening, non-blocking socket. A port of 0 takes what is free and sets
   *port; once *port is set it is taken again (several sockets of this process share a
   port; with another process, which may serve another store, none does). INVALID or IO
   with one line in `message`. */
MUST_CHECK enum status listen_open(const char *word, unsigned *port, int *socket_out,
                                   struct bytes *message);
/* Removes a Unix socket's name. */
void listen_remove(const char *word);

#endif
