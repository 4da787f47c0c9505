/* SPDX-License-Identifier: MIT */
/*
 * Dead properties (RFC 4918, section 4): what clients keep with a place, in memory and
 * in a note for each place that has any. The calls that keep notes answer like the
 * engine's own. Under the lock of places.h.
 */
#ifndef ACTORFS_SERVER_DAV_DEAD_H
#define ACTORFS_SERVER_DAV_DEAD_H

#include "common/base/limits.h"
#include "server/dav/places.h"

/* Of one place; the rest of a note is for its path. */
#define DEAD_BYTES_MAX (NOTE_VALUE_BYTES_MAX - 16384u)
/* Of a store, unless the daemon is told otherwise: they are held in memory. Explorer
   notes about 600 bytes with each file that it brings. */
#define DEAD_TOTAL_BYTES_USUAL (256u << 20)
/* What a place with properties costs beside them and its path. */
#define DEAD_PLACE_BYTES 128u

void dav_dead_load(struct dav *dav);
enum dead_room { DEAD_FITS, DEAD_TOO_LARGE, DEAD_STORE_FULL };
/* Whether properties of that size may be kept with the place. */
enum dead_room dav_dead_room(struct dav *dav, const struct dav_place *place,
                             uint64_t bytes);
/* The same for a copy of those of the place; `deep`: and of all beneath it. */
enum dead_room dav_dead_room_for_copy(struct dav *dav, const struct dav_place *from,
                                      bool deep);
/* Replaces the properties of the place, at once for whoever asks, and on disk when done
   is called; where that fails they are what they were. */
void dav_dead_keep(struct dav *dav, const struct dav_place *place, struct view value,
                   engine_done_fn *done, void *context);
/* The properties of the place and of all beneath it. */
void dav_dead_drop(struct dav *dav, const struct dav_place *place);
/* Gives `to`, and all beneath it, what `from` has; `deep`: beneath it, too. */
void dav_dead_copy(struct dav *dav, const struct dav_place *from,
                   const struct dav_place *to, bool deep);
/* What was there is gone, and with it its locks, properties and marks, and those of all
   beneath it. Takes the lock itself. */
void dav_forget(struct dav *dav, const struct dav_place *place);

#endif
