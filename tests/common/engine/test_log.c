/* SPDX-License-Identifier: MIT */
/* The log: a line a finished task, the last so many bytes of them. */
#include "tests/common/engine/rig.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "tests/common/engine/cast.h"

static struct rig rig;
static uint64_t actor;

static void setup(void)
{
    rig_init(&rig);
    rig.options.behaviors = cast_open();
    rig.options.log_bytes_max = 2000;
    rig_open(&rig);
    actor = rig_create(&rig, "counter_1");
}

static void teardown(void)
{
    rig_close(&rig);
}

TestSuite(log_lines, .init = setup, .fini = teardown);

Test(log_lines, a_line_says_when_what_how_it_ended_and_why)
{
    rig_send(&rig, actor, "tasks@a%20b", "1");
    rig_send(&rig, actor, "tasks", "x");
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks@c", "1");
    rig_control(&rig, actor, "cancel c");
    cr_assert_str_eq(
        rig_log(&rig, actor),
        "2025-12-25T12:00:00.000Z\t1\tdone\t1\t0\ta%20b\t\n"
        "2025-12-25T12:00:00.000Z\t2\tfailed\t1\t0\t.2\tcounter: the message is not a "
        "whole number, such as 1 or -5\n"
        "2025-12-25T12:00:00.000Z\t3\tcanceled\t0\t0\tc\t\n");
}

Test(log_lines, its_size_is_known_without_reading_it)
{
    for (unsigned i = 0; i < 200; i++) {
        rig_send(&rig, actor, i % 3 ? "tasks" : "tasks@,delay=1ms", i % 5 ? "1" : "x");
        rig_advance(&rig, 1);
        rig_run(&rig);
        cr_assert_eq(rig_info(&rig, actor).log_bytes, strlen(rig_log(&rig, actor)));
    }
}

Test(log_lines, the_oldest_lines_go_and_the_last_stay)
{
    for (unsigned i = 1; i <= 300; i++) {
        rig_send(&rig, actor, "tasks", "1");
        cr_assert_leq(rig_info(&rig, actor).log_bytes, 2000);
    }
    const char *log = rig_log(&rig, actor);
    cr_assert_gt(strlen(log), 2000 / 8 * 6);
    cr_assert_not_null(strstr(log, "\t300\tdone"));
    cr_assert_null(strstr(log, "\t200\tdone"));
    /* Whole lines only. */
    cr_assert_eq(log[0], '2');
    rig_crash(&rig);
    cr_assert_not_null(strstr(rig_log(&rig, actor), "\t300\tdone"));
    rig_tidy(&rig);
    rig_reopen(&rig);
    cr_assert_eq(rig_info(&rig, actor).log_bytes, strlen(rig_log(&rig, actor)));
    rig_check(&rig);
}

Test(log_lines, tabs_and_newlines_in_an_error_stay_in_their_column)
{
    uint64_t now = rig_create(&rig, "now_1");
    cast.verdict = TURN_FAILED;
    cast.error = "a\tb\\c";
    rig_send(&rig, now, "tasks@k", "1");
    cr_assert_not_null(strstr(rig_log(&rig, now), "\tk\ta\\tb\\\\c\n"));
}

Test(log_lines, milliseconds_are_how_long_the_turn_took)
{
    uint64_t later = rig_create(&rig, "later_1");
    rig_send(&rig, later, "tasks@k", "1");
    rig_advance(&rig, 1234);
    cast_finish();
    rig_run(&rig);
    cr_assert_not_null(strstr(rig_log(&rig, later), "\tdone\t1\t1234\tk\t\n"), "%s",
                       rig_log(&rig, later));
}

Test(log_lines, a_line_longer_than_the_log_is_the_log)
{
    char name[300] = "tasks@";
    rig.options.log_bytes_max = 100;
    rig_reopen(&rig);
    memset(name + 6, 'k', 150);
    rig_send(&rig, actor, name, "1");
    rig_send(&rig, actor, name, "1");
    rig_send(&rig, actor, "tasks", "1");
    cr_assert_eq(rig_info(&rig, actor).log_bytes, strlen(rig_log(&rig, actor)));
    cr_assert_not_null(strstr(rig_log(&rig, actor), "\t2\tdone"));
}

Test(log_lines, result_is_that_of_the_last_finished_task)
{
    cr_assert_str_eq(rig_result(&rig, actor), "");
    rig_send(&rig, actor, "tasks", "5");
    cr_assert_str_eq(rig_result(&rig, actor), "5\n");
    rig_send(&rig, actor, "tasks", "x");
    cr_assert_not_null(strstr(rig_result(&rig, actor), "not a whole number"));
    rig_send(&rig, actor, "tasks", "1");
    rig_tidy(&rig);
    rig_crash(&rig);
    cr_assert_str_eq(rig_result(&rig, actor), "6\n");
}
