/* SPDX-License-Identifier: MIT */
/* Who watches hears of failures and of the end; who is linked stops. */
#include "tests/common/engine/rig.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "tests/common/engine/cast.h"

static struct rig rig;
static uint64_t one, two, three;

static void setup(void)
{
    rig_init(&rig);
    rig.options.behaviors = cast_open();
    rig.options.segment_bytes = 8u << 20;
    rig_open(&rig);
    one = rig_create(&rig, "do_1");
    two = rig_create(&rig, "do_2");
    three = rig_create(&rig, "do_3");
}

static void teardown(void)
{
    rig_close(&rig);
}

TestSuite(bond, .init = setup, .fini = teardown);

static void expect(uint64_t actor, const char *lines, enum status status)
{
    struct reply reply = rig_control(&rig, actor, lines);
    cr_assert_eq(reply.status, status, "%s: %s (%s)", lines, status_text(reply.status),
                 reply.detail);
}

Test(bond, who_watches_hears_of_a_failure)
{
    expect(one, "watch do_2", STATUS_OK);
    rig_send(&rig, two, "tasks@k", "fail first line\nout of beans");
    cr_assert_str_eq(cast.heard, "do_1 failed do_2 k failed out of beans\n");
    rig_send(&rig, two, "tasks", "state fine");
    rig_send(&rig, one, "tasks", "fail too");
    cr_assert_str_eq(cast.heard, "do_1 failed do_2 k failed out of beans\n");
}

Test(bond, an_attempt_that_is_repeated_is_no_failure_yet)
{
    uint64_t now = rig_create(&rig, "now_1");
    expect(one, "watch now_1", STATUS_OK);
    cast_policy("now")->attempts = 2;
    cast.verdict = TURN_RETRY;
    cast.error = "later";
    rig_send(&rig, now, "tasks@k", "x");
    cr_assert_str_eq(cast.heard, "");
    rig_advance(&rig, 2000);
    rig_run(&rig);
    cr_assert_str_eq(cast.heard, "do_1 failed now_1 k failed later\n");
}

Test(bond, who_watches_hears_of_the_end)
{
    expect(one, "watch do_2\nwatch do_3", STATUS_OK);
    expect(two, "retire", STATUS_OK);
    cr_assert_eq(rig_remove(&rig, three).status, STATUS_OK);
    rig_run(&rig);
    cr_assert_str_eq(cast.heard, "do_1 retired do_2   \ndo_1 retired do_3   \n");
}

Test(bond, bonds_survive_a_crash_with_or_without_a_checkpoint)
{
    expect(one, "watch do_2", STATUS_OK);
    rig_crash(&rig);
    expect(three, "link do_2", STATUS_OK);
    rig_tidy(&rig);
    rig_crash(&rig);
    rig_send(&rig, two, "tasks@k", "fail x");
    cr_assert_str_eq(cast.heard, "do_1 failed do_2 k failed x\n");
    cr_assert_eq(rig_info(&rig, three).activity, ACTIVITY_SUSPENDED);
}

Test(bond, unwatch_ends_it)
{
    expect(one, "watch do_2", STATUS_OK);
    expect(one, "unwatch do_2", STATUS_OK);
    expect(one, "unwatch do_2", STATUS_OK);
    rig_send(&rig, two, "tasks", "fail x");
    cr_assert_str_eq(cast.heard, "");
}

Test(bond, a_failure_suspends_who_is_linked_whichever_side_it_is)
{
    expect(one, "link do_2", STATUS_OK);
    rig_send(&rig, one, "tasks", "fail x");
    cr_assert_eq(rig_info(&rig, two).activity, ACTIVITY_SUSPENDED);
    cr_assert_eq(rig_info(&rig, one).activity, ACTIVITY_IDLE);
    expect(two, "resume", STATUS_OK);
    rig_send(&rig, two, "tasks", "fail x");
    cr_assert_eq(rig_info(&rig, one).activity, ACTIVITY_SUSPENDED);
    cr_assert_str_eq(cast.heard, "");
}

Test(bond, links_and_watches_are_apart)
{
    expect(one, "watch do_2\nlink do_2\nunlink do_2", STATUS_OK);
    rig_send(&rig, two, "tasks@k", "fail x");
    cr_assert_eq(rig_info(&rig, one).activity, ACTIVITY_IDLE);
    cr_assert_str_eq(cast.heard, "do_1 failed do_2 k failed x\n");
}

Test(bond, a_bond_and_another_word_in_one_write_both_hold)
{
    expect(one, "watch do_2\nsuspend", STATUS_OK);
    rig_send(&rig, two, "tasks@k", "fail x");
    expect(one, "resume", STATUS_OK);
    rig_run(&rig);
    cr_assert_str_eq(cast.heard, "do_1 failed do_2 k failed x\n");
}

Test(bond, whom_it_cannot_watch)
{
    expect(one, "watch nobody", STATUS_NOT_FOUND);
    expect(one, "watch do_1", STATUS_INVALID);
    expect(one, "watch", STATUS_INVALID);
    expect(one, "watch do_2\nlink nobody", STATUS_NOT_FOUND);
    rig_send(&rig, two, "tasks", "fail x");
    cr_assert_str_eq(cast.heard, "");
}

Test(bond, a_name_that_is_used_again_is_another_actor)
{
    expect(one, "watch do_2", STATUS_OK);
    rig_remove(&rig, two);
    rig_run(&rig);
    cast.heard[0] = '\0';
    two = rig_create(&rig, "do_2");
    rig_send(&rig, two, "tasks", "fail x");
    cr_assert_str_eq(cast.heard, "");
    cr_assert_eq(rig_remove(&rig, one).status, STATUS_OK);
}

Test(bond, many_may_watch_one_and_not_too_many)
{
    char name[32];
    struct reply reply = {0};
    for (unsigned i = 0; i <= 1000; i++) {
        snprintf(name, sizeof name, "do_w%u", i);
        uint64_t watcher = rig_create(&rig, name);
        reply = rig_control(&rig, watcher, "watch do_2");
        cr_assert_eq(reply.status, i < 1000 ? STATUS_OK : STATUS_FULL, "%u", i);
    }
    rig_send(&rig, two, "tasks", "fail x");
    uint64_t last;
    cr_assert_eq(engine_find(rig.engine, view_text("do_w999"), &last), STATUS_OK);
    cr_assert_eq(rig_info(&rig, last).done, 1);
}
