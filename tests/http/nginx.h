/* SPDX-License-Identifier: MIT */
/*
 * A real nginx before the daemon of the fixture, on a loopback port. Life: address (the
 * daemon must be told of it) -> the daemon's start -> start -> stop.
 */
#ifndef ACTORFS_TESTS_HTTP_NGINX_H
#define ACTORFS_TESTS_HTTP_NGINX_H

#include "tests/http/fixture.h"

/* Where it will listen; skips the test where there is no nginx. */
const char *nginx_address(void);
/* Starts it and waits until it answers. What is asked of `location` goes to the daemon;
   `path` comes in its place there, "": it stays. */
void nginx_start(const char *location, const char *path);
/* Stops it; it must end well. */
void nginx_stop(void);

#endif
