/* SPDX-License-Identifier: MIT */
/* LMDB as the journal's room sees it, in a scratch folder. */
#include "common/journal/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/common/journal/scratch.h"

static const char *folder;
static struct store *store;
static store_table table;

static void open_store(void)
{
    BYTES_AUTO(message);
    struct store_writer *writer;
    cr_assert_eq(store_open(folder, false, &store, &message), STATUS_OK);
    cr_assert_eq(store_write_begin(store, &writer), STATUS_OK);
    cr_assert_eq(store_open_table(writer, "table", true, &table), STATUS_OK);
    cr_assert_eq(store_commit(writer), STATUS_OK);
}

static void setup(void)
{
    folder = scratch_make();
    open_store();
}

static void teardown(void)
{
    store_close(store);
    scratch_remove();
}

TestSuite(store, .init = setup, .fini = teardown);

static void put(const char *key, const char *value)
{
    struct store_writer *writer;
    cr_assert_eq(store_write_begin(store, &writer), STATUS_OK);
    cr_assert_eq(store_put(writer, table, view_text(key), view_text(value)), STATUS_OK);
    cr_assert_eq(store_commit(writer), STATUS_OK);
}

static void expect_from(struct store_reader *reader, const char *key, const char *value)
{
    struct view found;
    bool is_there = store_get(reader, table, view_text(key), &found);
    cr_assert_eq(is_there, value != NULL, "%s", key);
    if (value)
        cr_assert(view_equal(found, view_text(value)), "%s: %.*s", key, (int)found.size,
                  found.data);
}

static void expect(const char *key, const char *value)
{
    struct store_reader *reader = store_read_begin(store);
    expect_from(reader, key, value);
    store_read_end(reader);
}

Test(store, what_is_committed_is_there_after_opening_again)
{
    put("k", "v");
    put("empty", "");
    store_close(store);
    open_store();
    expect("k", "v");
    expect("empty", "");
    expect("nobody", NULL);
}

Test(store, an_aborted_writer_changes_nothing)
{
    struct store_writer *writer;
    put("k", "before");
    cr_assert_eq(store_write_begin(store, &writer), STATUS_OK);
    cr_assert_eq(store_put(writer, table, view_text("k"), view_text("after")),
                 STATUS_OK);
    cr_assert_eq(store_delete(writer, table, view_text("k")), STATUS_OK);
    cr_assert_eq(store_put(writer, table, view_text("new"), view_text("x")), STATUS_OK);
    store_abort(writer);
    expect("k", "before");
    expect("new", NULL);
}

Test(store, a_reader_sees_what_was_committed_when_it_began)
{
    put("k", "one");
    struct store_reader *early = store_read_begin(store);
    put("k", "two");
    struct store_reader *late = store_read_begin(store);
    expect_from(early, "k", "one");
    expect_from(late, "k", "two");
    store_read_end(early);
    early = store_read_begin(store); /* from the pool */
    expect_from(early, "k", "two");
    store_read_end(early);
    store_read_end(late);
}

Test(store, a_reader_of_before_its_making_finds_a_table_empty)
{
    struct store_reader *early = store_read_begin(store);
    struct store_writer *writer;
    store_table later;
    struct view value;
    cr_assert_eq(store_write_begin(store, &writer), STATUS_OK);
    cr_assert_eq(store_open_table(writer, "later", true, &later), STATUS_OK);
    cr_assert_eq(store_put(writer, later, view_text("k"), view_text("v")), STATUS_OK);
    cr_assert_eq(store_commit(writer), STATUS_OK);
    cr_assert_not(store_get(early, later, view_text("k"), &value));
    store_read_end(early);
    early = store_read_begin(store);
    cr_assert(store_get(early, later, view_text("k"), &value));
    store_read_end(early);
}

Test(store, a_table_that_is_not_there_is_made_only_if_asked)
{
    struct store_writer *writer;
    store_table other;
    cr_assert_eq(store_write_begin(store, &writer), STATUS_OK);
    cr_assert_eq(store_open_table(writer, "other", false, &other), STATUS_NOT_FOUND);
    cr_assert_eq(store_open_table(writer, "other", true, &other), STATUS_OK);
    cr_assert_neq(other, table);
    cr_assert_eq(store_commit(writer), STATUS_OK);
}

Test(store, deleting_what_is_not_there_is_no_error)
{
    struct store_writer *writer;
    put("k", "v");
    cr_assert_eq(store_write_begin(store, &writer), STATUS_OK);
    cr_assert_eq(store_delete(writer, table, view_text("nobody")), STATUS_OK);
    cr_assert_eq(store_delete(writer, table, view_text("k")), STATUS_OK);
    cr_assert_eq(store_delete(writer, table, view_text("k")), STATUS_OK);
    cr_assert_eq(store_commit(writer), STATUS_OK);
    expect("k", NULL);
}

Test(store, one_writer_puts_and_deletes_in_several_tables_in_turn)
{
    struct store_writer *writer;
    store_table other;
    struct view value;
    char key[16];
    cr_assert_eq(store_write_begin(store, &writer), STATUS_OK);
    cr_assert_eq(store_open_table(writer, "other", true, &other), STATUS_OK);
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(key, sizeof(key), "%05u", i * 7919 % 3000);
        store_table at = i % 2 ? table : other;
        cr_assert_eq(store_put(writer, at, view_text(key), view_text(key)), STATUS_OK);
        if (i % 3 == 0)
            cr_assert_eq(store_delete(writer, at, view_text(key)), STATUS_OK);
    }
    cr_assert_eq(store_write_get(writer, table, view_text("nobody"), &value),
                 STATUS_NOT_FOUND);
    cr_assert_eq(store_commit(writer), STATUS_OK);
    struct store_reader *reader = store_read_begin(store);
    cr_assert_eq(store_entries(reader, table) + store_entries(reader, other), 2000);
    store_read_end(reader);
}

struct seen {
    char keys[64];
    size_t count, stop_after;
};

static bool see(void *context, struct view key, struct view value)
{
    struct seen *seen = context;
    (void)value;
    seen->keys[seen->count++] = *key.data;
    seen->keys[seen->count] = '\0';
    return seen->count < seen->stop_after;
}

static void expect_scan(const char *from, size_t stop_after, const char *keys)
{
    struct seen seen = {.stop_after = stop_after};
    struct store_reader *reader = store_read_begin(store);
    store_scan(reader, table, view_text(from), see, &seen);
    store_read_end(reader);
    cr_assert_str_eq(seen.keys, keys);
}

Test(store, a_scan_goes_up_from_where_it_is_told_until_it_is_told_to_stop)
{
    put("d", "4");
    put("a", "1");
    put("e", "5");
    put("b", "2");
    expect_scan("", 9, "abde");
    expect_scan("b", 9, "bde");
    expect_scan("c", 9, "de");
    expect_scan("c", 1, "d");
    expect_scan("f", 9, "");
}

Test(store, a_dropped_table_is_gone_with_all_that_was_in_it)
{
    struct store_writer *writer;
    store_table again;
    put("k", "v");
    cr_assert_eq(store_write_begin(store, &writer), STATUS_OK);
    cr_assert_eq(store_drop_table(writer, table), STATUS_OK);
    cr_assert_eq(store_commit(writer), STATUS_OK);
    cr_assert_eq(store_write_begin(store, &writer), STATUS_OK);
    cr_assert_eq(store_open_table(writer, "table", false, &again), STATUS_NOT_FOUND);
    cr_assert_eq(store_open_table(writer, "table", true, &again), STATUS_OK);
    cr_assert_eq(store_commit(writer), STATUS_OK);
    table = again;
    expect("k", NULL);
}

Test(store, many_readers_hold_their_snapshots_at_once)
{
    struct store_reader *readers[100];
    char value[16];
    for (unsigned i = 0; i < 100; i++) {
        snprintf(value, sizeof(value), "%u", i);
        put("k", value);
        readers[i] = store_read_begin(store);
    }
    for (unsigned i = 0; i < 100; i++) {
        snprintf(value, sizeof(value), "%u", i);
        expect_from(readers[i], "k", value);
        store_read_end(readers[i]);
    }
}

Test(store, a_copy_is_a_store_of_what_was_committed)
{
    char copy[128], file[160];
    put("k", "v");
    snprintf(copy, sizeof(copy), "%s/copy", folder);
    snprintf(file, sizeof(file), "%s/data.mdb", copy);
    cr_assert_eq(mkdir(copy, 0700), 0);
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(store_copy(store, fd), STATUS_OK);
    close(fd);
    store_close(store);
    folder = copy;
    open_store();
    expect("k", "v");
}

Test(store, where_address_space_is_limited_the_map_is_smaller)
{
    struct rlimit limit = {.rlim_max = RLIM_INFINITY};
    unsigned long long pages = 0; /* in use, which under a sanitizer is much */
    put("k", "v");
    store_close(store);
    FILE *statm = fopen("/proc/self/statm", "r");
    cr_assert(statm && fscanf(statm, "%llu", &pages) == 1);
    fclose(statm);
    limit.rlim_cur = pages * 4096 + (UINT64_C(80) << 30);
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        cr_skip_test("the limit cannot be set here");
    open_store();
    expect("k", "v");
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_AS, &limit);
}

Test(store, a_folder_that_cannot_be_made_says_why)
{
    BYTES_AUTO(message);
    struct store *none;
    cr_assert_eq(store_open("/proc/none", false, &none, &message), STATUS_IO);
    cr_assert_gt(message.size, 0);
}

Test(store, a_file_that_is_no_store_says_so)
{
    BYTES_AUTO(message);
    char path[128], file[160];
    struct store *none;
    snprintf(path, sizeof(path), "%s/bad", folder);
    snprintf(file, sizeof(file), "%s/data.mdb", path);
    cr_assert_eq(mkdir(path, 0700), 0);
    FILE *bad = fopen(file, "w");
    for (unsigned i = 0; i < 20000; i++)
        fputc('x', bad);
    fclose(bad);
    cr_assert_neq(store_open(path, false, &none, &message), STATUS_OK);
    cr_assert_gt(message.size, 0);
}
