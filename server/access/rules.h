/* SPDX-License-Identifier: MIT */
/*
 * What a user may do with which actors: the last column of the users file.
 *
 *     read=* write=user_*,order_* control=user_7
 *     read+write=shop_*
 *
 * read      see the actor: its folder, its files, results, the user's own files
 * write     send messages and learn what becomes of them; make the actor; write
 *           ordinary files in it
 * control   replace its `state`; write `status` and `behavior`; retire, move or
 *           replace it
 *
 * Patterns are fnmatch(3)'s; a `?` matches a space as well. No rule at all allows
 * everything, as a plain htpasswd file does. Pure functions, any thread.
 */
#ifndef ACTORFS_SERVER_ACCESS_RULES_H
#define ACTORFS_SERVER_ACCESS_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/bytes.h"
#include "common/base/status.h"

enum right { RIGHT_READ = 1, RIGHT_WRITE = 2, RIGHT_CONTROL = 4 };

struct rule {
    unsigned rights;
    char *pattern;
};
struct rules {
    struct rule *list; /* in the order written */
    size_t count;      /* 0: everything is allowed */
};

/* INVALID with a phrase in `why`; rules_out is empty then. */
MUST_CHECK enum status rules_parse(struct view text, struct rules *rules_out,
                                   struct bytes *why);
void rules_free(struct rules *rules);

/* Whether they allow that to the actor of this name. Without a name (size 0): to every
   actor there is, which takes the pattern `*`; so /attention and /metrics are asked
   for. */
bool rules_allow(const struct rules *rules, enum right right, struct view actor);
/* Whether they allow anything at all: what a listing of /actors shows. */
bool rules_show(const struct rules *rules, struct view actor);

#endif
