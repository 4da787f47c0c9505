/* SPDX-License-Identifier: MIT */
/*
 * Who watches whom, and who is linked (contract, section 7). Each of two bonded actors
 * has the other in its list in TABLE_BONDS, which is looked at only when a task fails
 * for good or an actor goes. Sequencer only.
 *
 * A list is entries of 9 bytes: the other's id (8, little-endian) and flags. Putting an
 * entry is idempotent, so that replay over a table of the future comes to the same.
 */
#ifndef ACTORFS_ENGINE_BOND_H
#define ACTORFS_ENGINE_BOND_H

#include "common/engine/actor.h"

enum bond_flags {
    BOND_WATCHES = 1, /* the owner of the list watches the other */
    BOND_WATCHED = 2, /* the other watches it */
    BOND_LINKED = 4
};

/* An actor has so many at most; a notice to each is in one record. */
#define BONDS_MAX 1000

struct bond {
    uint64_t other;
    uint32_t flags;
};

/* The n-th bond of an actor; false past the last. The list may be changed between two
   calls only by removing the one just seen. */
bool bond_at(struct engine *engine, const struct actor *actor, size_t n,
             struct bond *bond_out);
size_t bond_count(struct engine *engine, const struct actor *actor);
/* What the actor's list says of the other; 0: nothing. */
uint32_t bond_flags(struct engine *engine, const struct actor *actor, uint64_t other);
/* Applying: sets both lists. Flags 0 take the entries away. */
void bond_put(struct engine *engine, struct actor *actor, struct actor *other,
              uint32_t flags);
/* Applying: the actor goes; takes it from the lists of all others. */
void bond_drop_all(struct engine *engine, struct actor *actor);

#endif
