/* SPDX-License-Identifier: MIT */
/*
 * A starter of our own stands for the shell's child; what it exits with is what a shell
 * would see.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/background.h"

enum fate { SERVES, FAILS, DIES };

/* The daemon tells on its standard output whether it leads a session, where it is, and
   whether it still has a descriptor of the starter's. */
static void run_starter(enum fate fate, int out)
{
    char line[PATH_MAX + 32];
    dup2(out, STDOUT_FILENO);
    int parent = background_start();
    if (parent < 0)
        _exit(99);
    if (fate == FAILS)
        _exit(7);
    if (fate == DIES)
        kill(getpid(), SIGKILL);
    char *here = getcwd(NULL, 0);
    int size = snprintf(line, sizeof line, "%d %s %s", getsid(0) == getpid(), here,
                        out != parent && fcntl(out, F_GETFD) >= 0 ? "open" : "closed");
    bool written = write(STDOUT_FILENO, line, (size_t)size) == size;
    background_finish(parent);
    _exit(!written);
}

static int exit_status_of_starter(enum fate fate, char *line, size_t size)
{
    int ends[2], state;
    cr_assert_eq(pipe(ends), 0);
    pid_t starter = fork();
    if (starter == 0)
        run_starter(fate, ends[1]);
    close(ends[1]);
    ssize_t got = read(ends[0], line, size - 1);
    line[got > 0 ? got : 0] = '\0';
    waitpid(starter, &state, 0);
    return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

Test(background, the_starter_succeeds_when_the_daemon_serves, .timeout = 20)
{
    char line[256];
    cr_expect_eq(exit_status_of_starter(SERVES, line, sizeof line), 0);
    cr_expect_str_eq(line, "1 / closed");
}

Test(background, the_starter_fails_as_the_daemon_did, .timeout = 20)
{
    char line[256];
    cr_expect_eq(exit_status_of_starter(FAILS, line, sizeof line), 7);
}

Test(background, the_starter_fails_when_the_daemon_dies, .timeout = 20)
{
    char line[256];
    cr_expect_eq(exit_status_of_starter(DIES, line, sizeof line), EXIT_FAILURE);
}
