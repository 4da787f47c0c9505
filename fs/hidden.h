/* SPDX-License-Identifier: MIT */
/*
 * Names that somebody removed (contract, section 9). Removing a special file changes
 * nothing in the store; its name is only hidden here, in memory, until it is created
 * again or a minute has passed, so that `mv`, `install`, `tar` and Explorer, which
 * unlink before they create with O_EXCL, get what they want, and `rm -r` ends in rmdir.
 * Any thread.
 */
#ifndef ACTORFS_FS_HIDDEN_H
#define ACTORFS_FS_HIDDEN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"

struct hidden;

/* `clock` is borrowed. */
struct hidden *hidden_open(struct clock *clock);
void hidden_close(struct hidden *hidden);

/* Hides `name` in the folder of that inode for HIDDEN_NAME_MS from now. */
void hidden_add(struct hidden *hidden, uint64_t folder, struct view name);
bool hidden_contains(struct hidden *hidden, uint64_t folder, struct view name);
/* Shows it again; false when it was not hidden. */
bool hidden_remove(struct hidden *hidden, uint64_t folder, struct view name);

#endif
