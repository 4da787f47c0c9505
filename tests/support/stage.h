/* SPDX-License-Identifier: MIT */
/*
 * What stands beside a daemon with behaviors: a folder of its own with a copy of those
 * of a test, which the test may change, and the folder `outside`, in which they leave
 * what they do outside of the store. No face shows it. Shell commands know them as $B
 * and $O.
 */
#ifndef ACTORFS_TESTS_SUPPORT_STAGE_H
#define ACTORFS_TESTS_SUPPORT_STAGE_H

#include "common/base/bytes.h"

/* Copies the folder `behaviors`. A guard takes all away after `guard_s` seconds at the
   latest. */
void stage_open(const char *behaviors, int guard_s);
void stage_close(void);
/* The folder to be given to the daemon. */
const char *stage_behaviors(void);
/* Puts an executable, or NAME.conf, in place, at once. */
void stage_install(const char *name, struct view text);
void stage_uninstall(const char *name);
/* Appends what was left in the file `name`; nothing where there is none. */
void stage_read_outside(const char *name, struct bytes *out);

#endif
