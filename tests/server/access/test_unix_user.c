/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <unistd.h>

#include "server/access/unix_user.h"

static uint32_t groups[] = {100, 200};
static const struct unix_user anna = {
    .uid = 1000, .gid = 1000, .groups = groups, .group_count = 2};
static const struct unix_user root = {0};

static bool may(const struct unix_user *user, uint32_t mode, uint32_t uid, uint32_t gid,
                unsigned want)
{
    struct attributes attributes = {.mode = mode, .uid = uid, .gid = gid};
    return unix_user_may(user, &attributes, want);
}

Test(unix_user, the_owner_s_bits_count_for_the_owner)
{
    cr_expect(may(&anna, 0600, 1000, 5, MAY_READ | MAY_WRITE));
    cr_expect(!may(&anna, 0066, 1000, 5, MAY_READ), "a later class does not help");
    cr_expect(!may(&anna, 0400, 1000, 5, MAY_READ | MAY_WRITE), "all of them");
}

Test(unix_user, the_group_s_bits_count_for_every_group_of_theirs)
{
    cr_expect(may(&anna, 0040, 5, 1000, MAY_READ));
    cr_expect(may(&anna, 0040, 5, 200, MAY_READ));
    cr_expect(!may(&anna, 0040, 5, 300, MAY_READ));
    cr_expect(!may(&anna, 0004, 5, 200, MAY_READ));
}

Test(unix_user, the_others_bits_count_for_the_rest)
{
    cr_expect(may(&anna, 0003, 5, 5, MAY_WRITE | MAY_EXECUTE));
    cr_expect(!may(&anna, 0770, 5, 5, MAY_READ));
}

Test(unix_user, root_may_all_but_execute_what_nobody_may)
{
    cr_expect(may(&root, 0, 5, 5, MAY_READ | MAY_WRITE));
    cr_expect(!may(&root, 0, 5, 5, MAY_EXECUTE));
    cr_expect(may(&root, 0001, 5, 5, MAY_EXECUTE));
}

Test(unix_user, a_sticky_folder_keeps_what_others_own)
{
    struct attributes folder = {.mode = 01777, .uid = 5}, mine = {.uid = 1000},
                      theirs = {.uid = 6};
    cr_expect(unix_user_may_remove(&anna, &folder, &mine));
    cr_expect(!unix_user_may_remove(&anna, &folder, &theirs));
    cr_expect(unix_user_may_remove(&root, &folder, &theirs));
    folder.uid = 1000;
    cr_expect(unix_user_may_remove(&anna, &folder, &theirs));
    folder.uid = 5;
    folder.mode = 0777;
    cr_expect(unix_user_may_remove(&anna, &folder, &theirs));
}

Test(unix_user, is_found_by_name_and_by_number)
{
    struct unix_user user;
    cr_assert(unix_user_find(view_text("root"), &user));
    cr_expect_eq(user.uid, 0);
    unix_user_free(&user);
    cr_assert(unix_user_find(view_text("0"), &user));
    cr_expect(user.uid == 0 && user.group_count > 0);
    unix_user_free(&user);
    cr_assert(unix_user_find(view_text("3999999"), &user), "a number needs no name");
    cr_expect(user.uid == 3999999 && user.gid == 3999999);
    unix_user_free(&user);
}

Test(unix_user, is_not_found_where_there_is_none)
{
    static const char *const bad[] = {"no-such-user-here", "",   "-1", "4294967295",
                                      "99999999999",       "12x"};
    struct unix_user user;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(!unix_user_find(view_text(bad[i]), &user), "%s", bad[i]);
}
