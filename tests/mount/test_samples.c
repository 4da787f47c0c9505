/* SPDX-License-Identifier: MIT */
/*
 * The sample behaviors do what their comments promise, through a real mount. They are
 * run from a copy, so that the barista's book is the test's own.
 */
#include "tests/mount/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char folder[] = "/tmp/actorfs-samples-XXXXXX";
static char options[128];

/* The book is for whoever the behaviors run as. */
static void open_samples(void)
{
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chmod(folder, 0755), 0);
    setenv("SAMPLES", folder, 1);
    WORKS("cp -r " SAMPLES " $SAMPLES/behaviors && touch $SAMPLES/book && "
          "chmod 666 $SAMPLES/book && "
          "sed -i s,/tmp/bar-book,$SAMPLES/book, $SAMPLES/behaviors/barista.conf");
    snprintf(options, sizeof options, "--behaviors %s/behaviors", folder);
    fixture_open_with(options);
}

static void close_samples(void)
{
    fixture_close();
    WORKS("rm -rf $SAMPLES");
}

TestSuite(samples, .init = open_samples, .fini = close_samples);

Test(samples, all_of_them_are_installed)
{
    GIVES("cat $M/behaviors",
          "audit\nbank\nbarista\nboss\ncounter\necho\ngithub\nkeep\n"
          "pingpong\nsession\nsum\nturnstile\nwebhook\n");
}

Test(samples, one_that_is_installed_later_takes_the_tasks_that_waited)
{
    WORKS("mkdir $A/late_1; echo x >> $A/late_1/tasks@k");
    cr_expect(wait_word("late_1", "activity", "no-behavior"));
    GIVES("cut -f1-2 $M/attention", "late_1\tno-behavior\n");
    WORKS("printf '#!/bin/sh\\necho at last\\n' > $SAMPLES/late && "
          "chmod 755 $SAMPLES/late && mv $SAMPLES/late $SAMPLES/behaviors");
    GIVES("cat $A/late_1/tasks@k", "at last\n");
    GIVES("grep -c '^late$' $M/behaviors; cat $M/attention", "1\n");
}

Test(samples, a_wrong_conf_prevents_the_start_and_is_named)
{
    WORKS("echo 'backoff = soon' > $SAMPLES/behaviors/sum.conf; mkdir $S/other");
    FAILS("$ACTORFS mount $S/other-store $S/other --behaviors $SAMPLES/behaviors", 1,
          "behaviors/sum.conf:1: backoff takes a time");
}

Test(samples, outside_of_a_turn_nothing_can_be_sent)
{
    FAILS("echo x | $ACTORFS send a/tasks", 1, "it works within a turn");
}

Test(samples, sum_adds_and_tells_the_audit_log)
{
    WORKS("mkdir $A/sum_beans; echo 5 >> $A/sum_beans/tasks@order-1; "
          "echo 7 >> $A/sum_beans/tasks@order-2; echo 7 >> $A/sum_beans/tasks@order-2");
    GIVES("cat $A/sum_beans/tasks@order-2", "12\n");
    cr_expect(wait_number("audit_log", "done", 2));
    GIVES("sed 's/[^ ]* //' $A/audit_log/state",
          "sum_beans: sum_beans is now 5\nsum_beans: sum_beans is now 12\n");
}

Test(samples, the_same_receipt_gets_the_same_cup)
{
    WORKS("mkdir $A/barista_1; "
          "for i in 1 2 3 4 5; do echo latte >> $A/barista_1/tasks@abc123; done");
    GIVES("cat $A/barista_1/tasks@abc123", "cup 1: latte\n");
    WORKS("echo latte >> $A/barista_1/tasks@abc123");
    GIVES("cat $A/barista_1/tasks@abc123", "cup 1: latte\n");
    GIVES("cat $SAMPLES/book", "barista_1 abc123 attempt 1: latte\n");
}

Test(samples, a_machine_that_is_cold_is_tried_until_it_is_warm)
{
    WORKS("mkdir $A/barista_1; echo 'espresso cold' >> $A/barista_1/tasks@def456");
    GIVES("cat $A/barista_1/tasks@def456", "cup 1: espresso\n");
    GIVES("cat $SAMPLES/book", "barista_1 def456 attempt 1: espresso cold\n"
                               "barista_1 def456 attempt 2: espresso cold\n"
                               "barista_1 def456 attempt 3: espresso cold\n");
    GIVES("cut -f3-4,6 $A/barista_1/log", "done\t3\tdef456\n");
}

Test(samples, pingpong_ends_at_zero)
{
    WORKS("mkdir $A/pingpong_a; echo 10 >> $A/pingpong_a/tasks");
    cr_expect(wait_number("pingpong_a", "done", 6));
    GIVES("cat $A/pingpong_a/result", "0\n");
    GIVES("cat $A/pingpong_b/result", "1\n");
}

Test(samples, a_push_is_set_aside_until_there_is_a_coin)
{
    WORKS("mkdir $A/turnstile_1; echo push >> $A/turnstile_1/tasks@ann; "
          "until grep -q deferred $A/turnstile_1/mailbox; do :; done; "
          "echo coin >> $A/turnstile_1/tasks");
    GIVES("cat $A/turnstile_1/tasks@ann", "through\n");
}

Test(samples, a_session_ends_when_nothing_is_heard)
{
    WORKS("mkdir $A/session_1; echo hello >> $A/session_1/tasks; "
          "echo again >> $A/session_1/tasks@again");
    GIVES("cat $A/session_1/tasks@again $A/session_1/state", "open, 2 messages\n");
    cr_expect(wait_number("session_1", "done", 3));
    GIVES("cat $A/session_1/state", "closed after 2 messages\n");
}

Test(samples, a_boss_gives_a_failed_task_one_more_try)
{
    WORKS("mkdir $A/boss_1; echo hire turnstile job_1 >> $A/boss_1/tasks@hire");
    GIVES("cat $A/boss_1/tasks@hire $A/job_1/behavior", "turnstile\n");
    WORKS("echo kick >> $A/job_1/tasks@k");
    cr_expect(wait_number("boss_1", "done", 3));
    GIVES("cat $A/boss_1/state", "job_1 was hired\njob_1 failed at k\n"
                                 "job_1 failed again at k: given up\n");
}

Test(samples, a_bank_moves_money_or_gives_it_back)
{
    WORKS(
        "mkdir $A/bank_ann $A/bank_bob; echo deposit 100 >> $A/bank_ann/tasks@salary; "
        "echo pay bank_bob 30 >> $A/bank_ann/tasks@rent; "
        "echo pay bank_eve 10 >> $A/bank_ann/tasks@bribe");
    cr_expect(wait_number("bank_ann", "done", 5));
    GIVES("cat $A/bank_ann/state", "70\n");
    GIVES("cat $A/bank_bob/state", "30\n");
    WORKS("echo pay bank_bob 71 >> $A/bank_ann/tasks@yacht");
    FAILS("cat $A/bank_ann/tasks@yacht", 1, "Remote I/O error");
    GIVES("cat $A/bank_ann/state", "70\n");
}

Test(samples, github_counts_each_delivery_once)
{
    WORKS("while IFS='\t' read -r event id repository payload; do "
          "actor=$A/github_$(printf %s \"$repository\" | tr / '~'); mkdir -p $actor; "
          "printf %s \"$payload\" > \"$actor/tasks@$id\"; done < " DELIVERIES);
    GIVES("for actor in $A/github_*; do for key in $(cut -f6 $actor/mailbox); do "
          "cat $actor/tasks@$key > /dev/null; done; done; "
          "cat $A/github_*/state | jq -s '[.[].events[]] | add'",
          "11\n");
    GIVES("jq -r .repository $A/github_github~hello-world/state",
          "github/hello-world\n");
}
