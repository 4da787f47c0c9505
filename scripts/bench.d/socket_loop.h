/* SPDX-License-Identifier: MIT */
/*
 * A closed loop over many connections in one thread, as redis-benchmark does it: each
 * connection sends one request, waits for its one-line reply, and sends the next. No
 * pipelining. The peers are measured with it; the engine's own driver has the same
 * shape without the sockets.
 */
#ifndef ACTORFS_BENCH_SOCKET_LOOP_H
#define ACTORFS_BENCH_SOCKET_LOOP_H

#include <stddef.h>

#include "scripts/bench.d/measure.h"

#define REQUEST_BYTES_MAX 1024

/* Writes the next request and returns its size. */
typedef size_t compose_fn(void *context, char request_out[REQUEST_BYTES_MAX]);

/* Connects to 127.0.0.1; exits on failure. The socket is blocking. */
int connect_loopback(uint16_t port);
/* Runs the loop until the meter's end. A reply line that does not begin with `expected`
   ends the program. */
void socket_loop(uint16_t port, unsigned clients, compose_fn *compose, void *context,
                 const char *expected, struct meter *meter);

#endif
