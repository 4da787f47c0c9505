/* SPDX-License-Identifier: MIT */
/*
 * A shell command with a deadline. It runs in a process group of its own, its output
 * goes into memory, and whatever of the group is left at the end is killed: a tool that
 * hangs fails one test and stops none.
 */
#ifndef ACTORFS_TESTS_SUPPORT_COMMAND_H
#define ACTORFS_TESTS_SUPPORT_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/bytes.h"

/* Generous, for a daemon that runs under a sanitizer on a busy machine. */
#define COMMAND_DEADLINE_MS 30000
/* The exit status of a command that had to be killed at its deadline. */
#define COMMAND_TIMED_OUT (-1)

struct command {
    pid_t pid; /* of the shell, and of its process group; 0 once it has ended */
    int out_fd, err_fd;
    int status; /* exit status, or 128 + N after signal N */
    struct bytes out, err;
};

/* Starts `bash -c TEXT` with LC_ALL=C and nothing on standard input. */
void command_start(struct command *command, const char *text);
/* Whether the shell has ended; does not wait and does not reap. */
bool command_has_ended(const struct command *command);
/* Sends a signal to the whole group. */
void command_signal(const struct command *command, int signal);
/* Waits for the end, kills what is left of the group, and fills status, out and err. */
void command_finish(struct command *command, int deadline_ms);
void command_free(struct command *command);

/* Starts and finishes. */
void command_run(struct command *command, const char *text);

/* Milliseconds of a clock that never jumps. */
long long now_ms(void);
/* A pause between two looks of a poll: 2 ms. */
void poll_pause(void);
/* Looks until `holds` says so; false when `deadline_ms` have passed. */
bool poll_until(bool (*holds)(void *context), void *context, int deadline_ms);

#endif
