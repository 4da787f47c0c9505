/* SPDX-License-Identifier: MIT */
/* Ordinary files in the kernel's hands: numbers, descriptors, and finding them again.
 */
#include "fs/ordinary.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/foldertree.h"

#define AREA 39 /* a special inode, whose folder is the scratch folder */

static char scratch[] = "/tmp/actorfs-ordinary-XXXXXX";
static int top;
static struct ordinary_table *table;

static int open_area(void *context, uint64_t inode)
{
    (void)context;
    errno = ESTALE;
    return inode == AREA ? openat(top, ".", O_RDONLY | O_DIRECTORY) : -1;
}

static void setup(void)
{
    cr_assert_not_null(mkdtemp(scratch));
    top = open(scratch, O_RDONLY | O_DIRECTORY);
    table = ordinary_open(open_area, NULL);
}

static void teardown(void)
{
    ordinary_close(table);
    close(top);
    cr_expect(foldertree_remove(AT_FDCWD, scratch));
}

TestSuite(ordinary, .init = setup, .fini = teardown);

static void touch(const char *name)
{
    int file = openat(top, name, O_WRONLY | O_CREAT, 0600);
    cr_assert_geq(file, 0);
    close(file);
}

static uint64_t see_at(uint64_t folder, const char *path, const char *name)
{
    struct stat stat;
    cr_assert_eq(fstatat(top, path, &stat, AT_SYMLINK_NOFOLLOW), 0, "%s", path);
    return ordinary_seen(table, folder, name, &stat);
}

static uint64_t see(const char *name)
{
    return see_at(AREA, name, name);
}

static bool is_found(uint64_t number)
{
    struct ordinary *file = ordinary_hold(table, number);
    if (file)
        ordinary_let_go(table, file);
    else
        cr_expect_eq(errno, ESTALE);
    return file != NULL;
}

Test(ordinary, hard_links_share_a_number_and_forgetting_ends_it)
{
    size_t open;
    touch("a");
    cr_assert_eq(linkat(top, "a", top, "b", 0), 0);
    uint64_t number = see("a");
    cr_expect(inode_is_ordinary(number));
    cr_expect_eq(see("b"), number);
    touch("c");
    cr_expect_neq(see("c"), number);
    ordinary_forget(table, number, 1);
    cr_expect(is_found(number));
    ordinary_forget(table, number, 1);
    cr_expect_not(is_found(number));
    cr_expect_eq(ordinary_count(table, &open), 1);
}

Test(ordinary, a_file_is_found_again_by_folder_and_name_or_is_stale)
{
    cr_assert_eq(mkdirat(top, "d", 0700), 0);
    touch("d/f");
    uint64_t folder = see("d"), file = see_at(folder, "d/f", "f");
    cr_expect(is_found(file));
    cr_expect_eq(ordinary_area(table, file), AREA);
    cr_expect_not(is_found(ORDINARY_BIT | 4711));
    touch("d/g");
    uint64_t moved = see_at(folder, "d/g", "g");
    cr_assert_eq(renameat(top, "d/g", top, "elsewhere"), 0);
    cr_expect_not(is_found(moved), "nobody said where it went");
    struct stat stat;
    cr_assert_eq(fstatat(top, "elsewhere", &stat, 0), 0);
    ordinary_moved(table, &stat, AREA, "elsewhere");
    cr_expect(is_found(moved));
}

Test(ordinary, a_link_in_its_place_is_not_followed)
{
    touch("victim");
    touch("a");
    uint64_t number = see("a");
    cr_assert_eq(unlinkat(top, "a", 0), 0);
    cr_assert_eq(symlinkat("victim", top, "a"), 0);
    cr_expect_not(is_found(number));
}

Test(ordinary, what_is_held_outlives_its_name)
{
    struct stat stat;
    touch("a");
    uint64_t number = see("a");
    struct ordinary *file = ordinary_hold(table, number);
    cr_assert_not_null(file);
    cr_assert_eq(unlinkat(top, "a", 0), 0);
    ordinary_forget(table, number, 1);
    cr_expect_eq(fstat(ordinary_descriptor(file), &stat), 0);
    cr_expect(is_found(number));
    ordinary_let_go(table, file);
    cr_expect_not(is_found(number));
}

Test(ordinary, what_was_sent_is_stale_and_its_inode_free_for_another)
{
    struct stat stat;
    touch("a");
    uint64_t number = see("a");
    cr_assert_eq(fstatat(top, "a", &stat, 0), 0);
    uint64_t folder;
    char name[FILE_NAME_BYTES_MAX + 1];
    cr_expect_not(ordinary_sent_to(table, number, &folder, name));
    cr_expect_eq(ordinary_sent(table, &stat, 7, "tasks"), number);
    cr_expect(ordinary_sent_to(table, number, &folder, name));
    cr_expect_eq(folder, 7);
    cr_expect_str_eq(name, "tasks");
    cr_expect_not(is_found(number));
    cr_expect_neq(see("a"), number);
    ordinary_forget(table, number, 1);
}

Test(ordinary, only_so_many_descriptors_are_kept_open)
{
    struct rlimit limit = {.rlim_cur = 200, .rlim_max = 200};
    char name[16];
    uint64_t numbers[300];
    size_t open;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    struct ordinary_table *small = ordinary_open(open_area, NULL);
    for (int i = 0; i < 300; i++) {
        struct stat stat;
        snprintf(name, sizeof name, "%d", i);
        touch(name);
        cr_assert_eq(fstatat(top, name, &stat, 0), 0);
        numbers[i] = ordinary_seen(small, AREA, name, &stat);
    }
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 300; i++) {
            struct ordinary *file = ordinary_hold(small, numbers[i]);
            cr_assert_not_null(file, "%d: %s", i, strerror(errno));
            ordinary_let_go(small, file);
        }
    cr_expect_eq(ordinary_count(small, &open), 300);
    cr_expect_eq(open, 50);
    ordinary_close(small);
}
