/* SPDX-License-Identifier: MIT */
/*
 * The failed tasks of an actor, found by their receipts: those in memory, and those in
 * the generations of failures, where nothing else is. What lies there may be of the
 * past (the task was retried, its key forgotten): what the key stands for now decides.
 */
#include "common/base/log.h"
#include "common/journal/index_internal.h"
#include "common/journal/record.h"

struct search {
    struct index *index;
    uint64_t actor;
    index_sequence_fn *each;
    void *context;
};

static bool is_of_actor(const struct search *search, struct view key)
{
    return number_from_key(key.data) == search->actor;
}

static void look(const struct search *search, struct view key)
{
    struct view value;
    struct key_place place;
    if (!index_get(index_decided(search->index), TABLE_KEYS, key, &value))
        return;
    ENSURE(value.size == sizeof place);
    memcpy(&place, value.data, sizeof place);
    if (place.class == RECEIPT_FAILED)
        search->each(search->context, place.sequence);
}

static void look_in_memory(void *context, const struct entry *entry)
{
    const struct search *search = context;
    struct view key = view_of(entry->key, entry->key_size);
    if (entry->table == TABLE_KEYS && is_of_actor(search, key))
        look(search, key);
}

static bool look_in_generation(void *context, struct view key, struct view value)
{
    const struct search *search = context;
    (void)value;
    if (!is_of_actor(search, key))
        return false;
    look(search, key);
    return true;
}

void index_each_failed(struct index *index, uint64_t actor, index_sequence_fn *each,
                       void *context)
{
    struct search search = {index, actor, each, context};
    struct pair_key key;
    struct view first = single_key(&key, actor);
    memtable_each(index->active, look_in_memory, &search);
    if (index->frozen)
        memtable_each(index->frozen, look_in_memory, &search);
    for (uint32_t i = 0; i < index->generations.count; i++)
        if (index->generations.list[i].class == RECEIPT_FAILED)
            store_scan(index_decided(index)->reader, index->generations.list[i].keys,
                       first, look_in_generation, &search);
}
