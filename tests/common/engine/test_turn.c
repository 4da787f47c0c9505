/* SPDX-License-Identifier: MIT */
/* What a turn is handed, and what becomes of each answer that it can give. */
#include "tests/common/engine/rig.h"

#include <criterion/criterion.h>

#include "tests/common/engine/cast.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
    rig.options.behaviors = cast_open();
    rig.options.result_bytes_max = 1000;
    rig.options.state_bytes_max = 1000;
    rig_open(&rig);
}

static void teardown(void)
{
    if (cast.finish)
        cast_finish();
    rig_close(&rig);
}

TestSuite(turn, .init = setup, .fini = teardown);

static enum activity activity_of(uint64_t actor)
{
    return rig_info(&rig, actor).activity;
}

Test(turn, is_handed_message_state_key_and_name)
{
    uint64_t actor = rig_create(&rig, "now_1");
    rig_set_state(&rig, actor, "the state", STATE_VERSION_ANY);
    rig_send(&rig, actor, "tasks@k%20ey", "the message\n");
    cr_assert_str_eq(cast.message, "the message\n");
    cr_assert_str_eq(cast.seen_state, "the state");
    cr_assert_str_eq(cast.key, "k ey");
    cr_assert_str_eq(cast.actor, "now_1");
    cr_assert_eq(cast.sequence, 1);
    cr_assert_eq(cast.attempt, 1);
    rig_send(&rig, actor, "tasks", "x");
    cr_assert_str_eq(cast.key, ".2");
}

Test(turn, done_keeps_result_and_state_together)
{
    uint64_t actor = rig_create(&rig, "now_1");
    cast.result = "result";
    cast.state = "state";
    rig_send(&rig, actor, "tasks@k", "x");
    rig_expect(&rig, actor, "k", STATUS_OK, "result");
    cr_assert_str_eq(rig_result(&rig, actor), "result");
    cr_assert_str_eq(rig_state(&rig, actor), "state");
    rig_crash(&rig);
    rig_expect(&rig, actor, "k", STATUS_OK, "result");
    cr_assert_str_eq(rig_state(&rig, actor), "state");
}

Test(turn, failed_keeps_its_error_and_changes_no_state)
{
    uint64_t actor = rig_create(&rig, "now_1");
    cast.verdict = TURN_FAILED;
    cast.error = "what went wrong\nand where";
    cast.state = "never";
    rig_send(&rig, actor, "tasks@k", "x");
    rig_expect(&rig, actor, "k", STATUS_FAILED, "what went wrong\nand where");
    cr_assert_str_eq(rig_state(&rig, actor), "");
    cr_assert_str_eq(rig_info(&rig, actor).last_error, "and where");
    cr_assert_eq(rig_info(&rig, actor).failed, 1);
}

Test(turn, an_error_is_cut_to_what_a_line_may_hold)
{
    char error[400];
    uint64_t actor = rig_create(&rig, "now_1");
    memset(error, 'e', sizeof(error));
    error[sizeof(error) - 1] = '\0';
    cast.verdict = TURN_FAILED;
    cast.error = error;
    rig_send(&rig, actor, "tasks@k", "x");
    cr_assert_eq(strlen(rig_info(&rig, actor).last_error), ERROR_TEXT_BYTES_MAX);
    rig_crash(&rig);
    cr_assert_eq(strlen(rig_info(&rig, actor).last_error), ERROR_TEXT_BYTES_MAX);
}

Test(turn, a_result_or_state_above_its_limit_fails_the_turn)
{
    uint64_t actor = rig_create(&rig, "now_1");
    enum status status;
    cast.result_bytes = 1000;
    cast.state_bytes = 1000;
    rig_send(&rig, actor, "tasks@fits", "x");
    rig_outcome(&rig, actor, "fits", &status);
    cr_assert_eq(status, STATUS_OK);
    cast.result_bytes = 1001;
    rig_send(&rig, actor, "tasks@result", "x");
    rig_expect(&rig, actor, "result", STATUS_FAILED,
               "the turn's result exceeds the limit of 1000 bytes");
    cast.result_bytes = 0;
    cast.state_bytes = 1001;
    rig_send(&rig, actor, "tasks@state", "x");
    rig_expect(&rig, actor, "state", STATUS_FAILED,
               "the turn's state exceeds the limit of 1000 bytes");
    cr_assert_eq(rig_info(&rig, actor).state_bytes, 1000);
    cr_assert_eq(rig_info(&rig, actor).state_version, 2);
}

Test(turn, a_failed_try_is_repeated_with_backoff_and_holds_the_mailbox)
{
    uint64_t actor = rig_create(&rig, "now_1");
    cast.verdict = TURN_RETRY;
    cast.error = "busy";
    rig_send(&rig, actor, "tasks@k", "x");
    rig_send(&rig, actor, "tasks@behind", "y");
    cr_assert_eq(cast.turns, 1);
    cr_assert_eq(activity_of(actor), ACTIVITY_RETRYING);
    rig_advance(&rig, 999);
    rig_run(&rig);
    cr_assert_eq(cast.turns, 1);
    rig_advance(&rig, 1);
    rig_run(&rig);
    cr_assert_eq(cast.turns, 2);
    cr_assert_eq(cast.attempt, 2);
    cr_assert_str_eq(cast.message, "x");
    rig_advance(&rig, 1999);
    rig_run(&rig);
    cr_assert_eq(cast.turns, 2);
    cast.verdict = TURN_DONE;
    rig_advance(&rig, 1);
    rig_run(&rig);
    cr_assert_eq(cast.turns, 4);
    rig_expect(&rig, actor, "k", STATUS_OK, "");
    rig_expect(&rig, actor, "behind", STATUS_OK, "");
    cr_assert_eq(activity_of(actor), ACTIVITY_IDLE);
}

Test(turn, that_will_be_tried_again_shows_when)
{
    struct task_info info;
    struct key key = rig_key("k");
    uint64_t actor = rig_create(&rig, "now_1");
    cast.verdict = TURN_RETRY;
    rig_send(&rig, actor, "tasks@k", "x");
    cr_assert_eq(engine_task(rig.engine, actor, &key, &info), STATUS_OK);
    cr_assert_eq(info.due_ms, rig.wall_ms + 1000);
    cast.verdict = TURN_DONE;
    rig_advance(&rig, 1000);
    rig_run(&rig);
    cr_assert_eq(engine_task(rig.engine, actor, &key, &info), STATUS_OK);
    cr_assert_eq(info.due_ms, 0);
}

Test(turn, when_its_attempts_are_used_up_it_failed_for_good)
{
    uint64_t actor = rig_create(&rig, "now_1");
    cast.verdict = TURN_RETRY;
    cast.error = "busy";
    rig_send(&rig, actor, "tasks@k", "x");
    for (unsigned i = 0; i < 10; i++) {
        rig_advance(&rig, 60000);
        rig_run(&rig);
    }
    cr_assert_eq(cast.turns, 5);
    rig_expect(&rig, actor, "k", STATUS_FAILED, "busy");
    rig_control(&rig, actor, "retry k");
    cr_assert_eq(cast.attempt, 1, "attempts start anew");
    cr_assert_eq(cast.turns, 6);
}

Test(turn, a_retry_goes_on_after_a_crash_and_openings_do_not_count)
{
    uint64_t actor = rig_create(&rig, "now_1");
    cast.verdict = TURN_RETRY;
    rig_send(&rig, actor, "tasks@k", "x");
    rig_crash(&rig);
    cr_assert_eq(activity_of(actor), ACTIVITY_RETRYING);
    rig_advance(&rig, 1000);
    rig_run(&rig);
    cr_assert_eq(cast.turns, 2);
    cr_assert_eq(cast.attempt, 3, "one failure and one opening");
    rig_tidy(&rig);
    rig_crash(&rig);
    rig_advance(&rig, 2000);
    rig_run(&rig);
    cr_assert_eq(cast.turns, 3);
    cr_assert_eq(cast.attempt, 5);
    rig_advance(&rig, 60000);
    rig_run(&rig);
    rig_advance(&rig, 60000);
    rig_run(&rig);
    rig_expect(&rig, actor, "k", STATUS_FAILED, "");
    cr_assert_eq(cast.turns, 5);
}

Test(turn, a_retry_is_suspended_canceled_and_cleared_like_any_task)
{
    static const char *const words[] = {"suspend\ncancel k\nresume", "clear",
                                        "cancel k", "forget k"};
    for (size_t i = 0; i < 4; i++) {
        char name[16] = "now_0";
        name[4] = (char)('0' + i);
        uint64_t actor = rig_create(&rig, name);
        cast.verdict = TURN_RETRY;
        rig_send(&rig, actor, "tasks@k", "x");
        unsigned turns = cast.turns;
        cr_assert_eq(rig_control(&rig, actor, words[i]).status, STATUS_OK);
        cr_assert_eq(activity_of(actor), ACTIVITY_IDLE, "%s", words[i]);
        rig_advance(&rig, 5000);
        rig_run(&rig);
        cr_assert_eq(cast.turns, turns, "%s", words[i]);
        cast.verdict = TURN_DONE;
        rig_send(&rig, actor, "tasks@next", "x");
        rig_expect(&rig, actor, "next", STATUS_OK, "");
    }
}

Test(turn, under_way_it_shows_as_running_and_blocks_only_its_actor)
{
    uint64_t actor = rig_create(&rig, "later_1"), other = rig_create(&rig, "now_1");
    rig_send(&rig, actor, "tasks@k", "x");
    rig_send(&rig, actor, "tasks@behind", "y");
    cr_assert_eq(activity_of(actor), ACTIVITY_RUNNING);
    cr_assert_eq(rig_info(&rig, actor).running, 1);
    cr_assert_eq(rig_info(&rig, actor).pending, 1);
    cr_assert_str_eq(rig_mailbox(&rig, actor), "1 running k;2 pending behind;");
    rig_send(&rig, other, "tasks@o", "x");
    rig_expect(&rig, other, "o", STATUS_OK, "");
    cast.result = "late";
    cast_finish();
    rig_run(&rig);
    rig_expect(&rig, actor, "k", STATUS_OK, "late");
    cr_assert_str_eq(cast.message, "y");
    cast_finish();
    rig_run(&rig);
    cr_assert_eq(activity_of(actor), ACTIVITY_IDLE);
}

Test(turn, canceled_while_it_runs_it_is_killed_and_its_answer_dropped)
{
    uint64_t actor = rig_create(&rig, "later_1");
    rig_send(&rig, actor, "tasks@k", "x");
    rig_send(&rig, actor, "tasks@next", "y");
    cr_assert_eq(rig_control(&rig, actor, "cancel k").status, STATUS_OK);
    cr_assert_eq(cast.killed, 1);
    rig_expect(&rig, actor, "k", STATUS_CANCELED, "");
    cast.result = "too late";
    cast.state = "never";
    cast_finish();
    rig_run(&rig);
    rig_expect(&rig, actor, "k", STATUS_CANCELED, "");
    cr_assert_str_eq(rig_state(&rig, actor), "");
    cr_assert_str_eq(cast.message, "y");
}

Test(turn, canceled_and_retried_while_it_runs_its_first_answer_is_dropped)
{
    uint64_t actor = rig_create(&rig, "later_1");
    rig_send(&rig, actor, "tasks@k", "x");
    rig_control(&rig, actor, "cancel k");
    rig_control(&rig, actor, "retry k");
    cast.result = "first";
    cast_finish();
    rig_run(&rig);
    rig_expect(&rig, actor, "k", STATUS_AGAIN, "");
    cr_assert_eq(cast.turns, 2);
    cast.result = "second";
    cast_finish();
    rig_run(&rig);
    rig_expect(&rig, actor, "k", STATUS_OK, "second");
}

Test(turn, suspend_lets_the_running_turn_finish)
{
    uint64_t actor = rig_create(&rig, "later_1");
    rig_send(&rig, actor, "tasks@k", "x");
    rig_send(&rig, actor, "tasks@next", "y");
    rig_control(&rig, actor, "suspend");
    cast.result = "done";
    cast_finish();
    rig_run(&rig);
    rig_expect(&rig, actor, "k", STATUS_OK, "done");
    rig_expect(&rig, actor, "next", STATUS_AGAIN, "");
    cr_assert_eq(activity_of(actor), ACTIVITY_SUSPENDED);
}

Test(turn, clear_leaves_the_running_turn)
{
    uint64_t actor = rig_create(&rig, "later_1");
    rig_send(&rig, actor, "tasks@k", "x");
    rig_send(&rig, actor, "tasks@next", "y");
    rig_control(&rig, actor, "clear");
    rig_expect(&rig, actor, "next", STATUS_CANCELED, "");
    rig_expect(&rig, actor, "k", STATUS_AGAIN, "");
    cr_assert_eq(cast.killed, 0);
    cast_finish();
    rig_run(&rig);
    rig_expect(&rig, actor, "k", STATUS_OK, "");
}

Test(turn, cut_off_by_a_crash_it_runs_again_and_counts_no_attempt)
{
    uint64_t actor = rig_create(&rig, "later_1");
    rig_send(&rig, actor, "tasks@k", "x");
    cast.finish = NULL; /* its process is gone */
    rig_crash(&rig);
    rig_run(&rig);
    cr_assert_eq(cast.turns, 2);
    cr_assert_eq(cast.attempt, 2);
    struct key key = rig_key("k");
    struct task_info info;
    cr_assert_eq(engine_task(rig.engine, actor, &key, &info), STATUS_OK);
    cr_assert_eq(info.attempts, 0);
}

Test(turn, one_that_touches_the_world_waits_for_the_disk)
{
    uint64_t actor = rig_create(&rig, "slow_1");
    struct reply reply;
    rig_ask_send(&rig, actor, "tasks", "x", &reply);
    core_step(rig.engine);
    cr_assert_eq(cast.turns, 0);
    core_commit(rig.engine);
    core_step(rig.engine);
    cr_assert_eq(cast.turns, 1);
}

Test(turn, one_that_only_computes_runs_ahead_and_is_shown_when_durable)
{
    uint64_t actor = rig_create(&rig, "now_1");
    struct reply reply;
    cast.state = "new";
    rig_ask_send(&rig, actor, "tasks", "x", &reply);
    core_step(rig.engine);
    cr_assert_eq(cast.turns, 1);
    cr_assert_str_eq(rig_state(&rig, actor), "");
    cr_assert_eq(reply.called, 0);
    core_commit(rig.engine);
    cr_assert_str_eq(rig_state(&rig, actor), "new");
    cr_assert_eq(reply.called, 1);
}

Test(turn, without_a_behavior_tasks_wait_until_there_is_one)
{
    uint64_t actor = rig_create(&rig, "now_1");
    cast_hide("now");
    cr_assert_eq(rig_send(&rig, actor, "tasks@k", "x").status, STATUS_OK);
    cr_assert_eq(activity_of(actor), ACTIVITY_NO_BEHAVIOR);
    cr_assert_str_eq(rig_info(&rig, actor).behavior, "");
    rig_expect(&rig, actor, "k", STATUS_AGAIN, "");
    cr_assert_gt(core_idle_ns(rig.engine), 0, "it does not spin");
    cr_assert_eq(rig_set_behavior(&rig, actor, "now").status, STATUS_INVALID);
    cr_assert_eq(rig_set_behavior(&rig, actor, "echo").status, STATUS_OK);
    rig_expect(&rig, actor, "k", STATUS_OK, "x");
    cr_assert_eq(activity_of(actor), ACTIVITY_IDLE);
}

Test(turn, the_behavior_is_that_of_the_file_then_of_the_name)
{
    static const struct {
        const char *name, *behavior;
    } rows[] = {{"counter", "counter"}, {"counter_7", "counter"}, {"keep_a_b", ""},
                {"echo_", "echo"},      {"counterfeit", ""},      {"_", ""},
                {"later_x", "later"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint64_t actor = rig_create(&rig, rows[i].name);
        cr_assert_str_eq(rig_info(&rig, actor).behavior, rows[i].behavior, "%s: %s",
                         rows[i].name, rig_info(&rig, actor).behavior);
        cr_assert_eq(rig_set_behavior(&rig, actor, "echo").status, STATUS_OK);
        cr_assert_str_eq(rig_info(&rig, actor).behavior, "echo");
        cr_assert_str_eq(rig_info(&rig, actor).behavior_set, "echo");
        cr_assert_eq(rig_set_behavior(&rig, actor, "").status, STATUS_OK);
        cr_assert_str_eq(rig_info(&rig, actor).behavior, rows[i].behavior);
    }
}
