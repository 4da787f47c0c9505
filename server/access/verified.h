/* SPDX-License-Identifier: MIT */
/*
 * Passwords that were verified a moment ago, so that a client that sends its own with
 * every request pays for one verification a minute. Kept is a keyed hash of name and
 * password; neither can be had from it, and without the key, which never leaves the
 * process, nothing can be tried against it. A value of fixed size without locks: its
 * owner sees to that one thread at a time uses it. Time is an argument.
 */
#ifndef ACTORFS_SERVER_ACCESS_VERIFIED_H
#define ACTORFS_SERVER_ACCESS_VERIFIED_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "server/access/users.h"

#define VERIFIED_MS 60000
#define PROOF_BYTES 32

struct proof {
    uint8_t bytes[PROOF_BYTES];
};
struct proof_key {
    uint8_t bytes[PROOF_BYTES];
};

void proof_key_make(struct proof_key *key_out);
/* Of a name and a password, neither of which holds a NUL. */
struct proof proof_of(const struct proof_key *key, struct view name,
                      struct view password);
bool proof_equal(const struct proof *left, const struct proof *right);

struct verified;
struct verified *verified_open(void);
void verified_close(struct verified *verified);
/* The user whom that was verified for less than VERIFIED_MS ago, or null. The user is
   part of the snapshot that was current when it was added. */
const struct user *verified_find(const struct verified *verified,
                                 const struct proof *proof, int64_t now_ms);
/* `user` is borrowed until verified_clear; the snapshot must outlive it. */
void verified_add(struct verified *verified, const struct proof *proof,
                  const struct user *user, int64_t now_ms);
/* Forgets all: the users changed. */
void verified_clear(struct verified *verified);

#endif
