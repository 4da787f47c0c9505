/* SPDX-License-Identifier: MIT */
/* What a checkpoint writes to LMDB, in what order, and what is left when it breaks. */
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "common/journal/index.h"
#include "common/journal/record.h"
#include "tests/common/journal/shelf.h"

static struct shelf shelf;

static void setup(void)
{
    shelf_open(&shelf);
}

static void teardown(void)
{
    shelf_close(&shelf);
}

TestSuite(checkpoint, .init = setup, .fini = teardown);

static void note_row(struct bytes *out, struct view key, struct view value)
{
    for (size_t i = 0; i < key.size; i++)
        bytes_format(out, "%02x", (unsigned char)key.data[i]);
    bytes_append_text(out, "=");
    for (size_t i = 0; i < value.size; i++)
        bytes_format(out, "%02x", (unsigned char)value.data[i]);
    bytes_append_text(out, "\n");
}

static bool note_stored(void *context, struct view key, struct view value)
{
    note_row(context, key, value);
    return true;
}

/* All that LMDB has, but for receipts, whose tables have no names here. */
static void describe(struct bytes *out)
{
    struct index_snapshot snapshot;
    bytes_clear(out);
    index_snapshot_begin(shelf.index, &snapshot);
    for (unsigned table = 0; table < TABLE_COUNT; table++) {
        bytes_format(out, "table %u\n", table);
        if (table != TABLE_DONE)
            index_scan_stored(&snapshot, (enum table)table, view_of("", 0), note_stored,
                              out);
    }
    index_snapshot_end(&snapshot);
    for (uint64_t number = 1; number < 30; number++)
        bytes_format(out, "%d%d", shelf_has_task(&shelf, TABLE_DONE, 1, number),
                     shelf_has_task(&shelf, TABLE_LIVE, 1, number));
    for (char key[] = "a"; key[0] <= 'j'; key[0]++)
        bytes_format(out, " %s %d", key, (int)shelf_place(&shelf, 1, key));
}

/* Tasks move, end, and are forgotten. */
static void change_much(void)
{
    struct pair_key key;
    struct text_key name;
    for (uint64_t number = 10; number < 20; number++) {
        char text[] = {(char)('a' + number - 10), '\0'};
        shelf_put_task(&shelf, TABLE_LIVE, 1, number, 0, TASK_KEYED);
        shelf_put_place(&shelf, 1, text, number, KEY_UNFINISHED);
    }
    for (uint64_t number = 1; number < 15; number++) {
        char text[] = {(char)('a' + number - 10), '\0'};
        shelf_put_task(&shelf, TABLE_DONE, 1, number, 5, TASK_KEYED);
        shelf_delete(&shelf, TABLE_LIVE, pair_key(&key, 1, number));
        if (number >= 10)
            shelf_put_place(&shelf, 1, text, number, RECEIPT_DONE);
    }
    for (uint64_t number = 1; number < 4; number++)
        shelf_delete(&shelf, TABLE_DONE, pair_key(&key, 1, number));
    shelf_delete(&shelf, TABLE_KEYS, text_key(&name, 1, view_text("a")));
    shelf_put_actor(&shelf, 1, 20);
    shelf_put(&shelf, TABLE_NAMES, view_text("actor"), "12345678");
    shelf_put(&shelf, TABLE_LOG, pair_key(&key, 1, 1), "a line");
}

static void live_before(void)
{
    for (uint64_t number = 1; number < 10; number++)
        shelf_put_task(&shelf, TABLE_LIVE, 1, number, 0, TASK_KEYED);
    shelf_put_actor(&shelf, 1, 10);
    shelf_checkpoint(&shelf);
}

/* Everything afresh, and a checkpoint of small slices that fails at its nth commit.
   False when it has fewer. */
static bool break_off(unsigned nth)
{
    shelf_close(&shelf);
    shelf_open(&shelf);
    live_before();
    change_much();
    index_bound_pages(shelf.index, 0);
    index_fail_commit(shelf.index, nth);
    shelf_freeze(&shelf);
    return index_checkpoint(shelf.index) != STATUS_OK;
}

Test(checkpoint, broken_off_at_any_commit_and_run_again_it_leaves_the_same_tables)
{
    BYTES_AUTO(expected);
    BYTES_AUTO(tables);
    live_before();
    change_much();
    shelf_checkpoint(&shelf);
    describe(&expected);
    bool broken = true;
    unsigned nth = 0;
    while (broken) {
        broken = break_off(++nth);
        index_fail_commit(shelf.index, 0);
        cr_assert_eq(index_checkpoint(shelf.index), STATUS_OK);
        index_thaw(shelf.index);
        describe(&tables);
        cr_assert(view_equal(view_bytes(&tables), view_bytes(&expected)),
                  "broken off at commit %u:\n%.*s\nnot\n%.*s", nth, (int)tables.size,
                  tables.data, (int)expected.size, expected.data);
    }
    cr_assert_gt(nth, 20);
}

Test(checkpoint, broken_off_it_has_not_moved_its_position)
{
    live_before();
    struct index_position before = index_position(shelf.index);
    change_much();
    shelf_freeze(&shelf);
    index_fail_commit(shelf.index, 1);
    cr_assert_eq(index_checkpoint(shelf.index), STATUS_IO);
    shelf_reopen(&shelf);
    cr_assert_eq(index_position(shelf.index).sequence, before.sequence);
}

/* A task that moves is at one place at least, whenever it is broken off; so is one that
   was forgotten, until the position has moved on. */
Test(checkpoint, broken_off_at_any_commit_no_task_is_missing_for_the_replay)
{
    bool broken = true;
    unsigned nth = 0;
    while (broken) {
        broken = break_off(++nth);
        shelf_reopen(&shelf);
        for (uint64_t number = 1; number < 10 && broken; number++)
            cr_assert(shelf_has_task(&shelf, TABLE_LIVE, 1, number) ||
                          shelf_has_task(&shelf, TABLE_DONE, 1, number),
                      "broken off at commit %u task %d is nowhere", nth, (int)number);
    }
    cr_assert_not(shelf_has_task(&shelf, TABLE_LIVE, 1, 1));
    cr_assert_not(shelf_has_task(&shelf, TABLE_DONE, 1, 1));
    cr_assert(shelf_has_task(&shelf, TABLE_DONE, 1, 4));
}

/* The second try may get less far than the first, which moved tasks already. */
Test(checkpoint, broken_off_twice_no_task_is_missing_for_the_replay)
{
    bool broken = true;
    for (unsigned first = 1; broken; first++)
        for (unsigned second = 1; second < 8; second++) {
            shelf_close(&shelf);
            shelf_open(&shelf);
            live_before();
            change_much();
            shelf_put_task(&shelf, TABLE_DONE, 1, 9, 0, TASK_KEYED | TASK_KEPT_LONGER);
            struct pair_key key;
            shelf_delete(&shelf, TABLE_LIVE, pair_key(&key, 1, 9));
            index_bound_pages(shelf.index, 0);
            shelf_freeze(&shelf);
            index_fail_commit(shelf.index, first);
            broken = index_checkpoint(shelf.index) != STATUS_OK;
            index_fail_commit(shelf.index, second);
            broken = index_checkpoint(shelf.index) != STATUS_OK && broken;
            shelf_reopen(&shelf);
            for (uint64_t number = 1; number < 10 && broken; number++)
                cr_assert(shelf_has_task(&shelf, TABLE_LIVE, 1, number) ||
                              shelf_has_task(&shelf, TABLE_DONE, 1, number),
                          "broken off at %u and %u task %d is nowhere", first, second,
                          (int)number);
        }
}

Test(checkpoint, a_forgotten_key_that_is_used_again_names_the_new_task)
{
    struct text_key name;
    struct pair_key key;
    shelf_put_task(&shelf, TABLE_DONE, 1, 1, 5, TASK_KEYED);
    shelf_put_place(&shelf, 1, "k", 1, RECEIPT_DONE);
    shelf_checkpoint(&shelf);
    shelf.clock_ms += 200;
    /* Forgotten, sent and done again between two checkpoints. */
    shelf_delete(&shelf, TABLE_DONE, pair_key(&key, 1, 1));
    shelf_delete(&shelf, TABLE_KEYS, text_key(&name, 1, view_text("k")));
    shelf_put_place(&shelf, 1, "k", 2, KEY_UNFINISHED);
    shelf_put_place(&shelf, 1, "k", 2, RECEIPT_FAILED);
    shelf_put_task(&shelf, TABLE_DONE, 1, 2, 6, TASK_KEYED | TASK_KEPT_LONGER);
    shelf_checkpoint(&shelf);
    cr_assert_eq(shelf_place(&shelf, 1, "k"), 2);
    cr_assert_not(shelf_has_task(&shelf, TABLE_DONE, 1, 1));
    shelf_reopen(&shelf);
    cr_assert_eq(shelf_place(&shelf, 1, "k"), 2);
    cr_assert_not(shelf_has_task(&shelf, TABLE_DONE, 1, 1));
    /* And forgotten for good. */
    shelf_delete(&shelf, TABLE_KEYS, text_key(&name, 1, view_text("k")));
    shelf_checkpoint(&shelf);
    shelf_reopen(&shelf);
    cr_assert_eq(shelf_place(&shelf, 1, "k"), 0);
}

Test(checkpoint, a_key_that_is_finished_leaves_the_unfinished_ones)
{
    struct index_snapshot snapshot;
    BYTES_AUTO(rows);
    shelf_put_place(&shelf, 1, "k", 1, KEY_UNFINISHED);
    shelf_checkpoint(&shelf);
    shelf_put_place(&shelf, 1, "k", 1, RECEIPT_DONE);
    shelf_checkpoint(&shelf);
    index_snapshot_begin(shelf.index, &snapshot);
    index_scan_stored(&snapshot, TABLE_KEYS, view_of("", 0), note_stored, &rows);
    index_snapshot_end(&snapshot);
    cr_assert_eq(rows.size, 0);
    cr_assert_eq(shelf_place(&shelf, 1, "k"), 1);
}

Test(checkpoint, what_was_put_fresh_and_deleted_leaves_nothing)
{
    struct pair_key key;
    for (uint64_t number = 1; number < 100; number++) {
        memset(index_put_fresh(shelf.index, TABLE_LIVE, pair_key(&key, 1, number),
                               ++shelf.sequence, 10),
               'x', 10);
        shelf_delete(&shelf, TABLE_LIVE, pair_key(&key, 1, number));
    }
    shelf_checkpoint(&shelf);
    cr_assert_not(shelf_has_task(&shelf, TABLE_LIVE, 1, 1));
    shelf_reopen(&shelf);
    cr_assert_not(shelf_has_task(&shelf, TABLE_LIVE, 1, 1));
}

/* So many commits does a checkpoint of these puts make with so many pages allowed. */
static unsigned commits_with(unsigned pages_max)
{
    struct pair_key key;
    char value[1000];
    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    shelf_close(&shelf);
    shelf_open(&shelf);
    for (uint64_t number = 0; number < 2000; number++)
        shelf_put(&shelf, TABLE_STATES, single_key(&key, number * 7919), value);
    index_bound_pages(shelf.index, pages_max);
    shelf_freeze(&shelf);
    unsigned nth = 1;
    index_fail_commit(shelf.index, nth);
    while (index_checkpoint(shelf.index) != STATUS_OK)
        index_fail_commit(shelf.index, ++nth);
    index_thaw(shelf.index);
    return nth - 1;
}

Test(checkpoint, its_transactions_dirty_a_bounded_number_of_pages)
{
    cr_assert_eq(commits_with(8192), 1);
    unsigned few = commits_with(1000), many = commits_with(100);
    cr_assert(few >= 1 && few <= 4, "%u", few);
    cr_assert(many >= 5 && many <= 40, "%u", many);
}
