/* SPDX-License-Identifier: MIT */
/*
 * A worker's bad days: it dies, hangs, talks nonsense, closes its pipes or cannot be
 * started, and no turn but the one to blame pays for it. Real processes.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/common/behavior/worker_rig.h"

static struct rig rig;

static void prepare(void)
{
    rig_prepare(&rig);
}

static void finish(void)
{
    rig_close(&rig);
}

TestSuite(worker_death, .init = prepare, .fini = finish, .timeout = 120);

/* It may have died before the turn was on its way. */
static void expect_first_or_second(uint64_t turn)
{
    const struct turn_output *output = rig_await(&rig, turn);
    cr_assert_eq(output->verdict, TURN_DONE);
    cr_assert(view_equal(view_bytes(&output->result), view_text("1")) ||
              view_equal(view_bytes(&output->result), view_text("2")));
}

Test(worker_death, only_the_turn_it_dies_of_twice_counts_an_attempt)
{
    rig_open(&rig);
    rig_start(&rig, 2, "attempt");
    rig_expect(&rig, 2, "1");
    rig_start(&rig, 1, "wait %s", rig_path(&rig, "go"));
    rig_start(&rig, 3, "die");
    for (uint64_t turn = 4; turn < 20; turn++)
        rig_start(&rig, turn, "attempt");
    rig_write_file(&rig, "go", "", 0644);
    rig_expect_error(&rig, 3, TURN_RETRY, "the worker died: killed by signal 9");
    for (uint64_t turn = 4; turn < 20; turn++)
        expect_first_or_second(turn);
    rig_expect(&rig, 1, "waited");
    cr_assert_eq(rig_count(&rig), 19);
    rig_start(&rig, 3, "attempt");
    rig_expect(&rig, 3, "1");
}

Test(worker_death, a_death_that_does_not_happen_again_is_not_told)
{
    rig_open(&rig);
    rig_start(&rig, 1, "die-once %s", rig_path(&rig, "died"));
    rig_expect(&rig, 1, "2");
}

Test(worker_death, several_killers_are_told_apart)
{
    rig_open(&rig);
    for (uint64_t turn = 0; turn < 12; turn++)
        rig_start(&rig, turn, turn % 4 == 1 ? "die" : "echo fine");
    for (uint64_t turn = 0; turn < 12; turn++)
        if (turn % 4 == 1)
            rig_expect_error(&rig, turn, TURN_RETRY, "killed by signal 9");
        else
            rig_expect(&rig, turn, "fine");
}

Test(worker_death, other_processes_go_on)
{
    rig.options.executable.processes = 2;
    rig_open(&rig);
    for (uint64_t turn = 0; turn < 2; turn++)
        rig_start(&rig, turn, "wait %s", rig_path(&rig, "go"));
    rig_write_file(&rig, "go", "", 0644);
    for (uint64_t turn = 0; turn < 2; turn++)
        rig_expect(&rig, turn, "waited");
    for (uint64_t turn = 0; turn < 200; turn++)
        rig_start(&rig, turn, turn == 50 ? "die" : "echo fine");
    rig_expect_error(&rig, 50, TURN_RETRY, "killed by signal 9");
    for (uint64_t turn = 0; turn < 200; turn++)
        if (turn != 50)
            rig_expect(&rig, turn, "fine");
}

Test(worker_death, standard_error_explains_it)
{
    rig_open(&rig);
    rig_start(&rig, 1, "complain out of beans");
    rig_expect_error(&rig, 1, TURN_RETRY, "out of beans");
}

Test(worker_death, an_exit_status_explains_it)
{
    rig_open(&rig);
    rig_start(&rig, 1, "exit 3");
    rig_expect_error(&rig, 1, TURN_RETRY,
                     "the worker died: it ended with exit status 3");
    rig_start(&rig, 2, "exit 0");
    rig_expect_error(&rig, 2, TURN_RETRY, "exit status 0");
}

Test(worker_death, what_it_answers_last_counts)
{
    rig_open(&rig);
    rig_start(&rig, 1, "answer-and-die");
    rig_expect(&rig, 1, "last words");
    rig_start(&rig, 1, "echo again");
    rig_expect(&rig, 1, "again");
}

Test(worker_death, who_comes_after_an_answer_that_was_the_last_is_not_to_blame)
{
    rig_open(&rig);
    rig_start(&rig, 0, "die-once %s", rig_path(&rig, "died"));
    for (uint64_t turn = 1; turn < 11; turn++)
        rig_start(&rig, turn, turn % 2 ? "answer-and-die" : "echo fine");
    for (uint64_t turn = 1; turn < 11; turn++)
        rig_expect(&rig, turn, turn % 2 ? "last words" : "fine");
}

Test(worker_death, closing_a_pipe_is_a_death)
{
    rig_open(&rig);
    rig_start(&rig, 1, "close 0");
    rig_expect_error(&rig, 1, TURN_RETRY, "it closed its standard input");
    rig_start(&rig, 2, "close 1");
    rig_expect_error(&rig, 2, TURN_RETRY, "it closed its standard output");
    rig_start(&rig, 3, "echo fine");
    rig_expect(&rig, 3, "fine");
}

Test(worker_death, one_that_ends_before_it_reads_is_told_to_the_turns)
{
    rig_set_environment(&rig, "EXIT", "4");
    rig_set_environment(&rig, "AT_START", rig_path(&rig, "starts"));
    rig_open(&rig);
    rig_start(&rig, 1, "echo");
    rig_start(&rig, 2, "echo");
    rig_expect_error(&rig, 1, TURN_RETRY, "exit status 4");
    rig_expect_error(&rig, 2, TURN_RETRY, "exit status 4");
}

Test(worker_death, restarts_come_in_growing_pauses)
{
    rig_set_environment(&rig, "EXIT", "4");
    rig_set_environment(&rig, "AT_START", rig_path(&rig, "starts"));
    rig_open(&rig);
    rig_start(&rig, 1, "echo");
    rig_start(&rig, 2, "echo");
    rig_start(&rig, 3, "echo");
    rig_await_lines(&rig, "starts", 4);
    char *text = rig_read_file(&rig, "starts"), *at = text;
    long times[4];
    for (int i = 0; i < 4; i++)
        times[i] = strtol(at, &at, 10);
    free(text);
    /* Starting takes long now and then: only pauses that are too short are wrong. */
    cr_assert_geq(times[1] - times[0], 50);
    cr_assert_geq(times[2] - times[1], 150);
    cr_assert_geq(times[3] - times[2], 350);
}

Test(worker_death, pauses_do_not_grow_while_it_does_its_work)
{
    rig_open(&rig);
    int64_t begin = host_now_ms();
    for (int i = 0; i < 9; i++) {
        char name[24];
        snprintf(name, sizeof name, "died-%d", i);
        rig_start(&rig, 1, "die-once %s", rig_path(&rig, name));
        rig_expect(&rig, 1, "2");
    }
    /* Growing they would be 100 ms + ... + 25600 ms. */
    cr_assert_lt(host_now_ms() - begin, 30000);
}

Test(worker_death, memory_has_a_limit)
{
    rig.options.executable.memory_bytes = 400 << 20;
    rig_open(&rig);
    rig_start(&rig, 1, "eat %u", 100u << 20);
    rig_expect(&rig, 1, "eaten");
    rig_start(&rig, 1, "eat %u", 1000u << 20);
    rig_expect_error(&rig, 1, TURN_RETRY, "MemoryError");
}

/* ----------------------------------------------------------------- no start at all */

static void expect_start_error(const char *words)
{
    rig_open(&rig);
    rig_start(&rig, 1, "echo");
    rig_start(&rig, 2, "echo");
    rig_expect_error(&rig, 1, TURN_RETRY, words);
    rig_expect_error(&rig, 2, TURN_RETRY, words);
}

Test(worker_death, a_file_that_is_missing_is_told_until_it_is_there)
{
    BYTES_AUTO(script);
    rig.options.executable.path = rig_path(&rig, "late");
    expect_start_error("late cannot be run: No such file");
    bytes_format(&script, "#!/bin/sh\nexec %s%c", WORKER_TROUBLE, 0);
    rig_write_file(&rig, "late", script.data, 0755);
    rig_start(&rig, 3, "echo at last");
    rig_expect(&rig, 3, "at last");
}

Test(worker_death, a_file_that_is_not_executable_is_told)
{
    rig_write_file(&rig, "plain", "#!/bin/sh\n", 0644);
    rig.options.executable.path = rig_path(&rig, "plain");
    expect_start_error("it is not executable");
}

Test(worker_death, a_file_that_is_no_program_is_told)
{
    rig_write_file(&rig, "noise", "\x01\x02 noise", 0755);
    rig.options.executable.path = rig_path(&rig, "noise");
    expect_start_error("neither a binary");
}

/* ---------------------------------------------------------------------- time limit */

static pid_t hung_pid(void)
{
    rig_await_lines(&rig, "hung", 1);
    char *text = rig_read_file(&rig, "hung");
    pid_t pid = atoi(text);
    free(text);
    return pid;
}

Test(worker_death, a_turn_beyond_the_time_limit_is_killed_and_counted_alone)
{
    rig.policy.timeout_ms = 2500; /* starting takes some of it */
    rig_open(&rig);
    rig_start(&rig, 1, "hang %s", rig_path(&rig, "hung"));
    for (uint64_t turn = 2; turn < 20; turn++)
        rig_start(&rig, turn, "attempt");
    rig_expect_error(&rig, 1, TURN_RETRY, "time limit of 2500 ms exceeded");
    rig_await_death(hung_pid());
    for (uint64_t turn = 2; turn < 20; turn++)
        rig_expect(&rig, turn, "2");
}

Test(worker_death, whole_seconds_are_told_as_such)
{
    rig.policy.timeout_ms = 1000;
    rig_open(&rig);
    rig_start(&rig, 1, "hang %s", rig_path(&rig, "hung"));
    rig_expect_error(&rig, 1, TURN_RETRY, "time limit of 1 s exceeded");
}

Test(worker_death, turns_that_wait_for_one_another_have_their_time_each)
{
    rig.policy.timeout_ms = 2000;
    rig_open(&rig);
    rig_start(&rig, 0, "echo warm");
    rig_expect(&rig, 0, "warm");
    int64_t begin = host_now_ms();
    for (uint64_t turn = 1; turn <= 10; turn++)
        rig_start(&rig, turn, "slow 0.3");
    for (uint64_t turn = 1; turn <= 10; turn++)
        cr_assert_eq(rig_await(&rig, turn)->verdict, TURN_DONE);
    cr_assert_gt(host_now_ms() - begin, 2000);
}

Test(worker_death, one_that_does_not_read_meets_its_time_limit)
{
    size_t size = 1 << 20;
    char *message = memory_take(size);
    memset(message, 'x', size);
    rig_write_file(&rig, "deaf", "#!/bin/sh\nexec sleep 600\n", 0755);
    rig.options.executable.path = rig_path(&rig, "deaf");
    rig.policy.timeout_ms = 300;
    rig_open(&rig);
    rig_start_bytes(&rig, 1, view_of(message, size), view_text(""));
    rig_start_bytes(&rig, 2, view_of(message, size), view_text(""));
    rig_expect_error(&rig, 1, TURN_RETRY, "time limit");
    rig_expect_error(&rig, 2, TURN_RETRY, "time limit");
    free(message);
}

/* ------------------------------------------------------------------------ canceled */

Test(worker_death, a_canceled_turn_is_killed_and_no_other_pays)
{
    rig_open(&rig);
    rig_start(&rig, 1, "hang %s", rig_path(&rig, "hung"));
    rig_start(&rig, 2, "attempt");
    pid_t pid = hung_pid();
    rig.behavior->kill(rig.behavior, 1);
    rig_await(&rig, 1);
    rig_await_death(pid);
    expect_first_or_second(2);
}

Test(worker_death, a_turn_is_canceled_before_it_has_a_process)
{
    rig.options.executable.path = rig_path(&rig, "never");
    expect_start_error("No such file");
    rig_start(&rig, 3, "echo");
    rig_start(&rig, 4, "echo");
    rig.behavior->kill(rig.behavior, 3);
    rig_await(&rig, 3);
    rig.behavior->kill(rig.behavior, 4);
    rig_await(&rig, 4);
}

Test(worker_death, canceling_what_is_not_there_does_nothing)
{
    rig_open(&rig);
    rig_start(&rig, 1, "echo 1");
    rig_expect(&rig, 1, "1");
    rig.behavior->kill(rig.behavior, 1);
    rig_start(&rig, 1, "echo 2");
    rig_expect(&rig, 1, "2");
    rig.behavior->kill(rig.behavior, 77);
    rig_start(&rig, 1, "attempt");
    rig_expect(&rig, 1, "1");
}

/* ------------------------------------------------------------------------ nonsense */

Test(worker_death, lines_that_are_no_answers_harm_nobody)
{
    rig_open(&rig);
    rig_start(&rig, 1, "hold");
    rig_start(&rig, 2,
              "raw hello\n\n{\n[]\n{\"id\":\"1\"}\n{\"id\":9999}\n{\"id\":ID}");
    rig_expect(&rig, 2, "");
    rig_start(&rig, 3, "raw {\"id\":ID}\n{\"id\":ID,\"result\":\"twice\"}");
    rig_expect(&rig, 3, "");
    rig_start(&rig, 4, "release");
    rig_expect(&rig, 4, "release");
    rig_expect(&rig, 1, "hold");
}

Test(worker_death, a_bad_answer_fails_its_own_turn)
{
    rig_open(&rig);
    rig_start(&rig, 1, "raw {\"id\":ID,\"result\":5}");
    rig_start(&rig, 2, "raw {\"id\":ID,\"result\":\"x\",\"error\":\"y\"}");
    rig_start(&rig, 3, "raw {\"id\":ID,\"result\":\"say \"hi\"\"}");
    rig_start(&rig, 4, "echo fine");
    rig_expect_error(&rig, 1, TURN_FAILED, "\"result\" must be a string");
    rig_expect_error(&rig, 2, TURN_FAILED, "with an \"error\" there is no");
    rig_expect_error(&rig, 3, TURN_RETRY, "not JSON");
    rig_expect(&rig, 4, "fine");
}

Test(worker_death, a_result_beyond_its_limit_fails_the_turn)
{
    rig.options.limits.result_bytes_max = 5;
    rig_open(&rig);
    rig_start(&rig, 1, "echo 12345");
    rig_start(&rig, 2, "echo 123456");
    rig_expect(&rig, 1, "12345");
    rig_expect_error(&rig, 2, TURN_FAILED, "exceeds the limit of 5 bytes");
}

Test(worker_death, a_line_without_end_is_its_end)
{
    rig.options.limits = (struct protocol_limits){1000, 1000, 1000};
    rig_open(&rig);
    rig_start(&rig, 1, "long 1000000");
    rig_expect_error(&rig, 1, TURN_RETRY, "its answer was longer than any can be");
    rig_start(&rig, 2, "echo fine");
    rig_expect(&rig, 2, "fine");
}

Test(worker_death, half_a_line_at_its_death_is_no_answer)
{
    rig_write_file(&rig, "half",
                   "#!/bin/sh\nread -r line\nprintf '{\"id\":1,\"result\":\"ha'\n",
                   0755);
    rig.options.executable.path = rig_path(&rig, "half");
    rig_open(&rig);
    rig_start(&rig, 1, "echo");
    rig_expect_error(&rig, 1, TURN_RETRY, "exit status 0");
}
