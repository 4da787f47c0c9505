/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/mountpoint.h"

static char folder[] = "/tmp/actorfs-test-mountpoint-XXXXXX";

static void make_folder(void)
{
    cr_assert(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    cr_assert_eq(mkdir("empty", 0700), 0);
    cr_assert_eq(mkdir("full", 0700), 0);
    close(open("full/file", O_WRONLY | O_CREAT, 0600));
}

static void remove_folder(void)
{
    unlink("full/file");
    rmdir("full");
    rmdir("empty");
    rmdir(folder);
}

TestSuite(mountpoint, .init = make_folder, .fini = remove_folder);

static void expect(const char *path, bool nonempty, enum status expected)
{
    char *absolute = NULL;
    char *wanted = path_make_absolute(path);
    BYTES_AUTO(message);
    cr_expect_eq(mountpoint_prepare(path, nonempty, &absolute, &message), expected,
                 "%s", path);
    if (expected == STATUS_OK)
        cr_expect_str_eq(absolute, wanted);
    else
        cr_expect(message.size > 0 && !absolute);
    free(absolute);
    free(wanted);
}

Test(mountpoint, an_empty_folder_is_made_absolute)
{
    expect("empty", false, STATUS_OK);
}

Test(mountpoint, a_folder_with_something_in_it_is_refused_unless_it_is_asked_for)
{
    expect("full", false, STATUS_NOT_EMPTY);
    expect("full", true, STATUS_OK);
}

Test(mountpoint, what_is_no_folder_is_refused)
{
    expect("missing", false, STATUS_NOT_FOUND);
    expect("full/file", false, STATUS_IO);
}

Test(mountpoint, a_path_that_does_not_exist_can_be_made_absolute)
{
    char expected[128];
    char *absolute = path_make_absolute("later/store");
    snprintf(expected, sizeof expected, "%s/later/store", folder);
    cr_expect_str_eq(absolute, expected);
    free(absolute);
    absolute = path_make_absolute("/var/store");
    cr_expect_str_eq(absolute, "/var/store");
    free(absolute);
}
