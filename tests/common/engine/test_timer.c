/* SPDX-License-Identifier: MIT */
/* Delayed tasks and named timers, by a clock that the test turns. */
#include "tests/common/engine/rig.h"

#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

static struct rig rig;
static uint64_t actor;

static void setup(void)
{
    rig_init(&rig);
    rig_open(&rig);
    actor = rig_create(&rig, "keep_1");
}

static void teardown(void)
{
    rig_close(&rig);
}

TestSuite(timer, .init = setup, .fini = teardown);

static void go_on(int64_t ms)
{
    rig_advance(&rig, ms);
    rig_run(&rig);
}

Test(timer, a_heap_gives_the_earliest_first)
{
    struct timer_heap heap = {0};
    uint64_t random = 1;
    for (unsigned i = 0; i < 1000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        timer_add(&heap, (int64_t)(random >> 54), random >> 60, i);
    }
    cr_assert_not(timer_due(&heap, -1));
    struct timer before = timer_pop(&heap);
    while (heap.count) {
        struct timer timer = timer_pop(&heap);
        cr_assert(before.due_ms < timer.due_ms ||
                  (before.due_ms == timer.due_ms &&
                   (before.actor < timer.actor || (before.actor == timer.actor &&
                                                   before.sequence < timer.sequence))));
        before = timer;
    }
    cr_assert_not(timer_due(&heap, INT64_MAX));
    free(heap.list);
}

Test(timer, a_delayed_task_runs_when_it_is_due_and_not_before)
{
    rig_send(&rig, actor, "tasks@k,delay=30s", "x");
    cr_assert_eq(rig_info(&rig, actor).delayed, 1);
    cr_assert_eq(rig_info(&rig, actor).pending, 0);
    rig_expect(&rig, actor, "k", STATUS_AGAIN, "");
    go_on(29999);
    rig_expect(&rig, actor, "k", STATUS_AGAIN, "");
    cr_assert_eq(core_idle_ns(rig.engine), 1000000);
    go_on(1);
    rig_expect(&rig, actor, "k", STATUS_OK, "");
    cr_assert_eq(rig_info(&rig, actor).delayed, 0);
}

Test(timer, at_names_a_moment_and_one_that_is_past_is_now)
{
    rig_send(&rig, actor, "tasks@k,at=2025-12-25T12:00:10Z", "x");
    rig_send(&rig, actor, "tasks@past,at=2024-01-01T00:00:00Z", "x");
    rig_send(&rig, actor, "tasks@zero,delay=0s", "x");
    rig_expect(&rig, actor, "past", STATUS_OK, "");
    rig_expect(&rig, actor, "zero", STATUS_OK, "");
    go_on(9999);
    rig_expect(&rig, actor, "k", STATUS_AGAIN, "");
    go_on(1);
    rig_expect(&rig, actor, "k", STATUS_OK, "");
}

Test(timer, due_tasks_take_their_place_at_the_end_of_the_mailbox)
{
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks@late,delay=20s", "x");
    rig_send(&rig, actor, "tasks@soon,delay=10s", "x");
    rig_send(&rig, actor, "tasks@now", "x");
    cr_assert_str_eq(rig_mailbox(&rig, actor),
                     "3 pending now;2 delayed soon;1 delayed late;");
    go_on(10000);
    rig_send(&rig, actor, "tasks@after", "x");
    cr_assert_str_eq(rig_mailbox(&rig, actor),
                     "3 pending now;2 pending soon;5 pending after;1 delayed late;");
    go_on(10000);
    cr_assert_str_eq(rig_mailbox(&rig, actor),
                     "3 pending now;2 pending soon;5 pending after;1 pending late;");
}

Test(timer, what_fell_due_while_nobody_was_there_fires_once_in_order)
{
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks@c,delay=30s", "x");
    rig_send(&rig, actor, "tasks@a,delay=10s", "x");
    rig_send(&rig, actor, "tasks@b,delay=20s", "x");
    rig_tidy(&rig);
    rig_advance(&rig, 3600 * 1000);
    rig_crash(&rig);
    rig_run(&rig);
    cr_assert_str_eq(rig_mailbox(&rig, actor), "2 pending a;3 pending b;1 pending c;");
    rig_crash(&rig);
    rig_run(&rig);
    cr_assert_str_eq(rig_mailbox(&rig, actor), "2 pending a;3 pending b;1 pending c;");
}

Test(timer, a_clock_that_jumps_back_delays_and_loses_nothing)
{
    rig_send(&rig, actor, "tasks@k,delay=10s", "x");
    rig.wall_ms -= 3600 * 1000;
    go_on(20000);
    rig_expect(&rig, actor, "k", STATUS_AGAIN, "");
    go_on(3600 * 1000);
    rig_expect(&rig, actor, "k", STATUS_OK, "");
}

Test(timer, a_named_timer_replaces_the_pending_one_of_that_name)
{
    rig_send(&rig, actor, "tasks@,delay=10s,timer=tick", "first");
    rig_send(&rig, actor, "tasks@,delay=20s,timer=tick", "second");
    rig_send(&rig, actor, "tasks@,delay=5s,timer=tock", "other");
    rig_expect(&rig, actor, ".1", STATUS_CANCELED, "");
    cr_assert_eq(rig_info(&rig, actor).delayed, 2);
    go_on(10000);
    cr_assert_str_eq(rig_state(&rig, actor), "other");
    go_on(10000);
    cr_assert_str_eq(rig_state(&rig, actor), "second");
    cr_assert_eq(rig_info(&rig, actor).canceled, 1);
    cr_assert_eq(rig_info(&rig, actor).done, 2);
}

Test(timer, the_name_is_free_again_once_it_fired_or_was_canceled)
{
    rig_send(&rig, actor, "tasks@,delay=10s,timer=tick", "first");
    go_on(10000);
    cr_assert_eq(rig_control(&rig, actor, "canceltimer tick").status, STATUS_NOT_FOUND);
    rig_send(&rig, actor, "tasks@,delay=10s,timer=tick", "second");
    rig_control(&rig, actor, "cancel .3");
    cr_assert_eq(rig_control(&rig, actor, "canceltimer tick").status, STATUS_NOT_FOUND);
    rig_send(&rig, actor, "tasks@,delay=10s,timer=tick", "third");
    go_on(10000);
    cr_assert_str_eq(rig_state(&rig, actor), "third");
    cr_assert_eq(rig_info(&rig, actor).canceled, 1);
}

Test(timer, names_are_an_actors_own_and_survive_a_crash)
{
    uint64_t other = rig_create(&rig, "keep_2");
    rig_send(&rig, actor, "tasks@,delay=10s,timer=tick", "one");
    rig_send(&rig, other, "tasks@,delay=10s,timer=tick", "two");
    rig_crash(&rig);
    rig_send(&rig, actor, "tasks@,delay=10s,timer=tick", "three");
    rig_tidy(&rig);
    rig_crash(&rig);
    rig_send(&rig, actor, "tasks@,delay=10s,timer=tick", "four");
    rig_expect(&rig, actor, ".1", STATUS_CANCELED, "");
    rig_expect(&rig, actor, ".2", STATUS_CANCELED, "");
    go_on(10000);
    cr_assert_str_eq(rig_state(&rig, actor), "four");
    cr_assert_str_eq(rig_state(&rig, other), "two");
}

Test(timer, a_send_that_is_refused_replaces_no_timer)
{
    rig_send(&rig, actor, "tasks@,delay=10s,timer=tick", "first");
    cr_assert_eq(
        rig_send(&rig, actor, "tasks@,at=2199-01-01T00:00:00Z,timer=tick", "far")
            .status,
        STATUS_INVALID);
    rig_expect(&rig, actor, ".1", STATUS_AGAIN, "");
}

Test(timer, a_named_timer_has_no_key)
{
    cr_assert_eq(rig_send(&rig, actor, "tasks@k,delay=9s,timer=tick", "other").status,
                 STATUS_INVALID);
    cr_assert_eq(rig_info(&rig, actor).delayed, 0);
}

Test(timer, thousands_at_once_all_fire)
{
    for (unsigned i = 0; i < 3000; i++) {
        char name[48];
        snprintf(name, sizeof(name), "tasks@k%u,delay=%ums", i, 1000 + i % 700);
        rig_send(&rig, actor, name, "x");
    }
    cr_assert_eq(rig_info(&rig, actor).delayed, 3000);
    rig_crash(&rig);
    go_on(2000);
    cr_assert_eq(rig_info(&rig, actor).done, 3000);
}
