/* SPDX-License-Identifier: MIT */
/*
 * What the tests of behaviors on a mount share: a daemon with the behaviors of
 * tests/story/behaviors, above all `sh` and `py`, whose messages are programs.
 */
#ifndef ACTORFS_TESTS_MOUNT_STAGED_H
#define ACTORFS_TESTS_MOUNT_STAGED_H

#include "tests/mount/fixture.h"
#include "tests/support/stage.h"

/* For .init and .fini. */
void staged_open(void);
void staged_close(void);
/* The same with further options. */
void staged_open_with(const char *options);

/* Puts a behavior or NAME.conf in place. */
void install(const char *name, const char *text);
/* The same, and waits until the daemon has taken it. */
void change(const char *name, const char *text);
/* Sends a message under that key; it must be taken. */
void tell(const char *actor, const char *key, const char *message);
/* The result, once the task is finished; null unless it is done. */
const char *result_of(const char *actor, const char *key);
/* Whether the task ends as failed, with an error that contains `error`. */
bool fails_with(const char *actor, const char *key, const char *error);
/* Sends it to tasks under that key, and the result. */
const char *ask(const char *actor, const char *key, const char *message);
/* What behaviors have left in a file outside; "" where there is none. */
const char *outside(const char *name);
/* Polls until it is that. */
bool wait_outside(const char *name, const char *text);
/* Leaves an empty file outside. */
void put_outside(const char *name);
/* Polls until the daemon's log has that. */
bool wait_log(const char *text);
/* Polls until the process is gone. */
bool wait_gone(pid_t pid);

#endif
