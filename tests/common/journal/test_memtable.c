/* SPDX-License-Identifier: MIT */
#include "common/journal/memtable.h"

#include <stdio.h>

#include <criterion/criterion.h>

static struct memtable *memtable;

static void setup(void)
{
    memtable = memtable_create();
}

static void teardown(void)
{
    memtable_free(memtable);
}

TestSuite(memtable, .init = setup, .fini = teardown);

static void put_at(enum table table, const char *key, uint64_t sequence,
                   uint64_t sealed, const char *value)
{
    char *space =
        memtable_put(memtable, table, view_text(key), sequence, sealed, strlen(value));
    memcpy(space, value, strlen(value));
}

static void put(const char *key, uint64_t sequence, const char *value)
{
    put_at(TABLE_STATES, key, sequence, sequence - 1, value);
}

/* Null: there is no version; "deleted": it says so. */
static void expect_in(enum table table, const char *key, uint64_t limit,
                      const char *value)
{
    const struct version *version =
        memtable_find(memtable, table, view_text(key), limit);
    if (!value) {
        cr_assert_null(version, "%s at %d", key, (int)limit);
        return;
    }
    cr_assert_not_null(version, "%s at %d", key, (int)limit);
    cr_assert_eq(version->deleted, strcmp(value, "deleted") == 0);
    if (!version->deleted)
        cr_assert(view_equal(view_of(version->data, version->size), view_text(value)),
                  "%s at %d: %.*s", key, (int)limit, (int)version->size, version->data);
}

static void expect(const char *key, uint64_t limit, const char *value)
{
    expect_in(TABLE_STATES, key, limit, value);
}

Test(memtable, a_reader_sees_the_newest_version_up_to_its_limit)
{
    put("k", 3, "three");
    put("k", 5, "five");
    put("k", 9, "nine");
    expect("k", 2, NULL);
    expect("k", 3, "three");
    expect("k", 4, "three");
    expect("k", 5, "five");
    expect("k", 8, "five");
    expect("k", 9, "nine");
    expect("k", UINT64_MAX, "nine");
}

Test(memtable, keys_and_tables_are_apart)
{
    put_at(TABLE_STATES, "k", 1, 0, "state");
    put_at(TABLE_NAMES, "k", 1, 0, "name");
    put_at(TABLE_STATES, "kk", 1, 0, "other");
    expect_in(TABLE_STATES, "k", 1, "state");
    expect_in(TABLE_NAMES, "k", 1, "name");
    expect_in(TABLE_STATES, "kk", 1, "other");
    expect_in(TABLE_LIVE, "k", 1, NULL);
    expect_in(TABLE_STATES, "", 1, NULL);
    cr_assert_eq(memtable_entries(memtable), 3);
}

Test(memtable, keys_may_hold_any_bytes)
{
    char *space = memtable_put(memtable, TABLE_LIVE, view_of("a\0b", 3), 1, 0, 1);
    *space = 'x';
    cr_assert_not_null(memtable_find(memtable, TABLE_LIVE, view_of("a\0b", 3), 1));
    cr_assert_null(memtable_find(memtable, TABLE_LIVE, view_of("a\0c", 3), 1));
    cr_assert_null(memtable_find(memtable, TABLE_LIVE, view_of("a", 1), 1));
}

Test(memtable, keys_may_differ_in_their_last_byte_only)
{
    char key[2] = {0};
    put("", 1, "none");
    for (int byte = 1; byte < 256; byte++) {
        key[0] = (char)byte;
        put(key, 1, key);
    }
    expect("", 1, "none");
    for (int byte = 1; byte < 256; byte++) {
        key[0] = (char)byte;
        expect(key, 1, key);
    }
}

Test(memtable, a_deletion_is_a_version_like_any_other)
{
    put("k", 1, "one");
    memtable_delete(memtable, TABLE_STATES, view_text("k"), 2, 1);
    put("k", 3, "three");
    memtable_delete(memtable, TABLE_STATES, view_text("gone"), 3, 2);
    expect("k", 1, "one");
    expect("k", 2, "deleted");
    expect("k", 3, "three");
    expect("gone", 3, "deleted");
    expect("gone", 2, NULL);
}

Test(memtable, a_version_that_nobody_can_have_seen_is_replaced)
{
    put_at(TABLE_STATES, "k", 1, 0, "one");
    put_at(TABLE_STATES, "k", 2, 1, "two");
    put_at(TABLE_STATES, "k", 3, 1, "three"); /* 2 was not sealed */
    expect("k", 1, "one");
    expect("k", 2, "one");
    expect("k", 3, "three");
    put_at(TABLE_STATES, "k", 4, 3, "four");
    expect("k", 3, "three");
    expect("k", 4, "four");
}

Test(memtable, a_deletion_replaces_and_is_replaced_alike)
{
    put_at(TABLE_STATES, "k", 1, 0, "one");
    memtable_delete(memtable, TABLE_STATES, view_text("k"), 2, 0);
    expect("k", 1, NULL);
    expect("k", 2, "deleted");
    put_at(TABLE_STATES, "k", 3, 0, "three");
    expect("k", 2, NULL);
    expect("k", 3, "three");
}

Test(memtable, a_value_may_be_put_under_a_number_that_is_sealed)
{
    put_at(TABLE_STATES, "k", 5, 4, "five");
    memtable_put_value(memtable, TABLE_STATES, view_text("k"), 5, 5,
                       view_text("again"));
    expect("k", 4, NULL);
    expect("k", 5, "again");
    memtable_put_value(memtable, TABLE_STATES, view_text("empty"), 5, 5,
                       view_of(NULL, 0));
    expect("empty", 5, "");
}

Test(memtable, values_may_be_empty_and_larger_than_a_chunk)
{
    size_t size = (3u << 20) + 1;
    char *space = memtable_put(memtable, TABLE_STATES, view_text("big"), 1, 0, size);
    memset(space, 'x', size);
    put("empty", 1, "");
    put("small", 1, "small");
    const struct version *big =
        memtable_find(memtable, TABLE_STATES, view_text("big"), 1);
    cr_assert_eq(big->size, size);
    cr_assert_eq(big->data[0], 'x');
    cr_assert_eq(big->data[size - 1], 'x');
    expect("empty", 1, "");
    expect("small", 1, "small");
    cr_assert_geq(memtable_bytes(memtable), size);
}

static void count_entry(void *context, const struct entry *entry)
{
    unsigned *counts = context;
    counts[entry->table]++;
}

Test(memtable, every_entry_is_visited_once)
{
    unsigned counts[TABLE_COUNT] = {0};
    char key[16];
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(key, sizeof(key), "key %u", i);
        put(key, 1, "v");
        put(key, 2, "w");
        if (i < 7)
            memtable_delete(memtable, TABLE_LOG, view_text(key), 2, 1);
    }
    memtable_each(memtable, count_entry, counts);
    cr_assert_eq(counts[TABLE_STATES], 5000);
    cr_assert_eq(counts[TABLE_LOG], 7);
    cr_assert_eq(counts[TABLE_NAMES], 0);
    cr_assert_eq(memtable_entries(memtable), 5007);
    expect("key 0", 1, "v");
    expect("key 4999", 2, "w");
}

static void put_keys(unsigned count)
{
    char key[16];
    for (unsigned i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "key %u", i);
        put(key, 1, key);
    }
}

/* The same keys, found with the value that was put, or not at all. */
static void expect_keys(unsigned count, bool there)
{
    char key[16];
    for (unsigned i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "key %u", i);
        expect(key, 1, there ? key : NULL);
    }
}

Test(memtable, it_may_outgrow_its_buckets)
{
    put_keys(400000);
    expect_keys(400000, true);
    expect("key 400000", 1, NULL);
    cr_assert_eq(memtable_entries(memtable), 400000);
}

Test(memtable, a_reset_forgets_everything)
{
    for (unsigned round = 0; round < 3; round++) {
        expect_keys(20000, false);
        put_keys(20000);
        expect_keys(20000, true);
        memtable_reset(memtable);
        cr_assert_eq(memtable_entries(memtable), 0);
        cr_assert_eq(memtable_bytes(memtable), 0);
    }
}

Test(memtable, it_is_as_good_whatever_was_expected)
{
    const size_t expected[] = {SIZE_MAX, 100000, 0, 0, 0, 200000};
    for (unsigned round = 0; round < sizeof(expected) / sizeof(*expected); round++) {
        memtable_expect(memtable, expected[round]);
        expect_keys(20000, false);
        put_keys(20000);
        expect_keys(20000, true);
        memtable_reset(memtable);
    }
}

Test(memtable, a_rest_forgets_nothing)
{
    for (unsigned round = 0; round < 2; round++) {
        put_keys(20000);
        memtable_rest(memtable);
        expect_keys(20000, true);
        memtable_reset(memtable);
        memtable_rest(memtable);
        expect_keys(20000, false);
    }
}

static void note_entry(void *context, const struct entry *entry)
{
    *(const struct entry **)context = entry;
}

Test(memtable, an_entry_remembers_that_it_was_deleted_or_is_fresh)
{
    const struct entry *entry;
    put("k", 1, "one");
    memtable_each(memtable, note_entry, &entry);
    cr_assert_not(entry->was_deleted);
    cr_assert_not(entry->is_fresh);
    memtable_delete(memtable, TABLE_STATES, view_text("k"), 2, 1);
    put("k", 3, "three");
    cr_assert(entry->was_deleted);
    memtable_put_fresh(memtable, TABLE_STATES, view_text("k"), 4, 3, 0);
    cr_assert_not(entry->is_fresh, "it was there before");
}

Test(memtable, fresh_stays_fresh_whatever_follows)
{
    const struct entry *entry;
    memtable_put_fresh(memtable, TABLE_STATES, view_text("k"), 1, 0, 0);
    put("k", 2, "two");
    memtable_delete(memtable, TABLE_STATES, view_text("k"), 3, 2);
    memtable_each(memtable, note_entry, &entry);
    cr_assert(entry->is_fresh);
    expect("k", 1, "");
    expect("k", 2, "two");
    expect("k", 3, "deleted");
}
