/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "fs/access.h"

Test(access, the_first_class_that_applies_decides)
{
    static const gid_t groups[] = {30, 20};
    static const struct {
        struct caller caller;
        unsigned granted;
    } rows[] = {
        {{.uid = 0, .gid = 0}, 7},
        {{.uid = 10, .gid = 20}, 2},
        {{.uid = 11, .gid = 20}, 4},
        {{.uid = 11, .gid = 99, .groups = groups, .group_count = 2}, 4},
        {{.uid = 11, .gid = 99, .groups = groups, .group_count = 1}, 6},
        {{.uid = 11, .gid = 99}, 6},
    };
    struct attributes attributes = {.mode = 0246, .uid = 10, .gid = 20};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(access_granted(&rows[i].caller, &attributes), rows[i].granted,
                     "row %zu", i);
}
