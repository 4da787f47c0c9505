/* SPDX-License-Identifier: MIT */
/*
 * The keys of a .conf: where the value goes, how it is read, and what to say when it is
 * not that. Any thread.
 */
#ifndef ACTORFS_BEHAVIOR_CONF_KEY_H
#define ACTORFS_BEHAVIOR_CONF_KEY_H

#include "common/behavior/conf.h"

#define CONF_KEYS_MAX 16

struct conf_key {
    const char *name;
    /* False when the value is not what is expected; conf then holds anything. */
    bool (*take)(struct conf *conf, struct view value, void *field);
    size_t offset;  /* of the field in struct conf; 0 where take knows it */
    unsigned kinds; /* of behaviors for which it means something: conf_kind bits */
    const char *expected; /* "yes or no" */
};

/* The n-th; null past the last, which is below CONF_KEYS_MAX. */
const struct conf_key *conf_key(size_t n);
/* The value of env.NAME. False when the name is none, was given before, or is one that
   the turn itself is told by. */
bool conf_take_variable(struct conf *conf, struct view name, struct view value);

#endif
