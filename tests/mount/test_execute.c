/* SPDX-License-Identifier: MIT */
/*
 * `execute`: a message to handle now (contract, section 4). Its close() and a read() on
 * the same handle wait for the turn; what is read is this call's result.
 */
#include "tests/mount/fixture.h"

#include <signal.h>

TestSuite(execute, .init = fixture_open, .fini = fixture_close);

Test(execute, closing_waits_for_the_turn)
{
    make_actor("counter_1");
    for (int i = 1; i <= 20; i++) {
        WORKS("echo 1 > $A/counter_1/execute");
        cr_expect_eq(number_of("counter_1", "done"), i);
    }
    GIVES("cat $A/counter_1/state", "20\n");
}

Test(execute, the_handle_that_wrote_reads_the_result)
{
    make_actor("counter_1");
    GIVES("exec 3<>$A/counter_1/execute; echo 5 >&3; cat <&3; echo 6 >&3; cat <&3",
          "5\n11\n");
    GIVES("exec 3<>$A/counter_1/execute; echo 4 >&3; read sum <&3; echo got $sum",
          "got 15\n");
    GIVES("python3 -c 'import os; f = open(os.environ[\"A\"] + \"/counter_1/execute\", "
          "\"r+\");"
          "f.write(\"5\"); f.flush(); print(f.read(), end=\"\")'",
          "20\n");
}

Test(execute, its_own_call_is_answered_whatever_else_runs)
{
    make_actor("echo_1");
    WORKS("for n in $(seq 30); do"
          " ( exec 3<>$A/echo_1/execute; echo call $n >&3; read answer <&3;"
          "   test \"$answer\" = \"call $n\" || echo $n: $answer ) & done; wait");
    cr_expect_eq(number_of("echo_1", "done"), 30);
}

Test(execute, with_a_key_it_is_the_task_of_that_key)
{
    make_actor("counter_1");
    GIVES("for n in 1 2; do exec 3<>$A/counter_1/execute@k; echo 5 >&3; cat <&3; done",
          "5\n5\n");
    GIVES("cat $A/counter_1/execute@k $A/counter_1/tasks@k $A/counter_1/state",
          "5\n5\n5\n");
}

Test(execute, closing_tells_that_the_task_failed)
{
    make_actor("counter_1");
    FAILS("/bin/echo words | dd of=$A/counter_1/execute status=none", 1,
          "Remote I/O error");
    FAILS("cp <(echo words) $A/counter_1/execute@k", 1, "Remote I/O error");
    FAILS("cat $A/counter_1/execute@k", 1, "Remote I/O error");
    FAILS("exec 3<>$A/counter_1/execute; echo words >&3; cat <&3", 1,
          "Remote I/O error");
    cr_expect_eq(number_of("counter_1", "failed"), 3);
}

Test(execute, takes_its_place_in_the_mailbox)
{
    make_suspended("counter_1");
    WORKS("seq 1000 >> $A/counter_1/tasks; echo resume >> $A/counter_1/status");
    GIVES("exec 3<>$A/counter_1/execute; echo 0 >&3; cat <&3", "500500\n");
}

Test(execute, is_refused_while_the_actor_is_suspended)
{
    make_suspended("user_1");
    FAILS("/bin/echo x > $A/user_1/execute", 1, "Device or resource busy");
    FAILS("cp <(echo x) $A/user_1/execute@k", 1, "Device or resource busy");
    cr_expect_eq(mailbox_count("user_1"), 0);
    FAILS("test -e $A/user_1/execute@k", 1, "");
}

Test(execute, an_appended_line_is_a_call)
{
    make_actor("counter_1");
    WORKS("printf '1\\n2\\n3\\n' >> $A/counter_1/execute@k");
    GIVES("cat $A/counter_1/tasks@k~3", "6\n");
    cr_expect_eq(number_of("counter_1", "done"), 3);
}

Test(execute, opening_and_closing_sends_nothing)
{
    make_actor("user_1");
    WORKS(": > $A/user_1/execute; touch $A/user_1/execute; cat $A/user_1/execute");
    cr_expect_eq(mailbox_count("user_1"), 0);
}

/* A turn that cannot begin: the task is delayed, so its close() has to wait. */
Test(execute, a_wait_runs_out_after_wait)
{
    make_actor("user_1");
    long long start = now_ms();
    FAILS("cp <(echo x) $A/user_1/execute@k,delay=1h,wait=1s", 1,
          "Connection timed out");
    cr_expect_geq(now_ms() - start, 1000);
    cr_expect_eq(number_of("user_1", "delayed"), 1);
}

Test(execute, an_interrupted_close_leaves_the_turn_alone)
{
    struct command writer = {0};
    make_actor("user_1");
    command_start(&writer, "cp <(echo x) $A/user_1/execute@k,delay=1h");
    cr_expect(wait_number("user_1", "delayed", 1));
    command_signal(&writer, SIGINT);
    command_finish(&writer, 5000);
    cr_expect_neq(writer.status, COMMAND_TIMED_OUT);
    command_free(&writer);
    cr_expect_eq(number_of("user_1", "delayed"), 1);
}

Test(execute, a_killed_waiter_ends_at_once)
{
    struct command writer = {0};
    make_actor("user_1");
    command_start(&writer, "exec cp <(echo x) $A/user_1/execute@k,delay=1h");
    cr_expect(wait_number("user_1", "delayed", 1));
    command_signal(&writer, SIGKILL);
    command_finish(&writer, 5000);
    cr_expect_eq(writer.status, 128 + SIGKILL);
    command_free(&writer);
}
