/* SPDX-License-Identifier: MIT */
/* /attention: who needs someone, why, since when. Empty is good. */
#include "tests/common/engine/rig.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "tests/common/engine/cast.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
    rig.options.behaviors = cast_open();
    rig.options.mailbox_tasks_max = 3;
    rig_open(&rig);
}

static void teardown(void)
{
    rig_close(&rig);
}

TestSuite(attention, .init = setup, .fini = teardown);

Test(attention, is_empty_when_all_is_well)
{
    uint64_t actor = rig_create(&rig, "counter_1");
    rig_send(&rig, actor, "tasks", "1");
    cr_assert_str_eq(rig_attention(&rig), "");
}

Test(attention, shows_a_failed_task_until_it_is_retried_or_forgotten)
{
    uint64_t actor = rig_create(&rig, "counter_1");
    rig_send(&rig, actor, "tasks@a", "x");
    cr_assert_str_eq(rig_attention(&rig),
                     "counter_1\tfailed\t2025-12-25T12:00:00.000Z\ta\tcounter: the "
                     "message is not a whole number, such as 1 or -5\n");
    rig_control(&rig, actor, "forget a");
    cr_assert_str_eq(rig_attention(&rig), "");
    rig_set_state(&rig, actor, "x", STATE_VERSION_ANY);
    rig_send(&rig, actor, "tasks@b", "1");
    cr_assert_neq(rig_attention(&rig)[0], '\0');
    rig_set_state(&rig, actor, "1", STATE_VERSION_ANY);
    rig_control(&rig, actor, "retry failed");
    cr_assert_str_eq(rig_attention(&rig), "");
}

Test(attention, shows_a_failure_for_as_long_as_it_is_remembered)
{
    uint64_t keyed = rig_create(&rig, "counter_1");
    uint64_t keyless = rig_create(&rig, "counter_2");
    rig_send(&rig, keyed, "tasks@a", "x");
    rig_send(&rig, keyless, "tasks", "x");
    rig_advance(&rig, rig.options.retention_keyless_ms);
    rig_run(&rig);
    cr_assert_not_null(strstr(rig_attention(&rig), "counter_1\tfailed"));
    cr_assert_null(strstr(rig_attention(&rig), "counter_2"));
    rig_send(&rig, keyless, "tasks", "y");
    cr_assert_not_null(strstr(rig_attention(&rig), "counter_2\tfailed"));
    rig_advance(&rig, rig.options.retention_failed_ms);
    rig_run(&rig);
    cr_assert_str_eq(rig_attention(&rig), "");
    rig_create(&rig, "counter_3"); /* a record, which has the time */
    rig_reopen(&rig);
    cr_assert_str_eq(rig_attention(&rig), "");
    cr_assert_eq(rig_info(&rig, keyed).failed, 1);
}

Test(attention, shows_a_suspended_a_full_and_a_retrying_actor)
{
    uint64_t full = rig_create(&rig, "keep_full");
    uint64_t flaky = rig_create(&rig, "now_flaky");
    rig_control(&rig, full, "suspend");
    cr_assert_not_null(strstr(rig_attention(&rig), "keep_full\tsuspended\t"));
    for (unsigned i = 0; i < 3; i++)
        rig_send(&rig, flaky, "tasks@,delay=1h", "x");
    cr_assert_not_null(strstr(rig_attention(&rig), "now_flaky\tfull\t"));
    rig_control(&rig, flaky, "clear");
    cr_assert_null(strstr(rig_attention(&rig), "now_flaky"));
    cast.verdict = TURN_RETRY;
    cast.error = "not now";
    rig_send(&rig, flaky, "tasks@k", "x");
    cr_assert_not_null(strstr(rig_attention(&rig), "now_flaky\tretrying\t"));
    cr_assert_not_null(strstr(rig_attention(&rig), "Z\tk\tnot now\n"), "%s",
                       rig_attention(&rig));
    cast.verdict = TURN_DONE;
    rig_advance(&rig, 1000);
    rig_run(&rig);
    cr_assert_null(strstr(rig_attention(&rig), "now_flaky"));
    rig_control(&rig, full, "resume");
    cr_assert_str_eq(rig_attention(&rig), "");
}

/* now_1 with a failed task, `a`, after which another, `k`, is tried again and again. */
static uint64_t fail_and_retry(void)
{
    uint64_t actor = rig_create(&rig, "now_1");
    cast.verdict = TURN_FAILED;
    cast.error = "never";
    rig_send(&rig, actor, "tasks@a", "x");
    cast.verdict = TURN_RETRY;
    cast.error = "not now";
    rig_send(&rig, actor, "tasks@k", "x");
    cr_assert_not_null(strstr(rig_attention(&rig), "\tk\tnot now\n"));
    return actor;
}

Test(attention, names_the_failed_task_again_when_a_retried_one_is_done)
{
    fail_and_retry();
    cast.verdict = TURN_DONE;
    rig_advance(&rig, 1000);
    rig_run(&rig);
    cr_assert_not_null(strstr(rig_attention(&rig), "\tfailed\t"));
    cr_assert_not_null(strstr(rig_attention(&rig), "Z\ta\tnever\n"), "%s",
                       rig_attention(&rig));
}

Test(attention, names_the_failed_task_again_when_a_retried_one_is_canceled)
{
    uint64_t actor = fail_and_retry();
    rig_control(&rig, actor, "cancel k");
    cr_assert_not_null(strstr(rig_attention(&rig), "Z\ta\tnever\n"), "%s",
                       rig_attention(&rig));
    rig_control(&rig, actor, "suspend");
    cr_assert_not_null(strstr(rig_attention(&rig), "\tsuspended\t"));
    cr_assert_not_null(strstr(rig_attention(&rig), "Z\ta\tnever\n"));
}

Test(attention, names_the_failure_before_the_one_that_was_retried_with_success)
{
    uint64_t actor = rig_create(&rig, "now_1");
    cast.verdict = TURN_FAILED;
    cast.error = "first";
    rig_send(&rig, actor, "tasks@a", "x");
    cast.error = "second";
    rig_send(&rig, actor, "tasks@b", "x");
    cr_assert_not_null(strstr(rig_attention(&rig), "Z\tb\tsecond\n"));
    cast.verdict = TURN_DONE;
    rig_control(&rig, actor, "retry b");
    cr_assert_not_null(strstr(rig_attention(&rig), "Z\ta\tfirst\n"), "%s",
                       rig_attention(&rig));
    rig_reopen(&rig);
    cr_assert_not_null(strstr(rig_attention(&rig), "Z\ta\tfirst\n"));
}

Test(attention, shows_an_actor_without_a_behavior_once_something_waits)
{
    cast_hide("now");
    uint64_t actor = rig_create(&rig, "now_1");
    cr_assert_str_eq(rig_attention(&rig), "");
    rig_send(&rig, actor, "tasks", "x");
    cr_assert_not_null(strstr(rig_attention(&rig), "now_1\tno-behavior\t"));
    rig_set_behavior(&rig, actor, "echo");
    cr_assert_str_eq(rig_attention(&rig), "");
}

Test(attention, is_ordered_by_how_long_it_lasts)
{
    for (unsigned i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof(name), "a%u", i);
        rig_create(&rig, name);
    }
    static const uint64_t order[] = {3, 1, 4, 2};
    for (unsigned i = 0; i < 4; i++) {
        rig_advance(&rig, 1000);
        rig_control(&rig, order[i], "suspend");
    }
    const char *text = rig_attention(&rig);
    cr_assert(strncmp(text, "a2\t", 3) == 0, "%s", text);
    cr_assert_lt(strstr(text, "a2\t"), strstr(text, "a0\t"));
    cr_assert_lt(strstr(text, "a0\t"), strstr(text, "a3\t"));
    cr_assert_lt(strstr(text, "a3\t"), strstr(text, "a1\t"));
}

Test(attention, keeps_since_when_over_restarts_and_other_changes)
{
    uint64_t actor = rig_create(&rig, "counter_1");
    rig_send(&rig, actor, "tasks@a", "x");
    rig_advance(&rig, 60000);
    rig_send(&rig, actor, "tasks", "1");
    rig_tidy(&rig);
    rig_crash(&rig);
    rig_send(&rig, actor, "tasks", "1");
    rig_crash(&rig);
    cr_assert(strncmp(rig_attention(&rig),
                      "counter_1\tfailed\t2025-12-25T12:00:00.000Z\ta\t", 44) == 0,
              "%s", rig_attention(&rig));
    rig_control(&rig, actor, "forget a");
    rig_crash(&rig);
    cr_assert_str_eq(rig_attention(&rig), "");
}

Test(attention, forgets_an_actor_that_is_removed)
{
    uint64_t actor = rig_create(&rig, "counter_1");
    rig_send(&rig, actor, "tasks", "x");
    rig_tidy(&rig);
    rig_remove(&rig, actor);
    cr_assert_str_eq(rig_attention(&rig), "");
    rig_crash(&rig);
    cr_assert_str_eq(rig_attention(&rig), "");
    rig_tidy(&rig);
    rig_crash(&rig);
    cr_assert_str_eq(rig_attention(&rig), "");
}

Test(attention, shows_nothing_that_is_not_on_disk)
{
    uint64_t actor = rig_create(&rig, "counter_1");
    struct reply reply;
    rig_ask_send(&rig, actor, "tasks@a", "x", &reply);
    core_step(rig.engine);
    cr_assert_str_eq(rig_attention(&rig), "");
    core_commit(rig.engine);
    cr_assert_neq(rig_attention(&rig)[0], '\0');
}
