/* SPDX-License-Identifier: MIT */
/*
 * Buckets are single chains of entries, a new entry in front. A generation is bounded
 * by the checkpoint's size, so the bucket array has a fixed size and is never moved
 * under a reader. Links are released after what they point to is filled in.
 *
 * memtable_put() links a version before its bytes are filled: no reader looks at them
 * until the sequence number it carries is published, which happens after a sync, much
 * later and with a release of its own. A number that may be published already needs
 * memtable_put_value(), which links last.
 */
#include "common/journal/memtable.h"

#include <stdlib.h>

#include <xxhash.h>

#include "common/base/log.h"

#define BUCKETS (1u << 18)
#define CHUNK_BYTES (1u << 20)
#define SPARE_CHUNKS_MAX 24

struct chunk {
    struct chunk *next;
    size_t used, size;
    char data[];
};

struct memtable {
    struct chunk *chunks; /* the first one is being filled */
    struct chunk *spare;  /* of CHUNK_BYTES, empty */
    uint64_t bytes;
    size_t entries[TABLE_COUNT];
    struct entry *first, **last;       /* by `following` */
    struct entry *recent[TABLE_COUNT]; /* what the writer found or made last */
    _Atomic(struct entry *) *buckets;
};

struct memtable *memtable_create(void)
{
    struct memtable *memtable = memory_take_zeroed(1, sizeof *memtable);
    memtable->buckets = memory_take_zeroed(BUCKETS, sizeof *memtable->buckets);
    memtable->last = &memtable->first;
    return memtable;
}

static void free_chunks(struct chunk *chunk)
{
    while (chunk) {
        struct chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void memtable_free(struct memtable *memtable)
{
    if (!memtable)
        return;
    free_chunks(memtable->chunks);
    free_chunks(memtable->spare);
    free(memtable->buckets);
    free(memtable);
}

/* Fresh memory from the kernel costs a fault and a cleared page for every 4 KiB. */
void memtable_reset(struct memtable *memtable)
{
    struct chunk *chunk = memtable->chunks, *spare = memtable->spare;
    for (unsigned kept = 0; chunk && kept < SPARE_CHUNKS_MAX; kept++) {
        struct chunk *next = chunk->next;
        if (chunk->size == CHUNK_BYTES) {
            chunk->used = 0;
            chunk->next = spare;
            spare = chunk;
        } else {
            free(chunk);
        }
        chunk = next;
    }
    free_chunks(chunk);
    memset(memtable->buckets, 0, BUCKETS * sizeof *memtable->buckets);
    *memtable = (struct memtable){.spare = spare, .buckets = memtable->buckets};
    memtable->last = &memtable->first;
}

static struct chunk *take_chunk(struct memtable *memtable, size_t room)
{
    struct chunk *chunk = memtable->spare;
    memtable->bytes += room;
    if (room == CHUNK_BYTES && chunk) {
        memtable->spare = chunk->next;
        return chunk;
    }
    chunk = memory_take(sizeof *chunk + room);
    *chunk = (struct chunk){.size = room};
    return chunk;
}

static void *take(struct memtable *memtable, size_t size)
{
    size = (size + 7) & ~(size_t)7;
    struct chunk *chunk = memtable->chunks;
    if (!chunk || chunk->size - chunk->used < size) {
        size_t room = size > CHUNK_BYTES / 4 ? size : CHUNK_BYTES;
        struct chunk *fresh = take_chunk(memtable, room);
        if (chunk && room == size) { /* a large value; go on filling the old chunk */
            fresh->next = chunk->next;
            chunk->next = fresh;
        } else {
            fresh->next = chunk;
            memtable->chunks = fresh;
        }
        chunk = fresh;
    }
    void *taken = chunk->data + chunk->used;
    chunk->used += size;
    return taken;
}

static uint64_t hash_of(enum table table, struct view key)
{
    return XXH3_64bits_withSeed(key.data, key.size, (uint64_t)table);
}

static bool is_entry_of(const struct entry *entry, enum table table, struct view key,
                        uint64_t hash)
{
    return entry->hash == hash && entry->table == table &&
           entry->key_size == key.size && memcmp(entry->key, key.data, key.size) == 0;
}

static struct entry *find_entry(const struct memtable *memtable, enum table table,
                                struct view key, uint64_t hash)
{
    struct entry *entry =
        atomic_load_explicit(&memtable->buckets[hash % BUCKETS], memory_order_acquire);
    while (entry && !is_entry_of(entry, table, key, hash))
        entry = entry->next;
    return entry;
}

/* For the writer. */
static struct entry *find_recent(struct memtable *memtable, enum table table,
                                 struct view key, uint64_t hash)
{
    struct entry *entry = memtable->recent[table];
    if (entry && is_entry_of(entry, table, key, hash))
        return entry;
    entry = find_entry(memtable, table, key, hash);
    if (entry)
        memtable->recent[table] = entry;
    return entry;
}

static struct entry *add_entry(struct memtable *memtable, enum table table,
                               struct view key, uint64_t hash)
{
    struct entry *entry = take(memtable, sizeof *entry + key.size);
    _Atomic(struct entry *) *bucket = &memtable->buckets[hash % BUCKETS];
    entry->next = atomic_load_explicit(bucket, memory_order_relaxed);
    atomic_init(&entry->newest, NULL);
    entry->hash = hash;
    entry->table = (uint16_t)table;
    entry->key_size = (uint16_t)key.size;
    entry->was_deleted = entry->is_fresh = false;
    memcpy(entry->key, key.data, key.size);
    atomic_store_explicit(bucket, entry, memory_order_release);
    memtable->entries[table]++;
    entry->following = NULL;
    *memtable->last = entry;
    memtable->last = &entry->following;
    memtable->recent[table] = entry;
    return entry;
}

enum put { PUT, PUT_FRESH, DELETE };

static struct version *add_version(struct memtable *memtable, enum table table,
                                   struct view key, uint64_t sequence, uint64_t sealed,
                                   size_t size, enum put put, const char *data)
{
    uint64_t hash = hash_of(table, key);
    bool unknown = put == PUT_FRESH && (table == TABLE_LIVE || table == TABLE_LOG);
    struct entry *entry = unknown ? NULL : find_recent(memtable, table, key, hash);
    if (!entry) {
        entry = add_entry(memtable, table, key, hash);
        entry->is_fresh = put == PUT_FRESH;
    }
    struct version *older = atomic_load_explicit(&entry->newest, memory_order_relaxed);
    if (older && older->sequence > sealed)
        older = older->older; /* nobody has seen it and nobody will */
    struct version *version = take(memtable, sizeof *version + size);
    version->older = older;
    version->sequence = sequence;
    version->size = (uint32_t)size;
    version->deleted = put == DELETE;
    entry->was_deleted |= version->deleted;
    if (data)
        memcpy(version->data, data, size);
    atomic_store_explicit(&entry->newest, version, memory_order_release);
    return version;
}

char *memtable_put(struct memtable *memtable, enum table table, struct view key,
                   uint64_t sequence, uint64_t sealed, size_t size)
{
    return add_version(memtable, table, key, sequence, sealed, size, PUT, NULL)->data;
}

char *memtable_put_fresh(struct memtable *memtable, enum table table, struct view key,
                         uint64_t sequence, uint64_t sealed, size_t size)
{
    return add_version(memtable, table, key, sequence, sealed, size, PUT_FRESH, NULL)
        ->data;
}

void memtable_put_value(struct memtable *memtable, enum table table, struct view key,
                        uint64_t sequence, uint64_t sealed, struct view value)
{
    add_version(memtable, table, key, sequence, sealed, value.size, PUT, value.data);
}

void memtable_delete(struct memtable *memtable, enum table table, struct view key,
                     uint64_t sequence, uint64_t sealed)
{
    add_version(memtable, table, key, sequence, sealed, 0, DELETE, NULL);
}

const struct version *memtable_find(const struct memtable *memtable, enum table table,
                                    struct view key, uint64_t limit)
{
    struct entry *entry = find_entry(memtable, table, key, hash_of(table, key));
    if (!entry)
        return NULL;
    struct version *version =
        atomic_load_explicit(&entry->newest, memory_order_acquire);
    while (version && version->sequence > limit)
        version = version->older;
    return version;
}

bool memtable_is_fresh(const struct memtable *memtable, enum table table,
                       struct view key)
{
    const struct entry *entry = find_entry(memtable, table, key, hash_of(table, key));
    return entry && entry->is_fresh;
}

const struct version *memtable_newest(struct memtable *memtable, enum table table,
                                      struct view key)
{
    struct entry *entry = find_recent(memtable, table, key, hash_of(table, key));
    return entry ? atomic_load_explicit(&entry->newest, memory_order_relaxed) : NULL;
}

uint64_t memtable_bytes(const struct memtable *memtable)
{
    return memtable->bytes;
}

size_t memtable_entries_of(const struct memtable *memtable, enum table table)
{
    return memtable->entries[table];
}

size_t memtable_entries(const struct memtable *memtable)
{
    size_t entries = 0;
    for (unsigned table = 0; table < TABLE_COUNT; table++)
        entries += memtable->entries[table];
    return entries;
}

void memtable_each(const struct memtable *memtable, memtable_entry_fn *each,
                   void *context)
{
    for (const struct entry *entry = memtable->first; entry; entry = entry->following)
        each(context, entry);
}
