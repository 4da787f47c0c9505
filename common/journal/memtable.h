/* SPDX-License-Identifier: MIT */
/*
 * What the journal holds and LMDB does not yet: a hash table from (table, key) to
 * versions, newest first. One thread writes (the sequencer); any number read at the
 * same time without a lock. Entries and versions are never freed one by one: they lie
 * in an arena that goes as a whole once a checkpoint has taken the table over.
 *
 * A version carries the sequence number of the record that made it. A reader passes the
 * last number that is on disk and sees nothing newer: this is how nothing becomes
 * visible before it is durable.
 */
#ifndef ACTORFS_JOURNAL_MEMTABLE_H
#define ACTORFS_JOURNAL_MEMTABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"

enum table {
    TABLE_ACTORS,    /* id -> actor */
    TABLE_NAMES,     /* name -> id (8 bytes, big-endian) */
    TABLE_STATES,    /* id -> bytes */
    TABLE_LIVE,      /* id, slot -> unfinished task, or forward to one */
    TABLE_DONE,      /* id, sequence -> finished task */
    TABLE_KEYS,      /* id, key -> struct key_place */
    TABLE_LOG,       /* id, line number -> struct log_record */
    TABLE_TIMERS,    /* due, id, sequence -> nothing */
    TABLE_ATTENTION, /* id -> nothing */
    TABLE_NOTES,     /* key -> value, of the faces' own */
    TABLE_BONDS,     /* id -> whom it watches, is watched by, is linked to */
    TABLE_COUNT
};

struct version {
    struct version *older;
    uint64_t sequence; /* of the record that made it */
    uint32_t size;
    bool deleted;
    char data[];
};

struct entry {
    struct entry *following; /* in the order they were made. Writer, then checkpoint. */
    _Atomic(struct version *) newest;
    uint16_t key_size;
    uint8_t table;
    bool
        was_deleted; /* by some version, maybe an older one. Writer, then checkpoint. */
    bool is_fresh;   /* the key was never used before: LMDB has nothing under it */
    char key[];
};

struct memtable;

struct memtable *memtable_create(void);
void memtable_free(struct memtable *memtable);
/* Forgets everything and keeps some of the memory, for the next generation. */
void memtable_reset(struct memtable *memtable);
/* Gives that memory back: nothing is likely to come soon. */
void memtable_rest(struct memtable *memtable);
/* Of an empty one: so many entries are likely to come. More are not refused. */
void memtable_expect(struct memtable *memtable, size_t entries);

/* A new version with room for `size` bytes, which the caller fills before the next
   memtable call; for a deletion size is 0. A version that is newer than `sealed` (so
   that no reader can see it yet) is replaced. `sequence` is newer than `sealed`, too.
   Writer only. */
char *memtable_put(struct memtable *memtable, enum table table, struct view key,
                   uint64_t sequence, uint64_t sealed, size_t size);
/* The same for a key that was certainly never put before, in whatever generation: its
   deletion need not be carried to LMDB. In tables that are numbered it is not even
   looked for. */
char *memtable_put_fresh(struct memtable *memtable, enum table table, struct view key,
                         uint64_t sequence, uint64_t sealed, size_t size);
/* The same with the bytes at hand, also where `sequence` is not newer than `sealed`:
   readers may see the version at once, and see it whole. */
void memtable_put_value(struct memtable *memtable, enum table table, struct view key,
                        uint64_t sequence, uint64_t sealed, struct view value);
void memtable_delete(struct memtable *memtable, enum table table, struct view key,
                     uint64_t sequence, uint64_t sealed);

/* The newest version not newer than `limit`; null when there is none. Any thread. */
const struct version *memtable_find(const struct memtable *memtable, enum table table,
                                    struct view key, uint64_t limit);

/* Whether the key is there and was never used before (memtable_put_fresh). */
bool memtable_is_fresh(const struct memtable *memtable, enum table table,
                       struct view key);
/* The newest version, for the writer, who often asks for the same key again. */
const struct version *memtable_newest(struct memtable *memtable, enum table table,
                                      struct view key);

uint64_t memtable_bytes(const struct memtable *memtable); /* of the arena. Writer. */
size_t memtable_entries(const struct memtable *memtable);
/* How many of them are of one table. */
size_t memtable_entries_of(const struct memtable *memtable, enum table table);
/* Calls `each` for every entry, as they were made. Nobody writes meanwhile. */
typedef void memtable_entry_fn(void *context, const struct entry *entry);
void memtable_each(const struct memtable *memtable, memtable_entry_fn *each,
                   void *context);

#endif
