/* SPDX-License-Identifier: MIT */
/*
 * Tells the kernel to drop names, from a thread of its own: the kernel takes the
 * folder's lock for it, which a request in a FUSE thread's hands may hold already. The
 * same thread does what may not be done while the engine calls.
 */
#ifndef ACTORFS_FS_NOTIFIER_H
#define ACTORFS_FS_NOTIFIER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"

struct notifier;

typedef void notifier_drop_fn(void *context, uint64_t folder, struct view name);

/* `drop` is called on the notifier's thread, with no lock held. */
struct notifier *notifier_start(notifier_drop_fn *drop, void *context);
/* Asks for a drop. Any thread. When too many wait already it is left out: then the
   kernel drops the name when it is short of memory. */
void notifier_post(struct notifier *notifier, uint64_t folder, const char *name);
/* Asks for a call of `run` on the notifier's thread. At the stop it is called all the
   same, with `is_stopping`, to free its context. */
typedef void notifier_run_fn(void *context, bool is_stopping);
void notifier_defer(struct notifier *notifier, notifier_run_fn *run, void *context);
/* Leaves out the names that still wait, and joins the thread. */
void notifier_stop(struct notifier *notifier);

#endif
