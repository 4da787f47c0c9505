/* SPDX-License-Identifier: MIT */
/*
 * Who gets in: from an Authorization field to a user. A request asks access_look, which
 * answers at once from memory: tokens, and passwords that were verified less than a
 * minute ago. What it cannot tell it leaves to access_verify, which calls back from a
 * thread of its own; the same password sent by many at once is verified once. What
 * fails is slowed down (throttle.h) and logged in a line of this form:
 *
 *     refused login from ADDRESS: wrong password for NAME
 *
 * The users file is read again at SIGHUP, and when it changed. Any thread.
 */
#ifndef ACTORFS_SERVER_ACCESS_ACCESS_H
#define ACTORFS_SERVER_ACCESS_ACCESS_H

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/tree/tree.h"
#include "server/access/address.h"
#include "server/access/users.h"

/* Sent with a 401, two fields of that name. */
#define ACCESS_CHALLENGE_BASIC "Basic realm=\"actorfs\", charset=\"UTF-8\""
#define ACCESS_CHALLENGE_BEARER "Bearer realm=\"actorfs\""

struct access;

/* `users_file` null: there are no users, and everybody gets in as the daemon itself.
   Errors as users_load. */
MUST_CHECK enum status access_open(const char *users_file, struct clock *clock,
                                   struct access **access_out, struct bytes *message);
/* Answers what is still to be verified, then ends its threads. */
void access_close(struct access *access);
/* Reads the users file again, soon. A file with a fault is logged, and the users stay
   who they were. */
void access_reload(struct access *access);

enum access_verdict {
    ACCESS_GRANTED,
    ACCESS_DENIED,  /* 401, with the challenges */
    ACCESS_LATER,   /* 429, with Retry-After */
    ACCESS_PENDING, /* ask access_verify; from access_look only */
};
struct access_answer {
    enum access_verdict verdict;
    unsigned retry_after_s; /* of LATER */
    /* Of GRANTED; null: there are no users. Held for the caller, who lets it go with
       access_release_user. */
    const struct user *user;
};
typedef void access_done_fn(void *context, const struct access_answer *answer);

/* `field` is the Authorization field's value, without data when there was none. */
struct access_answer access_look(struct access *access, struct view field,
                                 const struct address *address);
/* After access_look said PENDING to the same. `done` is called once, on any thread,
   maybe before this returns. */
void access_verify(struct access *access, struct view field,
                   const struct address *address, access_done_fn *done, void *context);
/* Another hold of the same user. */
const struct user *access_hold_user(const struct user *user);
void access_release_user(const struct user *user);

/* What the user may do; a null user may do everything. */

/* By the rules; without an actor (size 0) to all of them. */
bool access_allows(const struct user *user, enum right right, struct view actor);
/* Whether a listing shows the actor. */
bool access_shows(const struct user *user, struct view actor);
/* By owner and mode, which count for users mapped to Unix users only. */
bool access_permits(const struct user *user, const struct attributes *attributes,
                    unsigned want);
bool access_permits_removal(const struct user *user, const struct attributes *folder,
                            const struct attributes *entry);
/* Whose the actors are that the user makes; `daemon` when it is not mapped. */
struct engine_owner access_owner(const struct user *user,
                                 const struct engine_owner *daemon);
/* The login, for CALLER; empty for a null user. */
struct view access_name(const struct user *user);

#endif
