/* SPDX-License-Identifier: MIT */
/*
 * A tree over an engine on a test bench (rig.h), and an actor in it. Criterion runs
 * each test in a process of its own, so they can be globals.
 */
#ifndef ACTORFS_TESTS_TREE_FIXTURE_H
#define ACTORFS_TESTS_TREE_FIXTURE_H

#include "common/tree/tree.h"
#include "tests/common/engine/rig.h"

extern struct rig rig;
extern struct tree *tree; /* what belongs to no actor is of 7:8, with mode 0755 */
extern uint64_t actor;    /* counter_1 */

/* For .init. */
void fixture_open(void);
/* What is left of it after rig_init, for options that are none of the usual. */
void fixture_open_initialized(void);
/* For .fini. */
void fixture_close(void);

#endif
