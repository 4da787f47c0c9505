/* SPDX-License-Identifier: MIT */
/*
 * Tells the kernel which inodes to drop, from a thread of its own and many at a time.
 * The same thread does what may not be done while the engine calls.
 */
#ifndef ACTORFS_FS_NOTIFIER_H
#define ACTORFS_FS_NOTIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct notifier;

typedef void notifier_drop_fn(void *context, const uint64_t *inodes, size_t count);

/* `drop` is called on the notifier's thread, with no lock held. */
struct notifier *notifier_start(notifier_drop_fn *drop, void *context);
/* Asks for a drop. Any thread. */
void notifier_post(struct notifier *notifier, uint64_t inode);
/* Asks for a call of `run` on the notifier's thread. At the stop it is called all the
   same, with `is_stopping`, to free its context. */
typedef void notifier_run_fn(void *context, bool is_stopping);
void notifier_defer(struct notifier *notifier, notifier_run_fn *run, void *context);
/* Leaves out the inodes that still wait, and joins the thread. */
void notifier_stop(struct notifier *notifier);

#endif
