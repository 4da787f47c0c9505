/* SPDX-License-Identifier: MIT */
/* What becomes of a send: accepted, known already, or refused with nothing kept. */
#include "tests/common/engine/rig.h"

#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

static struct rig rig;
static uint64_t actor;

static void setup(void)
{
    rig_init(&rig);
    rig.options.mailbox_tasks_max = 10;
    rig.options.message_bytes_max = 1000;
    rig_open(&rig);
    actor = rig_create(&rig, "counter_1");
}

static void teardown(void)
{
    rig_close(&rig);
}

TestSuite(send, .init = setup, .fini = teardown);

/* Nothing of a refused message is kept. */
static void expect_refusal(const char *name, const char *message, enum status status)
{
    struct actor_info before = rig_info(&rig, actor);
    struct reply reply = rig_send(&rig, actor, name, message);
    struct actor_info after = rig_info(&rig, actor);
    cr_assert_eq(reply.status, status, "%s: %s (%s)", name, status_text(reply.status),
                 reply.detail);
    cr_assert_neq(reply.detail[0], '\0');
    cr_assert_eq(after.changes, before.changes);
    cr_assert_eq(after.pending + after.delayed, before.pending + before.delayed);
    cr_assert_eq(after.done, before.done);
    cr_assert_eq(after.mailbox_bytes, before.mailbox_bytes);
}

Test(send, a_message_gets_the_next_sequence_number)
{
    struct reply first = rig_send(&rig, actor, "tasks", "1");
    struct reply second = rig_send(&rig, actor, "tasks@k", "1");
    cr_assert_eq(first.status, STATUS_OK);
    cr_assert_eq(first.sequence, 1);
    cr_assert_eq(first.actor, actor);
    cr_assert_not(first.replayed);
    cr_assert_eq(second.sequence, 2);
    cr_assert_str_eq(rig_state(&rig, actor), "2\n");
}

Test(send, messages_of_one_request_run_in_order)
{
    struct reply reply = rig_send_many(&rig, actor, "tasks@bulk", 4);
    cr_assert_eq(reply.sequence, 4);
    rig_expect(&rig, actor, "bulk", STATUS_OK, "0\n");
    rig_expect(&rig, actor, "bulk~2", STATUS_OK, "1\n");
    rig_expect(&rig, actor, "bulk~3", STATUS_OK, "3\n");
    rig_expect(&rig, actor, "bulk~4", STATUS_OK, "6\n");
    rig_expect(&rig, actor, "bulk~5", STATUS_NOT_FOUND, "");
}

Test(send, a_message_is_kept_to_the_byte)
{
    struct parameters parameters = rig_parameters("tasks@k");
    struct view message = view_of("a\0b\r\n", 5);
    struct engine_send send = {.actor = actor,
                               .messages = &message,
                               .count = 1,
                               .parameters = &parameters,
                               .first_line = 1};
    struct reply reply = {0};
    struct key key = rig_key("k");
    BYTES_AUTO(kept);
    engine_send(rig.engine, &send, rig_done, &reply);
    rig_run(&rig);
    cr_assert_eq(engine_message(rig.engine, actor, &key, &kept), STATUS_OK);
    cr_assert(view_equal(view_bytes(&kept), message));
    rig_tidy(&rig);
    bytes_clear(&kept);
    cr_assert_eq(engine_message(rig.engine, actor, &key, &kept), STATUS_OK);
    cr_assert(view_equal(view_bytes(&kept), message));
}

Test(send, no_such_actor_is_not_found)
{
    cr_assert_eq(rig_send(&rig, actor + 1, "tasks", "1").status, STATUS_NOT_FOUND);
    cr_assert_eq(rig_send(&rig, 0, "tasks", "1").status, STATUS_NOT_FOUND);
}

Test(send, a_message_above_the_limit_is_too_large)
{
    char text[1002];
    memset(text, '0', sizeof(text));
    text[1001] = '\0';
    expect_refusal("tasks", text, STATUS_TOO_LARGE);
    expect_refusal("tasks@k", text, STATUS_TOO_LARGE);
    text[1000] = '\0';
    cr_assert_eq(rig_send(&rig, actor, "tasks@k", text).status, STATUS_OK);
}

Test(send, a_known_key_with_other_bytes_is_a_conflict)
{
    rig_send(&rig, actor, "tasks@k", "1");
    expect_refusal("tasks@k", "2", STATUS_CONFLICT);
    expect_refusal("tasks@k,delay=1h", "2", STATUS_CONFLICT);
    rig_tidy(&rig);
    expect_refusal("tasks@k", "2", STATUS_CONFLICT);
    rig_crash(&rig);
    expect_refusal("tasks@k", "2", STATUS_CONFLICT);
}

Test(send, a_conflict_in_any_line_refuses_all_of_them)
{
    rig_send(&rig, actor, "tasks@bulk~3", "not 2");
    struct actor_info before = rig_info(&rig, actor);
    struct reply reply = rig_send_many(&rig, actor, "tasks@bulk", 4);
    cr_assert_eq(reply.status, STATUS_CONFLICT);
    cr_assert_not_null(strstr(reply.detail, "bulk~3"), "%s", reply.detail);
    cr_assert_eq(rig_info(&rig, actor).changes, before.changes);
    rig_expect(&rig, actor, "bulk", STATUS_NOT_FOUND, "");
}

Test(send, a_full_mailbox_refuses_new_messages_and_answers_known_ones)
{
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks@k", "1");
    cr_assert_eq(rig_send_many(&rig, actor, "tasks", 9).status, STATUS_OK);
    expect_refusal("tasks", "1", STATUS_FULL);
    expect_refusal("tasks@,delay=1h", "1", STATUS_FULL);
    cr_assert(rig_send(&rig, actor, "tasks@k", "1").replayed);
    rig_control(&rig, actor, "cancel k");
    cr_assert_eq(rig_send(&rig, actor, "tasks", "1").status, STATUS_OK);
    expect_refusal("tasks", "1", STATUS_FULL);
}

Test(send, messages_that_fill_the_mailbox_over_are_all_refused)
{
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks", "1");
    struct actor_info before = rig_info(&rig, actor);
    cr_assert_eq(rig_send_many(&rig, actor, "tasks", 10).status, STATUS_FULL);
    cr_assert_eq(rig_info(&rig, actor).changes, before.changes);
    cr_assert_eq(rig_send_many(&rig, actor, "tasks", 9).status, STATUS_OK);
}

Test(send, a_full_mailbox_is_full_of_delayed_tasks_too)
{
    for (unsigned i = 0; i < 10; i++)
        rig_send(&rig, actor, "tasks@,delay=1h", "1");
    expect_refusal("tasks", "1", STATUS_FULL);
}

Test(send, a_retiring_actor_takes_nothing_more)
{
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks", "1");
    rig_control(&rig, actor, "retire");
    expect_refusal("tasks", "1", STATUS_BUSY);
}

Test(send, execute_is_refused_while_suspended_and_tasks_are_not)
{
    struct parameters parameters = rig_parameters("execute@k");
    struct view message = view_text("1");
    struct engine_send send = {.actor = actor,
                               .messages = &message,
                               .count = 1,
                               .parameters = &parameters,
                               .first_line = 1,
                               .refuse_suspended = true};
    struct reply reply = {0};
    rig_control(&rig, actor, "suspend");
    engine_send(rig.engine, &send, rig_done, &reply);
    rig_run(&rig);
    cr_assert_eq(reply.status, STATUS_BUSY);
    cr_assert_eq(rig_info(&rig, actor).pending, 0);
    cr_assert_eq(rig_send(&rig, actor, "tasks@k", "1").status, STATUS_OK);
}

Test(send, nothing_is_kept_when_the_journal_has_no_room)
{
    faulty_disk_set_capacity(rig.faulty, faulty_disk_used(rig.faulty));
    char text[900];
    memset(text, '0', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    struct reply reply;
    unsigned sent = 0;
    while ((reply = rig_send(&rig, actor, "tasks", text)).status == STATUS_OK)
        cr_assert_lt(++sent, 10000);
    cr_assert_eq(reply.status, STATUS_NO_SPACE);
    struct actor_info full = rig_info(&rig, actor);
    cr_assert_eq(rig_set_state(&rig, actor, text, STATE_VERSION_ANY).status,
                 STATUS_NO_SPACE);
    cr_assert_eq(rig_info(&rig, actor).changes, full.changes);
    faulty_disk_set_capacity(rig.faulty, FAULTY_CAPACITY_NONE);
    cr_assert_eq(rig_send(&rig, actor, "tasks", "0").status, STATUS_OK);
    rig_crash(&rig);
    rig_run(&rig);
    cr_assert_eq(rig_info(&rig, actor).failed, sent); /* no numbers */
    cr_assert_eq(rig_info(&rig, actor).done, 1);
}

Test(send, a_bulk_load_of_short_lines_under_a_long_key_is_one_request, .timeout = 60)
{
    char name[300] = "tasks@";
    memset(name + 6, 'k', KEY_BYTES_MAX);
    rig.options.mailbox_tasks_max = 100000;
    rig_reopen(&rig);
    struct reply reply = rig_send_many(&rig, actor, name, 20000);
    cr_assert_eq(reply.status, STATUS_OK);
    cr_assert_eq(reply.sequence, 20000);
    cr_assert(rig_send_many(&rig, actor, name, 20000).replayed);
    rig_crash(&rig);
    rig_run(&rig);
    cr_assert(rig_send_many(&rig, actor, name, 20000).replayed);
    cr_assert_eq(rig_info(&rig, actor).done, 20000);
}

Test(send, with_create_an_actor_is_made_in_the_same_commit)
{
    struct parameters parameters = rig_parameters("tasks@k,create=1");
    struct view message = view_text("7");
    struct engine_send send = {.messages = &message,
                               .count = 1,
                               .parameters = &parameters,
                               .first_line = 1,
                               .create_name = view_text("counter_new"),
                               .create_owner = {.uid = 5, .gid = 6, .mode = 0750}};
    struct reply reply = {0}, again = {0};
    engine_send(rig.engine, &send, rig_done, &reply);
    engine_send(rig.engine, &send, rig_done, &again);
    rig_run(&rig);
    cr_assert_eq(reply.status, STATUS_OK);
    cr_assert_eq(again.status, STATUS_OK);
    cr_assert(again.replayed);
    cr_assert_eq(again.actor, reply.actor);
    rig_crash(&rig);
    rig_run(&rig);
    cr_assert_eq(rig_info(&rig, reply.actor).owners[PART_FOLDER].uid, 5);
    cr_assert_str_eq(rig_info(&rig, reply.actor).name, "counter_new");
    rig_expect(&rig, reply.actor, "k", STATUS_OK, "7\n");
}

Test(send, create_makes_no_actor_under_a_bad_name)
{
    static const char *const bad[] = {"", ".hidden", "a/b", "a b ", "a?b"};
    struct parameters parameters = rig_parameters("tasks@,create=1");
    struct view message = view_text("7");
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct engine_send send = {.messages = &message,
                                   .count = 1,
                                   .parameters = &parameters,
                                   .first_line = 1,
                                   .create_name = view_text(bad[i])};
        struct reply reply = {0};
        engine_send(rig.engine, &send, rig_done, &reply);
        rig_run(&rig);
        cr_assert_neq(reply.status, STATUS_OK, "%s", bad[i]);
    }
}

Test(send, a_time_beyond_ten_years_is_invalid)
{
    expect_refusal("tasks@,at=9999-12-31T23:59:59Z", "1", STATUS_INVALID);
    expect_refusal("tasks@,at=2036-01-01T00:00:00Z", "1", STATUS_INVALID);
    cr_assert_eq(rig_send(&rig, actor, "tasks@,at=2035-01-01T00:00:00Z", "1").status,
                 STATUS_OK);
    cr_assert_gt(core_idle_ns(rig.engine), 0);
}

Test(send, the_servers_own_keys_name_tasks_and_make_none)
{
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks", "1");
    cr_assert(rig_send(&rig, actor, "tasks@.1", "1").replayed);
    expect_refusal("tasks@.1", "2", STATUS_CONFLICT);
    expect_refusal("tasks@.2", "1", STATUS_NOT_FOUND);
    struct actor_info before = rig_info(&rig, actor);
    cr_assert_neq(rig_send_many(&rig, actor, "tasks@.1", 2).status, STATUS_OK);
    cr_assert_eq(rig_info(&rig, actor).changes, before.changes);
}
