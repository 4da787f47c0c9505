/* SPDX-License-Identifier: MIT */
/*
 * A program on a terminal of its own, as a person would use it: what it shows is waited
 * for, keys are typed. For editors, shells and file managers that work on nothing else.
 */
#ifndef ACTORFS_TESTS_MOUNT_TERMINAL_H
#define ACTORFS_TESTS_MOUNT_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/bytes.h"

#define TERMINAL_DEADLINE_MS 60000

struct terminal {
    pid_t pid;
    int fd;            /* of our side */
    struct bytes seen; /* all that was shown, as it came */
    size_t expected;   /* how much of it was waited for */
    bool has_ended;
    int status; /* as waitpid(2) gives it, once it has */
};

/* Starts `bash -c COMMAND` on a vt100 of 24 lines. */
void terminal_open(struct terminal *terminal, const char *command);
/* Waits until `text` is shown, after what was waited for before. False at the deadline
   or the program's end, and then tells what was shown. A program draws only what has
   changed: texts must be new to the screen. */
bool terminal_expect(struct terminal *terminal, const char *text);
void terminal_type(struct terminal *terminal, const char *keys);
/* Whether the program ends within that time. */
bool terminal_ends(struct terminal *terminal, int deadline_ms);
/* Waits for the program's end and frees. Its exit status, 128 + N after signal N; -1
   when it had to be killed. */
int terminal_close(struct terminal *terminal);

#endif
