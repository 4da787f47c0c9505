/* SPDX-License-Identifier: MIT */
/*
 * Control words (contract, section 4), shared by control.c, which reads the lines,
 * control_task.c and control_bond.c, which act on what they name. The words of one
 * write are decided together; each is judged as if those before it had taken effect, so
 * the decision keeps its own copy of what they change. Sequencer only.
 */
#ifndef ACTORFS_ENGINE_CONTROL_H
#define ACTORFS_ENGINE_CONTROL_H

#include "common/engine/bond.h"
#include "common/journal/change.h"

/* Tasks by their sequence numbers. */
struct sequence_list {
    uint64_t *list;
    size_t count, capacity;
};

struct control {
    struct engine *engine;
    struct actor *actor;
    struct actor *me;       /* what `ME` stands for; null: nobody */
    struct actor_head head; /* as the words so far leave it */
    enum status status;     /* once a word was refused */
    struct bytes *reason;
    bool changed;
    bool voids_turn, restarts;
    struct bond *bonds; /* likewise, of those that words changed */
    size_t bond_count;
    struct sequence_list ended; /* dealt with so far */
    size_t ended_before;        /* of these by earlier words */
};

/* The word cannot be obeyed: nothing of the write is. */
void control_refuse(struct control *control, enum status status, const char *word,
                    struct view argument, const char *why);
void control_add(struct control *control, const struct change *change);

/* control_task.c */
void control_cancel(struct control *control, struct view argument);
void control_forget(struct control *control, struct view argument);
void control_retry(struct control *control, struct view argument);
void control_clear(struct control *control);
void control_cancel_timer(struct control *control, struct view argument);

/* control_bond.c */
void control_watch(struct control *control, struct view argument);
void control_unwatch(struct control *control, struct view argument);
void control_link(struct control *control, struct view argument);
void control_unlink(struct control *control, struct view argument);

#endif
