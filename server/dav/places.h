/* SPDX-License-Identifier: MIT */
/*
 * What WebDAV remembers of places in the tree: locks, dead properties, names that were
 * removed. A place is known by its actor's id and the path in its folder, so that it
 * goes along when the actor is renamed and dies with it. Kept in memory, sorted so that
 * a folder and all beneath it stand together; locks and properties are in the engine's
 * notes as well, and read from there at the start.
 *
 * All that is asked for here must be asked under the lock (dav_enter, dav_leave); no
 * pointer outlives it.
 */
#ifndef ACTORFS_SERVER_DAV_PLACES_H
#define ACTORFS_SERVER_DAV_PLACES_H

#include <pthread.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/engine/engine.h"

/* An actor's id, or 0 with the path from the root. Borrowed. */
struct dav_place {
    uint64_t area;
    struct view path; /* names joined by slashes; "": the actor's folder, the root */
};

struct dav_lock;
struct dav_recent;

enum dav_mark { MARK_NONE, MARK_HIDDEN, MARK_ANNOUNCED };

struct dav_entry {
    uint64_t area;
    struct bytes path;
    struct dav_lock *locks;
    struct bytes properties;
    uint64_t properties_version; /* grows when they change */
    enum dav_mark mark;
    int64_t marked_until_ns;
};

struct dav {
    struct engine *engine;
    struct clock *clock;
    char *store;
    pthread_mutex_t mutex;     /* guards what follows */
    struct dav_recent *recent; /* see recent.h */
    struct dav_entry **entries;
    size_t count, capacity, lock_count, mark_count;
    uint64_t properties_bytes, properties_bytes_max; /* of all; see dead.h */
    int64_t next_sweep_ns;  /* for properties of actors that are gone */
    int64_t next_expiry_ns; /* of the lock or hidden name that ends first, or before */
    uint64_t last_version;  /* of properties */
};

/* Between engine_open and engine_start: reads the notes. `engine` and `clock` are
   borrowed, `store` is the folder whose space is told. */
struct dav *dav_open(struct engine *engine, struct clock *clock, const char *store);
void dav_close(struct dav *dav);
/* Also drops what has ended. */
void dav_enter(struct dav *dav);
void dav_leave(struct dav *dav);

/* Null when nothing is known of it. */
struct dav_entry *dav_entry_find(struct dav *dav, const struct dav_place *place);
struct dav_entry *dav_entry_make(struct dav *dav, const struct dav_place *place);
/* Neither hidden nor announced any more. */
void dav_entry_unmark(struct dav *dav, struct dav_entry *entry);
/* Forgets it if nothing is left to remember. */
void dav_entry_tidy(struct dav *dav, const struct dav_place *place);
/* The place itself and all beneath it that are known: entries[first] up to, and not
   with, the returned index. */
size_t dav_entries_beneath(struct dav *dav, const struct dav_place *place,
                           size_t *first_out);
/* The folder that the place is in; false for one that is in none of its area. */
bool dav_place_parent(const struct dav_place *place, struct dav_place *parent_out);

/* Removed names (contract, section 9) are hidden for HIDDEN_NAME_MS on this face. Names
   with a key that is not known yet are announced for as long by a LOCK or an empty PUT,
   as clients make files, and then look like empty files until the message comes. Beyond
   MARKS_MAX names no more are marked. These take the lock themselves. */
#define MARKS_MAX 10000u
void dav_hide(struct dav *dav, const struct dav_place *place);
bool dav_is_hidden(struct dav *dav, const struct dav_place *place);
void dav_announce(struct dav *dav, const struct dav_place *place);
bool dav_is_announced(struct dav *dav, const struct dav_place *place);
/* Neither hidden nor announced, from now on. */
void dav_show(struct dav *dav, const struct dav_place *place);

#endif
