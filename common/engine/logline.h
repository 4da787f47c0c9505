/* SPDX-License-Identifier: MIT */
/*
 * A line of an actor's `log`, and where its log begins. Sequencer only.
 */
#ifndef ACTORFS_ENGINE_LOGLINE_H
#define ACTORFS_ENGINE_LOGLINE_H

#include "common/engine/engine.h"
#include "common/journal/change.h"

struct engine;

/* The line of log that was rendered last, and whose it is. */
struct kept_line {
    uint64_t actor, sequence;
    int64_t time_ms;
    struct bytes text;
};

/* The last line of an error's text that says something, cut to what is shown. */
struct view error_line(struct view error);
/* The finished task's line; of the one that log_place was just asked about it is still
   there. It lives until the next. */
struct view log_line(struct engine *engine, uint64_t actor, int64_t time_ms,
                     const struct task_record *task);
/* Fills in where the actor's log begins and how many bytes it has once this FINISH has
   added its line. */
void log_place(struct engine *engine, const struct actor_head *actor,
               const struct task_record *task, struct change *finish);

#endif
