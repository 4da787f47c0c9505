/* SPDX-License-Identifier: MIT */
/*
 * Which daemon something belongs to: what it leaves lying about when it is killed is
 * marked with its identity, so that the next daemon knows what nobody owns any more. An
 * identity is NAMESPACE-PID-START: the pid namespace the pid is meant in, and when the
 * process started, so that a pid given again is no mistaken one.
 */
#ifndef ACTORFS_BEHAVIOR_IDENTITY_H
#define ACTORFS_BEHAVIOR_IDENTITY_H

#include <stdbool.h>

#include "common/base/bytes.h"

#define IDENTITY_BYTES_MAX 64

/* This process's own, NUL-terminated. Asks the system each time: fork changes it. Any
   thread. */
void identity_self(char identity_out[IDENTITY_BYTES_MAX]);
/* Whether `text` is an identity of this namespace whose process is gone. False for all
   other text. Any thread. */
bool identity_is_dead(struct view text);

#endif
