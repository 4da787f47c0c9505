/* SPDX-License-Identifier: MIT */
/* What a turn sends: it shows with the turn's end or not at all, in the order sent, and
   what cannot be delivered is found among the dead letters. */
#include "tests/common/engine/rig.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "tests/common/engine/cast.h"

static struct rig rig;
static uint64_t one, two;

static void setup(void)
{
    rig_init(&rig);
    rig.options.behaviors = cast_open();
    rig.options.segment_bytes = 8u << 20;
    rig_open(&rig);
    one = rig_create(&rig, "do_1");
    two = rig_create(&rig, "do_2");
}

static void teardown(void)
{
    rig_close(&rig);
}

TestSuite(outgoing, .init = setup, .fini = teardown);

static uint64_t id_of(const char *name)
{
    uint64_t id = 0;
    cr_assert_eq(engine_find(rig.engine, view_text(name), &id), STATUS_OK, "%s", name);
    return id;
}

static bool exists(const char *name)
{
    uint64_t id;
    return engine_find(rig.engine, view_text(name), &id) == STATUS_OK;
}

/* The last dead letter's message and error. */
static void expect_letter(const char *message, const char *error)
{
    uint64_t letters = id_of("dead-letters");
    struct key key;
    BYTES_AUTO(sent);
    BYTES_AUTO(failed);
    struct actor_info info = rig_info(&rig, letters);
    cr_assert_gt(info.failed, 0);
    cr_assert_str_eq(info.last_error, error);
    key_of_sequence(info.failed, &key);
    cr_assert_eq(engine_message(rig.engine, letters, &key, &sent), STATUS_OK);
    cr_assert(view_equal(view_bytes(&sent), view_text(message)), "%.*s", (int)sent.size,
              sent.data);
    cr_assert_eq(engine_outcome(rig.engine, letters, &key, &failed), STATUS_FAILED);
    cr_assert(view_equal(view_bytes(&failed), view_text(error)));
}

Test(outgoing, messages_arrive_in_the_order_sent_with_their_sender)
{
    rig_send(&rig, one, "tasks@k",
             "do_2/tasks first\ndo_2/tasks second  \ndo_2/tasks third");
    cr_assert_str_eq(cast.heard, "do_2 message do_1   first\n"
                                 "do_2 message do_1   second  \n"
                                 "do_2 message do_1   third\n");
    rig_expect(&rig, one, "k", STATUS_OK, "did it");
    cr_assert_eq(rig_info(&rig, two).done, 3);
}

Test(outgoing, a_message_without_a_key_is_keyed_by_the_turn)
{
    rig_send(&rig, one, "tasks@k", "do_2/tasks first\ndo_2/tasks second");
    rig_expect(&rig, two, ".1.1.1", STATUS_OK, "did it");
    rig_expect(&rig, two, ".1.1.2", STATUS_OK, "did it");
    rig_crash(&rig);
    rig_expect(&rig, two, ".1.1.2", STATUS_OK, "did it");
    cr_assert_eq(rig_send(&rig, two, "tasks@.1.1.3", "x").status, STATUS_NOT_FOUND);
}

Test(outgoing, a_message_with_a_known_key_is_not_handled_again)
{
    rig_send(&rig, one, "tasks", "do_2/tasks@cup latte");
    rig_send(&rig, one, "tasks", "do_2/tasks@cup latte");
    cr_assert_eq(rig_info(&rig, two).done, 1);
    cr_assert_not(exists("dead-letters"));
    rig_send(&rig, one, "tasks", "do_2/tasks@cup mocha");
    cr_assert_eq(rig_info(&rig, two).done, 1);
    expect_letter("mocha",
                  "from do_1 to do_2/tasks: the key is known with another message");
}

Test(outgoing, a_failed_turn_sends_nothing)
{
    rig_send(&rig, one, "tasks@k", "do_2/tasks first\nnonsense");
    cr_assert_eq(rig_info(&rig, one).failed, 1);
    cr_assert_eq(rig_info(&rig, two).done, 0);
}

Test(outgoing, nothing_is_sent_when_power_fails_before_the_commit)
{
    struct reply reply;
    rig_ask_send(&rig, one, "tasks@k", "do_2/tasks first\ndo_3/", &reply);
    core_step(rig.engine);
    faulty_disk_fail(rig.faulty, FAULTY_SYNC, 1, STATUS_IO);
    core_commit(rig.engine);
    rig_crash(&rig);
    rig_run(&rig);
    cr_assert_eq(exists("do_3"), rig_info(&rig, one).done == 1);
    cr_assert_eq(rig_info(&rig, two).done, rig_info(&rig, one).done);
}

Test(outgoing, an_actor_is_made_by_a_line_and_gets_the_next)
{
    rig_send(&rig, one, "tasks", "do_9/\ndo_9/\ndo_9/tasks hello");
    cr_assert_eq(rig_info(&rig, id_of("do_9")).done, 1);
    cr_assert_str_eq(cast.heard, "do_9 message do_1   hello\n");
    cr_assert_eq(rig_info(&rig, id_of("do_9")).owners[PART_FOLDER].uid,
                 rig_info(&rig, one).owners[PART_FOLDER].uid);
}

Test(outgoing, a_message_makes_its_actor_where_that_is_asked_for)
{
    rig_send(&rig, one, "tasks", "do_8/tasks@,create=1 hello");
    cr_assert_str_eq(cast.heard, "do_8 message do_1   hello\n");
    cast_policy("do")->create = true;
    rig_send(&rig, one, "tasks", "do_7/tasks hello");
    cr_assert_eq(rig_info(&rig, id_of("do_7")).done, 1);
    cr_assert_not(exists("dead-letters"));
}

Test(outgoing, what_nobody_is_there_for_is_a_dead_letter)
{
    rig_send(&rig, one, "tasks", "nobody/tasks hello\ndo_2/tasks still");
    expect_letter("hello", "from do_1 to nobody/tasks: no such actor");
    cr_assert_eq(rig_info(&rig, two).done, 1);
    rig_send(&rig, one, "tasks", "nobody/tasks again");
    expect_letter("again", "from do_1 to nobody/tasks: no such actor");
    rig_crash(&rig);
    expect_letter("again", "from do_1 to nobody/tasks: no such actor");
    cr_assert(strstr(rig_attention(&rig), "dead-letters\tfailed\t"));
}

Test(outgoing, a_retiring_actor_takes_no_message)
{
    uint64_t held = rig_create(&rig, "do_held");
    rig_control(&rig, held, "suspend");
    rig_send(&rig, held, "tasks", "state x");
    rig_control(&rig, held, "retire");
    rig_send(&rig, one, "tasks", "do_held/tasks hello");
    expect_letter("hello", "from do_1 to do_held/tasks: the actor is being retired");
}

Test(outgoing, mailbox_limits_do_not_refuse_it)
{
    rig.options.mailbox_tasks_max = 10;
    rig_reopen(&rig);
    rig_control(&rig, two, "suspend");
    while (rig_send(&rig, two, "tasks", "x").status == STATUS_OK)
        continue;
    uint64_t full = rig_info(&rig, two).pending;
    rig_send(&rig, one, "tasks", "do_2/tasks one more");
    cr_assert_eq(rig_info(&rig, two).pending, full + 1);
}

Test(outgoing, a_reply_tells_how_it_ended)
{
    rig_send(&rig, one, "tasks", "do_2/tasks@good,reply=1 state x");
    cr_assert_str_eq(cast.heard, "do_2 message do_1   state x\n"
                                 "do_1 reply do_2 good done did it\n");
}

Test(outgoing, a_reply_tells_of_failure_and_of_cancel)
{
    uint64_t now = rig_create(&rig, "now_1");
    cast.verdict = TURN_FAILED;
    cast.error = "no beans\nat all";
    rig_send(&rig, one, "tasks", "now_1/tasks@bad,reply=1 latte");
    cr_assert_str_eq(cast.heard, "do_1 reply now_1 bad failed no beans\nat all\n");
    rig_control(&rig, now, "suspend");
    rig_send(&rig, one, "tasks", "now_1/tasks@,reply=1 mocha");
    cast.heard[0] = '\0';
    rig_control(&rig, now, "clear");
    cr_assert_str_eq(cast.heard, "do_1 reply now_1 .1.3.1 canceled \n");
}

Test(outgoing, a_reply_tells_of_what_could_not_be_delivered)
{
    rig_send(&rig, one, "tasks", "nobody/tasks@k,reply=1 hello");
    cr_assert_str_eq(cast.heard, "do_1 reply nobody k undeliverable no such actor\n");
    expect_letter("hello", "from do_1 to nobody/tasks: no such actor");
}

Test(outgoing, what_an_actor_cannot_deliver_to_itself_has_a_sender_too)
{
    rig_control(&rig, one, "suspend");
    rig_send(&rig, one, "tasks", "ME/tasks@k,reply=1 hello");
    rig_control(&rig, one, "retire\nresume");
    rig_run(&rig);
    cr_assert_str_eq(cast.heard,
                     "do_1 reply do_1 k undeliverable the actor is being retired\n");
}

Test(outgoing, a_repeated_question_is_answered_again)
{
    rig_send(&rig, one, "tasks", "do_2/tasks@cup,reply=1 latte");
    cast.heard[0] = '\0';
    rig_send(&rig, one, "tasks", "do_2/tasks@cup,reply=1 latte");
    cr_assert_str_eq(cast.heard, "do_1 reply do_2 cup done did it\n");
}

Test(outgoing, a_reply_to_an_actor_that_is_gone_is_a_dead_letter)
{
    uint64_t now = rig_create(&rig, "now_1");
    rig_control(&rig, now, "suspend");
    rig_send(&rig, one, "tasks", "now_1/tasks@k,reply=1 latte");
    cr_assert_eq(rig_remove(&rig, one).status, STATUS_OK);
    cast.result = "the cup";
    rig_control(&rig, now, "resume");
    rig_run(&rig);
    rig_expect(&rig, now, "k", STATUS_OK, "the cup");
    expect_letter("the cup", "from now_1 to do_1 (reply): the actor is gone");
}

Test(outgoing, delays_and_timers_are_kept_and_replaced)
{
    rig_send(&rig, one, "tasks", "ME/tasks@,delay=30s,timer=idle first");
    rig_send(&rig, one, "tasks",
             "ME/tasks@,delay=30s,timer=idle second\ndo_2/tasks@,delay=5s ping");
    cr_assert_eq(rig_info(&rig, one).delayed, 1);
    cr_assert_eq(rig_info(&rig, one).canceled, 1);
    rig_crash(&rig);
    rig_advance(&rig, 10000);
    rig_run(&rig);
    cr_assert_str_eq(cast.heard, "do_2 message do_1   ping\n");
    rig_advance(&rig, 30000);
    rig_run(&rig);
    cr_assert(strstr(cast.heard, "do_1 message do_1   second\n"));
    cr_assert_eq(strstr(cast.heard, "first"), NULL);
}

Test(outgoing, an_actor_becomes_another)
{
    rig_send(&rig, one, "tasks", "ME/behavior echo");
    rig_send(&rig, one, "tasks@k", "latte");
    rig_expect(&rig, one, "k", STATUS_OK, "latte");
    rig_control(&rig, one, "suspend");
    rig_send(&rig, two, "tasks", "ME/behavior no-such-thing");
    expect_letter("no-such-thing",
                  "from do_2 to do_2/behavior: no such behavior is installed");
}

Test(outgoing, others_are_controlled_where_the_conf_allows_it)
{
    rig_send(&rig, one, "tasks", "do_2/status suspend");
    cr_assert_eq(rig_info(&rig, two).activity, ACTIVITY_IDLE);
    expect_letter("suspend",
                  "from do_1 to do_2/status: not allowed by `control` of the "
                  "behavior's .conf");
    strcpy(cast_policy("do")->control, "do_*");
    rig_send(&rig, one, "tasks", "do_2/status suspend\ndo_2/behavior echo");
    cr_assert_eq(rig_info(&rig, two).activity, ACTIVITY_SUSPENDED);
    cr_assert_str_eq(rig_info(&rig, two).behavior, "echo");
    rig_send(&rig, one, "tasks", "do_2/status cancel nothing");
    expect_letter("cancel nothing",
                  "from do_1 to do_2/status: cancel nothing: no such key");
}

Test(outgoing, a_child_is_controlled_by_the_turn_that_made_it)
{
    rig_send(&rig, one, "tasks", "do_9/\ndo_9/status link ME\ndo_9/status suspend");
    cr_assert_eq(rig_info(&rig, id_of("do_9")).activity, ACTIVITY_SUSPENDED);
    cr_assert_not(exists("dead-letters"));
}

Test(outgoing, clear_from_a_turn_cancels_all_that_waits)
{
    strcpy(cast_policy("do")->control, "*");
    rig_control(&rig, two, "suspend");
    rig_send_many(&rig, two, "tasks", 50);
    rig_send(&rig, one, "tasks@k", "do_2/status clear");
    rig_expect(&rig, one, "k", STATUS_OK, "did it");
    cr_assert_eq(rig_info(&rig, two).canceled, 50);
    cr_assert_eq(rig_info(&rig, two).pending, 0);
}

Test(outgoing, a_turn_that_does_more_than_a_record_holds_fails)
{
    strcpy(cast_policy("do")->control, "*");
    rig_control(&rig, two, "suspend");
    rig_send_many(&rig, two, "tasks", 3000);
    rig_send(&rig, one, "tasks@k", "do_2/status clear");
    cr_assert_eq(rig_info(&rig, one).failed, 1);
    cr_assert_eq(rig_info(&rig, two).pending, 3000);
}

Test(outgoing, too_many_lines_fail_the_turn)
{
    BYTES_AUTO(lines);
    for (unsigned i = 0; i < 1025; i++)
        bytes_append_text(&lines, "do_2/tasks x\n");
    bytes_append(&lines, view_of("", 1));
    rig_send(&rig, one, "tasks@k", lines.data);
    rig_expect(&rig, one, "k", STATUS_FAILED,
               "the turn's outbox exceeds the limit of 1024 lines");
    cr_assert_eq(rig_info(&rig, two).done, 0);
}

Test(outgoing, a_ring_of_actors_passes_a_message_on)
{
    for (unsigned i = 1; i <= 20; i++) {
        char name[32];
        snprintf(name, sizeof name, "now_%u", i);
        rig_create(&rig, name);
    }
    rig_send(&rig, one, "tasks", "now_1/tasks go\nnow_2/tasks go\nnow_20/tasks go");
    cr_assert_eq(rig_info(&rig, id_of("now_1")).done, 1);
    cr_assert_eq(rig_info(&rig, id_of("now_20")).done, 1);
}

Test(outgoing, a_word_of_any_length_is_refused_in_a_dead_letter)
{
    BYTES_AUTO(line);
    bytes_append_text(&line, "ME/status watch ");
    memset(bytes_reserve(&line, 100000), 'x', 100000);
    line.size += 100000;
    bytes_append(&line, view_of("", 1));
    rig_send(&rig, one, "tasks@k", line.data);
    rig_expect(&rig, one, "k", STATUS_OK, "did it");
    cr_assert_eq(rig_info(&rig, id_of("dead-letters")).failed, 1);
}

/* The store of the defaults, whose records may be large. */
static void open_roomy(void)
{
    rig_close(&rig);
    rig_init(&rig);
    rig.options.behaviors = cast_open();
    rig.options.segment_bytes = 0;
    rig_open(&rig);
    one = rig_create(&rig, "do_1");
    two = rig_create(&rig, "do_2");
}

Test(outgoing, as_many_lines_as_are_allowed_are_sent)
{
    BYTES_AUTO(lines);
    open_roomy();
    for (unsigned i = 0; i < 1024; i++)
        bytes_append_text(&lines, "do_2/tasks x\n");
    bytes_append(&lines, view_of("", 1));
    rig_send(&rig, one, "tasks@k", lines.data);
    rig_expect(&rig, one, "k", STATUS_OK, "did it");
    cr_assert_eq(rig_info(&rig, two).done, 1024);
}

Test(outgoing, its_own_large_result_may_be_asked_for_in_the_same_turn)
{
    cast_policy("do")->key_decides = true;
    cast.result_bytes = 100000;
    rig_send(&rig, one, "tasks@k",
             "ME/tasks@k,reply=1 x\nME/tasks@k,reply=1 x\nME/tasks@k,reply=1 x");
    cr_assert_eq(rig_info(&rig, one).done, 4);
}

Test(outgoing, a_turn_that_tells_too_many_of_its_dead_letters_fails)
{
    BYTES_AUTO(lines);
    open_roomy();
    rig_create(&rig, "dead-letters");
    for (unsigned i = 0; i < 200; i++)
        bytes_format(&lines, "do_w%u/\ndo_w%u/status watch dead-letters\n", i, i);
    for (unsigned i = 0; i < 400; i++)
        bytes_append_text(&lines, "nobody/tasks x\n");
    bytes_append(&lines, view_of("", 1));
    rig_send(&rig, one, "tasks@k", lines.data);
    rig_expect(&rig, one, "k", STATUS_FAILED,
               "the turn's effect exceeds the limit of 8388608 bytes in one record");
}
