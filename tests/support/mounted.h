/* SPDX-License-Identifier: MIT */
/*
 * A real daemon on a real mount: `actorfs mount STORE MOUNTPOINT -f OPTIONS` in a
 * scratch folder of its own. What cannot be done aborts with the daemon's log, so that
 * tests need not check every step.
 *
 * Shell commands see the mount through the environment: $M is the mountpoint, $A its
 * actors folder, $S the scratch folder, $ACTORFS the program.
 */
#ifndef ACTORFS_TESTS_SUPPORT_MOUNTED_H
#define ACTORFS_TESTS_SUPPORT_MOUNTED_H

#include <sys/types.h>

#include "common/base/bytes.h"
#include "tests/support/command.h"
#include "tests/support/guard.h"

#define MOUNTED_PATH_MAX 256
#define MOUNTED_START_MS 60000
#define MOUNTED_STOP_MS 30000

struct mounted {
    struct guard *guard;
    char store[MOUNTED_PATH_MAX];
    char mountpoint[MOUNTED_PATH_MAX];
    char log[MOUNTED_PATH_MAX]; /* the daemon's standard error, of all its lives */
    const char *options;        /* borrowed; words separated by spaces */
    pid_t daemon;               /* 0 while none runs */
};

/* A fresh store, mounted. `options` are further words of the command line ("": none)
   and stay in force for later starts. The guard ends it all after `guard_s` seconds. */
void mounted_open(struct mounted *mounted, const char *options, int guard_s);
/* Stops the daemon if it runs and cleans up. False when the daemon did not end with
   exit status 0, which a sanitizer's finding prevents. */
bool mounted_close(struct mounted *mounted);

/* Starts the daemon and waits until /README can be read through the mount. */
void mounted_start(struct mounted *mounted);
/* Starts it and does not wait. */
void mounted_launch(struct mounted *mounted);
/* Sends SIGTERM and waits. Returns the exit status, 128 + N after signal N. */
int mounted_stop(struct mounted *mounted);
/* Waits for a daemon that was told to end in another way. */
int mounted_reap(struct mounted *mounted);
/* kill -9, and waits for the end. The stale mount stays. False when the daemon could
   not end because one of its threads waited for the kernel: it says where, and aborts
   the connection so that the test can go on. */
bool mounted_kill(struct mounted *mounted);

/* A path below the mountpoint, in one of 16 buffers used in turn. */
const char *mounted_path(const struct mounted *mounted, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Appends a file's content; the errno of open or read, else 0. */
int file_read(const char *path, struct bytes *out);
/* Opens with these flags, writes all in one write(), closes; the first errno, else 0.
 */
int file_write(const char *path, int flags, struct view content);

/* Appends the value of a `key: value` line; false when there is none. */
bool line_value(struct view lines, const char *key, struct bytes *out);
/* The number a `key: value` line of a file below the mountpoint holds; -1: none. */
long long mounted_number(const struct mounted *mounted, const char *path,
                         const char *key);
/* What /proc/PID/status says: `Threads`, or `VmRSS` in KiB; -1: nothing. */
long long process_number(pid_t pid, const char *key);
/* Prints the daemon's log to standard error. */
void mounted_print_log(const struct mounted *mounted);

#endif
