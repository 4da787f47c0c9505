/* SPDX-License-Identifier: MIT */
/* Programs that loop, flood, hide, meddle with their files, or cannot even be started:
   each is ended with a clear word, and the others go on. */
#include "common/behavior/program.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/common/behavior/program_rig.h"

#define SH "#!/bin/sh\n"

TestSuite(program_trouble, .init = rig_open, .fini = rig_end, .timeout = 240);

Test(program_trouble, a_turn_beyond_its_time_is_retried_and_says_so)
{
    rig_policy.timeout_ms = 1000;
    const struct turn_output *output = rig_run(
        SH "trap '' TERM INT HUP\necho on my way >&2\nwhile :; do :; done\n", "x", "");
    assert_verdict(output, TURN_RETRY, "");
    assert_bytes(&output->error, "on my way\ntime limit of 1 s exceeded");
    rig_policy.timeout_ms = 150;
    assert_verdict(rig_run(SH "sleep 1000\n", "x", ""), TURN_RETRY, "150 ms exceeded");
    assert_verdict(rig_run(SH "kill -STOP $$\n", "x", ""), TURN_RETRY,
                   "150 ms exceeded");
}

Test(program_trouble, kill_ends_a_turn_and_all_it_started)
{
    char *path = scratch_path("pid");
    char script[512];
    struct turn_input input = rig_input("x", "");
    struct rig_turn turn = {0};

    snprintf(script, sizeof(script),
             SH "(setsid sh -c 'echo $$ > %s; exec sleep 1000' &)\nsleep 1000\n", path);
    struct behavior *behavior = rig_install(script);
    rig_start(behavior, &input, &turn);
    long pid = scratch_read_number("pid");
    behavior->kill(behavior, turn.id + 1);
    cr_assert(is_running(pid));
    behavior->kill(behavior, turn.id);
    rig_finish(&turn);
    assert_verdict(&turn.output, TURN_RETRY, "");
    cr_assert_not(exists(pid));
    turn_output_free(&turn.output);
    free(path);
}

Test(program_trouble, a_kill_that_comes_too_late_does_not_hit_the_actors_next_turn)
{
    struct behavior *behavior = rig_install(SH "sleep 0.05; echo fine\n");
    struct turn_input input = rig_input("x", "");

    for (int i = 0; i < 10; i++) {
        struct rig_turn turn = {0}, next = {0};

        rig_start(behavior, &input, &turn);
        rig_finish(&turn);
        behavior->kill(behavior, turn.id);
        rig_start_as(behavior, &input, &next, turn.id);
        rig_finish(&next);
        assert_done(&next.output, "fine\n");
        turn_output_free(&turn.output);
        turn_output_free(&next.output);
    }
}

Test(program_trouble, a_turn_may_be_killed_before_it_runs)
{
    struct behavior *behavior = rig_install(SH "sleep 1000\n");
    struct turn_input input = rig_input("x", "");

    for (int i = 0; i < 50; i++) {
        struct rig_turn turn = {0};

        rig_start(behavior, &input, &turn);
        behavior->kill(behavior, turn.id);
        rig_finish(&turn);
        assert_verdict(&turn.output, TURN_RETRY, "");
        turn_output_free(&turn.output);
    }
}

Test(program_trouble, what_grows_beyond_its_limit_fails_the_turn_and_is_named)
{
    rig_options.limits = (struct program_limits){
        .result_bytes = 1000, .state_bytes = 2000, .outbox_bytes = 3000};
    assert_verdict(rig_run(SH "yes\n", "x", ""), TURN_FAILED,
                   "result is larger than the limit of 1000 bytes");
    assert_verdict(rig_run(SH "cat /dev/zero > \"$ACTOR_STATE\"\n", "x", ""),
                   TURN_FAILED, "state is larger than the limit of 2000 bytes");
    assert_verdict(rig_run(SH "yes >> \"$ACTOR_OUTBOX\"\n", "x", ""), TURN_FAILED,
                   "outbox is larger than the limit of 3000 bytes");
}

Test(program_trouble, limits_hold_for_those_that_are_quick_as_well_and_to_the_byte)
{
    rig_options.limits = (struct program_limits){
        .result_bytes = 1000, .state_bytes = 2000, .outbox_bytes = 3000};
    assert_verdict(rig_run(SH "head -c 1001 /dev/zero\n", "x", ""), TURN_FAILED,
                   "limit of 1000 bytes");
    assert_verdict(rig_run(SH "head -c 1000 /dev/zero\n", "x", ""), TURN_DONE, "");
    assert_verdict(rig_run(SH "head -c 2001 /dev/zero > $ACTOR_STATE\n", "x", ""),
                   TURN_FAILED, "limit of 2000 bytes");
    assert_verdict(rig_run(SH "head -c 2000 /dev/zero > $ACTOR_STATE\n", "x", ""),
                   TURN_DONE, "");
    assert_verdict(rig_run(SH "yes '' | head -c 3001 >> $ACTOR_OUTBOX\n", "x", ""),
                   TURN_FAILED, "limit of 3000 bytes");
    assert_verdict(rig_run(SH "yes '' | head -c 3000 >> $ACTOR_OUTBOX\n", "x", ""),
                   TURN_DONE, "");
}

Test(program_trouble, a_turn_goes_on_after_its_output_is_closed)
{
    const struct turn_output *output = rig_run(
        SH "echo said; exec >&- 2>&- <&-; sleep 0.3; echo new > \"$ACTOR_STATE\"\n",
        "x", "");

    assert_done(output, "said\n");
    assert_bytes(&output->state, "new\n");
}

Test(program_trouble, a_turn_is_over_although_somebody_holds_its_output_open)
{
    assert_done(rig_run(SH "(setsid sleep 1000 &)\nsleep 1000 &\necho over\n", "x", ""),
                "over\n");
}

static void assert_refused(const char *script, const char *words)
{
    const struct turn_output *output = rig_run(script, "x", "old");

    assert_verdict(output, TURN_FAILED, words);
    cr_assert_eq(output->state.size, 0);
}

Test(program_trouble, what_is_no_regular_file_is_not_read)
{
    assert_refused(SH "ln -sf /etc/passwd \"$ACTOR_STATE\"\n",
                   "ACTOR_STATE is no longer");
    assert_refused(SH "ln -sf /dev/zero \"$ACTOR_STATE\"\n",
                   "ACTOR_STATE is no longer");
    assert_refused(SH "rm $ACTOR_STATE; mkfifo $ACTOR_STATE\n",
                   "ACTOR_STATE is no longer");
    assert_refused(SH "rm $ACTOR_STATE; mkdir $ACTOR_STATE\n",
                   "ACTOR_STATE is no longer");
    assert_refused(SH "rm $ACTOR_STATE\n", "ACTOR_STATE is gone");
    assert_refused(SH "ln -sf /etc/passwd $ACTOR_OUTBOX\n",
                   "ACTOR_OUTBOX is no longer");
    assert_refused(SH "rm $ACTOR_OUTBOX; mkfifo $ACTOR_OUTBOX\n",
                   "ACTOR_OUTBOX is no longer");
    assert_done(rig_run(SH "rm $ACTOR_OUTBOX\n", "x", "old"), "");
    assert_done(rig_run(SH "cat \"$ACTOR_STATE\"\n", "x", "old"), "old");
}

Test(program_trouble, a_folder_that_was_removed_or_grew_deep_is_replaced)
{
    struct behavior *behavior = rig_install(
        "#!/usr/bin/env python3\nimport os, shutil, sys\n"
        "d = os.path.dirname(os.environ['ACTOR_STATE'])\n"
        "assert sorted(os.listdir(d)) == ['outbox', 'state']\n"
        "if sys.stdin.read() == 'remove':\n    shutil.rmtree(d)\n    sys.exit()\n"
        "os.chdir(d)\n"
        "for i in range(2000):\n"
        "    os.mkdir('deep')\n    os.chdir('deep')\n    open('x', 'w').close()\n");

    for (int i = 0; i < 6; i++) {
        struct turn_input input = rig_input(i % 2 ? "remove" : "leave", "old");
        struct rig_turn turn = {0};

        rig_start(behavior, &input, &turn);
        rig_finish(&turn);
        assert_verdict(&turn.output, i % 2 ? TURN_FAILED : TURN_DONE, "");
        turn_output_free(&turn.output);
    }
}

Test(program_trouble, standard_error_is_logged_a_line_each_with_who_said_it)
{
    rig_capture_log();
    rig_run(SH "printf 'one\\ntwo\\0x\\nno newline' >&2\n", "x", "");
    char *log = rig_captured_log();

    cr_assert(strstr(log, "info: program-0: user_123: one\n"), "%s", log);
    cr_assert(strstr(log, "info: program-0: user_123: two?x\n"), "%s", log);
    cr_assert(strstr(log, "info: program-0: user_123: no newline\n"), "%s", log);
    free(log);
}

Test(program_trouble, a_flood_on_standard_error_does_not_flood_the_log)
{
    rig_capture_log();
    const struct turn_output *output = rig_run(
        SH "yes beans | head -n 20000000 >&2; echo done; echo last >&2\n", "x", "");
    assert_done(output, "done\n");
    rig_close();
    char *log = rig_captured_log();
    cr_assert_lt(strlen(log), 100000);
    cr_assert(strstr(log, "lines of standard error not logged"), "%s", log);
    free(log);
}

Test(program_trouble, two_dozen_at_once_that_misbehave_leave_the_rest_unharmed)
{
    static const char *const scripts[] = {
        SH "while :; do :; done\n",
        SH "trap '' TERM; while :; do sleep 1; done\n",
        SH "cat /dev/zero\n",
        SH "cat /dev/zero >&2\n",
        SH "yes >&2\n",
        SH "cat /dev/zero > \"$ACTOR_STATE\"\n",
        SH "yes >> \"$ACTOR_OUTBOX\"\n",
        SH "exec <&- >&- 2>&-; exec sleep 1000\n",
        SH "(setsid sh -c 'while :; do :; done' &) ; exec sleep 1000\n",
        SH "kill -STOP $$\n",
        SH "while :; do sleep 0.01 & done\n",
        SH "exec cat\n",
    };
    enum { SCRIPTS = sizeof(scripts) / sizeof(*scripts), TURNS = 2 * SCRIPTS };
    static struct rig_turn turns[TURNS];
    struct turn_input input = rig_input("x", "");

    rig_policy.timeout_ms = 5000;
    for (int i = 0; i < TURNS; i++)
        rig_start(rig_install(scripts[i % SCRIPTS]), &input, &turns[i]);
    for (int i = 0; i < 5; i++)
        assert_done(rig_run(SH "cat \"$ACTOR_STATE\"\n", "x", "polite\n"), "polite\n");
    for (int i = 0; i < TURNS; i++) {
        rig_finish(&turns[i]);
        cr_assert(turns[i].output.verdict != TURN_DONE || i % SCRIPTS == SCRIPTS - 1,
                  "%s", scripts[i % SCRIPTS]);
        turn_output_free(&turns[i].output);
    }
}

Test(program_trouble, what_cannot_be_started_for_want_is_retried)
{
    rig_policy.timeout_ms = 200;
    struct behavior *behavior = rig_install(SH "exit 0\n");
    struct turn_input input = rig_input("x", "");
    struct rig_turn turns[2] = {{.answers = 0}};
    struct rlimit before, none = {.rlim_cur = 0};

    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none.rlim_max = before.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    rig_start(behavior, &input, &turns[0]);
    rig_finish(&turns[0]);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_verdict(&turns[0].output, TURN_RETRY, "Too many open files");
    turn_output_free(&turns[0].output);

    char *path = scratch_path("program-0");
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    rig_start(behavior, &input, &turns[1]);
    rig_finish(&turns[1]);
    assert_verdict(&turns[1].output, TURN_RETRY, "Text file busy");
    turn_output_free(&turns[1].output);
    close(fd);
    free(path);
}

Test(program_trouble, memory_is_limited)
{
    rig_options.executable.memory_bytes = 256u << 20;
    assert_verdict(rig_run("#!/usr/bin/env python3\nx = b'x' * (1 << 30)\n", "x", ""),
                   TURN_FAILED, "MemoryError");
}

Test(program_trouble, the_turn_of_its_process_group_is_known_while_it_runs)
{
    char *path = scratch_path("pid");
    char script[256];
    struct turn_input input = rig_input("x", "");
    struct rig_turn turn = {0};
    uint64_t found = 0;

    snprintf(script, sizeof(script), SH "echo $$ > %s; sleep 1000\n", path);
    struct behavior *behavior = rig_install(script);
    rig_start(behavior, &input, &turn);
    pid_t group = (pid_t)scratch_read_number("pid");
    cr_assert(host_turn_of_group(rig_host(), group, &found));
    cr_assert_eq(found, turn.id);
    behavior->kill(behavior, turn.id);
    rig_finish(&turn);
    cr_assert_not(host_turn_of_group(rig_host(), group, &found));
    turn_output_free(&turn.output);
    free(path);
}

Test(program_trouble, the_stop_ends_all_and_answers_nothing)
{
    struct behavior *behavior = rig_install(SH "trap '' TERM; sleep 1000\n");
    struct turn_input input = rig_input("x", "");
    static struct rig_turn turns[10];

    for (int i = 0; i < 10; i++)
        rig_start(behavior, &input, &turns[i]);
    rig_close();
    for (int i = 0; i < 10; i++)
        cr_assert_eq(turns[i].answers, 0);
}

static size_t count_folders(void)
{
    DIR *entries = opendir(rig_options.folder);
    size_t count = 0;

    while (readdir(entries))
        count++;
    closedir(entries);
    return count - 2;
}

Test(program_trouble, what_a_killed_daemon_left_is_removed_by_the_next)
{
    char *path = scratch_path("pid");
    char script[256];

    snprintf(script, sizeof(script),
             SH "cd $(dirname $ACTOR_STATE); mkdir a; echo $$ > %s; sleep 1000\n",
             path);
    rig_close();
    pid_t daemon = fork();
    if (daemon == 0) {
        static struct rig_turn turn;
        struct turn_input input = rig_input("x", "secret");

        rig_options.folder = scratch_path("turns");
        rig_reopen();
        rig_start(rig_install(script), &input, &turn);
        pause();
    }
    long pid = scratch_read_number("pid");
    cr_assert_eq(count_folders(), 1);
    rig_reopen();
    rig_install(SH "true\n");
    cr_assert_eq(count_folders(), 1, "a daemon that lives has lost its folder");
    host_close(rig_host()); /* so that what is orphaned is not ours */
    kill(daemon, SIGKILL);
    waitpid(daemon, NULL, 0);
    cr_assert(wait_until_ended(pid));
    rig_reopen();
    rig_install(SH "true\n");
    cr_assert_eq(count_folders(), 0);
    free(path);
}
