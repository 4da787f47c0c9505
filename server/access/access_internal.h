/* SPDX-License-Identifier: MIT */
/*
 * What the parts of access.h share. The mutex guards what changes: the current snapshot
 * of users, what was verified, the throttle, and the list of passwords being verified.
 * Nothing slow is done under it. Users in `verified` belong to the current snapshot: a
 * new one clears it.
 */
#ifndef ACTORFS_SERVER_ACCESS_ACCESS_INTERNAL_H
#define ACTORFS_SERVER_ACCESS_ACCESS_INTERNAL_H

#include <pthread.h>
#include <sys/stat.h>

#include "server/access/access.h"
#include "server/access/throttle.h"
#include "server/access/verified.h"
#include "server/access/verifier.h"

struct attempt; /* access_verify.c */

struct access {
    struct clock *clock;
    char *users_file; /* null: there are no users */
    struct proof_key key;
    struct verifier *verifier;

    pthread_mutex_t mutex;
    struct users *users; /* guarded by mutex, as all below */
    struct stat file;    /* what was read */
    int64_t next_look_ms;
    struct verified *verified;
    struct throttle *throttle;
    struct attempt *attempts;
};

/* Milliseconds of the monotonic clock. */
int64_t access_now(const struct access *access);
/* The line that fail2ban reads; `name` may be empty. */
void access_log_refusal(const struct address *address, const char *what,
                        struct view name);
struct access_answer access_deny(void);
struct access_answer access_defer(int64_t wait_ms);
/* Holds the user. */
struct access_answer access_grant(const struct user *user);

/* Reads the users file. */
MUST_CHECK enum status access_load(struct access *access, struct bytes *message);
/* The same where that is all there is to do, and if the file changed: on a verifier's
   thread; `context` is the access. */
void access_load_again(void *context);
void access_load_if_changed(void *context);

#endif
