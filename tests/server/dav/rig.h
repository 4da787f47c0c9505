/* SPDX-License-Identifier: MIT */
/* What WebDAV remembers, over an engine in a scratch folder and with a clock of ours.
 */
#ifndef ACTORFS_TESTS_SERVER_DAV_RIG_H
#define ACTORFS_TESTS_SERVER_DAV_RIG_H

#include "server/dav/locks.h"

extern struct dav *rig;
/* Seconds since the start. */
extern int64_t rig_seconds;

/* For .init and .fini. */
void rig_open(void);
void rig_close(void);
/* Ends the engine and opens the store again. */
void rig_restart(void);

/* A place of actor 1. */
struct dav_place place(const char *path);
/* Adds a lock to a place and keeps its note; the token, good until the lock ends. */
const char *rig_lock(const char *path, bool is_shared, bool is_deep,
                     uint32_t timeout_s);
/* Whether somebody with these tokens (an If header; null: none) may write. */
bool rig_permits(const char *path, enum dav_touch touch, const char *header);

#endif
