/* SPDX-License-Identifier: MIT */
/*
 * Look-ups go to memory first: the active part, then the frozen one, then LMDB. A
 * snapshot holds the lock shared from its first look to its last, so that no part of
 * memory is forgotten under it, and its LMDB transaction is begun after the lock was
 * taken, so that what had been forgotten before is in it. `limit` is read last: all
 * that the LMDB snapshot holds is older than it.
 */
#include "common/journal/index.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/journal/index_internal.h"
#include "common/journal/record.h"

/* LMDB keeps the memory of every page that was dirty at once. */
#define DIRTY_PAGES_MAX 8192

struct view pair_key(struct pair_key *key, uint64_t actor, uint64_t number)
{
    number_to_key(actor, key->bytes);
    number_to_key(number, key->bytes + 8);
    return view_of(key->bytes, 16);
}

struct view single_key(struct pair_key *key, uint64_t number)
{
    number_to_key(number, key->bytes);
    return view_of(key->bytes, 8);
}

struct view text_key(struct text_key *key, uint64_t actor, struct view text)
{
    ENSURE(text.size <= sizeof key->bytes - 8);
    number_to_key(actor, key->bytes);
    memcpy(key->bytes + 8, text.data, text.size);
    return view_of(key->bytes, 8 + text.size);
}

/* ------------------------------------------------------------------------ opening */

static const char *const table_names[TABLE_COUNT] = {[TABLE_ACTORS] = "actors",
                                                     [TABLE_NAMES] = "names",
                                                     [TABLE_STATES] = "states",
                                                     [TABLE_LIVE] = "live",
                                                     [TABLE_DONE] = NULL,
                                                     [TABLE_KEYS] = "keys",
                                                     [TABLE_LOG] = "log",
                                                     [TABLE_TIMERS] = "timers",
                                                     [TABLE_ATTENTION] = "attention",
                                                     [TABLE_NOTES] = "notes",
                                                     [TABLE_BONDS] = "bonds"};

static enum status read_meta(struct store_writer *writer, store_table meta,
                             const char *name, void *out, size_t size)
{
    struct view value;
    enum status status = store_write_get(writer, meta, view_text(name), &value);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK; /* as it was initialized */
    if (!status && value.size != size)
        status = STATUS_INVALID;
    if (!status)
        memcpy(out, value.data, size);
    return status;
}

static enum status check_format(struct store_writer *writer, store_table meta)
{
    uint32_t format = RECORD_VERSION;
    enum status status = read_meta(writer, meta, "format", &format, sizeof format);
    if (!status && format != RECORD_VERSION)
        status = STATUS_INVALID;
    if (!status)
        status = store_put(writer, meta, view_text("format"),
                           view_of(&format, sizeof format));
    return status;
}

static enum status open_tables(struct index *index, struct store_writer *writer)
{
    enum status status = store_open_table(writer, "meta", true, &index->meta);
    if (!status)
        status = check_format(writer, index->meta);
    for (unsigned i = 0; i < TABLE_COUNT && !status; i++)
        if (table_names[i])
            status = store_open_table(writer, table_names[i], true, &index->tables[i]);
    if (!status)
        status = generations_load(writer, index->meta, &index->generations);
    if (!status)
        status = read_meta(writer, index->meta, "position", &index->position,
                           sizeof index->position);
    if (!status)
        status = read_meta(writer, index->meta, "incarnation", &index->incarnation,
                           sizeof index->incarnation);
    index->incarnation++;
    if (!status)
        status = store_put(writer, index->meta, view_text("incarnation"),
                           view_of(&index->incarnation, sizeof index->incarnation));
    return status;
}

static enum status load(struct index *index)
{
    struct store_writer *writer;
    enum status status = store_write_begin(index->store, &writer);
    if (status)
        return status;
    status = open_tables(index, writer);
    if (!status)
        return store_commit(writer);
    store_abort(writer);
    return status;
}

/* The sequencer must get its turn however many readers there are; no thread takes the
   lock shared twice. */
static void init_lock(pthread_rwlock_t *lock)
{
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes,
                                  PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
}

enum status index_open(const char *path, const struct index_options *options,
                       struct index **index_out, struct bytes *message)
{
    struct index *index = memory_take_zeroed(1, sizeof *index);
    index->position.next_actor = 1;
    enum status status = store_open(path, options->sync, &index->store, message);
    if (!status) {
        status = load(index);
        if (status)
            bytes_format(message, "%s: %s", path,
                         status == STATUS_INVALID ? "a store of another format"
                                                  : status_text(status));
    }
    if (status) {
        store_close(index->store);
        free(index);
        return status;
    }
    init_lock(&index->lock);
    index->active = memtable_create();
    index->stored_next_actor = index->position.next_actor;
    index->sealed = index->position.sequence;
    atomic_init(&index->published, index->position.sequence);
    memcpy(index->receipts.retention_ms, options->retention_ms,
           sizeof options->retention_ms);
    index->receipts.meta = index->meta;
    index->dirty_pages_max = DIRTY_PAGES_MAX;
    index->decided = (struct index_snapshot){.index = index, .limit = UINT64_MAX};
    *index_out = index;
    return STATUS_OK;
}

void index_close(struct index *index)
{
    if (!index)
        return;
    index_decided_end(index);
    memtable_free(index->active);
    memtable_free(index->frozen);
    memtable_free(index->spare);
    store_close(index->store);
    pthread_rwlock_destroy(&index->lock);
    free(index);
}

struct index_position index_position(const struct index *index)
{
    return index->position;
}

uint32_t index_incarnation(const struct index *index)
{
    return index->incarnation;
}

struct store *index_store(struct index *index)
{
    return index->store;
}

/* ---------------------------------------------------------------------- sequencer */

bool index_is_recent(struct index *index, enum table table, struct view key)
{
    return memtable_newest(index->active, table, key) != NULL;
}

struct recent {
    enum table table;
    index_each_fn *each;
    void *context;
};

static void visit_recent(void *context, const struct entry *entry)
{
    const struct recent *recent = context;
    const struct version *newest = atomic_load(&entry->newest);
    if (entry->table == recent->table && newest && !newest->deleted)
        recent->each(recent->context, view_of(entry->key, entry->key_size),
                     view_of(newest->data, newest->size));
}

void index_each_recent(struct index *index, enum table table, index_each_fn *each,
                       void *context)
{
    struct recent recent = {table, each, context};
    ENSURE(!index->frozen);
    memtable_each(index->active, visit_recent, &recent);
}

char *index_put(struct index *index, enum table table, struct view key,
                uint64_t sequence, size_t size)
{
    return memtable_put(index->active, table, key, sequence, index->sealed, size);
}

char *index_put_fresh(struct index *index, enum table table, struct view key,
                      uint64_t sequence, size_t size)
{
    return memtable_put_fresh(index->active, table, key, sequence, index->sealed, size);
}

void index_put_value(struct index *index, enum table table, struct view key,
                     uint64_t sequence, struct view value)
{
    memtable_put_value(index->active, table, key, sequence, index->sealed, value);
}

void index_delete(struct index *index, enum table table, struct view key,
                  uint64_t sequence)
{
    memtable_delete(index->active, table, key, sequence, index->sealed);
}

void index_seal(struct index *index, uint64_t sequence)
{
    index->sealed = sequence;
}

uint64_t index_bytes(const struct index *index)
{
    return memtable_bytes(index->active);
}

size_t index_entries(const struct index *index)
{
    return memtable_entries(index->active);
}

bool index_freeze(struct index *index, const struct index_position *position)
{
    if (index->frozen)
        return false;
    struct memtable *fresh = index->spare ? index->spare : memtable_create();
    index->spare = NULL;
    memtable_expect(fresh, memtable_entries(index->active));
    pthread_rwlock_wrlock(&index->lock);
    index->frozen = index->active;
    index->active = fresh;
    pthread_rwlock_unlock(&index->lock);
    index->frozen_position = *position;
    index->receipts.clock_ms = position->clock_ms;
    return true;
}

void index_thaw(struct index *index)
{
    index_decided_end(index);
    struct memtable *old = index->frozen;
    pthread_rwlock_wrlock(&index->lock);
    index->frozen = NULL;
    receipts_expire(&index->receipts, &index->expired);
    index->generations = index->receipts.now;
    index->stored_next_actor = index->frozen_position.next_actor;
    pthread_rwlock_unlock(&index->lock);
    index->position = index->frozen_position;
    memtable_reset(old);
    index->spare = old;
}

void index_rest(struct index *index)
{
    memtable_rest(index->active);
    memtable_free(index->spare);
    index->spare = NULL;
}

struct index_snapshot *index_decided(struct index *index)
{
    if (!index->decided.reader)
        index->decided.reader = store_read_begin(index->store);
    return &index->decided;
}

void index_decided_end(struct index *index)
{
    if (index->decided.reader)
        store_read_end(index->decided.reader);
    index->decided.reader = NULL;
}

void index_publish(struct index *index, uint64_t sequence)
{
    atomic_store_explicit(&index->published, sequence, memory_order_release);
}

uint64_t index_published(const struct index *index)
{
    return atomic_load_explicit(&index->published, memory_order_acquire);
}

/* ------------------------------------------------------------------------ looking */

void index_snapshot_begin(struct index *index, struct index_snapshot *snapshot)
{
    pthread_rwlock_rdlock(&index->lock);
    *snapshot = (struct index_snapshot){.index = index, .locked = true};
    snapshot->reader = store_read_begin(index->store);
    snapshot->limit = index_published(index);
}

void index_snapshot_end(struct index_snapshot *snapshot)
{
    store_read_end(snapshot->reader);
    pthread_rwlock_unlock(&snapshot->index->lock);
}

const struct version *index_in_memory(struct index_snapshot *snapshot, enum table table,
                                      struct view key)
{
    const struct index *index = snapshot->index;
    const struct version *version =
        snapshot->locked ? memtable_find(index->active, table, key, snapshot->limit)
                         : memtable_newest(index->active, table, key);
    if (!version && index->frozen)
        version = memtable_find(index->frozen, table, key, snapshot->limit);
    return version;
}

/* Youngest first: a key that was forgotten and used again is found where it is now. */
static bool in_generations(struct index_snapshot *snapshot, enum table table,
                           struct view key, struct view *value_out)
{
    const struct generations *generations = &snapshot->index->generations;
    for (uint32_t i = generations->count; i > 0; i--) {
        const struct generation *generation = &generations->list[i - 1];
        if (table == TABLE_KEYS && generation->class == RECEIPT_KEYLESS)
            continue;
        store_table at = table == TABLE_DONE ? generation->done : generation->keys;
        if (store_get(snapshot->reader, at, key, value_out))
            return true;
    }
    return false;
}

bool index_get(struct index_snapshot *snapshot, enum table table, struct view key,
               struct view *value_out)
{
    uint64_t sequence;
    return index_get_dated(snapshot, table, key, value_out, &sequence);
}

bool index_get_dated(struct index_snapshot *snapshot, enum table table, struct view key,
                     struct view *value_out, uint64_t *sequence_out)
{
    const struct version *version = index_in_memory(snapshot, table, key);
    *sequence_out = version ? version->sequence : 0;
    if (version) {
        if (version->deleted)
            return false;
        *value_out = view_of(version->data, version->size);
        return true;
    }
    if (table != TABLE_DONE &&
        store_get(snapshot->reader, snapshot->index->tables[table], key, value_out))
        return true;
    return (table == TABLE_DONE || table == TABLE_KEYS) &&
           in_generations(snapshot, table, key, value_out);
}

bool index_is_held(struct index_snapshot *snapshot, enum table table, struct view key)
{
    return index_in_memory(snapshot, table, key) != NULL;
}

struct beginning {
    struct view prefix;
    bool is_found;
};

static bool look_at_first(void *context, struct view key, struct view value)
{
    struct beginning *beginning = context;
    struct view prefix = beginning->prefix;
    (void)value;
    beginning->is_found =
        key.size >= prefix.size && memcmp(key.data, prefix.data, prefix.size) == 0;
    return false;
}

bool index_is_stored(struct index_snapshot *snapshot, enum table table,
                     struct view prefix)
{
    const struct index *index = snapshot->index;
    const struct generations *generations = &index->generations;
    struct beginning beginning = {.prefix = prefix};
    ENSURE(table != TABLE_DONE);
    store_scan(snapshot->reader, index->tables[table], prefix, look_at_first,
               &beginning);
    for (uint32_t i = 0;
         table == TABLE_KEYS && i < generations->count && !beginning.is_found; i++)
        store_scan(snapshot->reader, generations->list[i].keys, prefix, look_at_first,
                   &beginning);
    return beginning.is_found;
}
