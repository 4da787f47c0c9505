/* SPDX-License-Identifier: MIT */
/*
 * A checkpoint brings LMDB up to the frozen part of the index: all puts, then all
 * deletions, then, in one transaction, the actors, their names and the position up to
 * which LMDB now stands for the journal. What comes before that last transaction may be
 * cut into as many as keep the number of dirty pages bounded.
 *
 * What if the power fails between two of them? Replay starts at the old position over
 * tables that are partly of the future. That is sound because actors and position
 * change in one transaction, so replay counts from where it should; because a change
 * puts absolute values, so putting them again is harmless; and because a task that
 * moves is put where it goes before it is deleted where it was: when replay does not
 * find it at the one place, it is at the other already.
 */
#include <stdlib.h>

#include "common/base/log.h"
#include "common/journal/index.h"
#include "common/journal/index_internal.h"
#include "common/journal/record.h"

#define PAGE_BYTES 4096.0

/* From PHASE_FORGET on everything is in one transaction. */
enum phase { PHASE_PUT, PHASE_DELETE, PHASE_FORGET, PHASE_ACTORS, PHASE_COUNT };

#define PREFETCH_ITEMS 12 /* entries lie in the order they were made, not sorted */

/* `first` and `second` are the first 16 bytes of the key as numbers that sort like
   them: most comparisons need no more. */
struct item {
    uint64_t first, second;
    const struct entry *entry;
    const struct version *version;
    unsigned phases; /* a bit each, of those that write it */
};

struct checkpoint {
    struct index *index;
    struct store_writer *writer;
    struct item *items;            /* by table, then by key */
    size_t start[TABLE_COUNT + 1]; /* of each table's run in `items` */
    size_t fill[TABLE_COUNT];
    double dirty_pages;               /* of this transaction, as expected */
    double pages_a_put;               /* in the run of one table being written */
    uint64_t actor, keyless_finished; /* the actor looked at last; 0: none */
};

static bool is_actors(enum table table)
{
    return table == TABLE_ACTORS || table == TABLE_NAMES;
}

static uint64_t big_endian(const struct entry *entry, size_t from)
{
    char bytes[8] = {0};
    size_t size = entry->key_size > from ? entry->key_size - from : 0;
    memcpy(bytes, entry->key + from, size < 8 ? size : 8);
    return number_from_key(bytes);
}

/* What came and went since the last checkpoint is no concern of LMDB's. */
static void collect(void *context, const struct entry *entry)
{
    struct checkpoint *checkpoint = context;
    const struct version *version =
        atomic_load_explicit(&entry->newest, memory_order_acquire);
    if (version->deleted && entry->is_fresh)
        return;
    size_t at = checkpoint->start[entry->table] + checkpoint->fill[entry->table]++;
    struct item *item = &checkpoint->items[at];
    item->first = big_endian(entry, 0);
    item->second = big_endian(entry, 8);
    item->entry = entry;
    item->version = version;
}

static int compare_keys(const struct entry *left, const struct entry *right)
{
    size_t size = left->key_size < right->key_size ? left->key_size : right->key_size;
    int order = memcmp(left->key, right->key, size);
    if (order)
        return order;
    return left->key_size < right->key_size ? -1 : left->key_size > right->key_size;
}

static int compare(const void *left_item, const void *right_item)
{
    const struct item *left = left_item, *right = right_item;
    if (left->first != right->first)
        return left->first < right->first ? -1 : 1;
    if (left->second != right->second)
        return left->second < right->second ? -1 : 1;
    return compare_keys(left->entry, right->entry);
}

static void gather(struct checkpoint *checkpoint)
{
    const struct memtable *frozen = checkpoint->index->frozen;
    for (unsigned table = 0; table < TABLE_COUNT; table++)
        checkpoint->start[table + 1] =
            checkpoint->start[table] + memtable_entries_of(frozen, (enum table)table);
    size_t all = checkpoint->start[TABLE_COUNT];
    checkpoint->items = memory_take((all + 1) * sizeof *checkpoint->items);
    memtable_each(frozen, collect, checkpoint);
    for (unsigned table = 0; table < TABLE_COUNT; table++)
        qsort(checkpoint->items + checkpoint->start[table], checkpoint->fill[table],
              sizeof *checkpoint->items, compare);
}

static enum status commit(struct checkpoint *checkpoint)
{
    struct store_writer *writer = checkpoint->writer;
    checkpoint->writer = NULL;
    checkpoint->dirty_pages = 0;
    unsigned *fail = &checkpoint->index->fail_commit;
    if (*fail && --*fail == 0) {
        store_abort(writer);
        return STATUS_IO;
    }
    return store_commit(writer);
}

static enum status begin(struct checkpoint *checkpoint)
{
    if (checkpoint->writer)
        return STATUS_OK;
    return store_write_begin(checkpoint->index->store, &checkpoint->writer);
}

static enum status bound_pages(struct checkpoint *checkpoint)
{
    if (checkpoint->dirty_pages < checkpoint->index->dirty_pages_max)
        return STATUS_OK;
    enum status status = commit(checkpoint);
    return status ? status : begin(checkpoint);
}

/* --------------------------------------------------------- where an entry belongs */

static enum receipt_class class_of_task(const struct version *version)
{
    struct task_record task;
    ENSURE(task_unpack(view_of(version->data, version->size), &task));
    if (!(task.head.flags & TASK_KEYED))
        return RECEIPT_KEYLESS;
    return task.head.flags & TASK_KEPT_LONGER ? RECEIPT_FAILED : RECEIPT_DONE;
}

static enum status put_in_generation(struct checkpoint *checkpoint,
                                     const struct item *item, enum receipt_class class)
{
    struct generation *generation;
    enum status status = receipts_current(&checkpoint->index->receipts,
                                          checkpoint->writer, class, &generation);
    if (status)
        return status;
    bool done = item->entry->table == TABLE_DONE;
    return store_put(checkpoint->writer, done ? generation->done : generation->keys,
                     view_of(item->entry->key, item->entry->key_size),
                     view_of(item->version->data, item->version->size));
}

static enum status delete_from_generations(struct checkpoint *checkpoint,
                                           const struct entry *entry)
{
    const struct generations *now = &checkpoint->index->receipts.now;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < now->count && !status; i++)
        status = store_delete(checkpoint->writer,
                              entry->table == TABLE_DONE ? now->list[i].done
                                                         : now->list[i].keys,
                              view_of(entry->key, entry->key_size));
    return status;
}

static enum status put_key(struct checkpoint *checkpoint, const struct item *item)
{
    struct key_place place;
    ENSURE(item->version->size == sizeof place);
    memcpy(&place, item->version->data, sizeof place);
    if (place.class != KEY_UNFINISHED)
        return put_in_generation(checkpoint, item, (enum receipt_class)place.class);
    return store_put(checkpoint->writer, checkpoint->index->tables[TABLE_KEYS],
                     view_of(item->entry->key, item->entry->key_size),
                     view_of(item->version->data, item->version->size));
}

static enum status put_item(struct checkpoint *checkpoint, const struct item *item)
{
    const struct entry *entry = item->entry;
    enum status status = STATUS_OK;
    if (entry->was_deleted &&
        (entry->table == TABLE_DONE || entry->table == TABLE_KEYS))
        status = delete_from_generations(checkpoint, entry);
    if (status)
        return status;
    if (entry->table == TABLE_DONE)
        return put_in_generation(checkpoint, item, class_of_task(item->version));
    if (entry->table == TABLE_KEYS)
        return put_key(checkpoint, item);
    return store_put(checkpoint->writer, checkpoint->index->tables[entry->table],
                     view_of(entry->key, entry->key_size),
                     view_of(item->version->data, item->version->size));
}

static enum status delete_item(struct checkpoint *checkpoint, const struct item *item)
{
    const struct entry *entry = item->entry;
    enum status status = STATUS_OK;
    if (entry->table == TABLE_DONE ||
        (entry->table == TABLE_KEYS && item->version->deleted))
        status = delete_from_generations(checkpoint, entry);
    if (!status && entry->table != TABLE_DONE)
        status =
            store_delete(checkpoint->writer, checkpoint->index->tables[entry->table],
                         view_of(entry->key, entry->key_size));
    return status;
}

/* ------------------------------------------------------------------------- phases */

/* A key of a finished task has left the table of unfinished ones, if it was there. */
static bool leaves_unfinished(const struct item *item)
{
    struct key_place place;
    if (item->entry->table != TABLE_KEYS || item->version->deleted ||
        item->entry->is_fresh)
        return false;
    memcpy(&place, item->version->data, sizeof place);
    return place.class != KEY_UNFINISHED;
}

static const struct version *other_place(const struct checkpoint *checkpoint,
                                         const struct entry *entry)
{
    enum table other = entry->table == TABLE_LIVE ? TABLE_DONE : TABLE_LIVE;
    return memtable_find(checkpoint->index->frozen, other,
                         view_of(entry->key, entry->key_size), UINT64_MAX);
}

/* A task that is neither among the unfinished nor among the finished ones any more. */
static bool is_forgotten(const struct checkpoint *checkpoint, const struct item *item)
{
    if (item->entry->table != TABLE_LIVE && item->entry->table != TABLE_DONE)
        return false;
    const struct version *other = other_place(checkpoint, item->entry);
    if (item->entry->table == TABLE_LIVE)
        return other && other->deleted;
    return !other || other->deleted;
}

/* How many tasks without a key the actor has finished, as far as this checkpoint's
   records say. */
static uint64_t keyless_finished(struct checkpoint *checkpoint, const char *id)
{
    struct actor_record actor;
    if (number_from_key(id) == checkpoint->actor)
        return checkpoint->keyless_finished;
    const struct version *version = memtable_find(
        checkpoint->index->frozen, TABLE_ACTORS, view_of(id, 8), UINT64_MAX);
    checkpoint->actor = number_from_key(id);
    checkpoint->keyless_finished = 0;
    if (version && !version->deleted) {
        ENSURE(actor_unpack(view_of(version->data, version->size), &actor));
        checkpoint->keyless_finished = actor.head.keyless_finished;
    }
    return checkpoint->keyless_finished;
}

/* Of the tasks without a key only the last few of an actor are remembered: an older one
   that was also accepted since the last checkpoint need never be seen by LMDB. (One
   that was accepted before must be, because replay may look for it.) */
static bool is_superseded(struct checkpoint *checkpoint, const struct item *item)
{
    const struct entry *entry = item->entry;
    struct task_record task;
    if (entry->table != TABLE_DONE ||
        !task_unpack(view_of(item->version->data, item->version->size), &task) ||
        task.head.flags & TASK_KEYED)
        return false;
    return task.head.keyless_number + RETENTION_KEYLESS_TASKS <=
               keyless_finished(checkpoint, entry->key) &&
           memtable_is_fresh(checkpoint->index->frozen, TABLE_LIVE,
                             view_of(entry->key, entry->key_size));
}

static unsigned phases_of(struct checkpoint *checkpoint, const struct item *item)
{
    if (is_actors((enum table)item->entry->table))
        return 1u << PHASE_ACTORS;
    if (item->version->deleted)
        return 1u << (is_forgotten(checkpoint, item) ? PHASE_FORGET : PHASE_DELETE);
    return (is_superseded(checkpoint, item) ? 0 : 1u << PHASE_PUT) |
           (leaves_unfinished(item) ? 1u << PHASE_DELETE : 0);
}

/* Asks for what is behind the item that comes up after a few others. Inlined always,
   for gcc takes a function that does only this for one that does nothing. */
static inline __attribute__((always_inline)) void
prefetch(const struct checkpoint *checkpoint, size_t at, size_t end)
{
    const struct item *later =
        &checkpoint->items[at + PREFETCH_ITEMS < end ? at + PREFETCH_ITEMS : at];
    __builtin_prefetch(later->entry);
    __builtin_prefetch(later->version);
}

/* Once for all phases, which then touch only what they write. */
static void plan(struct checkpoint *checkpoint)
{
    for (unsigned table = 0; table < TABLE_COUNT; table++) {
        size_t end = checkpoint->start[table] + checkpoint->fill[table];
        for (size_t i = checkpoint->start[table]; i < end; i++) {
            prefetch(checkpoint, i, end);
            checkpoint->items[i].phases = phases_of(checkpoint, &checkpoint->items[i]);
        }
    }
}

static enum status write_item(struct checkpoint *checkpoint, const struct item *item,
                              enum phase phase)
{
    bool deletes = phase == PHASE_DELETE || phase == PHASE_FORGET ||
                   (phase == PHASE_ACTORS && item->version->deleted);
    checkpoint->dirty_pages +=
        checkpoint->pages_a_put + item->version->size / PAGE_BYTES;
    return deletes ? delete_item(checkpoint, item) : put_item(checkpoint, item);
}

/* Sorted keys share pages where a table's run is dense: at worst every put dirties a
   leaf of its own, at best the leaves it fills. */
static double expected_pages(struct checkpoint *checkpoint, enum table table)
{
    double puts = (double)checkpoint->fill[table], leaves = 0;
    const struct generations *now = &checkpoint->index->receipts.now;
    if (table == TABLE_DONE || table == TABLE_KEYS)
        for (uint32_t i = 0; i < now->count; i++)
            leaves += (double)store_leaf_pages(checkpoint->writer,
                                               table == TABLE_DONE ? now->list[i].done
                                                                   : now->list[i].keys);
    if (table != TABLE_DONE)
        leaves += (double)store_leaf_pages(checkpoint->writer,
                                           checkpoint->index->tables[table]);
    return (leaves < puts ? leaves / puts : 1.0) + 0.02;
}

static enum status write_table(struct checkpoint *checkpoint, enum phase phase,
                               enum table table)
{
    enum status status = STATUS_OK;
    size_t end = checkpoint->start[table] + checkpoint->fill[table];
    checkpoint->pages_a_put = expected_pages(checkpoint, table);
    for (size_t i = checkpoint->start[table]; i < end && !status; i++) {
        if (!(checkpoint->items[i].phases & 1u << phase))
            continue;
        prefetch(checkpoint, i, end);
        status = write_item(checkpoint, &checkpoint->items[i], phase);
        if (!status && phase < PHASE_FORGET)
            status = bound_pages(checkpoint);
    }
    return status;
}

static enum status write_phase(struct checkpoint *checkpoint, enum phase phase)
{
    enum status status = begin(checkpoint);
    for (unsigned table = 0; table < TABLE_COUNT && !status; table++)
        if (is_actors((enum table)table) == (phase == PHASE_ACTORS))
            status = write_table(checkpoint, phase, (enum table)table);
    return status;
}

static enum status write_position(struct checkpoint *checkpoint)
{
    const struct index *index = checkpoint->index;
    enum status status =
        store_put(checkpoint->writer, index->meta, view_text("position"),
                  view_of(&index->frozen_position, sizeof index->frozen_position));
    return status ? status : commit(checkpoint);
}

static enum status drop_expired(struct checkpoint *checkpoint)
{
    struct index *index = checkpoint->index;
    if (index->expired.count == 0)
        return STATUS_OK;
    enum status status = begin(checkpoint);
    if (!status)
        status = receipts_drop(checkpoint->writer, index->meta, &index->expired);
    if (!status)
        status = commit(checkpoint);
    if (!status)
        index->expired.count = 0;
    return status;
}

static enum status write_all(struct checkpoint *checkpoint)
{
    enum status status = drop_expired(checkpoint);
    for (unsigned phase = 0; phase < PHASE_COUNT && !status; phase++)
        status = write_phase(checkpoint, (enum phase)phase);
    return status ? status : write_position(checkpoint);
}

enum status index_checkpoint(struct index *index)
{
    struct checkpoint checkpoint = {.index = index};
    gather(&checkpoint);
    plan(&checkpoint);
    index->receipts.now = index->generations;
    memset(index->receipts.current, 0, sizeof index->receipts.current);
    enum status status = write_all(&checkpoint);
    if (checkpoint.writer)
        store_abort(checkpoint.writer);
    free(checkpoint.items);
    return status;
}

void index_bound_pages(struct index *index, unsigned pages_max)
{
    index->dirty_pages_max = pages_max;
}

void index_fail_commit(struct index *index, unsigned nth)
{
    index->fail_commit = nth;
}
