/* SPDX-License-Identifier: MIT */
/*
 * What the tests on a mount share: one daemon a test, shell commands that are compared
 * by exit status and output, and the mailbox as rows. Criterion runs each test in a
 * process of its own, so the daemon of the running test can be a global.
 */
#ifndef ACTORFS_TESTS_MOUNT_FIXTURE_H
#define ACTORFS_TESTS_MOUNT_FIXTURE_H

#include <criterion/criterion.h>

#include "tests/support/mounted.h"

#define FIXTURE_GUARD_S 900
#define FIXTURE_WAIT_MS 30000

#if defined(__SANITIZE_ADDRESS__)
#define FIXTURE_SANITIZED 1
#else
#define FIXTURE_SANITIZED 0
#endif

extern struct mounted fixture;

/* For .init and .fini: a daemon without options. */
void fixture_open(void);
void fixture_open_with(const char *options);
void fixture_close(void);
/* A daemon, and make_keep(). */
void fixture_open_with_keep(void);
/* A daemon that lets every user in; "$AS 'COMMAND'" runs as nobody. */
void fixture_open_for_others(void);
/* A daemon, and make_keep(), suspended, for the programs people use: they find neither
   settings nor history of whoever runs the tests. */
void fixture_open_for_tools(void);
/* Kills the daemon and starts it again. */
void fixture_crash(void);
/* fork(), for a child that goes on without exec. */
pid_t fixture_fork(void);

/* Ends the test as skipped, and closes the fixture, unless the command works. */
void need(const char *command, const char *package);
void need_program(const char *name);

/* Runs a shell command; what it gave is valid until the next one. */
const struct command *shell(const char *text);
const struct command *shellf(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Whether the command ends so; tells on standard error where it does not. */
bool shell_gives(const char *text, int status, const char *out);
/* Whether it ends with that status and its standard error contains `error`. */
bool shell_fails(const char *text, int status, const char *error);

/* The command succeeds and prints exactly this. */
#define GIVES(text, out) cr_expect(shell_gives(text, 0, out), "%s", text)
/* The command succeeds and prints nothing. */
#define WORKS(text) cr_expect(shell_gives(text, 0, ""), "%s", text)
/* The command ends with that status, and says so. */
#define FAILS(text, status, error)                                                     \
    cr_expect(shell_fails(text, status, error), "%s", text)

/* mkdir, or mkdir and suspend. */
void make_actor(const char *name);
void make_suspended(const char *name);
/* The actor keep_1, in whose folder ordinary files are kept: $K. */
void make_keep(void);
const char *in_keep(const char *name);
/* What `ls -A` shows of an actor's folder without ordinary files. */
#define SPECIAL_FILES "behavior\nexecute\nlog\nmailbox\nresult\nstate\nstatus\ntasks\n"

/* A NUL-terminated file below the mountpoint; null when it cannot be read. Ring of 8.
 */
const char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A number of the actor's `status`. */
long long number_of(const char *actor, const char *key);
/* A text of the actor's `status`; "" when it is empty or missing. */
const char *word_of(const char *actor, const char *key);
/* Polls until the actor's `status` says so. */
bool wait_number(const char *actor, const char *key, long long value);
bool wait_word(const char *actor, const char *key, const char *value);

/* A line of `mailbox`. */
struct mailbox_row {
    unsigned long long sequence;
    char state[16];
    unsigned attempts;
    char accepted[40], due[40];
    char key[640];
};
/* Reads the actor's mailbox; at most `max` rows. */
size_t mailbox_rows(const char *actor, struct mailbox_row *rows, size_t max);
/* How many tasks the mailbox shows. */
size_t mailbox_count(const char *actor);
/* Appends the bytes of the task with that key (as typed in a name); its errno. */
int message_of(const char *actor, const char *key, struct bytes *out);

#endif
