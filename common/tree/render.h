/* SPDX-License-Identifier: MIT */
/*
 * What files look like: one renderer for every face, so that they show the same bytes.
 * Pure functions from what the engine tells to text appended to `out`.
 */
#ifndef ACTORFS_TREE_RENDER_H
#define ACTORFS_TREE_RENDER_H

#include "common/base/bytes.h"
#include "common/engine/engine.h"

/* /README */
void render_readme(struct bytes *out);
/* /status */
void render_daemon_status(struct bytes *out, const struct engine_totals *totals);
/* An actor's `status` */
void render_status(struct bytes *out, const struct actor_info *info);
/* A line of `mailbox` */
void render_task(struct bytes *out, const struct task_info *task);

#endif
