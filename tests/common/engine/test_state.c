/* SPDX-License-Identifier: MIT */
/* Writing the state from outside, and its versions. */
#include "tests/common/engine/rig.h"

#include <criterion/criterion.h>

#include "tests/common/engine/cast.h"

static struct rig rig;
static uint64_t actor;

static void setup(void)
{
    rig_init(&rig);
    rig.options.behaviors = cast_open();
    rig.options.state_bytes_max = 100;
    rig_open(&rig);
    actor = rig_create(&rig, "counter_1");
}

static void teardown(void)
{
    if (cast.finish)
        cast_finish();
    rig_close(&rig);
}

TestSuite(state, .init = setup, .fini = teardown);

Test(state, is_empty_and_of_version_1_at_first)
{
    cr_assert_str_eq(rig_state(&rig, actor), "");
    cr_assert_eq(rig_info(&rig, actor).state_version, 1);
}

Test(state, each_write_and_each_turn_that_changes_it_is_a_version)
{
    cr_assert_eq(rig_set_state(&rig, actor, "5", STATE_VERSION_ANY).version, 2);
    rig_send(&rig, actor, "tasks", "1");
    cr_assert_eq(rig_info(&rig, actor).state_version, 3);
    rig_send(&rig, actor, "tasks", "x");
    cr_assert_eq(rig_info(&rig, actor).state_version, 3, "it failed");
    cr_assert_eq(rig_set_state(&rig, actor, "5", STATE_VERSION_ANY).version, 4);
    cr_assert_eq(rig_set_state(&rig, actor, "", STATE_VERSION_ANY).version, 5);
    cr_assert_str_eq(rig_state(&rig, actor), "");
    rig_crash(&rig);
    cr_assert_eq(rig_info(&rig, actor).state_version, 5);
}

Test(state, a_write_that_expects_another_version_is_stale)
{
    rig_set_state(&rig, actor, "5", 1);
    struct reply reply = rig_set_state(&rig, actor, "6", 1);
    cr_assert_eq(reply.status, STATUS_STALE);
    cr_assert_not_null(strstr(reply.detail, "version 2"), "%s", reply.detail);
    cr_assert_str_eq(rig_state(&rig, actor), "5");
    cr_assert_eq(rig_set_state(&rig, actor, "6", 2).status, STATUS_OK);
}

static struct reply write_under(const char *key, const char *state,
                                uint64_t expected_version)
{
    struct reply reply = {0};
    struct key held = rig_key(key);

    struct engine_state_write write = {
        .state = view_text(state), .expected_version = expected_version, .key = &held};
    engine_write_state(rig.engine, actor, &write, rig_done, &reply);
    rig_run(&rig);
    return reply;
}

Test(state, a_write_under_a_key_is_done_once)
{
    struct reply reply = write_under("k", "5", 1);
    cr_assert_eq(reply.status, STATUS_OK);
    cr_assert_eq(reply.version, 2);
    cr_assert_not(reply.replayed);
    rig_set_state(&rig, actor, "6", STATE_VERSION_ANY);
    for (unsigned i = 0; i < 3; i++) {
        reply = write_under("k", "5", 1);
        cr_assert_eq(reply.status, STATUS_OK);
        cr_assert_eq(reply.version, 2, "the version of then");
        cr_assert(reply.replayed);
        cr_assert_str_eq(rig_state(&rig, actor), "6");
        rig_crash(&rig);
    }
    cr_assert_eq(rig_info(&rig, actor).done, 1);
    cr_assert_eq(rig_info(&rig, actor).pending, 0);
    cr_assert_eq(rig_info(&rig, actor).mailbox_bytes, 0);
    cr_assert_str_eq(rig_outcome(&rig, actor, "k", &reply.status), "2");
    rig_send(&rig, actor, "tasks", "1");
    cr_assert_str_eq(rig_state(&rig, actor), "7\n", "the mailbox goes on");
}

Test(state, a_key_is_known_by_one_state_or_message_alone)
{
    write_under("k", "5", STATE_VERSION_ANY);
    struct reply reply = write_under("k", "6", STATE_VERSION_ANY);
    cr_assert_eq(reply.status, STATUS_CONFLICT);
    cr_assert_not_null(strstr(reply.detail, "the key k is known"), "%s", reply.detail);
    cr_assert_eq(rig_send(&rig, actor, "tasks@k", "5").status, STATUS_CONFLICT);
    rig_send(&rig, actor, "tasks@m", "1");
    cr_assert_eq(write_under("m", "1", STATE_VERSION_ANY).status, STATUS_CONFLICT);
    cr_assert_str_eq(rig_state(&rig, actor), "6\n");
    rig_control(&rig, actor, "forget k");
    cr_assert_eq(write_under("k", "8", STATE_VERSION_ANY).version, 4);
    rig_advance(&rig, rig.options.retention_done_ms);
    cr_assert_eq(write_under("k", "9", STATE_VERSION_ANY).version, 5);
    cr_assert_str_eq(rig_state(&rig, actor), "9");
}

Test(state, a_refused_write_leaves_its_key_free)
{
    cr_assert_eq(write_under("k", "5", 7).status, STATUS_STALE);
    cr_assert_eq(write_under("k", "5", 1).version, 2);
}

Test(state, a_known_key_waits_for_no_turn_and_a_new_one_is_written_once)
{
    struct reply first = {0}, second = {0};
    struct key key = rig_key("k");
    struct engine_state_write write = {.state = view_text("outside"),
                                       .expected_version = STATE_VERSION_ANY,
                                       .key = &key};
    actor = rig_create(&rig, "later_1");
    cr_assert_eq(write_under("known", "x", STATE_VERSION_ANY).version, 2);
    rig_send(&rig, actor, "tasks", "x");
    cr_assert(write_under("known", "x", STATE_VERSION_ANY).replayed);
    engine_write_state(rig.engine, actor, &write, rig_done, &first);
    engine_write_state(rig.engine, actor, &write, rig_done, &second);
    rig_run(&rig);
    cr_assert_not(first.called || second.called);
    cast_finish();
    rig_run(&rig);
    cr_assert(first.called && !first.replayed);
    cr_assert(second.called && second.replayed);
    cr_assert_eq(first.version, second.version);
}

Test(state, a_message_in_between_makes_a_write_stale)
{
    struct reply sent, written = {0};
    rig_ask_send(&rig, actor, "tasks", "1", &sent);
    rig_run(&rig);
    engine_set_state(rig.engine, actor, view_text("9"), view_of("", 0), 1, rig_done,
                     &written);
    rig_run(&rig);
    cr_assert_eq(written.status, STATUS_STALE);
    cr_assert_str_eq(rig_state(&rig, actor), "1\n");
}

Test(state, its_type_is_kept_until_a_turn_writes)
{
    rig_set_state(&rig, actor, "5", STATE_VERSION_ANY);
    cr_assert_str_eq(rig_info(&rig, actor).state_type, "text/plain");
    rig_crash(&rig);
    cr_assert_str_eq(rig_info(&rig, actor).state_type, "text/plain");
    rig_send(&rig, actor, "tasks", "1");
    cr_assert_str_eq(rig_info(&rig, actor).state_type, "");
}

Test(state, its_time_is_that_of_its_last_change)
{
    int64_t created_ms = rig_info(&rig, actor).state_ms;
    rig_advance(&rig, 5000);
    rig_set_state(&rig, actor, "5", STATE_VERSION_ANY);
    cr_assert_eq(rig_info(&rig, actor).state_ms, created_ms + 5000);
    rig_advance(&rig, 5000);
    rig_control(&rig, actor, "suspend");
    cr_assert_eq(rig_info(&rig, actor).state_ms, created_ms + 5000);
}

Test(state, too_large_is_refused)
{
    char text[102];
    memset(text, '1', sizeof(text));
    text[101] = '\0';
    cr_assert_eq(rig_set_state(&rig, actor, text, STATE_VERSION_ANY).status,
                 STATUS_TOO_LARGE);
    text[100] = '\0';
    cr_assert_eq(rig_set_state(&rig, actor, text, STATE_VERSION_ANY).status, STATUS_OK);
}

Test(state, is_written_ahead_of_the_mailbox_also_while_suspended_or_between_retries)
{
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks@k", "1");
    cr_assert_eq(rig_set_state(&rig, actor, "10", STATE_VERSION_ANY).status, STATUS_OK);
    cr_assert_str_eq(rig_state(&rig, actor), "10");
    rig_control(&rig, actor, "resume");
    rig_expect(&rig, actor, "k", STATUS_OK, "11\n");
    uint64_t flaky = rig_create(&rig, "now_1");
    cast.verdict = TURN_RETRY;
    rig_send(&rig, flaky, "tasks", "x");
    cr_assert_eq(rig_info(&rig, flaky).activity, ACTIVITY_RETRYING);
    cr_assert_eq(rig_set_state(&rig, flaky, "new", STATE_VERSION_ANY).status,
                 STATUS_OK);
    rig_advance(&rig, 1000);
    rig_run(&rig);
    cr_assert_str_eq(cast.seen_state, "new");
}

Test(state, a_write_waits_for_the_running_turn_and_comes_before_the_next)
{
    uint64_t later = rig_create(&rig, "later_1");
    struct reply reply = {0};
    rig_send(&rig, later, "tasks@a", "x");
    rig_send(&rig, later, "tasks@b", "y");
    engine_set_state(rig.engine, later, view_text("outside"), view_of("", 0),
                     STATE_VERSION_ANY, rig_done, &reply);
    rig_run(&rig);
    cr_assert_eq(reply.called, 0);
    cast.state = "of the turn";
    cast_finish();
    rig_run(&rig);
    cr_assert_eq(reply.called, 1);
    cr_assert_eq(reply.status, STATUS_OK);
    cr_assert_eq(reply.version, 3);
    cr_assert_str_eq(cast.seen_state, "outside");
    cr_assert_str_eq(rig_state(&rig, later), "outside");
}

Test(state, a_write_waits_no_longer_than_a_turn_may_take)
{
    uint64_t later = rig_create(&rig, "later_1");
    struct reply reply = {0};
    rig_send(&rig, later, "tasks@a", "x");
    engine_set_state(rig.engine, later, view_text("outside"), view_of("", 0),
                     STATE_VERSION_ANY, rig_done, &reply);
    rig_run(&rig);
    rig_advance(&rig, 61000);
    rig_run(&rig);
    cr_assert_eq(reply.called, 1, "while the turn goes on");
    cr_assert_eq(reply.status, STATUS_TIMEOUT);
    cast.state = "of the turn";
    cast_finish();
    rig_run(&rig);
    cr_assert_eq(reply.called, 1);
    cr_assert_str_eq(rig_state(&rig, later), "of the turn");
}

Test(state, a_write_that_waited_is_judged_by_the_version_of_then)
{
    uint64_t later = rig_create(&rig, "later_1");
    struct reply reply = {0};
    rig_send(&rig, later, "tasks@a", "x");
    engine_set_state(rig.engine, later, view_text("outside"), view_of("", 0), 1,
                     rig_done, &reply);
    rig_run(&rig);
    cast.state = "of the turn";
    cast_finish();
    rig_run(&rig);
    cr_assert_eq(reply.status, STATUS_STALE);
    cr_assert_str_eq(rig_state(&rig, later), "of the turn");
}

Test(state, of_an_actor_that_is_not_there_cannot_be_written)
{
    cr_assert_eq(rig_set_state(&rig, actor + 9, "x", STATE_VERSION_ANY).status,
                 STATUS_NOT_FOUND);
}
