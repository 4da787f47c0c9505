/* SPDX-License-Identifier: MIT */
/*
 * The mailbox keeps a window of its first places in memory and finds the rest in the
 * index. Order must not depend on where a task was found: the mailboxes here are larger
 * than the window, have holes, and tasks that moved.
 */
#include "tests/common/engine/rig.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "tests/common/engine/cast.h"

#define WINDOW 4096 /* the most that it holds */

static struct rig rig;
static uint64_t actor;

static void setup(void)
{
    rig_init(&rig);
    rig.options.behaviors = cast_open();
    rig_open(&rig);
    actor = rig_create(&rig, "keep_1");
    rig_control(&rig, actor, "suspend");
}

static void teardown(void)
{
    rig_close(&rig);
}

TestSuite(mailbox, .init = setup, .fini = teardown);

static void fill(size_t count)
{
    while (count > 0) {
        size_t some = count < 1000 ? count : 1000;
        cr_assert_eq(rig_send_many(&rig, actor, "tasks", some).status, STATUS_OK);
        count -= some;
    }
}

/* The sequence numbers in the log: what ran or was canceled, in that order. */
static size_t read_log(uint64_t *numbers, size_t numbers_max)
{
    size_t count = 0;
    const char *at = rig_log(&rig, actor);
    for (; *at; at = strchr(at, '\n') + 1) {
        unsigned long long number;
        cr_assert_lt(count, numbers_max);
        cr_assert_eq(sscanf(strchr(at, '\t') + 1, "%llu", &number), 1);
        numbers[count++] = number;
    }
    return count;
}

static void expect_all_in_order(size_t count)
{
    static uint64_t numbers[3 * WINDOW];
    cr_assert_eq(read_log(numbers, 3 * WINDOW), count);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(numbers[i], i + 1);
}

Test(mailbox, more_tasks_than_the_window_run_in_order, .timeout = 60)
{
    fill(2 * WINDOW + 100);
    rig_control(&rig, actor, "resume");
    cr_assert_eq(rig_info(&rig, actor).done, 2 * WINDOW + 100);
    expect_all_in_order(2 * WINDOW + 100);
}

Test(mailbox, they_run_in_order_from_lmdb_after_a_restart, .timeout = 60)
{
    fill(WINDOW);
    rig_tidy(&rig);
    fill(WINDOW);
    rig_crash(&rig);
    fill(100);
    rig_control(&rig, actor, "resume");
    expect_all_in_order(2 * WINDOW + 100);
}

Test(mailbox, canceled_tasks_leave_holes_that_nobody_falls_into, .timeout = 60)
{
    char words[64];
    fill(WINDOW + 200);
    unsigned canceled = 0;
    for (uint64_t number = 1; number < WINDOW + 200; number += 97, canceled++) {
        snprintf(words, sizeof(words), "cancel .%llu", (unsigned long long)number);
        cr_assert_eq(rig_control(&rig, actor, words).status, STATUS_OK);
    }
    /* A whole window of holes. */
    for (uint64_t number = 500; number < 800; number++) {
        snprintf(words, sizeof(words), "cancel .%llu", (unsigned long long)number);
        canceled += rig_control(&rig, actor, words).status == STATUS_OK;
    }
    rig_control(&rig, actor, "resume");
    cr_assert_eq(rig_info(&rig, actor).canceled, canceled);
    cr_assert_eq(rig_info(&rig, actor).done, WINDOW + 200 - canceled);
    cr_assert_eq(rig_info(&rig, actor).pending, 0);
}

Test(mailbox, the_first_tasks_canceled_the_next_one_runs)
{
    fill(10);
    rig_control(&rig, actor, "cancel .1\ncancel .2\ncancel .4");
    cast.result = "";
    rig_control(&rig, actor, "resume");
    uint64_t numbers[20];
    static const uint64_t order[] = {1, 2, 4, 3, 5, 6, 7, 8, 9, 10};
    cr_assert_eq(read_log(numbers, 20), 10);
    for (size_t i = 0; i < 10; i++)
        cr_assert_eq(numbers[i], order[i]);
}

Test(mailbox, tasks_that_came_back_run_in_their_new_place)
{
    fill(6);
    rig_control(&rig, actor, "cancel .2\ncancel .5");
    rig_control(&rig, actor, "retry .5");
    fill(1); /* 8: the retry has place 7 */
    rig_control(&rig, actor, "retry .2");
    cr_assert_str_eq(rig_mailbox(&rig, actor),
                     "1 pending .1;3 pending .3;4 pending .4;6 pending .6;"
                     "5 pending .5;8 pending .8;2 pending .2;",
                     "each is shown once");
    rig_crash(&rig);
    rig_control(&rig, actor, "resume");
    uint64_t numbers[20];
    static const uint64_t order[] = {2, 5, 1, 3, 4, 6, 5, 8, 2};
    cr_assert_eq(read_log(numbers, 20), 9);
    for (size_t i = 0; i < 9; i++)
        cr_assert_eq(numbers[i], order[i], "%d", (int)i);
}

Test(mailbox, shows_a_task_that_finished_again_once)
{
    fill(2);
    rig_control(&rig, actor, "cancel .1");
    rig_control(&rig, actor, "retry .1");
    rig_control(&rig, actor, "resume");
    cr_assert_str_eq(rig_mailbox(&rig, actor), "2 done .2;1 done .1;");
}

Test(mailbox, delayed_tasks_in_between_hold_up_nobody, .timeout = 60)
{
    for (unsigned i = 0; i < 300; i++) {
        rig_send(&rig, actor, "tasks", "now");
        rig_send(&rig, actor, "tasks@,delay=1h", "later");
    }
    fill(300);
    rig_control(&rig, actor, "resume");
    cr_assert_eq(rig_info(&rig, actor).done, 600);
    cr_assert_eq(rig_info(&rig, actor).delayed, 300);
    rig_advance(&rig, 3600 * 1000);
    rig_run(&rig);
    cr_assert_eq(rig_info(&rig, actor).done, 900);
}

Test(mailbox, shows_the_oldest_thousand_and_the_last_hundred, .timeout = 60)
{
    fill(150);
    rig_control(&rig, actor, "resume");
    rig_control(&rig, actor, "suspend");
    fill(1500);
    const char *text = rig_mailbox(&rig, actor);
    unsigned pending = 0, done = 0;
    for (const char *at = text; (at = strstr(at, " pending ")); at++)
        pending++;
    for (const char *at = text; (at = strstr(at, " done ")); at++)
        done++;
    cr_assert_eq(pending, 1000);
    cr_assert_eq(done, 100);
    cr_assert(strncmp(text, "151 pending", 11) == 0, "%.40s", text);
    cr_assert_not_null(strstr(text, "1150 pending .1150;51 done .51;"));
}

Test(mailbox, counts_the_bytes_of_what_is_unfinished)
{
    rig_send(&rig, actor, "tasks@a", "12345");
    rig_send(&rig, actor, "tasks@b,delay=1h", "123");
    cr_assert_eq(rig_info(&rig, actor).mailbox_bytes, 8);
    rig_control(&rig, actor, "cancel a");
    cr_assert_eq(rig_info(&rig, actor).mailbox_bytes, 3);
    rig_control(&rig, actor, "retry a");
    cr_assert_eq(rig_info(&rig, actor).mailbox_bytes, 8);
    rig_control(&rig, actor, "clear");
    cr_assert_eq(rig_info(&rig, actor).mailbox_bytes, 0);
}

Test(mailbox, forwards_are_told_from_tasks)
{
    char packed[FORWARD_BYTES];
    uint64_t sequence;
    forward_pack(UINT64_MAX - 1, packed);
    cr_assert(forward_unpack(view_of(packed, FORWARD_BYTES), &sequence));
    cr_assert_eq(sequence, UINT64_MAX - 1);
    cr_assert_not(forward_unpack(view_of(packed, FORWARD_BYTES - 1), &sequence));
    packed[0] = RECORD_VERSION;
    cr_assert_not(forward_unpack(view_of(packed, FORWARD_BYTES), &sequence));
}
