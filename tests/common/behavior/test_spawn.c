/* SPDX-License-Identifier: MIT */
/* Each test starts a real process and asks it what it has. */
#include "common/behavior/spawn.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/common/behavior/scratch.h"

TestSuite(spawn, .fini = scratch_remove);

static char *const no_environment[] = {NULL};

/* Runs the plan with standard output into `out`; returns the wait status. */
static int run(struct spawn plan, struct bytes *out)
{
    int ends[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct spawned spawned;
    enum spawn_step step;

    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    const int descriptors[] = {null, ends[1], ends[1]};
    plan.descriptors = descriptors;
    plan.descriptor_count = 3;
    int error = spawn_process(&plan, &spawned, &step);
    cr_assert_eq(error, 0, "%s in step %d", strerror(error), (int)step);
    close(ends[1]);
    close(null);
    for (ssize_t got = 1; got > 0; out->size += got > 0 ? (size_t)got : 0)
        got = read(ends[0], bytes_reserve(out, 4096), 4096);
    close(ends[0]);
    int status;
    cr_assert_eq(waitpid(spawned.pid, &status, 0), spawned.pid);
    close(spawned.pidfd);
    return status;
}

static struct spawn shell(const char *text)
{
    static char name[] = "sh", option[] = "-c", script[1024];
    static char *argv[] = {name, option, script, NULL};

    cr_assert_lt(strlen(text), sizeof(script));
    strcpy(script, text);
    return (struct spawn){
        .path = "/bin/sh", .argv = argv, .environment = no_environment};
}

static void assert_says(struct spawn plan, const char *expected)
{
    BYTES_AUTO(out);
    int status = run(plan, &out);

    cr_assert_eq(status, 0, "status %x: %.*s", (unsigned)status, (int)out.size,
                 out.data);
    cr_assert(view_equal(view_bytes(&out), view_text(expected)), "\"%.*s\", not \"%s\"",
              (int)out.size, out.data, expected);
}

Test(spawn, a_process_has_no_descriptor_but_those_it_is_given)
{
    int leaked = open("/dev/null", O_RDONLY); /* without close-on-exec */

    assert_says(shell("for fd in 0 1 2 3 4 5 6 7 8 9 $(seq 10 64); do "
                      "test -e /proc/self/fd/$fd && echo $fd; done; true"),
                "0\n1\n2\n");
    close(leaked);
}

Test(spawn, descriptors_find_their_place_whatever_their_numbers_are)
{
    int first[2], second[2];
    struct spawned spawned;
    enum spawn_step step;
    char text[16];

    cr_assert_eq(pipe2(first, O_CLOEXEC), 0);
    cr_assert_eq(pipe2(second, O_CLOEXEC), 0);
    int saved = fcntl(1, F_DUPFD_CLOEXEC, 10),
        saved_too = fcntl(2, F_DUPFD_CLOEXEC, 10);
    dup2(first[1], 2); /* what is to be 1 is 2, what is to be 2 is 1 */
    dup2(second[1], 1);
    struct spawn plan = shell("echo one; echo two >&2");
    plan.descriptors = (const int[]){0, 2, 1};
    plan.descriptor_count = 3;
    int error = spawn_process(&plan, &spawned, &step);
    dup2(saved, 1);
    dup2(saved_too, 2);
    cr_assert_eq(error, 0);
    cr_assert_eq(read(first[0], text, sizeof(text)), 4);
    cr_assert_eq(memcmp(text, "one\n", 4), 0);
    cr_assert_eq(read(second[0], text, sizeof(text)), 4);
    cr_assert_eq(memcmp(text, "two\n", 4), 0);
    waitpid(spawned.pid, NULL, 0);
}

Test(spawn, a_process_leads_a_session_and_a_group_of_its_own)
{
    assert_says(shell("set -- $(cat /proc/$$/stat); "
                      "test $5 = $$ && test $6 = $$ && echo own"),
                "own\n");
}

Test(spawn, signals_are_neither_blocked_nor_ignored)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigfillset(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    /* grep, not the shell: a shell changes its own. */
    char *argv[] = {(char[]){"grep"}, (char[]){"^Sig[BI]"},
                    (char[]){"/proc/self/status"}, NULL};
    assert_says((struct spawn){.path = "/bin/grep",
                               .argv = argv,
                               .environment = no_environment},
                "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

Test(spawn, the_environment_is_what_is_given)
{
    char *environment[] = {(char[]){"A=b c"}, NULL};
    char *argv[] = {(char[]){"env"}, NULL};

    setenv("LEAKED", "yes", 1);
    assert_says((struct spawn){.path = "/usr/bin/env",
                               .argv = argv,
                               .environment = environment},
                "A=b c\n");
}

Test(spawn, a_process_works_in_the_folder_it_is_given_else_in_the_root)
{
    struct spawn plan = shell("pwd");

    assert_says(plan, "/\n");
    plan.directory = "/usr/bin";
    assert_says(plan, "/usr/bin\n");
}

Test(spawn, limits_are_set_and_no_core_is_dumped)
{
    struct spawn plan = shell("ulimit -v; ulimit -c");

    plan.memory_bytes = 512u << 20;
    assert_says(plan, "524288\n0\n");
}

Test(spawn, a_process_runs_as_another_user_and_has_none_of_our_groups)
{
    static const gid_t groups[] = {7, 8};
    struct spawn_user user = {65534, 65533, groups, 2};
    struct spawn plan = shell("id -u; id -ru; id -g; id -G; "
                              "sed -n 's/^Max processes *//p' /proc/self/limits");

    if (geteuid() != 0)
        cr_skip_test("only root can run processes as somebody else");
    plan.user = &user;
    plan.process_count = 500;
    assert_says(plan, "65534\n65534\n65533\n65533 7 8\n"
                      "500                  500                  processes \n");
    cr_assert_eq(geteuid(), 0);
}

static void *start_a_sleeper(void *context)
{
    static char name[] = "sleep", time[] = "1000";
    static char *argv[] = {name, time, NULL};
    static const struct spawn_user nobody = {65534, 65534, NULL, 0};
    struct spawn plan = {
        .path = "/bin/sleep", .argv = argv, .environment = no_environment};
    enum spawn_step step;

    plan.user = geteuid() == 0 ? &nobody : NULL;
    cr_assert_eq(spawn_process(&plan, context, &step), 0);
    return NULL;
}

Test(spawn, a_process_dies_with_the_thread_that_started_it, .timeout = 60)
{
    struct spawned spawned;
    pthread_t thread;
    int status;

    pthread_create(&thread, NULL, start_a_sleeper, &spawned);
    pthread_join(thread, NULL);
    struct pollfd end = {.fd = spawned.pidfd, .events = POLLIN};
    cr_assert_eq(poll(&end, 1, 20000), 1);
    waitpid(spawned.pid, &status, 0);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(spawned.pidfd);
}

static void assert_refused(const char *path, int expected, const char *words)
{
    char *argv[] = {(char[]){"x"}, NULL};
    struct spawn plan = {.path = path, .argv = argv, .environment = no_environment};
    struct spawned spawned = {.pid = -7};
    enum spawn_step step;
    BYTES_AUTO(text);

    int error = spawn_process(&plan, &spawned, &step);
    cr_assert_eq(error, expected, "%s", strerror(error));
    cr_assert_eq(step, SPAWN_EXEC);
    cr_assert_eq(spawned.pid, -7);
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "there is a process left");
    spawn_explain(&text, &plan, error, step);
    bytes_append(&text, view_of("", 1));
    cr_assert(strstr(text.data, words), "\"%s\" lacks \"%s\"", text.data, words);
}

Test(spawn, what_cannot_be_run_says_why)
{
    char *bare = scratch_write("bare", "echo hello\n", 0755);
    char *plain = scratch_write("plain", "#!/bin/sh\n", 0644);
    char *lost = scratch_write("lost", "#!/no/such/interpreter -x\n", 0755);
    char *dos = scratch_write("dos", "#!/bin/sh\r\necho\r\n", 0755);

    assert_refused("/no/such/program", ENOENT, "No such file");
    assert_refused(bare, ENOEXEC, "#!/bin/sh");
    assert_refused(plain, EACCES, "chmod +x");
    assert_refused(lost, ENOENT, "names /no/such/interpreter, which is not there");
    assert_refused(dos, ENOENT, "CRLF");
    assert_refused(scratch_folder(), EACCES, "Permission denied");
    free(bare);
    free(plain);
    free(lost);
    free(dos);
}

Test(spawn, a_program_that_is_being_written_may_be_run_a_moment_later)
{
    char *path = scratch_write("busy", "#!/bin/sh\n", 0755);
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    assert_refused(path, ETXTBSY, "Text file busy");
    cr_assert(spawn_error_passes(ETXTBSY));
    cr_assert(spawn_error_passes(EAGAIN));
    cr_assert_not(spawn_error_passes(ENOENT));
    cr_assert_not(spawn_error_passes(ENOEXEC));
    close(fd);
    free(path);
}

Test(spawn, a_folder_that_cannot_be_entered_is_named)
{
    struct spawn plan = shell("true");
    struct spawned spawned;
    enum spawn_step step;

    plan.directory = "/no/such/folder";
    cr_assert_eq(spawn_process(&plan, &spawned, &step), ENOENT);
    cr_assert_eq(step, SPAWN_DIRECTORY);
}
