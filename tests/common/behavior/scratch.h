/* SPDX-License-Identifier: MIT */
/*
 * A folder for a test's scripts and what they write, and looks that are repeated until
 * a deadline. Functions assert where they cannot do what they say.
 */
#ifndef ACTORFS_TESTS_COMMON_BEHAVIOR_SCRATCH_H
#define ACTORFS_TESTS_COMMON_BEHAVIOR_SCRATCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/bytes.h"

/* Made by the first call, open to every user. */
const char *scratch_folder(void);
/* For .fini: removes it, if there is one. */
void scratch_remove(void);
/* The path of `name` in it; free() it. */
char *scratch_path(const char *name);
/* Writes a file with that mode and returns its path; free() it. */
char *scratch_write(const char *name, const char *text, mode_t mode);
/* Waits until the file is there and ends in a newline, and reads it as a number. */
long scratch_read_number(const char *name);

/* Looks every 2 ms until `holds` says so; false after 20 s. */
bool wait_until(bool (*holds)(void *context), void *context);
/* Whether there is such a process, and whether it is no zombie. */
bool exists(long pid);
bool is_running(long pid);
/* Waits until it is not running, or not even a zombie. */
bool wait_until_ended(long pid);
bool wait_until_gone(long pid);

#endif
