/* SPDX-License-Identifier: MIT */
/* Whatever is called dead is killed or removed: everything doubtful must live. */
#include "common/behavior/identity.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/common/behavior/scratch.h"

static bool is_dead(const char *text)
{
    return identity_is_dead(view_text(text));
}

static bool has_ended(void *pid)
{
    siginfo_t end = {.si_pid = 0};

    return waitid(P_PID, *(id_t *)pid, &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           end.si_pid != 0;
}

/* That of a process that has ended. */
static void take_dead(char identity_out[IDENTITY_BYTES_MAX])
{
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char own[IDENTITY_BYTES_MAX] = "";

        identity_self(own);
        _exit(write(ends[1], own, sizeof(own)) != sizeof(own));
    }
    cr_assert_eq(read(ends[0], identity_out, IDENTITY_BYTES_MAX), IDENTITY_BYTES_MAX);
    id_t id = (id_t)pid;
    cr_assert(wait_until(has_ended, &id));
    cr_assert(is_dead(identity_out), "a zombie is taken for alive");
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
    close(ends[0]);
    close(ends[1]);
}

Test(identity, a_process_that_runs_is_not_dead)
{
    char own[IDENTITY_BYTES_MAX];

    identity_self(own);
    cr_assert_not(is_dead(own));
}

Test(identity, a_process_that_has_ended_is_dead)
{
    char dead[IDENTITY_BYTES_MAX];

    take_dead(dead);
    cr_assert(is_dead(dead), "%s", dead);
}

Test(identity, a_pid_that_was_given_again_is_told_by_its_start)
{
    char own[IDENTITY_BYTES_MAX];

    identity_self(own);
    own[strlen(own) - 1] ^= 1;
    cr_assert(is_dead(own), "%s", own);
}

Test(identity, no_descriptor_to_look_with_makes_nobody_dead)
{
    char own[IDENTITY_BYTES_MAX], dead[IDENTITY_BYTES_MAX];
    struct rlimit before, none;

    identity_self(own);
    take_dead(dead);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    bool own_is_dead = is_dead(own), dead_is_dead = is_dead(dead);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    cr_assert_not(own_is_dead, "%s", own);
    cr_assert(dead_is_dead, "%s", dead);
}

Test(identity, nothing_is_said_of_other_namespaces)
{
    char dead[IDENTITY_BYTES_MAX], other[IDENTITY_BYTES_MAX + 1] = "1";

    take_dead(dead);
    strcat(other, dead);
    cr_assert_not(is_dead(other));
}

Test(identity, what_is_no_identity_is_not_dead)
{
    static const char *const texts[] = {"", "x", "1", "1-2", "1-2-", "1-2-x", "-1-2-3"};
    char dead[IDENTITY_BYTES_MAX + 1] = "";

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        cr_assert_not(is_dead(texts[i]), "%s", texts[i]);
    take_dead(dead);
    strcat(dead, "x");
    cr_assert_not(is_dead(dead));
    cr_assert_not(identity_is_dead(view_of(NULL, 0)));
}
