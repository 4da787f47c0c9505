/* SPDX-License-Identifier: MIT */
/*
 * Programs as behaviors (contract, section 6), on a real mount: what a turn finds, what
 * it leaves, and that whoever runs the daemon stays master of it.
 */
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/mount/staged.h"

TestSuite(behaviors, .init = staged_open, .fini = staged_close);

/* The pid that a turn has written into the file `name` outside. */
static pid_t pid_outside(const char *name)
{
    long long deadline = now_ms() + FIXTURE_WAIT_MS;
    while (strchr(outside(name), '\n') == NULL && now_ms() < deadline)
        poll_pause();
    pid_t pid = (pid_t)strtol(outside(name), NULL, 10);
    cr_assert_gt(pid, 1, "a pid in %s", name);
    return pid;
}

/* A turn that runs until there is the file `go` outside, and is under way. */
static void start_long_turn(const char *actor, const char *key)
{
    tell(actor, key,
         "echo $ATTEMPT >> $OUTSIDE/attempts; echo $$ > $OUTSIDE/pid.new; "
         "mv $OUTSIDE/pid.new $OUTSIDE/pid; echo started > $ACTOR_STATE; "
         "until [ -e $OUTSIDE/go ]; do sleep 0.02; done; echo went");
    pid_outside("pid");
}

/* ------------------------------------------------------------- what a turn finds ---
 */

Test(behaviors, the_environment_is_what_was_promised_and_nothing_else)
{
    make_actor("sh_a b");
    cr_expect_str_eq(ask("sh_a b", "a%2Fb",
                         "env | sort | sed 's,^\\(PATH\\|ACTOR"
                         "[A-Z]*_[A-Z]*\\)=.*,\\1,'"),
                     "ACTOR=sh_a b\nACTORFS_CHILD\nACTOR_OUTBOX\nACTOR_STATE\n"
                     "ATTEMPT=1\nCALLER=\nHOME=/\nIDEMPOTENCY_KEY=a%2Fb\n"
                     "KIND=message\nLANG=C.UTF-8\nOUTCOME=\nPATH\nPWD=/\n"
                     "REPLY_TO=\nSENDER=\nTASK=1\n");
}

Test(behaviors, env_in_the_conf_reaches_the_program)
{
    change("sh.conf", "env.GREETING = hello world\n");
    make_actor("sh_1");
    while (strcmp(ask("sh_1", "k", "echo \"$GREETING\""), "hello world\n") != 0)
        WORKS("echo forget k >> $A/sh_1/status");
}

Test(behaviors, there_is_no_descriptor_but_the_three)
{
    make_actor("sh_1");
    /* 10 is the shell's own: its script. */
    cr_expect_str_eq(
        ask("sh_1", "k",
            "(ls /proc/$$/fd > $OUTSIDE/fds); tr '\\n' ' ' < $OUTSIDE/fds"),
        "0 1 10 2 ");
}

Test(behaviors, a_daemon_that_is_root_runs_them_as_nobody)
{
    if (geteuid() != 0)
        cr_skip_test("this needs root");
    make_actor("sh_1");
    cr_expect_str_eq(ask("sh_1", "k", "id -un; id -Gn"), "nobody\nnogroup\n");
}

Test(behaviors, a_daemon_that_is_not_root_makes_nobody_somebody_else)
{
    if (geteuid() != 0)
        cr_skip_test("this needs root, to be somebody else");
    install("sh.conf", "timeout = 1s\nuser = root\n");
    WORKS("mkdir $O/mnt && chmod 777 $O/mnt");
    FAILS("setpriv --reuid=nobody --clear-groups $ACTORFS mount $O/store $O/mnt -f "
          "--behaviors $B",
          1, "sh.conf:2:");
}

Test(behaviors, or_as_whom_the_conf_says)
{
    if (geteuid() != 0)
        cr_skip_test("this needs root");
    change("sh.conf", "user = daemon\n");
    make_actor("sh_1");
    cr_expect_str_eq(ask("sh_1", "k", "id -un; id -Gn; echo x > $ACTOR_STATE"),
                     "daemon\ndaemon\n");
    cr_expect_str_eq(text_of("actors/sh_1/state"), "x\n");
}

Test(behaviors, results_and_states_are_any_bytes)
{
    make_actor("sh_1");
    tell("sh_1", "k", "printf '\\377\\0\\376'; printf '\\0\\200' > $ACTOR_STATE");
    GIVES("cat $A/sh_1/tasks@k | od -An -tx1; cat $A/sh_1/state | od -An -tx1",
          " ff 00 fe\n 00 80\n");
    WORKS("printf 'cat <<end\\n\\377\\nend\\n' > $A/sh_1/tasks@m");
    GIVES("cat $A/sh_1/tasks@m | od -An -tx1", " ff 0a\n");
}

Test(behaviors, what_they_say_on_standard_error_is_in_the_log)
{
    make_actor("sh_1");
    cr_expect_str_eq(ask("sh_1", "k", "echo the beans are old >&2"), "");
    cr_expect(wait_log("the beans are old"));
    cr_expect(wait_log("sh_1"));
}

/* ---------------------------------------------------------------------- settings ---
 */

Test(behaviors, a_wrong_conf_is_an_error_that_names_file_and_line)
{
    install("sh.conf", "# fine\ntimeout = soon\n");
    cr_expect(wait_log("sh.conf:2:"));
    make_actor("sh_1");
    cr_expect_str_eq(ask("sh_1", "k", "echo still the old one"), "still the old one\n");
    cr_expect_eq(mounted_stop(&fixture), 0);
    FAILS("$ACTORFS mount $STORE $M -f --behaviors $B", 1, "sh.conf:2:");
    install("sh.conf", "timeout = 1s\nflavor = strong\n");
    FAILS("$ACTORFS mount $STORE $M -f --behaviors $B", 1, "sh.conf:2:");
    install("sh.conf", "");
    mounted_start(&fixture);
}

Test(behaviors, a_rate_holds_for_all_actors_together)
{
    change("slow", "#!/bin/sh\necho once\n");
    change("slow.conf", "rate = 4/s\n");
    WORKS("mkdir $A/slow_1 $A/slow_2");
    long long start = now_ms();
    WORKS("seq 8 >> $A/slow_1/tasks; seq 8 >> $A/slow_2/tasks");
    cr_expect(wait_number("slow_1", "done", 8));
    cr_expect(wait_number("slow_2", "done", 8));
    cr_expect_geq(now_ms() - start, 2500, "sixteen at four a second");
}

Test(behaviors, pauses_double_up_to_the_longest)
{
    change("sh.conf", "backoff = 100ms\nbackoff-max = 250ms\nattempts = 5\n");
    make_actor("sh_1");
    tell("sh_1", "k", "date +%s%N >> $OUTSIDE/times; exit 75");
    cr_expect(fails_with("sh_1", "k", "exit status 75"));
    GIVES("awk 'NR > 1 { ms = ($1 - last) / 1000000; print ms >= least && ms < least + "
          "2000; least = least * 2 < 250 ? least * 2 : 250 } NR == 1 { least = 100 } "
          "{ last = $1 }' $O/times",
          "1\n1\n1\n1\n");
}

Test(behaviors, there_are_no_more_processes_at_once_than_it_says)
{
    change("few", "#!/bin/sh\ncd ${0%/*}/../outside\nmkdir on.$$; ls -d on.* | wc -l\n"
                  "sleep 0.05\nrmdir on.$$\n");
    change("few.conf", "processes = 2\n");
    for (int i = 0; i < 8; i++)
        WORKS("mkdir $(mktemp -u $A/few_XXXXXX)");
    WORKS("for a in $A/few_*; do echo go >> $a/tasks@k; done");
    GIVES("for a in $A/few_*; do cat $a/tasks@k; done | sort -n | tail -n 1", "2\n");
}

Test(behaviors, create_makes_an_actor_with_its_first_message)
{
    change("auto", "#!/bin/sh\ncat\n");
    change("auto.conf", "create = yes\n");
    make_actor("sh_1");
    ask("sh_1", "k", "echo 'auto_1/tasks@a hello' >> $ACTOR_OUTBOX");
    cr_expect_str_eq(result_of("auto_1", "a"), "hello");
}

Test(behaviors, fingerprint_none_lets_the_key_alone_decide)
{
    change("same", "#!/bin/sh\ncat\n");
    change("same.conf", "fingerprint = none\n");
    make_actor("same_1");
    cr_expect_str_eq(ask("same_1", "k", "first\n"), "first\n");
    cr_expect_str_eq(ask("same_1", "k", "second, longer\n"), "first\n");
    WORKS("echo third >> $A/same_1/tasks@k");
    cr_expect_eq(number_of("same_1", "done"), 1);
}

Test(behaviors, memory_has_a_limit)
{
    make_actor("sh_1");
    const char *script = "python3 -c 'len(bytearray(150 << 20))' 2>&1 | tail -n 1";
    cr_expect_str_eq(ask("sh_1", "before", script), "");
    change("sh.conf", "memory = 100M\n");
    cr_expect_str_eq(ask("sh_1", "after", script), "MemoryError\n");
}

Test(behaviors, the_default_is_what_handles_the_rest)
{
    make_actor("somebody");
    tell("somebody", "k", "hello\n");
    cr_expect(wait_word("somebody", "activity", "no-behavior"));
    change("default", "#!/bin/sh\nprintf 'default: '\ncat\n");
    cr_expect_str_eq(result_of("somebody", "k"), "default: hello\n");
    GIVES("grep -c default $M/behaviors", "1\n");
}

/* ---------------------------------------------------------- operators are obeyed ---
 */

Test(behaviors, suspend_answers_at_once_and_holds_after_the_turn)
{
    make_actor("sh_1");
    start_long_turn("sh_1", "long");
    tell("sh_1", "next", "echo next");
    long long start = now_ms();
    WORKS("echo suspend >> $A/sh_1/status");
    cr_expect_lt(now_ms() - start, 3000);
    put_outside("go");
    cr_expect_str_eq(result_of("sh_1", "long"), "went\n");
    cr_expect_str_eq(word_of("sh_1", "activity"), "suspended");
    cr_expect_eq(number_of("sh_1", "pending"), 1);
    WORKS("echo resume >> $A/sh_1/status");
    cr_expect_str_eq(result_of("sh_1", "next"), "next\n");
}

Test(behaviors, cancel_kills_a_running_turn_and_all_that_it_started)
{
    make_actor("sh_1");
    tell("sh_1", "long",
         "sleep 600 & echo $! > $OUTSIDE/child; "
         "setsid sleep 601 & echo $! > $OUTSIDE/far; "
         "echo $$ > $OUTSIDE/pid; echo new > $ACTOR_STATE; wait");
    pid_t child = pid_outside("child"), far = pid_outside("far"),
          pid = pid_outside("pid");
    WORKS("echo cancel long >> $A/sh_1/status");
    FAILS("cat $A/sh_1/tasks@long", 1, "canceled");
    cr_expect(wait_gone(pid));
    cr_expect(wait_gone(child));
    cr_expect(wait_gone(far));
    cr_expect_str_eq(ask("sh_1", "next", "cat $ACTOR_STATE; echo next"), "next\n");
    GIVES("cut -f2,3,6 $A/sh_1/mailbox", "canceled\t0\tlong\ndone\t1\tnext\n");
}

Test(behaviors, a_turn_beyond_its_time_is_killed_with_its_group_and_tried_again)
{
    change("sh.conf", "timeout = 700ms\nattempts = 2\nbackoff = 10ms\n");
    make_actor("sh_1");
    tell("sh_1", "k",
         "trap '' TERM HUP INT; sleep 600 & echo $! > $OUTSIDE/child; "
         "echo $ATTEMPT >> $OUTSIDE/attempts; wait; wait; sleep 600");
    pid_t child = pid_outside("child");
    cr_expect(fails_with("sh_1", "k", "time limit of 700 ms exceeded"));
    cr_expect(wait_gone(child));
    cr_expect_str_eq(outside("attempts"), "1\n2\n");
}

Test(behaviors, a_state_that_is_written_during_a_turn_waits_and_then_holds)
{
    make_actor("sh_1");
    start_long_turn("sh_1", "long");
    struct command writer;
    command_start(&writer, "echo mine > $A/sh_1/state");
    cr_expect_str_eq(text_of("actors/sh_1/state"), "");
    cr_expect_not(command_has_ended(&writer));
    put_outside("go");
    command_finish(&writer, COMMAND_DEADLINE_MS);
    cr_expect_eq(writer.status, 0);
    command_free(&writer);
    cr_expect_str_eq(result_of("sh_1", "long"), "went\n");
    cr_expect_str_eq(text_of("actors/sh_1/state"), "mine\n");
}

/* -------------------------------------------------------------- stops and crashes ---
 */

Test(behaviors, a_clean_stop_gives_running_turns_their_time)
{
    make_actor("sh_1");
    start_long_turn("sh_1", "long");
    tell("sh_1", "next", "echo $ATTEMPT");
    kill(fixture.daemon, SIGTERM);
    cr_expect(wait_log(": stopping"));
    put_outside("go");
    cr_expect_eq(mounted_reap(&fixture), 0);
    mounted_start(&fixture);
    cr_expect_str_eq(result_of("sh_1", "long"), "went\n");
    cr_expect_str_eq(result_of("sh_1", "next"), "2\n");
    cr_expect_str_eq(outside("attempts"), "1\n");
    cr_expect_str_eq(text_of("actors/sh_1/state"), "started\n");
}

Test(behaviors, a_turn_that_takes_longer_is_ended_and_does_not_count)
{
    change("sh.conf", "attempts = 1\n");
    make_actor("sh_1");
    start_long_turn("sh_1", "long");
    pid_t pid = pid_outside("pid");
    long long start = now_ms();
    cr_expect_eq(mounted_stop(&fixture), 0);
    cr_expect_geq(now_ms() - start, 9000);
    cr_expect(wait_gone(pid));
    cr_expect_str_eq(outside("attempts"), "1\n");
    put_outside("go");
    mounted_start(&fixture);
    cr_expect_str_eq(result_of("sh_1", "long"), "went\n");
    cr_expect_str_eq(outside("attempts"), "1\n2\n");
    GIVES("cut -f3,4,6 $A/sh_1/log", "done\t1\tlong\n");
}

Test(behaviors, a_kill_of_the_daemon_leaves_nobody_and_does_not_count_an_attempt)
{
    change("sh.conf", "attempts = 1\n");
    make_actor("sh_1");
    start_long_turn("sh_1", "long");
    pid_t pid = pid_outside("pid");
    WORKS("rm $O/pid");
    fixture_crash();
    cr_expect(wait_gone(pid));
    pid = pid_outside("pid");
    cr_expect_str_eq(text_of("actors/sh_1/state"), "");
    WORKS("rm $O/pid");
    fixture_crash();
    cr_expect(wait_gone(pid));
    pid_outside("pid");
    put_outside("go");
    cr_expect_str_eq(result_of("sh_1", "long"), "went\n");
    cr_expect_str_eq(outside("attempts"), "1\n2\n3\n");
    cr_expect_str_eq(text_of("actors/sh_1/state"), "started\n");
    GIVES("cut -f3,4,6 $A/sh_1/log", "done\t1\tlong\n");
}

/* ---------------------------------------------------------- through the mount --- */

/* The mount is for its owner. */
static void let_sh_use_the_mount(void)
{
    if (geteuid() == 0)
        change("sh.conf", "user = root\ntimeout = 10s\nattempts = 1\n");
}

Test(behaviors, a_turn_may_use_the_mount_for_another_actor)
{
    char script[512];
    let_sh_use_the_mount();
    WORKS("mkdir $A/sh_1 $A/sh_2");
    snprintf(script, sizeof script,
             "cd %s; echo 'echo $ATTEMPT $KIND' >> sh_2/tasks@$IDEMPOTENCY_KEY-1; "
             "cat sh_2/tasks@$IDEMPOTENCY_KEY-1; mkdir counter_1; "
             "echo 4 >> counter_1/tasks@a; cat counter_1/tasks@a; ls",
             mounted_path(&fixture, "actors"));
    cr_expect_str_eq(ask("sh_1", "k", script), "1 message\n4\ncounter_1\nsh_1\nsh_2\n");
}

Test(behaviors, a_turn_that_waits_for_its_own_actor_is_told_at_once)
{
    char script[1024];
    let_sh_use_the_mount();
    make_actor("sh_1");
    snprintf(script, sizeof script,
             "cd %s; echo 'echo later' >> sh_1/tasks@later; cat sh_1/tasks@later 2>&1; "
             "cat sh_1/tasks@k 2>&1; { printf new | dd of=sh_1/state 2>&1; } | head -n "
             "1; { printf call | dd of=sh_1/execute@call 2>&1; } | head -n 1",
             mounted_path(&fixture, "actors"));
    long long start = now_ms();
    const char *got = ask("sh_1", "k", script);
    cr_expect_lt(now_ms() - start, 5000);
    const char *said =
        "cat: sh_1/tasks@later: Resource deadlock avoided\n"
        "cat: sh_1/tasks@k: Resource deadlock avoided\n"
        "dd: closing output file 'sh_1/state': Resource deadlock avoided\n";
    cr_expect_not_null(got);
    cr_expect_eq(strncmp(got, said, strlen(said)), 0, "%s", got);
    cr_expect_str_eq(result_of("sh_1", "later"), "later\n");
}

Test(behaviors, any_other_cycle_ends_at_the_time_limit)
{
    char script[512];
    let_sh_use_the_mount();
    change("sh.conf", "user = root\ntimeout = 1s\nattempts = 1\n");
    WORKS("mkdir $A/sh_1 $A/sh_2");
    WORKS("echo suspend >> $A/sh_2/status");
    snprintf(script, sizeof script, "cat %s",
             mounted_path(&fixture, "actors/sh_1/tasks@k"));
    tell("sh_2", "k", script);
    snprintf(script, sizeof script, "cat %s",
             mounted_path(&fixture, "actors/sh_2/tasks@k"));
    tell("sh_1", "k", script);
    WORKS("echo resume >> $A/sh_2/status");
    cr_expect(fails_with("sh_1", "k", ""));
    cr_expect(fails_with("sh_2", "k", ""));
}
