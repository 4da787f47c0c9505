/* SPDX-License-Identifier: MIT */
/* Locks: whom they keep out, and when they end. */
#include "tests/server/dav/rig.h"

#include <criterion/criterion.h>
#include <stdio.h>

TestSuite(dav_locks, .init = rig_open, .fini = rig_close);

static const char *with(const char *token)
{
    static char header[80];
    snprintf(header, sizeof header, "(<%s>)", token);
    return header;
}

static bool conflicts(const char *path, bool is_shared, bool is_deep)
{
    struct dav_place at = place(path);
    dav_enter(rig);
    bool conflict = dav_locks_conflict(rig, &at, is_shared, is_deep) != NULL;
    dav_leave(rig);
    return conflict;
}

Test(dav_locks, a_deep_one_covers_all_beneath_and_a_flat_one_does_not)
{
    const char *deep = rig_lock("a", false, true, 60);
    cr_expect(!rig_permits("a", TOUCH_PLACE, NULL));
    cr_expect(!rig_permits("a/b/c", TOUCH_PLACE, NULL));
    cr_expect(rig_permits("a/b/c", TOUCH_PLACE, with(deep)));
    cr_expect(rig_permits("ab", TOUCH_PLACE, NULL));
    rig_lock("f", false, false, 60);
    cr_expect(rig_permits("f/b", TOUCH_PLACE, NULL));
    cr_expect(!rig_permits("f/b", TOUCH_MEMBERS, NULL));
    cr_expect(rig_permits("f/b/c", TOUCH_MEMBERS, NULL));
}

Test(dav_locks, a_deep_one_of_an_actor_covers_all_in_its_folder)
{
    const char *token = rig_lock("", false, true, 60);
    cr_expect(!rig_permits("tasks", TOUCH_PLACE, NULL));
    cr_expect(!rig_permits("a/b", TOUCH_PLACE, NULL));
    cr_expect(rig_permits("a/b", TOUCH_PLACE, with(token)));
    cr_expect(conflicts("state", true, false));
}

Test(dav_locks, a_tree_is_kept_by_any_lock_within_it)
{
    const char *token = rig_lock("a/b", false, false, 60);
    cr_expect(rig_permits("a", TOUCH_PLACE, NULL));
    cr_expect(!rig_permits("a", TOUCH_TREE, NULL));
    cr_expect(rig_permits("a", TOUCH_TREE, with(token)));
    cr_expect(!rig_permits("", TOUCH_TREE, NULL));
}

Test(dav_locks, exclusive_ones_conflict_with_all_and_shared_ones_with_those)
{
    rig_lock("a/b", true, false, 60);
    cr_expect(!conflicts("a/b", true, false));
    cr_expect(conflicts("a/b", false, false));
    cr_expect(conflicts("a", false, true));
    cr_expect(!conflicts("a", false, false));
    rig_lock("c", false, true, 60);
    cr_expect(conflicts("c/d", true, false));
}

Test(dav_locks, they_end_by_a_clock_that_only_runs_on)
{
    rig_lock("a", false, false, 60);
    rig_seconds += 59;
    cr_expect(!rig_permits("a", TOUCH_PLACE, NULL));
    rig_seconds += 1;
    cr_expect(rig_permits("a", TOUCH_PLACE, NULL));
    cr_expect_eq(rig->count, 0, "nothing is left of it");
}

Test(dav_locks, a_restart_keeps_them_and_begins_their_time_anew)
{
    char token[LOCK_TOKEN_SIZE];
    strcpy(token, rig_lock("a", false, true, 60));
    rig_seconds += 59;
    rig_restart();
    rig_seconds += 59;
    cr_expect(!rig_permits("a/b", TOUCH_PLACE, NULL));
    cr_expect(rig_permits("a/b", TOUCH_PLACE, with(token)));
    rig_seconds += 1;
    cr_expect(rig_permits("a/b", TOUCH_PLACE, NULL));
    rig_restart();
    cr_expect(rig_permits("a/b", TOUCH_PLACE, NULL));
}

Test(dav_locks, somebody_else_s_token_is_none)
{
    struct dav_place at = place("a");
    struct dav_lock *lock = dav_lock_new(false, false, "alice", view_of("", 0));
    dav_enter(rig);
    dav_lock_refresh(rig, lock, 60);
    dav_lock_add(rig, &at, lock);
    dav_leave(rig);
    cr_expect(!rig_permits("a", TOUCH_PLACE, with(lock->token)));
}

Test(dav_locks, tokens_are_of_version_4_and_differ)
{
    const char *one = rig_lock("a", false, false, 60);
    const char *two = rig_lock("b", false, false, 60);
    cr_expect_eq(strlen(one), LOCK_TOKEN_SIZE - 1);
    cr_expect_eq(one[23], '4');
    cr_expect(strchr("89ab", one[28]));
    cr_expect_str_neq(one, two);
}
