/* SPDX-License-Identifier: MIT */
/*
 * A bucket is a line of the processor's cache with a few entries and, for each, some
 * bits of its hash: that a key is not there costs one miss of the cache, whatever else
 * lies in the bucket. How many buckets a generation has is chosen before it begins, by
 * the size of the one before, so that none is moved under a reader; one that is full
 * goes on in a line from the arena. A line is of a generation, and empty in every later
 * one: to forget everything is to count up. Links are released after what they point to
 * is filled in, and a line's generation after its links are cleared.
 *
 * memtable_put() links a version before its bytes are filled: no reader looks at them
 * until the sequence number it carries is published, which happens after a sync, much
 * later and with a release of its own. A number that may be published already needs
 * memtable_put_value(), which links last.
 */
#include "common/journal/memtable.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

#define XXH_INLINE_ALL /* of a hash of few bytes the call is a good part */
#include <xxhash.h>

#include "common/base/log.h"

#define LINE_BYTES 64
#define LINE_ENTRIES 5
#define LINES_MIN (1u << 15)
#define LINES_MAX (1u << 17)
#define LINE_ENTRIES_MEANT 2 /* few lines go on in another then */
#define CHUNK_BYTES (1u << 20)
#define SPARE_CHUNKS_MAX 96 /* as many as a generation has under load */

struct line {
    _Atomic(struct entry *) entries[LINE_ENTRIES]; /* behind the first null: none */
    _Atomic(struct line *) more;
    uint16_t tags[LINE_ENTRIES]; /* of the hashes; written before the entry */
    _Atomic uint32_t generation;
};
_Static_assert(sizeof(struct line) <= LINE_BYTES, "one line of the cache");

struct chunk {
    struct chunk *next;
    size_t used, size; /* this head included */
};

struct recent {
    uint64_t hash;
    struct entry *entry;
};

struct memtable {
    struct chunk *chunks; /* the first one is being filled */
    struct chunk *spare;  /* of CHUNK_BYTES, empty */
    uint64_t bytes;
    size_t entries[TABLE_COUNT];
    struct entry *first, **last;       /* by `following` */
    struct recent recent[TABLE_COUNT]; /* what the writer found or made last */
    uint32_t generation;
    struct line *lines; /* room for the most; the first line_count are in use */
    size_t line_count;  /* a power of two */
};

/* ------------------------------------------------------------------------- memory */

/* Zeroed, and not malloc's: an arena would raise its end page by page. */
static void *map_memory(size_t size)
{
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ENSURE(memory != MAP_FAILED);
    return memory;
}

struct memtable *memtable_create(void)
{
    struct memtable *memtable = memory_take_zeroed(1, sizeof *memtable);
    memtable->lines = map_memory(LINES_MAX * sizeof *memtable->lines);
    (void)madvise(memtable->lines, LINES_MAX * sizeof *memtable->lines, MADV_HUGEPAGE);
    memtable->line_count = LINES_MIN;
    memtable->generation = 1;
    memtable->last = &memtable->first;
    return memtable;
}

static void free_chunks(struct chunk *chunk)
{
    while (chunk) {
        struct chunk *next = chunk->next;
        munmap(chunk, chunk->size);
        chunk = next;
    }
}

void memtable_free(struct memtable *memtable)
{
    if (!memtable)
        return;
    free_chunks(memtable->chunks);
    free_chunks(memtable->spare);
    munmap(memtable->lines, LINES_MAX * sizeof *memtable->lines);
    free(memtable);
}

/* Moves chunks to the spare ones while there is room for them. */
static void spare_chunks(struct memtable *memtable, struct chunk *chunk, size_t *room)
{
    while (chunk) {
        struct chunk *next = chunk->next;
        if (*room && chunk->size == CHUNK_BYTES) {
            *chunk = (struct chunk){
                .next = memtable->spare, .size = chunk->size, .used = sizeof *chunk};
            memtable->spare = chunk;
            --*room;
        } else {
            munmap(chunk, chunk->size);
        }
        chunk = next;
    }
}

/* Fresh memory from the kernel costs a fault and a cleared page: up to twice of what
   was needed is kept. */
void memtable_reset(struct memtable *memtable)
{
    struct memtable old = *memtable;
    size_t room = 2 * (old.bytes / CHUNK_BYTES) + 1;
    if (room > SPARE_CHUNKS_MAX)
        room = SPARE_CHUNKS_MAX;
    *memtable = (struct memtable){.generation = old.generation + 1,
                                  .lines = old.lines,
                                  .line_count = old.line_count};
    memtable->last = &memtable->first;
    spare_chunks(memtable, old.chunks, &room);
    spare_chunks(memtable, old.spare, &room);
}

void memtable_rest(struct memtable *memtable)
{
    free_chunks(memtable->spare);
    memtable->spare = NULL;
}

/* Lines that a rest makes superfluous go back to the kernel, which clears them, by
   halves: a load that comes in gusts keeps its own. */
void memtable_expect(struct memtable *memtable, size_t entries)
{
    size_t count = LINES_MIN;
    ENSURE(!memtable->first);
    while (count < LINES_MAX && count * LINE_ENTRIES_MEANT < entries)
        count *= 2;
    if (count < memtable->line_count) {
        count = memtable->line_count / 2;
        (void)madvise(memtable->lines + count, count * sizeof *memtable->lines,
                      MADV_DONTNEED);
    }
    memtable->line_count = count;
}

static struct chunk *take_chunk(struct memtable *memtable, size_t size)
{
    struct chunk *chunk = memtable->spare;
    memtable->bytes += size;
    if (size == CHUNK_BYTES && chunk) {
        memtable->spare = chunk->next;
        return chunk;
    }
    chunk = map_memory(size);
    *chunk = (struct chunk){.size = size, .used = sizeof *chunk};
    return chunk;
}

/* A new first chunk with room for so many bytes. A large value gets one of its own, and
   the old one is filled on. */
static struct chunk *add_chunk(struct memtable *memtable, size_t size)
{
    struct chunk *chunk = memtable->chunks;
    bool large = size > CHUNK_BYTES / 8;
    struct chunk *fresh = take_chunk(
        memtable, large ? sizeof(struct chunk) + size + LINE_BYTES : CHUNK_BYTES);
    if (chunk && large) {
        fresh->next = chunk->next;
        chunk->next = fresh;
    } else {
        fresh->next = chunk;
        memtable->chunks = fresh;
    }
    return fresh;
}

static void *take(struct memtable *memtable, size_t size, size_t alignment)
{
    struct chunk *chunk = memtable->chunks;
    if (!chunk || chunk->used + size + alignment > chunk->size)
        chunk = add_chunk(memtable, size);
    size_t at = (chunk->used + alignment - 1) & ~(alignment - 1);
    chunk->used = at + size;
    return (char *)chunk + at;
}

/* ------------------------------------------------------------------------- buckets */

/* The last byte only chooses among lines side by side: of a run of numbers, or of keys
   that end in one, the next lies where the processor looks already. */
static uint64_t hash_of(enum table table, struct view key)
{
    size_t rest = key.size ? key.size - 1 : 0;
    uint64_t hash = XXH3_64bits_withSeed(key.data, rest, (uint64_t)table);
    return key.size ? hash + (uint8_t)key.data[rest] : hash;
}

static uint16_t tag_of(uint64_t hash)
{
    return (uint16_t)(hash >> 48);
}

static struct line *line_of(const struct memtable *memtable, uint64_t hash)
{
    return &memtable->lines[hash & (memtable->line_count - 1)];
}

static bool is_entry_of(const struct entry *entry, enum table table, struct view key)
{
    return entry->table == table && entry->key_size == key.size &&
           memcmp(entry->key, key.data, key.size) == 0;
}

static struct entry *find_in_line(const struct line *line, enum table table,
                                  struct view key, uint16_t tag)
{
    for (unsigned i = 0; i < LINE_ENTRIES; i++) {
        struct entry *entry =
            atomic_load_explicit(&line->entries[i], memory_order_acquire);
        if (!entry)
            return NULL;
        if (line->tags[i] == tag && is_entry_of(entry, table, key))
            return entry;
    }
    return NULL;
}

static struct entry *find_entry(const struct memtable *memtable, enum table table,
                                struct view key, uint64_t hash)
{
    const struct line *line = line_of(memtable, hash);
    struct entry *entry = NULL;
    if (atomic_load_explicit(&line->generation, memory_order_acquire) !=
        memtable->generation)
        return NULL;
    for (; line && !entry;
         line = atomic_load_explicit(&line->more, memory_order_acquire))
        entry = find_in_line(line, table, key, tag_of(hash));
    return entry;
}

/* For the writer. */
static struct entry *find_recent(struct memtable *memtable, enum table table,
                                 struct view key, uint64_t hash)
{
    struct recent *recent = &memtable->recent[table];
    if (recent->entry && recent->hash == hash && is_entry_of(recent->entry, table, key))
        return recent->entry;
    struct entry *entry = find_entry(memtable, table, key, hash);
    if (entry)
        *recent = (struct recent){hash, entry};
    return entry;
}

static void clear_line(struct line *line, uint32_t generation)
{
    for (unsigned i = 0; i < LINE_ENTRIES; i++)
        atomic_store_explicit(&line->entries[i], NULL, memory_order_relaxed);
    atomic_store_explicit(&line->more, NULL, memory_order_relaxed);
    atomic_store_explicit(&line->generation, generation, memory_order_release);
}

static struct line *grow_line(struct memtable *memtable, struct line *line)
{
    struct line *more = take(memtable, sizeof *more, LINE_BYTES);
    clear_line(more, memtable->generation);
    atomic_store_explicit(&line->more, more, memory_order_release);
    return more;
}

static void link_entry(struct memtable *memtable, struct entry *entry, uint64_t hash)
{
    struct line *more, *line = line_of(memtable, hash);
    unsigned at = 0;
    if (atomic_load_explicit(&line->generation, memory_order_relaxed) !=
        memtable->generation)
        clear_line(line, memtable->generation);
    while ((more = atomic_load_explicit(&line->more, memory_order_relaxed)))
        line = more;
    while (at < LINE_ENTRIES &&
           atomic_load_explicit(&line->entries[at], memory_order_relaxed))
        at++;
    if (at == LINE_ENTRIES) {
        line = grow_line(memtable, line);
        at = 0;
    }
    line->tags[at] = tag_of(hash);
    atomic_store_explicit(&line->entries[at], entry, memory_order_release);
}

static struct entry *add_entry(struct memtable *memtable, enum table table,
                               struct view key, uint64_t hash)
{
    struct entry *entry =
        take(memtable, offsetof(struct entry, key) + key.size, _Alignof(struct entry));
    entry->following = NULL;
    atomic_init(&entry->newest, NULL);
    entry->table = (uint8_t)table;
    entry->key_size = (uint16_t)key.size;
    entry->was_deleted = entry->is_fresh = false;
    memcpy(entry->key, key.data, key.size);
    link_entry(memtable, entry, hash);
    memtable->entries[table]++;
    *memtable->last = entry;
    memtable->last = &entry->following;
    memtable->recent[table] = (struct recent){hash, entry};
    return entry;
}

/* ------------------------------------------------------------------------ versions */

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
    struct version *version =
        take(memtable, offsetof(struct version, data) + size, _Alignof(struct version));
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
