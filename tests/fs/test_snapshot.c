/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "fs/snapshot.h"

static struct snapshot showing(const char *text)
{
    struct snapshot snapshot = {.is_ready = true};
    bytes_append_text(&snapshot.text, text);
    return snapshot;
}

static void expect_read(struct snapshot *snapshot, uint64_t offset, size_t size,
                        const char *expected)
{
    struct view got;
    cr_assert_eq(snapshot_read(snapshot, offset, size, &got), STATUS_OK);
    cr_expect(view_equal(got, view_text(expected)), "at %lu: '%.*s', not '%s'",
              (unsigned long)offset, (int)got.size, got.data, expected);
}

static void follow(struct snapshot *snapshot, const char *text)
{
    struct bytes newer = {0};
    bytes_append_text(&newer, text);
    snapshot_follow(snapshot, &newer);
    cr_expect_eq(newer.size, 0);
}

Test(snapshot, a_file_is_read_in_pieces_to_its_end)
{
    struct snapshot snapshot = showing("espresso");
    expect_read(&snapshot, 0, 3, "esp");
    expect_read(&snapshot, 3, 100, "resso");
    expect_read(&snapshot, 8, 100, "");
    expect_read(&snapshot, 9000, 100, "");
    snapshot_free(&snapshot);
}

Test(snapshot, an_answer_begins_where_it_is_first_read)
{
    struct snapshot snapshot = showing("espresso");
    expect_read(&snapshot, 6, 3, "esp");
    expect_read(&snapshot, 9, 100, "resso");
    expect_read(&snapshot, 14, 100, "");
    snapshot_free(&snapshot);
}

Test(snapshot, reading_before_the_beginning_begins_again)
{
    struct snapshot snapshot = showing("espresso");
    expect_read(&snapshot, 6, 3, "esp");
    expect_read(&snapshot, 0, 3, "esp");
    snapshot_free(&snapshot);
}

Test(snapshot, a_failure_stands_after_the_last_byte)
{
    struct snapshot snapshot = showing("no beans");
    struct view got;
    snapshot.end = STATUS_FAILED;
    expect_read(&snapshot, 0, 100, "no beans");
    cr_expect_eq(snapshot_read(&snapshot, 8, 100, &got), STATUS_FAILED);
    snapshot_forget(&snapshot);
    cr_expect_eq(snapshot_read(&snapshot, 0, 100, &got), STATUS_OK);
    snapshot_free(&snapshot);
}

Test(snapshot, a_log_that_grew_goes_on)
{
    struct snapshot snapshot = showing("one\ntwo\n");
    expect_read(&snapshot, 0, 100, "one\ntwo\n");
    cr_expect(snapshot_is_read_to_end(&snapshot, 8));
    follow(&snapshot, "one\ntwo\nthree\n");
    expect_read(&snapshot, 8, 100, "three\n");
    snapshot_free(&snapshot);
}

Test(snapshot, a_log_that_lost_its_oldest_lines_goes_on_as_well)
{
    struct snapshot snapshot = showing("one\ntwo\nthree\n");
    expect_read(&snapshot, 0, 100, "one\ntwo\nthree\n");
    follow(&snapshot, "three\nfour\n");
    expect_read(&snapshot, 14, 100, "four\n");
    follow(&snapshot, "four\nfive\nsix\n");
    expect_read(&snapshot, 19, 100, "five\nsix\n");
    snapshot_free(&snapshot);
}

Test(snapshot, a_log_of_which_nothing_known_is_left_goes_on_with_all_of_it)
{
    struct snapshot snapshot = showing("one\n");
    expect_read(&snapshot, 0, 100, "one\n");
    follow(&snapshot, "eight\nnine\n");
    expect_read(&snapshot, 4, 100, "eight\nnine\n");
    snapshot_free(&snapshot);
}

Test(snapshot, a_log_that_was_empty_is_followed_from_its_start)
{
    struct snapshot snapshot = showing("");
    expect_read(&snapshot, 0, 100, "");
    follow(&snapshot, "one\n");
    expect_read(&snapshot, 0, 100, "one\n");
    snapshot_free(&snapshot);
}
