/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "fs/opening.h"

static struct opening opening(uint64_t inode, pid_t process)
{
    return (struct opening){.inode = inode, .writable = true, .process = process};
}

Test(opening, others_are_of_the_same_file_process_and_kind_and_not_closing)
{
    struct openings *openings = openings_open();
    struct opening mine = opening(5, 10), same = opening(5, 10), file = opening(6, 10),
                   process = opening(5, 11), both = opening(5, 10),
                   closing = opening(5, 10), bucket = opening(5 + 256, 10);
    both.readable = true;
    atomic_store(&closing.is_closing, true);
    struct opening *all[] = {&mine, &same, &file, &process, &both, &closing, &bucket};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        openings_add(openings, all[i]);
    cr_expect_eq(openings_count_others(openings, &mine, 10), 1);
    cr_expect_eq(openings_count_others(openings, &mine, 11), 1);
    cr_expect_eq(openings_count_others(openings, &mine, 12), 0);
    openings_remove(openings, &same);
    cr_expect_eq(openings_count_others(openings, &mine, 10), 0);
    openings_remove(openings, &mine);
    while (openings_any(openings))
        openings_remove(openings, openings_any(openings));
    openings_close(openings);
}
