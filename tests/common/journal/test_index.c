/* SPDX-License-Identifier: MIT */
/* Memory over LMDB, looked at as one: what is seen when, and from where. */
#include "common/journal/index.h"

#include <stdio.h>

#include <criterion/criterion.h>

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

TestSuite(index_tables, .init = setup, .fini = teardown);

static void put(const char *key, const char *value)
{
    shelf_put(&shelf, TABLE_STATES, view_text(key), value);
}

static void expect(const char *key, const char *value)
{
    shelf_expect(&shelf, TABLE_STATES, view_text(key), value);
}

static void expect_decided(const char *key, const char *value)
{
    struct view found = {0};
    bool is_there =
        index_get(index_decided(shelf.index), TABLE_STATES, view_text(key), &found);
    cr_assert_eq(is_there, value != NULL, "%s", key);
    if (value)
        cr_assert(view_equal(found, view_text(value)), "%s", key);
}

Test(index_tables, readers_see_what_is_published_and_the_sequencer_all_it_decided)
{
    put("k", "one");
    expect("k", NULL);
    expect_decided("k", "one");
    shelf_publish(&shelf);
    expect("k", "one");
    put("k", "two");
    expect("k", "one");
    expect_decided("k", "two");
    index_seal(shelf.index, shelf.sequence);
    put("k", "three");
    index_publish(shelf.index, shelf.sequence - 1);
    expect("k", "two");
    shelf_publish(&shelf);
    expect("k", "three");
}

Test(index_tables, a_snapshot_stays_what_it_was_while_others_are_published)
{
    struct index_snapshot snapshot;
    struct view found;
    put("k", "one");
    shelf_publish(&shelf);
    index_snapshot_begin(shelf.index, &snapshot);
    put("k", "two");
    shelf_put(&shelf, TABLE_STATES, view_text("new"), "x");
    shelf_publish(&shelf);
    cr_assert(index_get(&snapshot, TABLE_STATES, view_text("k"), &found));
    cr_assert(view_equal(found, view_text("one")));
    cr_assert_not(index_get(&snapshot, TABLE_STATES, view_text("new"), &found));
    index_snapshot_end(&snapshot);
    expect("k", "two");
}

Test(index_tables, deletions_hide_what_lmdb_and_older_memory_have)
{
    put("stored", "x");
    put("frozen", "x");
    shelf_checkpoint(&shelf);
    put("frozen", "y");
    shelf_freeze(&shelf);
    shelf_delete(&shelf, TABLE_STATES, view_text("stored"));
    shelf_delete(&shelf, TABLE_STATES, view_text("frozen"));
    expect("stored", "x");
    expect("frozen", "y");
    shelf_publish(&shelf);
    expect("stored", NULL);
    expect("frozen", NULL);
    put("stored", "again");
    shelf_publish(&shelf);
    expect("stored", "again");
}

Test(index_tables, what_is_frozen_is_seen_before_during_and_after_its_checkpoint)
{
    put("a", "old");
    shelf_checkpoint(&shelf);
    put("a", "new");
    put("b", "new");
    shelf_freeze(&shelf);
    put("b", "newer");
    shelf_publish(&shelf);
    expect("a", "new");
    expect("b", "newer");
    cr_assert_eq(index_checkpoint(shelf.index), STATUS_OK);
    expect("a", "new");
    expect("b", "newer");
    index_thaw(shelf.index);
    expect("a", "new");
    expect("b", "newer");
    cr_assert_eq(index_entries(shelf.index), 1);
}

Test(index_tables, one_part_at_a_time_is_frozen)
{
    struct index_position position = {.sequence = 1, .next_actor = 1};
    put("a", "x");
    shelf_freeze(&shelf);
    cr_assert_not(index_freeze(shelf.index, &position));
    cr_assert_eq(index_checkpoint(shelf.index), STATUS_OK);
    index_thaw(shelf.index);
    cr_assert(index_freeze(shelf.index, &position));
}

Test(index_tables, what_is_in_lmdb_is_there_after_opening_and_memory_is_not)
{
    put("stored", "x");
    shelf.next_actor = 7;
    shelf_checkpoint(&shelf);
    put("lost", "x");
    shelf_publish(&shelf);
    uint32_t incarnation = index_incarnation(shelf.index);
    shelf_reopen(&shelf);
    expect("stored", "x");
    expect("lost", NULL);
    cr_assert_eq(index_position(shelf.index).sequence, 1);
    cr_assert_eq(index_position(shelf.index).next_actor, 7);
    cr_assert_eq(index_position(shelf.index).clock_ms, 1000);
    cr_assert_eq(index_published(shelf.index), 1);
    cr_assert_eq(index_incarnation(shelf.index), incarnation + 1);
}

Test(index_tables, keys_of_two_numbers_sort_by_the_first_then_the_second)
{
    struct pair_key a, b;
    cr_assert_lt(memcmp(pair_key(&a, 1, 300).data, pair_key(&b, 2, 1).data, 16), 0);
    cr_assert_lt(memcmp(pair_key(&a, 1, 255).data, pair_key(&b, 1, 256).data, 16), 0);
    cr_assert_eq(memcmp(single_key(&a, 9).data, pair_key(&b, 9, 1).data, 8), 0);
}

/* ---------------------------------------------------------------- scanning --- */

struct seen {
    char text[256];
    size_t count, stop_after;
};

static bool see(void *context, uint64_t number, struct view value)
{
    struct seen *seen = context;
    (void)value;
    snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text),
             "%llu ", (unsigned long long)number);
    return ++seen->count < seen->stop_after;
}

static void expect_scan(uint64_t actor, uint64_t from, uint64_t to, size_t stop_after,
                        const char *numbers)
{
    struct seen seen = {.stop_after = stop_after};
    struct index_snapshot snapshot;
    index_snapshot_begin(shelf.index, &snapshot);
    index_scan(&snapshot, TABLE_LIVE, actor, from, to, see, &seen);
    index_snapshot_end(&snapshot);
    cr_assert_str_eq(seen.text, numbers);
}

static void put_live(uint64_t actor, uint64_t number)
{
    shelf_put_task(&shelf, TABLE_LIVE, actor, number, 0, 0);
}

static void delete_live(uint64_t actor, uint64_t number)
{
    struct pair_key key;
    shelf_delete(&shelf, TABLE_LIVE, pair_key(&key, actor, number));
}

Test(index_tables, a_scan_crosses_the_border_between_lmdb_and_memory)
{
    for (uint64_t number = 1; number < 5; number++)
        put_live(1, number);
    shelf_put_actor(&shelf, 1, 5);
    shelf_checkpoint(&shelf);
    for (uint64_t number = 5; number < 9; number++)
        put_live(1, number);
    shelf_put_actor(&shelf, 1, 9);
    shelf_publish(&shelf);
    expect_scan(1, 0, 9, 99, "1 2 3 4 5 6 7 8 ");
    expect_scan(1, 3, 7, 99, "3 4 5 6 ");
    expect_scan(1, 6, 9, 99, "6 7 8 ");
    expect_scan(1, 2, 4, 99, "2 3 ");
    expect_scan(1, 0, 9, 5, "1 2 3 4 5 ");
    expect_scan(1, 0, 9, 2, "1 2 ");
    expect_scan(1, 9, 9, 99, "");
    expect_scan(2, 0, 9, 99, "");
}

Test(index_tables, a_scan_believes_memory_where_both_have_a_word)
{
    for (uint64_t number = 1; number < 7; number++)
        put_live(1, number);
    shelf_put_actor(&shelf, 1, 7);
    shelf_checkpoint(&shelf);
    delete_live(1, 1);
    delete_live(1, 4);
    put_live(1, 4);
    shelf_freeze(&shelf);
    delete_live(1, 2);
    delete_live(1, 6);
    put_live(1, 6);
    shelf_publish(&shelf);
    expect_scan(1, 0, 7, 99, "3 4 5 6 ");
    cr_assert_eq(index_checkpoint(shelf.index), STATUS_OK);
    expect_scan(1, 0, 7, 99, "3 4 5 6 ");
    index_thaw(shelf.index);
    expect_scan(1, 0, 7, 99, "3 4 5 6 ");
}

Test(index_tables, a_scan_sees_nothing_unpublished_and_no_other_actor)
{
    put_live(1, 1);
    put_live(2, 1);
    put_live(2, 2);
    shelf_put_actor(&shelf, 1, 2);
    shelf_put_actor(&shelf, 2, 3);
    shelf_checkpoint(&shelf);
    put_live(1, 2);
    put_live(2, 3);
    shelf_publish(&shelf);
    put_live(1, 3);
    delete_live(1, 1);
    expect_scan(1, 0, 100, 99, "1 2 ");
    expect_scan(2, 0, 100, 99, "1 2 3 ");
    expect_scan(0, 0, 100, 99, "");
    expect_scan(3, 0, 100, 99, "");
}

Test(index_tables, actors_are_scanned_by_id_over_the_same_border)
{
    struct seen seen = {.stop_after = 99};
    struct index_snapshot snapshot;
    struct pair_key key;
    for (uint64_t actor = 1; actor < 6; actor++)
        shelf_put_actor(&shelf, actor, 1);
    shelf_checkpoint(&shelf);
    shelf_delete(&shelf, TABLE_ACTORS, single_key(&key, 2));
    shelf_put_actor(&shelf, 6, 1);
    shelf_put_actor(&shelf, 7, 1);
    shelf_publish(&shelf);
    index_snapshot_begin(shelf.index, &snapshot);
    index_scan_actors(&snapshot, 1, 8, see, &seen);
    cr_assert_str_eq(seen.text, "1 3 4 5 6 7 ");
    seen = (struct seen){.stop_after = 99};
    index_scan_actors(&snapshot, 4, 7, see, &seen);
    cr_assert_str_eq(seen.text, "4 5 6 ");
    index_snapshot_end(&snapshot);
}

/* ---------------------------------------------------------------- receipts --- */

Test(index_tables, finished_tasks_are_found_in_memory_and_in_their_generation)
{
    shelf_put_task(&shelf, TABLE_DONE, 1, 1, 5, TASK_KEYED);
    shelf_put_place(&shelf, 1, "k", 1, RECEIPT_DONE);
    shelf_publish(&shelf);
    cr_assert(shelf_has_task(&shelf, TABLE_DONE, 1, 1));
    cr_assert_eq(shelf_place(&shelf, 1, "k"), 1);
    shelf_checkpoint(&shelf);
    cr_assert(shelf_has_task(&shelf, TABLE_DONE, 1, 1));
    cr_assert_eq(shelf_place(&shelf, 1, "k"), 1);
    shelf_reopen(&shelf);
    cr_assert(shelf_has_task(&shelf, TABLE_DONE, 1, 1));
    cr_assert_eq(shelf_place(&shelf, 1, "k"), 1);
}

Test(index_tables, a_key_is_found_in_the_younger_of_two_generations)
{
    shelf_put_place(&shelf, 1, "k", 1, RECEIPT_DONE);
    shelf_checkpoint(&shelf);
    shelf.clock_ms += 200; /* the next generation */
    shelf_put_place(&shelf, 1, "k", 2, RECEIPT_DONE);
    shelf_checkpoint(&shelf);
    cr_assert_eq(shelf_place(&shelf, 1, "k"), 2);
    shelf_reopen(&shelf);
    cr_assert_eq(shelf_place(&shelf, 1, "k"), 2);
}

Test(index_tables, an_unfinished_task_has_the_word_over_an_older_receipt)
{
    shelf_put_place(&shelf, 1, "k", 1, RECEIPT_DONE);
    shelf_checkpoint(&shelf);
    shelf_put_place(&shelf, 1, "k", 2, KEY_UNFINISHED);
    shelf_checkpoint(&shelf);
    cr_assert_eq(shelf_place(&shelf, 1, "k"), 2);
    shelf_put_place(&shelf, 1, "k", 2, RECEIPT_FAILED);
    shelf_checkpoint(&shelf);
    cr_assert_eq(shelf_place(&shelf, 1, "k"), 2);
}

Test(index_tables, receipts_go_with_their_generation)
{
    shelf_put_task(&shelf, TABLE_DONE, 1, 1, 5, TASK_KEYED);
    shelf_put_place(&shelf, 1, "done", 1, RECEIPT_DONE);
    shelf_put_task(&shelf, TABLE_DONE, 1, 2, 6, TASK_KEYED | TASK_KEPT_LONGER);
    shelf_put_place(&shelf, 1, "failed", 2, RECEIPT_FAILED);
    shelf_put_task(&shelf, TABLE_DONE, 1, 3, 5, 0);
    shelf_checkpoint(&shelf);
    shelf.clock_ms += 41;
    shelf_checkpoint(&shelf);
    cr_assert(shelf_has_task(&shelf, TABLE_DONE, 1, 1));
    cr_assert_not(shelf_has_task(&shelf, TABLE_DONE, 1, 3));
    shelf.clock_ms += 400;
    shelf_checkpoint(&shelf);
    cr_assert_not(shelf_has_task(&shelf, TABLE_DONE, 1, 1));
    cr_assert_eq(shelf_place(&shelf, 1, "done"), 0);
    cr_assert_eq(shelf_place(&shelf, 1, "failed"), 2);
    shelf_checkpoint(&shelf); /* drops the tables */
    shelf_reopen(&shelf);
    cr_assert_not(shelf_has_task(&shelf, TABLE_DONE, 1, 1));
    cr_assert(shelf_has_task(&shelf, TABLE_DONE, 1, 2));
}

static bool is_stored(const char *prefix)
{
    struct text_key name;
    return index_is_stored(index_decided(shelf.index), TABLE_KEYS,
                           text_key(&name, 7, view_text(prefix)));
}

static bool is_held(const char *key)
{
    struct text_key name;
    return index_is_held(index_decided(shelf.index), TABLE_KEYS,
                         text_key(&name, 7, view_text(key)));
}

Test(index_tables, a_key_is_held_in_memory_or_its_beginning_is_stored)
{
    shelf_put_place(&shelf, 7, "load-1", 1, KEY_UNFINISHED);
    cr_assert(is_held("load-1"));
    cr_assert_not(is_held("load-2"));
    cr_assert_not(is_stored("load-"));
    shelf_freeze(&shelf);
    cr_assert(is_held("load-1"), "what is frozen is in memory, too");
    cr_assert_eq(index_checkpoint(shelf.index), STATUS_OK);
    index_thaw(shelf.index);
    cr_assert_not(is_held("load-1"));
    cr_assert(is_stored("load-"));
    cr_assert(is_stored("load-1"));
    cr_assert_not(is_stored("load-10"));
    cr_assert_not(is_stored("loa-"));
    cr_assert_not(is_stored("zeal-"), "nothing comes after it");
}

Test(index_tables, a_beginning_is_stored_where_a_generation_has_it)
{
    shelf_put_place(&shelf, 7, "load-1", 1, RECEIPT_DONE);
    shelf_put_place(&shelf, 7, "fail-1", 2, RECEIPT_FAILED);
    shelf_checkpoint(&shelf);
    cr_assert(is_stored("load-"));
    cr_assert(is_stored("fail-"));
    cr_assert_not(is_stored("fail-2"));
}
