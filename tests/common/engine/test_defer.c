/* SPDX-License-Identifier: MIT */
/* A message that is set aside is offered again, in its place, when the state changes.
 */
#include "tests/common/engine/rig.h"

#include <criterion/criterion.h>

#include "tests/common/engine/cast.h"

static struct rig rig;
static uint64_t actor;

static void setup(void)
{
    rig_init(&rig);
    rig.options.behaviors = cast_open();
    rig_open(&rig);
    actor = rig_create(&rig, "do_1");
}

static void teardown(void)
{
    rig_close(&rig);
}

TestSuite(defer, .init = setup, .fini = teardown);

Test(defer, what_comes_later_goes_first)
{
    rig_send(&rig, actor, "tasks@a", "defer");
    rig_send(&rig, actor, "tasks@b", "do_1/tasks x");
    rig_expect(&rig, actor, "a", STATUS_AGAIN, "");
    rig_expect(&rig, actor, "b", STATUS_OK, "did it");
    cr_assert(strstr(rig_mailbox(&rig, actor), "1 deferred a;"));
    cr_assert_eq(rig_info(&rig, actor).pending, 1);
    cr_assert_eq(cast.turns, 3);
}

Test(defer, it_is_offered_again_once_for_each_change_of_the_state)
{
    rig_send(&rig, actor, "tasks@a", "defer");
    rig_send(&rig, actor, "tasks@b", "defer");
    cr_assert_eq(cast.turns, 2);
    rig_send(&rig, actor, "tasks@c", "state new");
    cr_assert_eq(cast.turns, 5);
    cr_assert_str_eq(cast.key, "b");
    rig_set_state(&rig, actor, "newer", STATE_VERSION_ANY);
    rig_run(&rig);
    cr_assert_eq(cast.turns, 7);
    cr_assert_eq(cast.attempt, 1);
}

Test(defer, it_comes_before_what_was_sent_later)
{
    rig_send(&rig, actor, "tasks@a", "defer");
    rig_set_behavior(&rig, actor, "now");
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks@b", "x");
    rig_set_state(&rig, actor, "new", STATE_VERSION_ANY);
    cr_assert_str_eq(rig_mailbox(&rig, actor), "1 pending a;2 pending b;");
    rig_control(&rig, actor, "resume");
    rig_run(&rig);
    cr_assert_str_eq(cast.key, "b");
    cr_assert_eq(cast.turns, 3);
}

Test(defer, it_survives_a_crash_before_and_after_a_checkpoint)
{
    rig_send(&rig, actor, "tasks@a", "defer");
    rig_crash(&rig);
    rig_run(&rig);
    cr_assert_eq(cast.turns, 1);
    rig_tidy(&rig);
    rig_crash(&rig);
    rig_run(&rig);
    cr_assert_eq(cast.turns, 1);
    rig_send(&rig, actor, "tasks@b", "state new");
    cr_assert_eq(cast.turns, 3);
    cr_assert_str_eq(cast.key, "a");
    rig_crash(&rig);
    cr_assert(strstr(rig_mailbox(&rig, actor), "1 deferred a;"));
}

Test(defer, it_can_be_canceled_forgotten_and_cleared)
{
    rig_send(&rig, actor, "tasks@a", "defer");
    rig_send(&rig, actor, "tasks@b", "defer");
    rig_send(&rig, actor, "tasks@c", "defer");
    cr_assert_eq(rig_control(&rig, actor, "cancel b").status, STATUS_OK);
    cr_assert_eq(rig_control(&rig, actor, "forget a").status, STATUS_OK);
    cr_assert_eq(rig_remove(&rig, actor).status, STATUS_NOT_EMPTY);
    cr_assert_eq(rig_control(&rig, actor, "clear").status, STATUS_OK);
    rig_expect(&rig, actor, "b", STATUS_CANCELED, "");
    rig_expect(&rig, actor, "a", STATUS_NOT_FOUND, "");
    rig_expect(&rig, actor, "c", STATUS_CANCELED, "");
    cr_assert_eq(rig_info(&rig, actor).pending, 0);
    cr_assert_eq(rig_control(&rig, actor, "retry b").status, STATUS_OK);
    rig_run(&rig);
    cr_assert(strstr(rig_mailbox(&rig, actor), "2 deferred b;"));
}

Test(defer, a_turn_that_defers_can_do_nothing_else)
{
    enum status status;
    rig_send(&rig, actor, "tasks@a", "defer\ndo_1/tasks x");
    const char *error = rig_outcome(&rig, actor, "a", &status);
    cr_assert_eq(status, STATUS_FAILED);
    cr_assert(strstr(error, "a turn that defers its message sends nothing"), "%s",
              error);
    uint64_t other = rig_create(&rig, "now_1");
    cast.defer = true;
    cast.state = "new";
    rig_send(&rig, other, "tasks@a", "x");
    rig_expect(&rig, other, "a", STATUS_FAILED,
               "a turn that defers its message can neither send nor change the state");
}

Test(defer, hundreds_of_them_keep_their_order)
{
    for (unsigned i = 0; i < 600; i++)
        rig_send(&rig, actor, "tasks", "defer");
    rig_set_behavior(&rig, actor, "now");
    cast.state = "new";
    rig_send(&rig, actor, "tasks@last", "x");
    rig_run(&rig);
    cr_assert_eq(rig_info(&rig, actor).pending, 0);
    cr_assert_eq(cast.sequence, 600);
    cr_assert_eq(rig_info(&rig, actor).done, 601);
}
