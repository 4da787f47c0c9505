/* SPDX-License-Identifier: MIT */
/*
 * Control words, written to an actor's `status` (contract, section 4): each does its
 * work at once, all of a write or none of it, errors show at that write, and what was
 * said survives a kill of the daemon.
 */
#include "tests/mount/fixture.h"

#include <unistd.h>

TestSuite(control, .init = fixture_open, .fini = fixture_close);

Test(control, a_suspended_actor_waits_and_a_resumed_one_goes_on)
{
    make_suspended("user_1");
    WORKS("echo a >> $A/user_1/tasks@k");
    cr_expect_str_eq(word_of("user_1", "activity"), "suspended");
    cr_expect_eq(number_of("user_1", "pending"), 1);
    WORKS("echo resume > $A/user_1/status");
    GIVES("cat $A/user_1/tasks@k", "a\n");
    cr_expect(wait_word("user_1", "activity", "idle"));
}

Test(control, suspension_survives_a_kill)
{
    make_suspended("user_1");
    WORKS("echo a >> $A/user_1/tasks@k");
    fixture_crash();
    cr_expect_str_eq(word_of("user_1", "activity"), "suspended");
    cr_expect_eq(number_of("user_1", "pending"), 1);
    WORKS("echo resume >> $A/user_1/status");
    GIVES("cat $A/user_1/tasks@k", "a\n");
}

Test(control, a_canceled_task_does_not_run)
{
    make_suspended("counter_1");
    WORKS("seq 3 >> $A/counter_1/tasks@k; echo cancel k~2 >> $A/counter_1/status");
    FAILS("cat $A/counter_1/tasks@k~2", 1, "Operation canceled");
    WORKS("echo resume >> $A/counter_1/status");
    GIVES("cat $A/counter_1/tasks@k~3", "4\n");
    cr_expect_eq(number_of("counter_1", "canceled"), 1);
    FAILS("echo cancel k~2 >> $A/counter_1/status", 1, "Device or resource busy");
    FAILS("echo cancel k >> $A/counter_1/status", 1, "Device or resource busy");
    FAILS("echo cancel nobody >> $A/counter_1/status", 1, "No such file");
}

Test(control, a_canceled_delay_never_comes)
{
    make_actor("user_1");
    WORKS("echo x >> $A/user_1/tasks@k,delay=1h; echo cancel k >> $A/user_1/status");
    cr_expect_eq(number_of("user_1", "delayed"), 0);
    FAILS("cat $A/user_1/tasks@k", 1, "Operation canceled");
}

Test(control, a_failed_task_is_retried_under_its_key)
{
    make_actor("counter_1");
    WORKS("echo words > $A/counter_1/state; echo 5 >> $A/counter_1/tasks@k");
    FAILS("cat $A/counter_1/tasks@k", 1, "Remote I/O error");
    cr_expect_eq(number_of("counter_1", "failed"), 1);
    WORKS("echo 10 > $A/counter_1/state; echo retry k >> $A/counter_1/status");
    GIVES("cat $A/counter_1/tasks@k", "15\n");
    cr_expect_eq(number_of("counter_1", "failed"), 0);
    cr_expect_eq(number_of("counter_1", "done"), 1);
    FAILS("echo retry k >> $A/counter_1/status", 1, "Device or resource busy");
    FAILS("echo retry nobody >> $A/counter_1/status", 1, "No such file");
}

Test(control, retry_failed_retries_all_of_them)
{
    make_actor("counter_1");
    WORKS("echo words > $A/counter_1/state; seq 3 >> $A/counter_1/tasks@k");
    cr_expect(wait_number("counter_1", "failed", 3));
    WORKS("echo 0 > $A/counter_1/state; echo retry failed >> $A/counter_1/status");
    cr_expect(wait_number("counter_1", "done", 3));
    GIVES("cat $A/counter_1/state", "6\n");
    cr_expect_eq(number_of("counter_1", "failed"), 0);
}

Test(control, a_canceled_task_can_be_retried)
{
    make_suspended("user_1");
    WORKS("echo a >> $A/user_1/tasks@a; echo b >> $A/user_1/tasks@b");
    WORKS("printf 'cancel a\\nretry a\\nresume\\n' >> $A/user_1/status");
    GIVES("cat $A/user_1/tasks@a", "a\n");
    /* It went to the end of the mailbox. */
    GIVES("grep done $A/user_1/log | cut -f6", "b\na\n");
}

Test(control, a_forgotten_key_is_free_again)
{
    make_suspended("user_1");
    WORKS("echo latte >> $A/user_1/tasks@k; echo forget k >> $A/user_1/status");
    cr_expect_eq(number_of("user_1", "pending"), 0);
    FAILS("cat $A/user_1/tasks@k", 1, "No such file");
    WORKS("echo resume >> $A/user_1/status; echo mocha >> $A/user_1/tasks@k");
    GIVES("cat $A/user_1/tasks@k", "mocha\n");
    WORKS("echo forget k >> $A/user_1/status; echo espresso >> $A/user_1/tasks@k");
    GIVES("cat $A/user_1/tasks@k", "espresso\n");
    FAILS("echo forget nobody >> $A/user_1/status", 1, "No such file");
}

Test(control, clear_cancels_all_that_waits)
{
    make_suspended("user_1");
    WORKS("seq 5 >> $A/user_1/tasks@k; echo x >> $A/user_1/tasks@,delay=1h");
    WORKS("echo clear >> $A/user_1/status");
    cr_expect_eq(number_of("user_1", "pending"), 0);
    cr_expect_eq(number_of("user_1", "delayed"), 0);
    cr_expect_eq(number_of("user_1", "canceled"), 6);
    FAILS("cat $A/user_1/tasks@k~3", 1, "Operation canceled");
}

Test(control, a_keyless_task_is_named_by_its_number)
{
    make_suspended("user_1");
    struct mailbox_row row;
    WORKS("echo x >> $A/user_1/tasks");
    cr_assert_eq(mailbox_rows("user_1", &row, 1), 1);
    cr_expect_eq(shellf("echo cancel %s >> $A/user_1/status", row.key)->status, 0);
    cr_expect_eq(number_of("user_1", "canceled"), 1);
}

Test(control, a_write_with_any_bad_word_does_nothing)
{
    make_suspended("user_1");
    WORKS("echo a >> $A/user_1/tasks@a; echo b >> $A/user_1/tasks@b");
    /* cat from a file makes one write; from a pipe it may make one for each line. */
    WORKS("printf 'cancel a\\ndance\\n' > $S/words");
    FAILS("cat $S/words >> $A/user_1/status", 1, "Invalid argument");
    WORKS("printf 'cancel a\\ncancel nobody\\n' > $S/words");
    FAILS("cat $S/words > $A/user_1/status", 1, "No such file");
    FAILS("echo suspend now >> $A/user_1/status", 1, "Invalid argument");
    FAILS("echo cancel >> $A/user_1/status", 1, "Invalid argument");
    cr_expect_eq(number_of("user_1", "pending"), 2);
    cr_expect_eq(number_of("user_1", "canceled"), 0);
    WORKS("printf 'cancel a\\ncancel b\\n' > $S/words");
    WORKS("cat $S/words > $A/user_1/status");
    cr_expect_eq(number_of("user_1", "canceled"), 2);
}

Test(control, lines_of_its_own_form_are_ignored)
{
    make_suspended("user_1");
    WORKS("cat $A/user_1/status > $S/was; cat $S/was > $A/user_1/status");
    WORKS("sed 's/^activity: .*/resume/' $S/was > $S/words");
    WORKS("cat $S/words > $A/user_1/status");
    cr_expect(wait_word("user_1", "activity", "idle"));
}

Test(control, each_line_acts_at_its_write)
{
    make_actor("user_1");
    WORKS("exec 3>$A/user_1/status; echo suspend >&3;"
          "grep -qx 'activity: suspended' $A/user_1/status; echo resume >&3;"
          "grep -qx 'activity: idle' $A/user_1/status");
}

Test(control, words_survive_a_kill)
{
    make_suspended("user_1");
    WORKS("seq 3 >> $A/user_1/tasks@k;"
          "printf 'cancel k~2\\nforget k~3\\n' >> $A/user_1/status");
    fixture_crash();
    FAILS("cat $A/user_1/tasks@k~2", 1, "Operation canceled");
    FAILS("test -e $A/user_1/tasks@k~3", 1, "");
    cr_expect_eq(number_of("user_1", "pending"), 1);
}

static bool is_gone(void *context)
{
    (void)context;
    return access(mounted_path(&fixture, "actors/user_1"), F_OK) != 0;
}

Test(control, a_retired_actor_goes_when_its_mailbox_is_empty)
{
    make_suspended("user_1");
    WORKS("echo a >> $A/user_1/tasks; echo retire >> $A/user_1/status");
    WORKS("test -d $A/user_1; echo resume >> $A/user_1/status");
    cr_expect(poll_until(is_gone, NULL, FIXTURE_WAIT_MS));
    GIVES("ls $A", "");
}
