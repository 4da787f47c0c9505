/* SPDX-License-Identifier: MIT */
/*
 * `actorfs send PATH`, for programs within a turn: appends standard input, whatever
 * bytes it has, to the turn's outbox as one line. It takes effect with the turn.
 */
#ifndef ACTORFS_SERVER_SEND_H
#define ACTORFS_SERVER_SEND_H

#include "common/base/bytes.h"
#include "common/base/status.h"

/* Reads `input` to its end and appends it to the file `outbox`, which is there, in one
   write. INVALID for a path or a message that the turn would fail of, TOO_LARGE for one
   above MESSAGE_BYTES_CEILING (the daemon's own limit may be lower), IO; with one line
   in `message`, and nothing is appended. */
MUST_CHECK enum status send_append(const char *outbox, const char *path, int input,
                                   struct bytes *message);
/* Runs the command; returns the exit status. */
int send_run(const char *path);

#endif
