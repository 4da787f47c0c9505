/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/census.h"

static struct census *census;

static void setup(void)
{
    census = census_open();
    if (census_count(census, getpid()) < 0)
        cr_skip_test("needs Linux 6.2");
}

static void teardown(void)
{
    census_close(census);
}

TestSuite(census, .init = setup, .fini = teardown, .timeout = 30);

static pid_t start_child(void)
{
    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    return child;
}

static void end_child(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

Test(census, descriptors_are_counted_as_they_come_and_go)
{
    int before = census_count(census, getpid());
    int descriptor = open("/dev/null", O_WRONLY);
    cr_expect_eq(census_count(census, getpid()), before + 1);
    close(descriptor);
    cr_expect_eq(census_count(census, getpid()), before);
}

Test(census, a_process_that_is_gone_or_unknown_cannot_be_told)
{
    pid_t child = start_child();
    cr_assert_gt(census_count(census, child), 0);
    end_child(child);
    cr_expect_eq(census_count(census, child), -1);
    cr_expect_eq(census_count(census, child), -1);
    cr_expect_eq(census_count(census, 0), -1);
}

Test(census, no_more_folders_are_kept_than_it_says)
{
    int before = census_count(census, getpid());
    for (int i = 0; i < 2 * CENSUS_FOLDERS; i++) {
        pid_t child = start_child();
        cr_expect_gt(census_count(census, child), 0);
        end_child(child);
    }
    cr_expect_leq(census_count(census, getpid()), before + CENSUS_FOLDERS);
}
