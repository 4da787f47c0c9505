/* SPDX-License-Identifier: MIT */
/*
 * Tells that something in a folder changed, once it has settled: what copies, renames,
 * installs or edits files makes many steps of one change. It does not tell what
 * changed, so that nothing is missed when the kernel's queue overflows: who is told
 * looks again. What happens behind a symbolic link in the folder, or on another machine
 * that shares it, is not noticed.
 */
#ifndef ACTORFS_BEHAVIOR_WATCHER_H
#define ACTORFS_BEHAVIOR_WATCHER_H

#include <stdbool.h>

#include "common/base/status.h"

struct watcher;

/* On the watcher's own thread. False asks to be called again in a second, whether or
   not something changes until then. */
typedef bool watcher_fn(void *context);

/* Begins to collect changes of the folder open as `descriptor`; nothing is told before
   watcher_start. IO (errno). */
MUST_CHECK enum status watcher_open(int descriptor, struct watcher **watcher_out);
/* From now on it is this folder that is watched, which may be the same. IO (errno).
   From within `changed`, or before watcher_start. */
MUST_CHECK enum status watcher_follow(struct watcher *watcher, int descriptor);
/* From now on `changed` is called after each change, also of what came before. */
void watcher_start(struct watcher *watcher, watcher_fn *changed, void *context);
/* When it returns, `changed` is not called any more. Not from within `changed`. */
void watcher_close(struct watcher *watcher);

#endif
