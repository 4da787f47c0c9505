/* SPDX-License-Identifier: MIT */
/*
 * A worker's good days: turns asked and answered, spread and held back, processes that
 * are replaced and ended. (test_worker_death.c has the bad ones.) Real processes.
 */
#include "common/behavior/worker.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

TestSuite(worker, .init = prepare, .fini = finish, .timeout = 60);

static pid_t pid_of(uint64_t turn)
{
    struct turn_output *output = rig_await(&rig, turn);
    cr_assert_eq(output->verdict, TURN_DONE);
    BYTES_AUTO(text);
    bytes_format(&text, "%.*s%c", (int)output->result.size, output->result.data, 0);
    return atoi(text.data);
}

static pid_t ask_pid(uint64_t turn)
{
    rig_start(&rig, turn, "pid");
    return pid_of(turn);
}

Test(worker, answers_a_turn_with_result_state_and_sends)
{
    rig_open(&rig);
    rig_start(&rig, 1, "state new");
    rig_expect(&rig, 1, "old");
    struct turn_output *output = &rig.outputs[1];
    cr_assert(output->state_changed);
    cr_assert(view_equal(view_bytes(&output->state), view_text("new")));
    cr_assert_eq(output->send_count, 1);
    cr_assert_str_eq(output->sends[0].target, "audit_log");
}

Test(worker, leaves_the_state_alone_and_tells_errors)
{
    rig_open(&rig);
    rig_start(&rig, 1, "echo a cup");
    rig_start(&rig, 2, "dance");
    rig_expect(&rig, 1, "a cup");
    cr_assert_not(rig.outputs[1].state_changed);
    rig_expect_error(&rig, 2, TURN_FAILED, "what is dance?");
    rig_start(&rig, 3, "raw {\"id\":ID,\"error\":\"busy\",\"retry\":\"17s\"}");
    rig_expect_error(&rig, 3, TURN_RETRY, "busy");
    cr_assert_eq(rig.outputs[3].retry_after_ms, 17000);
}

Test(worker, carries_any_bytes)
{
    static char message[256];
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (char)i;
    rig.options.executable.path = WORKER_ECHO;
    rig_open(&rig);
    rig_start_bytes(&rig, 1, view_of(message, sizeof message), view_text(""));
    struct turn_output *output = rig_await(&rig, 1);
    cr_assert(
        view_equal(view_bytes(&output->result), view_of(message, sizeof message)));
    rig_start_bytes(&rig, 2, view_of(message, 128), view_text(""));
    output = rig_await(&rig, 2);
    cr_assert(view_equal(view_bytes(&output->result), view_of(message, 128)));
}

Test(worker, carries_a_message_of_a_mebibyte)
{
    size_t size = 1 << 20;
    char *message = memory_take(size);
    memset(message, '\n', size);
    rig.options.executable.path = WORKER_ECHO;
    rig_open(&rig);
    for (uint64_t turn = 0; turn < 8; turn++)
        rig_start_bytes(&rig, turn, view_of(message, size), view_of("", 0));
    for (uint64_t turn = 0; turn < 8; turn++) {
        struct turn_output *output = rig_await(&rig, turn);
        cr_assert(view_equal(view_bytes(&output->result), view_of(message, size)));
    }
    free(message);
}

Test(worker, matches_answers_by_id_in_whatever_order_they_come)
{
    rig_open(&rig);
    for (uint64_t turn = 1; turn < 100; turn++)
        rig_start(&rig, turn, "hold %u", (unsigned)turn);
    rig_start(&rig, 100, "release");
    for (uint64_t turn = 1; turn < 100; turn++) {
        char expected[32];
        snprintf(expected, sizeof expected, "hold %u", (unsigned)turn);
        rig_expect(&rig, turn, expected);
    }
    rig_expect(&rig, 100, "release");
    cr_assert_eq(rig.order[0], 100);
}

Test(worker, starts_nothing_before_its_first_turn_and_then_one_process)
{
    rig.options.executable.processes = 4;
    rig_set_environment(&rig, "AT_START", rig_path(&rig, "starts"));
    rig_open(&rig);
    pid_t pid = ask_pid(1);
    for (int i = 0; i < 20; i++)
        cr_assert_eq(ask_pid(1), pid);
    rig_await_lines(&rig, "starts", 1);
    char *starts = rig_read_file(&rig, "starts");
    cr_assert_eq(strchr(starts, '\n') + 1, starts + strlen(starts));
    free(starts);
}

Test(worker, spreads_turns_over_its_processes)
{
    rig.options.executable.processes = 3;
    rig_open(&rig);
    for (uint64_t turn = 0; turn < 3; turn++)
        rig_start(&rig, turn, "wait %s", rig_path(&rig, "go"));
    pid_t pids[3];
    rig_write_file(&rig, "go", "", 0644);
    for (uint64_t turn = 0; turn < 3; turn++)
        rig_expect(&rig, turn, "waited");
    int64_t deadline = host_now_ms() + RIG_DEADLINE_MS;
    bool are_different = false;
    while (!are_different) {
        cr_assert_lt(host_now_ms(), deadline);
        for (uint64_t turn = 0; turn < 3; turn++)
            rig_start(&rig, turn, "slow 0.02");
        for (uint64_t turn = 0; turn < 3; turn++)
            pids[turn] = pid_of(turn);
        are_different = pids[0] != pids[1] && pids[1] != pids[2] && pids[2] != pids[0];
    }
}

Test(worker, shares_out_a_burst_that_comes_before_its_processes)
{
    rig.options.executable.processes = 2;
    rig_open(&rig);
    for (uint64_t turn = 0; turn < 60; turn++)
        rig_start(&rig, turn, "slow 0.03");
    size_t of_first = 0;
    for (uint64_t turn = 0; turn < 60; turn++)
        of_first += pid_of(turn) == pid_of(0);
    cr_assert_geq(of_first, 16);
    cr_assert_leq(of_first, 44);
}

Test(worker, has_room_for_so_many_turns_and_no_more)
{
    rig_open(&rig);
    cr_assert(rig.behavior->has_room(rig.behavior));
    uint64_t turns = 0;
    for (; rig.behavior->has_room(rig.behavior); turns++)
        rig_start(&rig, turns, "wait %s", rig_path(&rig, "go"));
    cr_assert_eq(turns, 256);
    rig_write_file(&rig, "go", "", 0644);
    for (uint64_t turn = 0; turn < turns; turn++)
        rig_expect(&rig, turn, "waited");
    cr_assert(rig.behavior->has_room(rig.behavior));
}

Test(worker, has_no_room_for_more_than_so_many_bytes)
{
    size_t size = 1 << 20;
    char *message = memory_take(size);
    memset(message, 'x', size);
    memcpy(message, "echo ", 5);
    rig_open(&rig);
    rig_start(&rig, 0, "wait %s", rig_path(&rig, "go"));
    uint64_t turns = 1;
    for (; rig.behavior->has_room(rig.behavior); turns++)
        rig_start_bytes(&rig, turns, view_of(message, size), view_text(""));
    cr_assert_lt(turns, 20);
    cr_assert_gt(turns, 5);
    rig_write_file(&rig, "go", "", 0644);
    for (uint64_t turn = 1; turn < turns; turn++)
        cr_assert_eq(rig_await(&rig, turn)->result.size, size - 5);
    free(message);
}

Test(worker, gives_its_environment_and_nothing_of_the_daemon)
{
    setenv("SECRET", "1", 1);
    rig_set_environment(&rig, "BEANS", "arabica");
    rig_open(&rig);
    rig_start(&rig, 1, "environment");
    struct turn_output *output = rig_await(&rig, 1);
    bytes_append(&output->result, view_of("", 1));
    cr_assert_not_null(strstr(output->result.data, "BEANS=arabica\n"));
    cr_assert_not_null(strstr(output->result.data, "PATH=/"));
    cr_assert_null(strstr(output->result.data, "SECRET"));
}

Test(worker, logs_standard_error_without_being_held_up_by_it)
{
    rig_open(&rig);
    rig_start(&rig, 1, "shout 50000");
    rig_expect(&rig, 1, "shouted");
}

/* --------------------------------------------------------------------- new for old */

Test(worker, restart_lets_the_old_process_finish_and_end)
{
    rig_set_environment(&rig, "AT_END", rig_path(&rig, "end"));
    rig_open(&rig);
    pid_t pid = ask_pid(1);
    rig_start(&rig, 2, "wait %s", rig_path(&rig, "go"));
    rig_await_lines(&rig, "go.awaited", 1);
    rig.behavior->restart(rig.behavior);
    cr_assert_neq(ask_pid(3), pid);
    cr_assert_eq(kill(pid, 0), 0);
    rig_write_file(&rig, "go", "", 0644);
    rig_expect(&rig, 2, "waited");
    rig_await_death(pid);
    char *end = rig_read_file(&rig, "end");
    cr_assert_not_null(end);
    cr_assert_eq(atoi(end), pid);
    free(end);
}

Test(worker, restart_kills_who_does_not_end)
{
    rig_set_environment(&rig, "STAY", "1");
    rig_open(&rig);
    pid_t pid = ask_pid(1);
    rig.behavior->restart(rig.behavior);
    cr_assert_neq(ask_pid(1), pid);
    rig_await_death(pid);
}

Test(worker, retires_after_its_last_turn_and_still_works)
{
    rig_set_environment(&rig, "AT_END", rig_path(&rig, "end"));
    rig_open(&rig);
    pid_t pid = ask_pid(1);
    rig_start(&rig, 2, "wait %s", rig_path(&rig, "go"));
    worker_retire(rig.behavior);
    rig_write_file(&rig, "go", "", 0644);
    rig_expect(&rig, 2, "waited");
    rig_await_death(pid);
    pid = ask_pid(3);
    rig_await_death(pid);
    rig_await_lines(&rig, "end", 2);
}

Test(worker, retires_an_idle_one_at_once)
{
    rig_open(&rig);
    pid_t pid = ask_pid(1);
    worker_retire(rig.behavior);
    rig_await_death(pid);
}

/* ------------------------------------------------------------------- the end of it */

Test(worker, closing_answers_nothing_and_leaves_nobody)
{
    rig.options.executable.processes = 2;
    rig_open(&rig);
    ask_pid(1);
    for (uint64_t turn = 2; turn < 300; turn++)
        rig_start(&rig, turn, "hang %s", rig_path(&rig, "hung"));
    rig_await_lines(&rig, "hung", 2);
}

Test(worker, closing_while_a_process_is_being_started_is_fine)
{
    rig_open(&rig);
    rig_start(&rig, 1, "pid");
}
