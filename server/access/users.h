/* SPDX-License-Identifier: MIT */
/*
 * The users file: htpasswd's format with two further columns, which Apache and nginx
 * pass over.
 *
 *     NAME:PASSWORD[:UNIX USER[:RULES]]
 *     # a comment
 *
 * PASSWORD   bcrypt ($2a$, $2b$, $2y$), sha-crypt ($5$, $6$) or yescrypt ($y$); or
 *            {sha256}HEX, the hash of a token: random text of 22 characters or more
 * UNIX USER  a name or number: this user may do what that one may do with the actors'
 *            folders and files; empty: what the daemon may
 * RULES      see rules.h; empty: everything
 *
 * A name has at most one password, and any number of tokens, each in a line of its own
 * with rights of its own. A file is parsed into a snapshot that never changes; whoever
 * has a user of it holds it. Any thread.
 */
#ifndef ACTORFS_SERVER_ACCESS_USERS_H
#define ACTORFS_SERVER_ACCESS_USERS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/status.h"
#include "server/access/rules.h"
#include "server/access/unix_user.h"

#define TOKEN_HASH_BYTES 32 /* SHA-256 */
#define TOKEN_TEXT_BYTES_MIN 22
#define USERS_FILE_BYTES_MAX (16u << 20)

struct users;

struct user {
    struct users *users; /* the snapshot that it is part of */
    char *name;
    char *password; /* as libcrypt has it; null: a token */
    uint8_t token[TOKEN_HASH_BYTES];
    bool is_mapped;
    struct unix_user unix_user; /* where it is mapped */
    struct rules rules;
};

/* INVALID with `FILE:LINE: what is wrong` in `message`. A snapshot with one holder. */
MUST_CHECK enum status users_parse(struct view text, const char *file,
                                   unix_user_find_fn *find, struct users **users_out,
                                   struct bytes *message);
/* The same of a file; NOT_FOUND or IO when it cannot be read. */
MUST_CHECK enum status users_load(const char *file, struct users **users_out,
                                  struct bytes *message);
struct users *users_hold(struct users *users);
void users_release(struct users *users);

/* The one with a password of that name; null when there is none. */
const struct user *users_find(const struct users *users, struct view name);
/* The one with that token; of `name` where that has a size. Null when there is none. */
const struct user *users_find_token(const struct users *users, struct view name,
                                    struct view token);
/* A password to verify in vain, so that the time an answer takes does not tell which
   names there are; null when nobody has one. */
const char *users_decoy(const struct users *users);

#endif
