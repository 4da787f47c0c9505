/* SPDX-License-Identifier: MIT */
#include "common/base/bytes.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(view, views_are_equal_when_their_bytes_are)
{
    cr_assert(view_equal(view_text("latte"), view_of("latte!", 5)));
    cr_assert(view_equal(view_of("a\0b", 3), view_of("a\0b", 3)));
    cr_assert_not(view_equal(view_of("a\0b", 3), view_of("a\0c", 3)));
    cr_assert_not(view_equal(view_text("latte"), view_text("latt")));
}

Test(view, empty_views_are_equal_whatever_they_point_to)
{
    cr_assert(view_equal(view_of(NULL, 0), view_text("")));
    cr_assert_not(view_equal(view_of(NULL, 0), view_text("x")));
}

Test(view, a_prefix_is_found_only_at_the_start_and_only_whole)
{
    cr_assert(view_starts_with(view_text("tasks@1"), "tasks"));
    cr_assert(view_starts_with(view_text("tasks"), "tasks"));
    cr_assert(view_starts_with(view_of(NULL, 0), ""));
    cr_assert_not(view_starts_with(view_text("task"), "tasks"));
    cr_assert_not(view_starts_with(view_text("xtasks"), "tasks"));
}

Test(bytes, appended_pieces_come_out_in_order)
{
    BYTES_AUTO(bytes);

    for (int i = 0; i < 10000; i++)
        bytes_append(&bytes, view_of(&i, sizeof(i)));
    cr_assert_eq(bytes.size, 10000 * sizeof(int));
    for (int i = 0; i < 10000; i++) {
        int found;

        memcpy(&found, bytes.data + (size_t)i * sizeof(i), sizeof(found));
        cr_assert_eq(found, i);
    }
}

Test(bytes, appending_nothing_allocates_nothing)
{
    BYTES_AUTO(bytes);

    bytes_append(&bytes, view_of(NULL, 0));
    cr_assert_null(bytes.data);
}

Test(bytes, reserved_room_is_writable_and_does_not_count_yet)
{
    BYTES_AUTO(bytes);

    bytes_append_text(&bytes, "cup");
    memset(bytes_reserve(&bytes, 100000), 'x', 100000);
    cr_assert_eq(bytes.size, 3);
    cr_assert(view_equal(view_bytes(&bytes), view_text("cup")));
    cr_assert_geq(bytes.capacity, 100003);
}

Test(bytes, formatting_appends_without_a_nul)
{
    BYTES_AUTO(bytes);

    bytes_append_text(&bytes, "a ");
    bytes_format(&bytes, "%d %s", 7, "beans");
    cr_assert(view_equal(view_bytes(&bytes), view_text("a 7 beans")));
}

Test(bytes, numbers_are_appended_in_decimal)
{
    static const uint64_t numbers[] = {0, 9, 10, 1234567890, UINT64_MAX};
    BYTES_AUTO(bytes);

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        bytes_append_number(&bytes, numbers[i]);
        bytes_append_text(&bytes, " ");
    }
    cr_assert(view_equal(view_bytes(&bytes),
                         view_text("0 9 10 1234567890 18446744073709551615 ")));
}

Test(bytes, formatting_takes_texts_of_any_length)
{
    char *text = memory_take(5001);
    BYTES_AUTO(bytes);

    memset(text, 'y', 5000);
    text[5000] = '\0';
    bytes_format(&bytes, "<%s>", text);
    cr_assert_eq(bytes.size, 5002);
    cr_assert_eq(bytes.data[5001], '>');
    free(text);
}

Test(bytes, clearing_keeps_the_memory_and_freeing_leaves_an_empty_value)
{
    struct bytes bytes = {0};
    const char *memory;

    bytes_append_text(&bytes, "latte");
    memory = bytes.data;
    bytes_clear(&bytes);
    cr_assert_eq(bytes.size, 0);
    cr_assert_eq(bytes.data, memory);
    bytes_free(&bytes);
    cr_assert_null(bytes.data);
    cr_assert_eq(bytes.capacity, 0);
    bytes_append_text(&bytes, "again");
    cr_assert(view_equal(view_bytes(&bytes), view_text("again")));
    bytes_free(&bytes);
}

Test(memory, a_size_of_zero_is_no_failure)
{
    void *taken = memory_take(0);
    void *zeroed = memory_take_zeroed(0, 8);

    cr_assert_not_null(taken);
    cr_assert_not_null(zeroed);
    taken = memory_resize(taken, 0);
    cr_assert_not_null(taken);
    free(taken);
    free(zeroed);
}

Test(memory, a_text_copy_ends_in_nul)
{
    char *copy = memory_text(view_of("latte!", 5));
    char *empty = memory_text(view_of(NULL, 0));

    cr_assert_str_eq(copy, "latte");
    cr_assert_str_eq(empty, "");
    free(copy);
    free(empty);
}
