/* SPDX-License-Identifier: MIT */
/*
 * One at a time changes an ordinary file over HTTP: of two who have seen the same
 * version and say so (If-Match) one wins, and the other is told. The mount is not kept
 * out; there it is as between any two programs.
 */
#ifndef ACTORFS_SERVER_EXCLUSION_H
#define ACTORFS_SERVER_EXCLUSION_H

#include "common/tree/files.h"

struct exclusion;

struct exclusion *exclusion_open(void);
void exclusion_close(struct exclusion *exclusion);
/* Waits until nobody else changes the place, or the other one (null: there is none).
   Left by the same thread, with the same places. Any thread. */
void exclusion_enter(struct exclusion *exclusion, const struct file_place *place,
                     const struct file_place *other);
void exclusion_leave(struct exclusion *exclusion, const struct file_place *place,
                     const struct file_place *other);

#endif
