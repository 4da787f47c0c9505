/* SPDX-License-Identifier: MIT */
/*
 * A real daemon that is not mounted: `actorfs serve STORE --listen ... -f OPTIONS` in a
 * scratch folder of its own, on a Unix socket and a loopback port. What cannot be done
 * aborts with the daemon's log.
 */
#ifndef ACTORFS_TESTS_HTTP_SERVED_H
#define ACTORFS_TESTS_HTTP_SERVED_H

#include <stdbool.h>
#include <sys/types.h>

#include "tests/support/guard.h"

#define SERVED_PATH_MAX 256
#define SERVED_START_MS 60000
#define SERVED_STOP_MS 60000

struct served {
    struct guard *guard;
    char store[SERVED_PATH_MAX];
    char log[SERVED_PATH_MAX];     /* the daemon's standard error, of all its lives */
    char address[SERVED_PATH_MAX]; /* `unix:PATH` */
    char port_address[32];         /* `127.0.0.1:PORT`, another port in each life */
    const char *options;           /* borrowed; words separated by spaces */
    pid_t daemon;                  /* 0 while none runs */
};

/* A fresh store, served. `options` are further words of the command line. */
void served_open(struct served *served, const char *options, int guard_s);
/* Stops the daemon if it runs and cleans up; false unless it ended with status 0. */
bool served_close(struct served *served);
/* Starts the daemon and waits until it answers. */
void served_start(struct served *served);
/* SIGTERM; the exit status, 128 + N after signal N. */
int served_stop(struct served *served);
/* SIGTERM, and nothing else: served_stop() then waits for the end. */
void served_tell_to_stop(const struct served *served);
void served_kill(struct served *served);

#endif
