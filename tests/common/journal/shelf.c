/* SPDX-License-Identifier: MIT */
#include "tests/common/journal/shelf.h"

#include <stdlib.h>

#include <criterion/criterion.h>

#include "common/journal/record.h"
#include "tests/common/journal/scratch.h"

static void open_index(struct shelf *shelf)
{
    BYTES_AUTO(message);
    struct index_options options = {
        .retention_ms = {
            [RECEIPT_DONE] = 400, [RECEIPT_FAILED] = 4000, [RECEIPT_KEYLESS] = 40}};
    cr_assert_eq(index_open(shelf->folder, &options, &shelf->index, &message),
                 STATUS_OK, "%.*s", (int)message.size, message.data);
    shelf->sequence = index_position(shelf->index).sequence;
    shelf->next_actor = index_position(shelf->index).next_actor;
}

void shelf_open(struct shelf *shelf)
{
    *shelf = (struct shelf){.folder = scratch_make(), .clock_ms = 1000};
    open_index(shelf);
}

void shelf_reopen(struct shelf *shelf)
{
    index_close(shelf->index);
    open_index(shelf);
}

void shelf_close(struct shelf *shelf)
{
    index_close(shelf->index);
    scratch_remove();
}

void shelf_put(struct shelf *shelf, enum table table, struct view key,
               const char *value)
{
    size_t size = strlen(value);
    memcpy(index_put(shelf->index, table, key, ++shelf->sequence, size), value, size);
}

void shelf_delete(struct shelf *shelf, enum table table, struct view key)
{
    index_delete(shelf->index, table, key, ++shelf->sequence);
}

void shelf_put_task(struct shelf *shelf, enum table table, uint64_t actor,
                    uint64_t number, uint8_t state, uint8_t flags)
{
    struct pair_key key;
    struct task_record task = {
        .head = {.sequence = number, .slot = number, .state = state, .flags = flags}};
    char *space = index_put(shelf->index, table, pair_key(&key, actor, number),
                            ++shelf->sequence, task_packed_size(&task));
    task_pack(&task, space);
}

void shelf_put_place(struct shelf *shelf, uint64_t actor, const char *text,
                     uint64_t sequence, uint32_t class)
{
    struct text_key key;
    struct key_place place = {.sequence = sequence, .class = class};
    memcpy(index_put(shelf->index, TABLE_KEYS, text_key(&key, actor, view_text(text)),
                     ++shelf->sequence, sizeof(place)),
           &place, sizeof(place));
}

void shelf_put_actor(struct shelf *shelf, uint64_t actor, uint64_t next_slot)
{
    struct actor_record *record = memory_take_zeroed(1, sizeof(*record));
    struct pair_key key;
    BYTES_AUTO(packed);
    record->head.id = actor;
    record->head.next_slot = record->head.log_next = next_slot;
    actor_pack(record, &packed);
    free(record);
    memcpy(index_put(shelf->index, TABLE_ACTORS, single_key(&key, actor),
                     ++shelf->sequence, packed.size),
           packed.data, packed.size);
    if (actor >= shelf->next_actor)
        shelf->next_actor = actor + 1;
}

void shelf_publish(struct shelf *shelf)
{
    index_seal(shelf->index, shelf->sequence);
    index_publish(shelf->index, shelf->sequence);
}

void shelf_freeze(struct shelf *shelf)
{
    struct index_position position = {.sequence = shelf->sequence,
                                      .clock_ms = shelf->clock_ms,
                                      .next_actor = shelf->next_actor};
    shelf_publish(shelf);
    cr_assert(index_freeze(shelf->index, &position));
}

void shelf_checkpoint(struct shelf *shelf)
{
    shelf_freeze(shelf);
    cr_assert_eq(index_checkpoint(shelf->index), STATUS_OK);
    index_thaw(shelf->index);
}

void shelf_expect(struct shelf *shelf, enum table table, struct view key,
                  const char *value)
{
    struct index_snapshot snapshot;
    struct view found = {0};
    index_snapshot_begin(shelf->index, &snapshot);
    bool is_there = index_get(&snapshot, table, key, &found);
    if (value)
        cr_assert(is_there && view_equal(found, view_text(value)), "%.*s: %.*s, not %s",
                  (int)key.size, key.data, (int)found.size, found.data, value);
    else
        cr_assert_not(is_there, "%.*s is there: %.*s", (int)key.size, key.data,
                      (int)found.size, found.data);
    index_snapshot_end(&snapshot);
}

uint64_t shelf_place(struct shelf *shelf, uint64_t actor, const char *text)
{
    struct index_snapshot snapshot;
    struct key_place place = {0};
    struct text_key key;
    struct view found;
    index_snapshot_begin(shelf->index, &snapshot);
    if (index_get(&snapshot, TABLE_KEYS, text_key(&key, actor, view_text(text)),
                  &found))
        memcpy(&place, found.data, sizeof(place));
    index_snapshot_end(&snapshot);
    return place.sequence;
}

bool shelf_has_task(struct shelf *shelf, enum table table, uint64_t actor,
                    uint64_t number)
{
    struct index_snapshot snapshot;
    struct pair_key key;
    struct view found;
    index_snapshot_begin(shelf->index, &snapshot);
    bool is_there = index_get(&snapshot, table, pair_key(&key, actor, number), &found);
    index_snapshot_end(&snapshot);
    return is_there;
}
