/* SPDX-License-Identifier: MIT */
/*
 * Write locks (RFC 4918, sections 6 and 7), exclusive and shared, of one place or of
 * all beneath it. Each has 128 random bits for its token and ends by the store's own
 * clock: one that is found at the start begins its time anew, because nobody could
 * refresh it while there was no daemon. Ended ones are dropped by dav_enter.
 *
 * Under the lock of places.h, all of it.
 */
#ifndef ACTORFS_SERVER_DAV_LOCKS_H
#define ACTORFS_SERVER_DAV_LOCKS_H

#include <stdbool.h>

#include "server/dav/condition.h"
#include "server/dav/places.h"

#define LOCK_SECONDS_USUAL 3600u
#define LOCK_SECONDS_MAX 86400u
#define LOCK_OWNER_BYTES_MAX 4096u /* of the client's words about itself */
#define LOCKS_MAX 100000u          /* of a store: each costs memory and a note */
#define LOCK_TOKEN_SIZE 46         /* urn:uuid: and 36 more, and a NUL */

struct dav_lock {
    struct dav_lock *next; /* of the same place */
    char token[LOCK_TOKEN_SIZE];
    bool is_shared, is_deep;
    bool is_kept; /* on disk: shown to others from then on */
    uint32_t timeout_s;
    int64_t deadline_ns;
    uint64_t state_version; /* of a locked state, when it was last seen by its holder */
    char *login;            /* who took it; "" where nobody logs in */
    struct bytes owner;     /* the client's element, an excerpt; may be empty */
};

void dav_locks_load(struct dav *dav);
void dav_locks_free(struct dav_lock *locks);
/* Drops what has ended, locks and hidden names. */
void dav_expire(struct dav *dav);

/* A new one with a token of its own; `owner` is copied. */
struct dav_lock *dav_lock_new(bool is_shared, bool is_deep, const char *login,
                              struct view owner);
/* Starts its time. */
void dav_lock_refresh(struct dav *dav, struct dav_lock *lock, uint32_t timeout_s);
/* Adds it to the place, owned by it from now on. */
void dav_lock_add(struct dav *dav, const struct dav_place *place,
                  struct dav_lock *lock);
/* Frees it; its note is the caller's business. */
void dav_lock_remove(struct dav *dav, const struct dav_place *place, const char *token);

/* Calls `each` for the locks that cover the place: its own, and deep ones above. */
typedef void dav_lock_fn(void *context, struct dav_entry *entry, struct dav_lock *lock);
void dav_locks_covering(struct dav *dav, const struct dav_place *place,
                        dav_lock_fn *each, void *context);
/* The covering one with that token, and where it is; null. */
struct dav_lock *dav_lock_find(struct dav *dav, const struct dav_place *place,
                               struct view token, struct dav_entry **entry_out);
/* The place of a lock that keeps a new one out; null where none does. */
struct dav_entry *dav_locks_conflict(struct dav *dav, const struct dav_place *place,
                                     bool is_shared, bool is_deep);
/* How many there are. */
size_t dav_locks_count(const struct dav *dav);

/* Who wants to write: tokens that the request submitted (null: none), and its login. */
struct dav_holder {
    const struct dav_if *header;
    const char *login;
};
enum dav_touch {
    TOUCH_PLACE,  /* the place itself */
    TOUCH_TREE,   /* and all beneath it */
    TOUCH_MEMBERS /* what is in the folder: a name comes or goes */
};
/* Null when the holder may write; else where a lock is that it did not submit. */
struct dav_entry *dav_locks_forbid(struct dav *dav, const struct dav_place *place,
                                   enum dav_touch touch,
                                   const struct dav_holder *holder);

/* Of a locked `state`: the version that the lock's holder knows, STATE_VERSION_ANY
   where the place itself has no lock of the holder's; and that the holder wrote a new
   one. These two take the lock themselves. */
uint64_t dav_state_version(struct dav *dav, const struct dav_place *place,
                           const struct dav_holder *holder);
void dav_state_written(struct dav *dav, const struct dav_place *place,
                       const struct dav_holder *holder, uint64_t version);

/* The note of a lock: key, and value (empty: to remove it). */
void dav_lock_note_key(struct bytes *out, const char *token);
void dav_lock_note_value(struct bytes *out, const struct dav_entry *entry,
                         const struct dav_lock *lock);
/* Drops one lock of the entry, or all of them, and their notes. */
void dav_lock_drop(struct dav *dav, struct dav_entry *entry, struct dav_lock *lock);
void dav_locks_drop(struct dav *dav, struct dav_entry *entry);

#endif
