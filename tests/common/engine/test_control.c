/* SPDX-License-Identifier: MIT */
/* Every control word, in every state that a task or an actor can have. */
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
    actor = rig_create(&rig, "counter_1");
}

static void teardown(void)
{
    rig_close(&rig);
}

TestSuite(control, .init = setup, .fini = teardown);

static void expect(const char *lines, enum status status)
{
    struct reply reply = rig_control(&rig, actor, lines);
    cr_assert_eq(reply.status, status, "%s: %s (%s)", lines, status_text(reply.status),
                 reply.detail);
}

static enum task_state state_of(const char *name)
{
    struct key key = rig_key(name);
    struct task_info info;
    cr_assert_eq(engine_task(rig.engine, actor, &key, &info), STATUS_OK, "%s", name);
    return info.state;
}

/* A task under the name of the state it is in, of each state that there can be. */
static void make_one_of_each(void)
{
    rig_send(&rig, actor, "tasks@done", "1");
    rig_send(&rig, actor, "tasks@failed", "x");
    expect("suspend", STATUS_OK);
    rig_send(&rig, actor, "tasks@canceled", "1");
    expect("cancel canceled", STATUS_OK);
    rig_send(&rig, actor, "tasks@pending", "1");
    rig_send(&rig, actor, "tasks@delayed,delay=1h", "1");
    cr_assert_eq(state_of("done"), TASK_DONE);
    cr_assert_eq(state_of("failed"), TASK_FAILED);
    cr_assert_eq(state_of("canceled"), TASK_CANCELED);
    cr_assert_eq(state_of("pending"), TASK_PENDING);
    cr_assert_eq(state_of("delayed"), TASK_DELAYED);
}

Test(control, suspended_tasks_wait_until_resume)
{
    expect("suspend\n", STATUS_OK);
    rig_send(&rig, actor, "tasks@k", "1");
    cr_assert_eq(rig_info(&rig, actor).activity, ACTIVITY_SUSPENDED);
    rig_expect(&rig, actor, "k", STATUS_AGAIN, "");
    expect("resume\n", STATUS_OK);
    rig_expect(&rig, actor, "k", STATUS_OK, "1\n");
    cr_assert_eq(rig_info(&rig, actor).activity, ACTIVITY_IDLE);
}

Test(control, suspension_survives_a_restart)
{
    expect("suspend", STATUS_OK);
    rig_send(&rig, actor, "tasks@k", "1");
    rig_crash(&rig);
    rig_run(&rig);
    cr_assert_eq(rig_info(&rig, actor).activity, ACTIVITY_SUSPENDED);
    rig_expect(&rig, actor, "k", STATUS_AGAIN, "");
    expect("resume", STATUS_OK);
    rig_crash(&rig);
    rig_run(&rig);
    rig_expect(&rig, actor, "k", STATUS_OK, "1\n");
}

Test(control, suspending_and_resuming_twice_is_no_error)
{
    expect("suspend\nsuspend", STATUS_OK);
    expect("suspend", STATUS_OK);
    expect("resume\nresume\n", STATUS_OK);
    expect("resume", STATUS_OK);
}

Test(control, retry_takes_failed_and_canceled_tasks_only)
{
    make_one_of_each();
    expect("retry done", STATUS_BUSY);
    expect("retry pending", STATUS_BUSY);
    expect("retry delayed", STATUS_BUSY);
    /* `retry failed` takes all of them; that key is one. */
    expect("retry failed", STATUS_OK);
    cr_assert_eq(state_of("failed"), TASK_PENDING);
    expect("retry canceled", STATUS_OK);
    expect("retry nobody", STATUS_NOT_FOUND);
}

Test(control, a_retried_task_goes_to_the_end_and_starts_anew)
{
    rig_send(&rig, actor, "tasks@bad", "x");
    expect("suspend", STATUS_OK);
    rig_send(&rig, actor, "tasks@next", "1");
    expect("retry bad", STATUS_OK);
    cr_assert_str_eq(rig_mailbox(&rig, actor), "2 pending next;1 pending bad;");
    cr_assert_eq(rig_info(&rig, actor).failed, 0);
    cr_assert_eq(rig_info(&rig, actor).pending, 2);
    expect("resume", STATUS_OK);
    cr_assert_eq(rig_info(&rig, actor).failed, 1);
    cr_assert_eq(state_of("bad"), TASK_FAILED);
    cr_assert_eq(rig_info(&rig, actor).done, 1);
}

Test(control, a_retried_task_keeps_its_key_and_message)
{
    rig_set_state(&rig, actor, "no number", STATE_VERSION_ANY);
    rig_send(&rig, actor, "tasks@k", "5");
    cr_assert_eq(state_of("k"), TASK_FAILED);
    rig_set_state(&rig, actor, "1", STATE_VERSION_ANY);
    expect("retry k", STATUS_OK);
    rig_expect(&rig, actor, "k", STATUS_OK, "6\n");
    cr_assert(rig_send(&rig, actor, "tasks@k", "5\n").replayed);
    cr_assert_str_eq(rig_state(&rig, actor), "6\n");
}

Test(control, retry_failed_takes_all_that_failed_oldest_first)
{
    rig_send(&rig, actor, "tasks@a", "x");
    rig_send(&rig, actor, "tasks@ok", "1");
    rig_send(&rig, actor, "tasks", "y");
    rig_send(&rig, actor, "tasks@b", "z");
    expect("suspend\nretry failed", STATUS_OK);
    cr_assert_eq(rig_info(&rig, actor).failed, 0);
    cr_assert(strncmp(rig_mailbox(&rig, actor), "1 pending a;3 pending .3;4 pending b;",
                      37) == 0,
              "%s", rig_mailbox(&rig, actor));
}

/* Each filler's line of the log is longer than it need be by its key. */
static void trim_the_log(void)
{
    for (unsigned i = 0; i < 40; i++) {
        char name[300];
        snprintf(name, sizeof name, "tasks@filler-%0150u", i);
        rig_send(&rig, actor, name, "1");
    }
    cr_assert_null(strstr(rig_log(&rig, actor), "failed"));
}

Test(control, retry_failed_takes_those_that_the_log_no_longer_shows)
{
    rig.options.log_bytes_max = 4096;
    rig_reopen(&rig);
    rig_send(&rig, actor, "tasks@old", "x");
    rig_send(&rig, actor, "tasks@forgotten", "x");
    rig_send(&rig, actor, "tasks@retried", "x");
    trim_the_log();
    rig_reopen(&rig); /* its receipt is in LMDB now */
    expect("forget forgotten\nsuspend\nretry retried", STATUS_OK);
    rig_send(&rig, actor, "tasks@forgotten", "1");
    expect("retry failed", STATUS_OK);
    cr_assert_eq(rig_info(&rig, actor).failed, 0);
    cr_assert_eq(state_of("old"), TASK_PENDING);
    cr_assert_eq(rig_info(&rig, actor).pending, 3);
}

Test(control, retry_failed_takes_none_that_is_no_longer_remembered)
{
    rig_send(&rig, actor, "tasks@old", "x");
    rig_advance(&rig, rig.options.retention_failed_ms - 1000);
    rig_send(&rig, actor, "tasks@young", "x");
    rig_advance(&rig, 2000);
    expect("suspend\nretry failed", STATUS_OK);
    cr_assert_eq(state_of("young"), TASK_PENDING);
    cr_assert_eq(rig_info(&rig, actor).pending, 1);
}

Test(control, retry_failed_with_none_failed_does_nothing)
{
    rig_send(&rig, actor, "tasks@ok", "1");
    expect("retry failed", STATUS_OK);
    cr_assert_eq(rig_info(&rig, actor).done, 1);
}

Test(control, cancel_takes_unfinished_tasks_only)
{
    make_one_of_each();
    expect("cancel done", STATUS_BUSY);
    expect("cancel failed", STATUS_BUSY);
    expect("cancel canceled", STATUS_BUSY);
    expect("cancel pending", STATUS_OK);
    expect("cancel delayed", STATUS_OK);
    expect("cancel nobody", STATUS_NOT_FOUND);
    rig_expect(&rig, actor, "pending", STATUS_CANCELED, "");
    rig_expect(&rig, actor, "delayed", STATUS_CANCELED, "");
    cr_assert_eq(rig_info(&rig, actor).canceled, 3);
    cr_assert_eq(rig_info(&rig, actor).pending, 0);
    cr_assert_eq(rig_info(&rig, actor).delayed, 0);
    cr_assert_eq(rig_info(&rig, actor).mailbox_bytes, 0);
    expect("resume", STATUS_OK);
    rig_advance(&rig, 2 * 3600 * 1000);
    rig_run(&rig);
    cr_assert_str_eq(rig_state(&rig, actor), "1\n");
}

Test(control, cancel_finds_tasks_without_a_key_by_their_number)
{
    expect("suspend", STATUS_OK);
    struct reply reply = rig_send(&rig, actor, "tasks", "1");
    cr_assert_eq(reply.sequence, 1);
    expect("cancel .1", STATUS_OK);
    expect("cancel .2", STATUS_NOT_FOUND);
    rig_expect(&rig, actor, ".1", STATUS_CANCELED, "");
}

Test(control, forget_frees_the_key_of_any_task)
{
    static const char *const names[] = {"done", "failed", "canceled", "pending",
                                        "delayed"};
    char line[64];
    make_one_of_each();
    for (size_t i = 0; i < 5; i++) {
        struct key key = rig_key(names[i]);
        struct task_info info;
        snprintf(line, sizeof(line), "forget %s", names[i]);
        expect(line, STATUS_OK);
        cr_assert_eq(engine_task(rig.engine, actor, &key, &info), STATUS_NOT_FOUND);
        expect(line, STATUS_NOT_FOUND);
        snprintf(line, sizeof(line), "tasks@%s", names[i]);
        struct reply again = rig_send(&rig, actor, line, "another message");
        cr_assert_eq(again.status, STATUS_OK);
        cr_assert_not(again.replayed);
    }
    cr_assert_eq(rig_info(&rig, actor).failed, 0);
}

Test(control, a_forgotten_key_stays_forgotten_after_a_crash_and_in_lmdb)
{
    make_one_of_each();
    rig_tidy(&rig);
    expect("forget done\nforget pending", STATUS_OK);
    rig_crash(&rig);
    rig_expect(&rig, actor, "done", STATUS_NOT_FOUND, "");
    rig_expect(&rig, actor, "pending", STATUS_NOT_FOUND, "");
    rig_tidy(&rig);
    rig_reopen(&rig);
    rig_expect(&rig, actor, "done", STATUS_NOT_FOUND, "");
    rig_expect(&rig, actor, "pending", STATUS_NOT_FOUND, "");
}

Test(control, clear_cancels_all_that_waits_and_nothing_else)
{
    make_one_of_each();
    rig_send(&rig, actor, "tasks", "1");
    expect("clear", STATUS_OK);
    cr_assert_eq(state_of("done"), TASK_DONE);
    cr_assert_eq(state_of("failed"), TASK_FAILED);
    cr_assert_eq(state_of("pending"), TASK_CANCELED);
    cr_assert_eq(state_of("delayed"), TASK_CANCELED);
    struct actor_info info = rig_info(&rig, actor);
    cr_assert_eq(info.pending + info.delayed, 0);
    cr_assert_eq(info.canceled, 4);
    expect("clear", STATUS_OK);
    cr_assert_eq(rig_info(&rig, actor).canceled, 4);
}

Test(control, clear_cancels_tasks_that_came_back)
{
    rig_send(&rig, actor, "tasks@bad", "x");
    rig_send(&rig, actor, "tasks@soon,delay=1s", "1");
    rig_tidy(&rig);
    expect("suspend\nretry bad", STATUS_OK);
    rig_advance(&rig, 1000);
    rig_check(&rig);
    cr_assert_eq(rig_info(&rig, actor).pending, 2);
    expect("clear", STATUS_OK);
    cr_assert_eq(state_of("bad"), TASK_CANCELED);
    cr_assert_eq(state_of("soon"), TASK_CANCELED);
    cr_assert_eq(rig_info(&rig, actor).pending, 0);
}

Test(control, restart_is_accepted_without_a_worker)
{
    expect("restart", STATUS_OK);
}

Test(control, retire_removes_an_actor_once_its_mailbox_is_empty)
{
    struct actor_info info;
    expect("suspend", STATUS_OK);
    rig_send(&rig, actor, "tasks@k", "1");
    expect("retire", STATUS_OK);
    cr_assert_eq(rig_info(&rig, actor).pending, 1);
    cr_assert_eq(rig_send(&rig, actor, "tasks@l", "1").status, STATUS_BUSY);
    expect("resume", STATUS_OK);
    cr_assert_eq(engine_actor(rig.engine, actor, &info), STATUS_NOT_FOUND);
}

Test(control, retire_removes_an_idle_actor_at_once)
{
    uint64_t found;
    expect("retire", STATUS_OK);
    cr_assert_eq(engine_find(rig.engine, view_text("counter_1"), &found),
                 STATUS_NOT_FOUND);
    expect("suspend", STATUS_NOT_FOUND);
}

Test(control, retire_waits_for_delayed_tasks_too)
{
    struct actor_info info;
    rig_send(&rig, actor, "tasks@,delay=1h", "1");
    expect("retire", STATUS_OK);
    cr_assert_eq(rig_info(&rig, actor).delayed, 1);
    rig_advance(&rig, 3600 * 1000);
    rig_run(&rig);
    cr_assert_eq(engine_actor(rig.engine, actor, &info), STATUS_NOT_FOUND);
}

Test(control, canceltimer_cancels_by_name)
{
    rig_send(&rig, actor, "tasks@,delay=1h,timer=tick", "1");
    expect("canceltimer tock", STATUS_NOT_FOUND);
    expect("canceltimer tick", STATUS_OK);
    rig_expect(&rig, actor, ".1", STATUS_CANCELED, "");
    expect("canceltimer tick", STATUS_NOT_FOUND);
}

Test(control, a_write_with_any_bad_word_does_nothing)
{
    make_one_of_each();
    static const char *const bad[] = {"cancel pending\nfrobnicate",
                                      "cancel pending\nresume\nretry done",
                                      "forget done\nforget nobody",
                                      "clear\nsuspend now",
                                      "cancel pending\nretry",
                                      "cancel pending\ncancel",
                                      "resume\nCLEAR",
                                      "cancel pending\ncancel pending",
                                      "retry failed\nforget a b"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct reply reply = rig_control(&rig, actor, bad[i]);
        cr_assert_neq(reply.status, STATUS_OK, "%s", bad[i]);
        cr_assert_neq(reply.detail[0], '\0');
        cr_assert_eq(state_of("pending"), TASK_PENDING, "%s", bad[i]);
        cr_assert_eq(state_of("failed"), TASK_FAILED, "%s", bad[i]);
        cr_assert_eq(state_of("done"), TASK_DONE, "%s", bad[i]);
        cr_assert_eq(rig_info(&rig, actor).activity, ACTIVITY_SUSPENDED, "%s", bad[i]);
    }
}

Test(control, a_bad_word_is_named_and_invalid)
{
    static const char *const bad[] = {"frobnicate", "suspend now", "retry",
                                      "cancel",     "forget",      "canceltimer",
                                      "Suspend",    "retry a b",   "cancel a,b"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct reply reply = rig_control(&rig, actor, bad[i]);
        cr_assert_eq(reply.status, STATUS_INVALID, "%s: %s", bad[i],
                     status_text(reply.status));
        cr_assert_not_null(strstr(reply.detail, bad[i]), "%s", reply.detail);
    }
}

Test(control, lines_of_the_files_own_form_and_empty_ones_are_skipped)
{
    expect("name: counter_1\nactivity: idle\nlast-error:\n\n  \nsuspend\n", STATUS_OK);
    cr_assert_eq(rig_info(&rig, actor).activity, ACTIVITY_SUSPENDED);
    expect("", STATUS_OK);
    expect("\n\n", STATUS_OK);
}

Test(control, words_are_trimmed_and_may_end_in_crlf_or_nothing)
{
    expect("  suspend \r\n", STATUS_OK);
    cr_assert_eq(rig_info(&rig, actor).activity, ACTIVITY_SUSPENDED);
    rig_send(&rig, actor, "tasks@k", "1");
    expect("cancel   k", STATUS_OK);
    cr_assert_eq(state_of("k"), TASK_CANCELED);
}

Test(control, keys_are_written_as_in_names)
{
    expect("suspend", STATUS_OK);
    rig_send(&rig, actor, "tasks@a%20b%2c", "1");
    expect("cancel a%20b%2C", STATUS_OK);
    cr_assert_eq(state_of("a%20b%2c"), TASK_CANCELED);
}

Test(control, words_to_an_actor_that_is_not_there_are_not_found)
{
    cr_assert_eq(rig_control(&rig, actor + 1, "suspend").status, STATUS_NOT_FOUND);
}

Test(control, a_cleared_mailbox_larger_than_a_record_is_empty, .timeout = 30)
{
    rig.options.mailbox_tasks_max = 1000000;
    rig_reopen(&rig);
    expect("suspend", STATUS_OK);
    for (unsigned i = 0; i < 120; i++)
        cr_assert_eq(rig_send_many(&rig, actor, "tasks", 1000).status, STATUS_OK);
    expect("clear", STATUS_OK);
    cr_assert_eq(rig_info(&rig, actor).pending, 0);
    cr_assert_eq(rig_info(&rig, actor).canceled, 120000);
}
