/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/census.h"

static struct census *census;

static int own_descriptors(void)
{
    struct stat folder;
    return stat("/proc/self/fd", &folder) == 0 ? (int)folder.st_size : 0;
}

static void setup(void)
{
    census = census_open();
    if (own_descriptors() == 0)
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

static void earn_trust(pid_t process)
{
    for (unsigned i = 0; i < CENSUS_PLAIN_ENOUGH; i++) {
        cr_assert_eq(census_count(census, process), -1);
        census_note(census, process, true);
    }
}

Test(census, descriptors_of_a_trusted_process_are_counted_as_they_come_and_go)
{
    earn_trust(getpid());
    int before = census_count(census, getpid());
    cr_assert_gt(before, 0);
    int descriptor = open("/dev/null", O_WRONLY);
    cr_expect_eq(census_count(census, getpid()), before + 1);
    close(descriptor);
    cr_expect_eq(census_count(census, getpid()), before);
}

Test(census, trust_is_lost_by_one_message_that_went_on)
{
    earn_trust(getpid());
    census_note(census, getpid(), false);
    earn_trust(getpid());
    cr_expect_gt(census_count(census, getpid()), 0);
}

Test(census, a_process_that_is_gone_is_not_trusted_under_its_number)
{
    pid_t child = start_child();
    earn_trust(child);
    cr_assert_gt(census_count(census, child), 0);
    end_child(child);
    earn_trust(child);
}

Test(census, no_process_is_never_trusted)
{
    for (unsigned i = 0; i <= CENSUS_PLAIN_ENOUGH; i++)
        census_note(census, 0, true);
    cr_expect_eq(census_count(census, 0), -1);
}

Test(census, no_more_folders_are_kept_than_it_says)
{
    int before = own_descriptors();
    for (int i = 0; i < 2 * CENSUS_PROCESSES; i++) {
        pid_t child = start_child();
        census_note(census, child, true);
        end_child(child);
    }
    cr_expect_gt(own_descriptors(), before);
    cr_expect_leq(own_descriptors(), before + CENSUS_PROCESSES);
}
