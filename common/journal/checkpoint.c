/* SPDX-License-Identifier: MIT */
/*
 * A checkpoint brings LMDB up to the frozen part of the index: all puts, then all
 * deletions, then, in one transaction, the actors, their names and the position up to
 * which LMDB now stands for the journal. What comes before that last transaction may be
 * cut into as many as keep the number of dirty pages bounded.
 *
 * What if the power fails between two of them? Replay starts at the old position over
 * tables that are partly of the future. That is sound because actors and position change
 * in one transaction, so replay counts from where it should; because a change puts
 * absolute values, so putting them again is harmless; and because a task that moves is
 * put where it goes before it is deleted where it was: when replay does not find it at
 * the one place, it is at the other already.
 */
#include <stdlib.h>

#include "common/base/log.h"
#include "common/journal/index.h"
#include "common/journal/index_internal.h"
#include "common/journal/record.h"

/* LMDB keeps the memory of every page that was dirty at once. */
#define DIRTY_PAGES_MAX 8192
#define PAGE_BYTES 4096.0

enum phase { PHASE_PUT, PHASE_DELETE, PHASE_ACTORS, PHASE_COUNT };

struct item {
    const struct entry *entry;
    const struct version *version;
};

struct checkpoint {
    struct index *index;
    struct store_writer *writer;
    struct item *items;
    size_t count;
    double dirty_pages; /* of this transaction, as expected */
    double pages_a_put; /* in the run of one table being written */
};

static bool is_actors(const struct entry *entry)
{
    return entry->table == TABLE_ACTORS || entry->table == TABLE_NAMES;
}

static void collect(void *context, const struct entry *entry)
{
    struct checkpoint *checkpoint = context;
    struct item *item = &checkpoint->items[checkpoint->count++];
    item->entry = entry;
    item->version = atomic_load_explicit(&entry->newest, memory_order_acquire);
}

static int compare(const void *left_item, const void *right_item)
{
    const struct entry *left = ((const struct item *)left_item)->entry;
    const struct entry *right = ((const struct item *)right_item)->entry;
    if (left->table != right->table)
        return left->table < right->table ? -1 : 1;
    size_t size = left->key_size < right->key_size ? left->key_size : right->key_size;
    int order = memcmp(left->key, right->key, size);
    if (order)
        return order;
    return left->key_size < right->key_size ? -1 : left->key_size > right->key_size;
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
    if (checkpoint->dirty_pages < DIRTY_PAGES_MAX)
        return STATUS_OK;
    enum status status = commit(checkpoint);
    return status ? status : begin(checkpoint);
}

/* ---------------------------------------------------- where an entry belongs --- */

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

static enum status put(struct checkpoint *checkpoint, const struct item *item)
{
    const struct entry *entry = item->entry;
    enum status status = STATUS_OK;
    if (entry->was_deleted && (entry->table == TABLE_DONE || entry->table == TABLE_KEYS))
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

static enum status delete(struct checkpoint *checkpoint, const struct item *item)
{
    const struct entry *entry = item->entry;
    enum status status = STATUS_OK;
    if (entry->table == TABLE_DONE || (entry->table == TABLE_KEYS && item->version->deleted))
        status = delete_from_generations(checkpoint, entry);
    if (!status && entry->table != TABLE_DONE)
        status = store_delete(checkpoint->writer, checkpoint->index->tables[entry->table],
                              view_of(entry->key, entry->key_size));
    return status;
}

/* ------------------------------------------------------------------------ phases --- */

/* A key of a finished task has left the table of unfinished ones. */
static bool leaves_unfinished(const struct item *item)
{
    struct key_place place;
    if (item->entry->table != TABLE_KEYS || item->version->deleted)
        return false;
    memcpy(&place, item->version->data, sizeof place);
    return place.class != KEY_UNFINISHED;
}

static bool belongs(const struct item *item, enum phase phase)
{
    switch (phase) {
    case PHASE_PUT:
        return !is_actors(item->entry) && !item->version->deleted;
    case PHASE_DELETE:
        return !is_actors(item->entry) &&
               (item->version->deleted || leaves_unfinished(item));
    case PHASE_ACTORS:
        return is_actors(item->entry);
    case PHASE_COUNT:
        break;
    }
    return false;
}

static enum status write_item(struct checkpoint *checkpoint, const struct item *item,
                              enum phase phase)
{
    bool deletes = phase == PHASE_DELETE ||
                   (phase == PHASE_ACTORS && item->version->deleted);
    checkpoint->dirty_pages +=
        checkpoint->pages_a_put + item->version->size / PAGE_BYTES;
    return deletes ? delete(checkpoint, item) : put(checkpoint, item);
}

/* Sorted keys share pages where a table's run is dense: at worst every put dirties a
   leaf of its own, at best the leaves it fills. */
static double expected_pages(struct checkpoint *checkpoint, size_t from)
{
    enum table table = (enum table)checkpoint->items[from].entry->table;
    size_t run = from;
    while (run < checkpoint->count && checkpoint->items[run].entry->table == table)
        run++;
    double puts = (double)(run - from), leaves = 0;
    const struct generations *now = &checkpoint->index->receipts.now;
    if (table == TABLE_DONE || table == TABLE_KEYS)
        for (uint32_t i = 0; i < now->count; i++)
            leaves += (double)store_leaf_pages(checkpoint->writer,
                                               table == TABLE_DONE ? now->list[i].done
                                                                   : now->list[i].keys);
    if (table != TABLE_DONE)
        leaves += (double)store_leaf_pages(checkpoint->writer,
                                           checkpoint->index->tables[table]);
    double random = leaves < puts ? leaves / puts : 1.0;
    return random + 0.02;
}

static enum status write_phase(struct checkpoint *checkpoint, enum phase phase)
{
    enum status status = begin(checkpoint);
    int table = -1;
    for (size_t i = 0; i < checkpoint->count && !status; i++) {
        const struct item *item = &checkpoint->items[i];
        if (!belongs(item, phase))
            continue;
        if (item->entry->table != table) {
            table = item->entry->table;
            checkpoint->pages_a_put = expected_pages(checkpoint, i);
        }
        status = write_item(checkpoint, item, phase);
        if (!status && phase != PHASE_ACTORS)
            status = bound_pages(checkpoint);
    }
    return status;
}

static enum status write_position(struct checkpoint *checkpoint)
{
    const struct index *index = checkpoint->index;
    enum status status = store_put(
        checkpoint->writer, index->meta, view_text("position"),
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
    checkpoint.items = memory_take((memtable_entries(index->frozen) + 1) *
                                   sizeof *checkpoint.items);
    memtable_each(index->frozen, collect, &checkpoint);
    qsort(checkpoint.items, checkpoint.count, sizeof *checkpoint.items, compare);
    index->receipts.now = index->generations;
    memset(index->receipts.current, 0, sizeof index->receipts.current);
    enum status status = write_all(&checkpoint);
    if (checkpoint.writer)
        store_abort(checkpoint.writer);
    free(checkpoint.items);
    return status;
}

void index_fail_commit(struct index *index, unsigned nth)
{
    index->fail_commit = nth;
}
