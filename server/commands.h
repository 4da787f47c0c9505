/* SPDX-License-Identifier: MIT */
/*
 * `actorfs stat` and `actorfs check`: asked of the daemon that has the store, over its
 * control socket, or answered from the store itself when there is none; and `actorfs
 * unlock`, which a daemon alone can answer.
 */
#ifndef ACTORFS_SERVER_COMMANDS_H
#define ACTORFS_SERVER_COMMANDS_H

#include "common/base/bytes.h"
#include "common/tree/tree.h"
#include "server/dav/places.h"
#include "server/options.h"

/* What is asked about. */
struct command_context {
    struct tree *tree;
    struct dav *dav; /* null: without a daemon */
};
/* What the daemon answers to a word; `context` is a command_context. See control.h. */
int command_answer(void *context, struct view word, struct bytes *out);
/* Runs the command from a shell; returns the exit status. */
int command_run(const struct options *options);

#endif
