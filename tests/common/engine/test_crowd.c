/* SPDX-License-Identifier: MIT */
/* A behavior that has no room, or has had its share, holds up only its own actors. */
#include "tests/common/engine/rig.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "tests/common/engine/cast.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
    rig.options.behaviors = cast_open();
    rig_open(&rig);
}

static void teardown(void)
{
    if (cast.finish)
        cast_finish();
    rig_close(&rig);
}

TestSuite(crowd, .init = setup, .fini = teardown);

static uint64_t make(const char *what, unsigned n)
{
    char name[32];
    snprintf(name, sizeof name, "%s_%u", what, n);
    return rig_create(&rig, name);
}

/* There is room for one: `a` runs, and those with `b` and `c` stand in line. */
struct line {
    uint64_t second, third;
};

static struct line line_up(void)
{
    uint64_t first = make("later", 1);
    struct line line = {.second = make("later", 2), .third = make("later", 3)};
    cast.room = 1;
    rig_send(&rig, first, "tasks@a", "x");
    rig_send(&rig, line.second, "tasks@b", "y");
    rig_send(&rig, line.third, "tasks@c", "z");
    return line;
}

Test(crowd, the_next_actor_runs_when_a_turn_is_over)
{
    uint64_t first = make("later", 1), second = make("later", 2),
             other = make("echo", 1);
    cast.room = 1;
    rig_send(&rig, first, "tasks@a", "x");
    rig_send(&rig, second, "tasks@b", "y");
    rig_send(&rig, other, "tasks@c", "z");
    cr_assert_eq(cast.turns, 1);
    rig_expect(&rig, other, "c", STATUS_OK, "z");
    cast_finish();
    rig_run(&rig);
    cr_assert_eq(cast.turns, 2);
    cr_assert_str_eq(cast.key, "b");
    cast_finish();
    rig_run(&rig);
    rig_expect(&rig, second, "b", STATUS_OK, "");
}

Test(crowd, who_waits_can_be_suspended_and_removed)
{
    struct line line = line_up();
    rig_control(&rig, line.second, "clear\nretire");
    cast_finish();
    rig_run(&rig);
    cr_assert_str_eq(cast.key, "c");
}

Test(crowd, who_has_nothing_to_run_any_more_holds_up_nobody)
{
    struct line line = line_up();
    rig_control(&rig, line.second, "suspend");
    cast_finish();
    rig_run(&rig);
    cr_assert_str_eq(cast.key, "c");
}

Test(crowd, a_turn_that_answers_at_once_lets_the_next_one_in)
{
    struct line line = line_up();
    cast.at_once = true;
    cast_finish();
    rig_run(&rig);
    rig_expect(&rig, line.second, "b", STATUS_OK, "");
    rig_expect(&rig, line.third, "c", STATUS_OK, "");
}

Test(crowd, who_gets_another_behavior_leaves_the_line)
{
    uint64_t first = make("later", 1), second = make("later", 2);
    cast.room = 1;
    rig_send(&rig, first, "tasks@a", "x");
    rig_send(&rig, second, "tasks@b", "y");
    rig_set_behavior(&rig, second, "echo");
    rig_run(&rig);
    rig_expect(&rig, second, "b", STATUS_OK, "y");
}

Test(crowd, a_line_of_any_length_is_served)
{
    cast.room = 1;
    for (unsigned i = 0; i < 5000; i++)
        rig_send(&rig, make("later", i), "tasks", "x");
    unsigned done = 0;
    for (unsigned round = 0; round < 20000 && done < 5000; round++) {
        if (cast.finish) {
            cast_finish();
            done++;
        }
        rig_run(&rig);
        if (!cast.finish)
            rig_tidy(&rig);
    }
    cr_assert_eq(done, 5000, "%u", done);
}

Test(crowd, a_rate_holds_for_all_actors_together)
{
    uint64_t first = make("now", 1), second = make("now", 2);
    cast_policy("now")->rate_turns = 10;
    cast_policy("now")->rate_ms = 1000;
    rig_send_many(&rig, first, "tasks", 10);
    rig_send_many(&rig, second, "tasks", 10);
    cr_assert_eq(cast.turns, 1);
    for (unsigned i = 0; i < 10; i++) {
        rig_advance(&rig, 100);
        rig_run(&rig);
    }
    cr_assert_eq(cast.turns, 11);
    cr_assert_geq(rig_info(&rig, second).done, 5);
}
