/* SPDX-License-Identifier: MIT */
#include "common/base/sorted.h"

#include <criterion/criterion.h>

struct row {
    uint64_t number;
    char rest[24];
};

#define ROWS_MAX 9

/* In arrays of every size up to ROWS_MAX, of the numbers 10, 20, 30 ... */
static void for_each_size(void (*check)(const struct row *rows, size_t count))
{
    struct row rows[ROWS_MAX] = {0};
    for (size_t i = 0; i < ROWS_MAX; i++)
        rows[i].number = 10 * (i + 1);
    for (size_t count = 0; count <= ROWS_MAX; count++)
        check(rows, count);
}

static void find_each(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = ROWS_MAX;
        cr_expect(sorted_find(rows, count, sizeof *rows, rows[i].number, &at));
        cr_expect_eq(at, i, "row %zu of %zu", i, count);
    }
}

Test(sorted, every_row_is_found_where_it_stands)
{
    for_each_size(find_each);
}

static void miss_each(const struct row *rows, size_t count)
{
    for (size_t i = 0; i <= count; i++) {
        size_t at = ROWS_MAX + 1;
        cr_expect_not(sorted_find(rows, count, sizeof *rows, 10 * i + 5, &at));
        cr_expect_eq(at, i, "before row %zu of %zu", i, count);
    }
}

Test(sorted, what_is_missing_has_its_place_between_its_neighbors)
{
    for_each_size(miss_each);
}

Test(sorted, numbers_are_compared_as_unsigned)
{
    const struct row rows[] = {{.number = 1}, {.number = UINT64_MAX}};
    size_t at;
    cr_expect(sorted_find(rows, 2, sizeof *rows, UINT64_MAX, &at));
    cr_expect_eq(at, 1);
    cr_expect_not(sorted_find(rows, 2, sizeof *rows, UINT64_MAX - 1, &at));
    cr_expect_eq(at, 1);
}
