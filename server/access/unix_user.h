/* SPDX-License-Identifier: MIT */
/*
 * A user of the system whose rights a login has: what the kernel enforces on the mount
 * (owner, group, mode; contract, section 10) is enforced over HTTP for such a one.
 */
#ifndef ACTORFS_SERVER_ACCESS_UNIX_USER_H
#define ACTORFS_SERVER_ACCESS_UNIX_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/tree/tree.h"

#define UNIX_GROUPS_MAX 256

struct unix_user {
    uint32_t uid, gid;
    uint32_t *groups; /* all of them; owned */
    size_t group_count;
};

/* Finds a name or number in the system; false when there is none. A number needs no
   name. May ask the network (NSS). */
typedef bool unix_user_find_fn(struct view text, struct unix_user *found_out);
bool unix_user_find(struct view text, struct unix_user *found_out);
void unix_user_free(struct unix_user *user);

/* As in a mode: `MAY_READ | MAY_WRITE`. To make, remove or rename an entry is to write
   and search (execute) its folder. */
enum may { MAY_EXECUTE = 1, MAY_WRITE = 2, MAY_READ = 4 };

/* Whether owner, group and mode let the user do all of `want`. */
bool unix_user_may(const struct unix_user *user, const struct attributes *attributes,
                   unsigned want);
/* Whether the user may take the entry out of the folder, as far as a sticky folder has
   a say: who owns the one or the other may. */
bool unix_user_may_remove(const struct unix_user *user, const struct attributes *folder,
                          const struct attributes *entry);

#endif
