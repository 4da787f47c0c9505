/* SPDX-License-Identifier: MIT */
/*
 * What stands beside the daemon of a story: a folder of its own with a copy of the
 * behaviors in behaviors/, which a story may change, and the folder `outside`, in which
 * they leave what they do outside of the store. No face shows it.
 */
#ifndef ACTORFS_TESTS_STORY_STAGE_H
#define ACTORFS_TESTS_STORY_STAGE_H

#include "common/base/bytes.h"

/* Sets it up; a guard takes it away after `guard_s` seconds at the latest. */
void stage_open(int guard_s);
void stage_close(void);
/* The folder to be given to the daemon. */
const char *stage_behaviors(void);
/* Puts an executable, or NAME.conf, in place, at once. */
void stage_install(const char *name, struct view text);
void stage_uninstall(const char *name);
/* Appends what was left in the file `name`; nothing where there is none. */
void stage_read_outside(const char *name, struct bytes *out);

#endif
