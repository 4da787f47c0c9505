/* SPDX-License-Identifier: MIT */
/*
 * Actors that talk (contract, section 7), on a real mount, where a story would not do:
 * exact bytes, order, crashes, downtimes.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/mount/staged.h"

TestSuite(talk, .init = staged_open, .fini = staged_close);

static void open_small(void)
{
    staged_open_with("--mailbox-max 10");
}

/* ------------------------------------------------------------------- what is said ---
 */

Test(talk, actorfs_send_frames_whatever_it_is_given)
{
    WORKS("mkdir $A/sh_1 $A/echo_1");
    ask("sh_1", "k",
        "printf 'one\\ntwo\\n\\ndefer\\necho_1/tasks no' | actorfs send "
        "echo_1/tasks@a\n"
        "printf '\\377\\0{}' | actorfs send echo_1/tasks@b\n"
        "actorfs send echo_1/tasks@c < /dev/null || echo refused > $OUTSIDE/empty\n"
        "echo counter | actorfs send counter_1/ || echo counter_1/ >> $ACTOR_OUTBOX");
    cr_expect_str_eq(result_of("echo_1", "a"), "one\ntwo\n\ndefer\necho_1/tasks no");
    GIVES("od -An -tx1 < $A/echo_1/tasks@b", " ff 00 7b 7d\n");
    GIVES("ls $A", "counter_1\necho_1\nsh_1\n");
}

Test(talk, actorfs_send_refuses_a_bad_path_at_once)
{
    make_actor("sh_1");
    cr_expect_str_eq(ask("sh_1", "k",
                         "echo x | actorfs send user_1/flavor 2>&1 || "
                         "echo exit $?") != NULL
                         ? "exit 1"
                         : "",
                     "exit 1");
    GIVES("tail -n 1 $A/sh_1/tasks@k", "exit 1\n");
    FAILS("echo x | $ACTORFS send user_1/tasks", 1, "within a turn");
}

Test(talk, names_and_keys_are_percent_encoded)
{
    WORKS("mkdir $A/sh_1 $A/'echo_a b'");
    ask("sh_1", "k",
        "echo 'echo_a%20b/tasks@x%2Fy hello' >> $ACTOR_OUTBOX; "
        "echo 'echo_c%20d/' >> $ACTOR_OUTBOX");
    GIVES("cat $A/'echo_a b'/tasks@x%2Fy; ls $A", "helloecho_a b\necho_c d\nsh_1\n");
}

Test(talk, a_turn_is_told_who_sent_it_and_that_cannot_be_forged)
{
    WORKS("mkdir $A/sh_1 $A/sh_2");
    ask("sh_1", "k",
        "echo 'sh_2/tasks@a echo \"$SENDER $KIND $REPLY_TO\"' >> "
        "$ACTOR_OUTBOX");
    cr_expect_str_eq(result_of("sh_2", "a"), "sh_1 message \n");
    WORKS("SENDER=sh_1 KIND=reply sh -c 'echo \"echo \\$SENDER.\\$KIND.\\$CALLER\" >> "
          "$A/sh_2/tasks@b'");
    cr_expect_str_eq(result_of("sh_2", "b"), ".message.\n");
}

Test(talk, me_is_the_actor_itself)
{
    make_actor("sh_1");
    ask("sh_1", "k",
        "{ echo 'ME/tasks@next echo \"from $SENDER\"'; "
        "echo 'ME/status suspend'; } >> $ACTOR_OUTBOX");
    cr_expect(wait_word("sh_1", "activity", "suspended"));
    WORKS("echo resume >> $A/sh_1/status");
    cr_expect_str_eq(result_of("sh_1", "next"), "from sh_1\n");
}

Test(talk, between_two_actors_messages_arrive_in_the_order_sent)
{
    WORKS("mkdir $A/sh_1 $A/keep_1 $A/echo_1");
    ask("sh_1", "k", "seq 300 | sed 's,^,echo_1/tasks ,' >> $ACTOR_OUTBOX");
    ask("sh_1", "l", "seq 301 600 | sed 's,^,echo_1/tasks ,' >> $ACTOR_OUTBOX");
    cr_expect(wait_number("echo_1", "done", 600));
    GIVES(
        "cut -f2 $A/echo_1/log | sort -n -c && cut -f3 $A/echo_1/log | sort | uniq -c "
        "| sed 's/^ *//'",
        "600 done\n");
    cr_expect_str_eq(text_of("actors/echo_1/result"), "600");
}

Test(talk, a_line_may_be_a_workers_object)
{
    WORKS("mkdir $A/sh_1 $A/echo_1");
    ask("sh_1", "k",
        "echo '{\"to\": \"echo_1/tasks@j\", \"message\": \"a\\\\nb\"}' >> "
        "$ACTOR_OUTBOX");
    cr_expect_str_eq(result_of("echo_1", "j"), "a\nb");
}

Test(talk, who_sets_the_message_aside_does_nothing_else)
{
    WORKS("mkdir $A/sh_1 $A/echo_1");
    tell("sh_1", "k", "{ echo defer; echo 'echo_1/tasks hello'; } >> $ACTOR_OUTBOX");
    cr_expect(fails_with("sh_1", "k", "defer"));
    cr_expect_eq(number_of("echo_1", "pending") + number_of("echo_1", "done"), 0);
}

Test(talk, a_full_mailbox_refuses_clients_and_no_actor, .init = open_small)
{
    make_actor("sh_1");
    make_suspended("echo_1");
    FAILS("seq 11 >> $A/echo_1/tasks", 1, "quota");
    WORKS("seq 10 >> $A/echo_1/tasks");
    ask("sh_1", "k", "seq 20 | sed 's,^,echo_1/tasks ,' >> $ACTOR_OUTBOX");
    cr_expect_eq(number_of("echo_1", "pending"), 30);
    WORKS("echo resume >> $A/echo_1/status");
    cr_expect(wait_number("echo_1", "done", 30));
}

Test(talk, a_message_for_later_comes_later)
{
    WORKS("mkdir $A/sh_1 $A/echo_1");
    ask("sh_1", "k",
        "{ echo 'echo_1/tasks@far,delay=1h far'; echo 'echo_1/tasks@soon,delay=300ms "
        "soon'; echo 'echo_1/tasks@past,at=2001-01-01T00:00:00Z past'; } >> "
        "$ACTOR_OUTBOX");
    cr_expect_str_eq(result_of("echo_1", "soon"), "soon");
    GIVES("cut -f3,6 $A/echo_1/log", "done\tpast\ndone\tsoon\n");
    cr_expect_eq(number_of("echo_1", "delayed"), 1);
}

Test(talk, a_deferred_message_waits_for_a_change_of_the_state)
{
    make_actor("sh_1");
    tell("sh_1", "picky",
         "echo x >> $OUTSIDE/offered\n"
         "[ -s $ACTOR_STATE ] && cat $ACTOR_STATE || "
         "echo defer >> $ACTOR_OUTBOX");
    cr_expect(wait_outside("offered", "x\n"));
    cr_expect_str_eq(ask("sh_1", "idle", "echo nothing changes"), "nothing changes\n");
    cr_expect_str_eq(outside("offered"), "x\n");
    GIVES("cut -f2,6 $A/sh_1/mailbox", "deferred\tpicky\ndone\tidle\n");
    cr_expect_str_eq(ask("sh_1", "change", "echo ready > $ACTOR_STATE"), "");
    cr_expect_str_eq(result_of("sh_1", "picky"), "ready\n");
    cr_expect_str_eq(outside("offered"), "x\nx\n");
}

Test(talk, a_dead_letter_names_sender_address_and_reason)
{
    make_actor("sh_1");
    ask("sh_1", "k", "echo 'nobody/tasks@x hello' >> $ACTOR_OUTBOX");
    cr_expect(wait_number("dead-letters", "failed", 1));
    const char *log = text_of("actors/dead-letters/log");
    cr_expect(strstr(log, "sh_1") && strstr(log, "nobody/tasks") &&
                  strstr(log, "no such actor"),
              "%s", log);
    WORKS("key=$(cut -f6 $A/dead-letters/mailbox); "
          "grep -q hello $A/dead-letters/tasks@$key,part=message");
}

/* ------------------------------------------------------------ crashes and downtimes
 * --- */

Test(talk, a_turn_that_is_tried_again_after_a_crash_sends_once)
{
    WORKS("mkdir $A/sh_1 $A/counter_1");
    tell("sh_1", "k",
         "echo 'counter_1/tasks 1' >> $ACTOR_OUTBOX; "
         "echo $ATTEMPT >> $OUTSIDE/tried; "
         "until [ -e $OUTSIDE/go ]; do sleep 0.02; done");
    cr_expect(wait_outside("tried", "1\n"));
    fixture_crash();
    cr_expect(wait_outside("tried", "1\n2\n"));
    fixture_crash();
    cr_expect(wait_outside("tried", "1\n2\n3\n"));
    cr_expect_eq(number_of("counter_1", "done"), 0);
    put_outside("go");
    cr_expect_str_eq(result_of("sh_1", "k"), "");
    cr_expect(wait_number("counter_1", "done", 1));
    fixture_crash();
    cr_expect_str_eq(text_of("actors/counter_1/state"), "1\n");
    cr_expect_eq(number_of("counter_1", "done"), 1);
}

Test(talk, overdue_timers_fire_once_each_and_in_their_order)
{
    make_actor("sh_1");
    ask("sh_1", "k",
        "for i in 3 1 2; do echo \"ME/tasks@,timer=t$i,delay=${i}00ms echo $i >> "
        "\\$OUTSIDE/fired\" >> $ACTOR_OUTBOX; done; "
        "echo 'ME/tasks@,timer=far,delay=1h exit 1' >> $ACTOR_OUTBOX");
    WORKS("echo suspend >> $A/sh_1/status");
    cr_expect(mounted_kill(&fixture));
    long long due = now_ms() + 400;
    while (now_ms() < due)
        poll_pause();
    mounted_start(&fixture);
    WORKS("echo resume >> $A/sh_1/status");
    cr_expect(wait_number("sh_1", "done", 4));
    cr_expect_str_eq(outside("fired"), "1\n2\n3\n");
    cr_expect_eq(number_of("sh_1", "delayed"), 1);
    fixture_crash();
    cr_expect_str_eq(ask("sh_1", "end", "cat $OUTSIDE/fired"), "1\n2\n3\n");
}

Test(talk, watchers_links_and_replies_to_come_outlive_a_crash)
{
    WORKS("mkdir $A/sh_1 $A/sh_2 $A/sh_3; echo watch sh_2 >> $A/sh_1/status; "
          "echo link sh_2 >> $A/sh_3/status; echo suspend >> $A/sh_2/status");
    ask("sh_1", "k",
        "echo 'sh_2/tasks@q,reply=1 echo sorry >&2; exit 1' >> "
        "$ACTOR_OUTBOX");
    fixture_crash();
    WORKS("echo resume >> $A/sh_2/status");
    cr_expect(fails_with("sh_2", "q", "sorry"));
    cr_expect(wait_word("sh_3", "activity", "suspended"));
    cr_expect(wait_number("sh_1", "done", 3));
    GIVES("sort $A/sh_1/state", "failed from sh_2: failed q: sorry\n"
                                "reply from sh_2: failed q: sorry\n");
}

Test(talk, a_burst_of_talk_is_whole_after_a_kill_in_its_midst)
{
    make_actor("ring_0");
    WORKS("for i in $(seq 10); do echo 40 >> $A/ring_0/tasks@start-$i; done");
    for (int i = 1; i <= 3; i++) {
        long long deadline = now_ms() + FIXTURE_WAIT_MS;
        while (mounted_number(&fixture, "status", "done") < 60 * i &&
               now_ms() < deadline)
            poll_pause();
        fixture_crash();
    }
    long long deadline = now_ms() + FIXTURE_WAIT_MS;
    while (mounted_number(&fixture, "status", "done") < 410 && now_ms() < deadline)
        poll_pause();
    cr_expect_eq(mounted_number(&fixture, "status", "done"), 410);
    cr_expect_eq(mounted_number(&fixture, "status", "failed"), 0);
    cr_expect_eq(mounted_number(&fixture, "status", "pending"), 0);
    GIVES("cat $A/ring_*/state | paste -sd + | bc", "410\n");
}
