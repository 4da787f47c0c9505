/* SPDX-License-Identifier: MIT */
/*
 * What programs may do to an ordinary file beyond writing and reading it: extended
 * attributes, space given and taken away, holes, copies within the filesystem, locks,
 * maps, and the space that is told. Each is asked of the kernel directly.
 */
#include "tests/mount/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define PAGE 4096

static char file[MOUNTED_PATH_MAX], folder[MOUNTED_PATH_MAX];

static void open_with_file(void)
{
    fixture_open_with_keep();
    snprintf(folder, sizeof folder, "%s", mounted_path(&fixture, "actors/keep_1"));
    snprintf(file, sizeof file, "%s", in_keep("f"));
    WORKS("printf abc > $K/f");
}

TestSuite(ordinary, .init = open_with_file, .fini = fixture_close);

static int open_file(int flags)
{
    int descriptor = open(file, flags | O_CLOEXEC, 0600);
    cr_assert_geq(descriptor, 0, "%s", strerror(errno));
    return descriptor;
}

/* The call fails, with this errno. */
#define REFUSED(call, error)                                                           \
    do {                                                                               \
        errno = 0;                                                                     \
        cr_expect_eq((call), -1, #call);                                               \
        cr_expect_eq(errno, error, #call ": %s", strerror(errno));                     \
    } while (0)

/* --------------------------------------------------------- extended attributes --- */

static void expect_attribute(const char *path, const char *name, const char *wanted)
{
    char value[64] = "";
    ssize_t size = lgetxattr(path, name, value, sizeof value);
    cr_expect_eq(size, (ssize_t)strlen(wanted), "%s of %s: %s", name, path,
                 strerror(errno));
    cr_expect_arr_eq(value, wanted, strlen(wanted));
}

Test(ordinary, attributes_are_set_got_listed_and_removed)
{
    char names[64];
    cr_expect_eq(setxattr(file, "user.color", "blue", 4, XATTR_CREATE), 0);
    REFUSED(setxattr(file, "user.color", "red", 3, XATTR_CREATE), EEXIST);
    cr_expect_eq(setxattr(file, "user.color", "green", 5, XATTR_REPLACE), 0);
    REFUSED(setxattr(file, "user.none", "x", 1, XATTR_REPLACE), ENODATA);
    cr_expect_eq(setxattr(file, "user.empty", "", 0, 0), 0);
    expect_attribute(file, "user.color", "green");
    expect_attribute(file, "user.empty", "");
    cr_expect_eq(getxattr(file, "user.color", NULL, 0), 5);
    REFUSED(getxattr(file, "user.color", names, 3), ERANGE);
    REFUSED(getxattr(file, "user.none", names, sizeof names), ENODATA);
    cr_expect_eq(listxattr(file, NULL, 0), 22);
    REFUSED(listxattr(file, names, 3), ERANGE);
    cr_expect_eq(listxattr(file, names, sizeof names), 22);
    cr_expect_eq(removexattr(file, "user.color"), 0);
    REFUSED(removexattr(file, "user.color"), ENODATA);
    cr_expect_eq(listxattr(file, names, sizeof names), 11);
    cr_expect_str_eq(names, "user.empty");
}

Test(ordinary, attributes_are_the_files_own_and_stay)
{
    WORKS("cd $K; mkdir d; ln f g");
    cr_expect_eq(setxattr(in_keep("d"), "user.of", "folder", 6, 0), 0);
    cr_expect_eq(setxattr(file, "user.of", "file", 4, 0), 0);
    int open_now = open_file(O_RDONLY);
    WORKS("cd $K; mv f h");
    cr_expect_eq(fsetxattr(open_now, "user.too", "open", 4, 0), 0);
    close(open_now);
    fixture_crash();
    expect_attribute(in_keep("d"), "user.of", "folder");
    expect_attribute(in_keep("g"), "user.of", "file");
    expect_attribute(in_keep("h"), "user.too", "open");
}

Test(ordinary, attributes_that_mean_something_are_refused)
{
    char value[8];
    REFUSED(setxattr(file, "trusted.x", "x", 1, 0),
            geteuid() == 0 ? EOPNOTSUPP : EPERM);
    REFUSED(setxattr(file, "security.selinux", "x", 1, 0), EOPNOTSUPP);
    REFUSED(getxattr(file, "security.capability", value, sizeof value), EOPNOTSUPP);
    REFUSED(getxattr(file, "system.posix_acl_access", value, sizeof value), EOPNOTSUPP);
    WORKS("ln -s f $K/link");
    REFUSED(lsetxattr(in_keep("link"), "user.x", "x", 1, 0), EPERM);
}

Test(ordinary, special_files_and_actors_have_no_attributes)
{
    static const char *const names[] = {"state", "tasks", "."};
    char value[8];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        REFUSED(setxattr(in_keep(names[i]), "user.x", "x", 1, 0), EOPNOTSUPP);
        REFUSED(getxattr(in_keep(names[i]), "user.x", value, sizeof value), EOPNOTSUPP);
        REFUSED(listxattr(in_keep(names[i]), NULL, 0), EOPNOTSUPP);
        REFUSED(removexattr(in_keep(names[i]), "user.x"), EOPNOTSUPP);
    }
    REFUSED(setxattr(mounted_path(&fixture, "actors"), "user.x", "x", 1, 0),
            EOPNOTSUPP);
    WORKS("cp -a --preserve=all $K/state $K/copy; ls -l $K $A $M > $S/listed");
}

/* The kernel asks for security.capability before it writes: it may, once. */
Test(ordinary, writing_does_not_lose_what_attributes_say)
{
    cr_expect_eq(setxattr(file, "user.x", "x", 1, 0), 0);
    WORKS("cd $K; for i in 1 2 3; do echo $i >> f; done; truncate -s 4 f; chmod 640 f");
    expect_attribute(file, "user.x", "x");
    GIVES("cat $K/f", "abc1");
}

Test(ordinary, tools_carry_attributes_in_and_out)
{
    WORKS("cd $K; touch $S/from; python3 -c 'import os;"
          "os.setxattr(os.environ[\"S\"]+\"/from\", \"user.x\", b\"1\")'");
    WORKS(
        "cp -a $S/from $K/cp; rsync -aX $S/from $K/rsync;"
        "tar -C $S --xattrs -cf - from | tar -C $K --xattrs -xf -; cp -a $K/cp $S/out");
    for (const char *const *name = (const char *const[]){"cp", "rsync", "from", NULL};
         *name; name++)
        expect_attribute(in_keep(*name), "user.x", "1");
    GIVES("python3 -c 'import os;"
          "print(os.getxattr(os.environ[\"S\"]+\"/out\", \"user.x\").decode())'",
          "1\n");
}

/* ---------------------------------------------------------- space, holes, copies ---
 */

static long long blocks_of(int descriptor)
{
    struct stat stat;
    cr_assert_eq(fstat(descriptor, &stat), 0);
    return stat.st_blocks;
}

Test(ordinary, space_is_given_and_taken_away)
{
    struct stat stat;
    int descriptor = open_file(O_RDWR | O_TRUNC);
    cr_assert_eq(fallocate(descriptor, 0, 0, 64 * PAGE), 0, "%s", strerror(errno));
    cr_expect_geq(blocks_of(descriptor), 64 * PAGE / 512);
    cr_expect_eq(fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 64 * PAGE, PAGE), 0);
    cr_expect_eq(fstat(descriptor, &stat), 0);
    cr_expect_eq(stat.st_size, 64 * PAGE);
    char page[PAGE], zeros[PAGE] = {0};
    memset(page, 'x', sizeof page);
    for (int i = 0; i < 4; i++)
        cr_expect_eq(pwrite(descriptor, page, PAGE, i * PAGE), PAGE);
    cr_expect_eq(fsync(descriptor), 0);
    long long before = blocks_of(descriptor);
    cr_expect_eq(
        fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE),
        0);
    cr_expect_lt(blocks_of(descriptor), before);
    cr_expect_eq(pread(descriptor, page, PAGE, PAGE), PAGE);
    cr_expect_arr_eq(page, zeros, PAGE, "not what the kernel had before");
    cr_expect_eq(fallocate(descriptor, FALLOC_FL_ZERO_RANGE, 2 * PAGE, PAGE), 0);
    cr_expect_eq(pread(descriptor, page, PAGE, 2 * PAGE), PAGE);
    cr_expect_arr_eq(page, zeros, PAGE);
    close(descriptor);
}

Test(ordinary, ways_to_shift_a_file_are_refused)
{
    int descriptor = open_file(O_RDWR);
    REFUSED(fallocate(descriptor, FALLOC_FL_COLLAPSE_RANGE, 0, PAGE), EOPNOTSUPP);
    REFUSED(fallocate(descriptor, FALLOC_FL_INSERT_RANGE, 0, PAGE), EOPNOTSUPP);
    close(descriptor);
}

Test(ordinary, holes_and_data_are_found)
{
    int descriptor = open_file(O_RDWR | O_TRUNC);
    cr_assert_eq(ftruncate(descriptor, 64 * PAGE), 0);
    cr_expect_eq(pwrite(descriptor, "x", 1, 16 * PAGE), 1);
    cr_expect_eq(lseek(descriptor, 0, SEEK_DATA), 16 * PAGE);
    cr_expect_eq(lseek(descriptor, 16 * PAGE, SEEK_HOLE), 17 * PAGE);
    REFUSED(lseek(descriptor, 17 * PAGE, SEEK_DATA), ENXIO);
    cr_expect_eq(lseek(descriptor, 63 * PAGE, SEEK_HOLE), 63 * PAGE);
    REFUSED(lseek(descriptor, 64 * PAGE, SEEK_HOLE), ENXIO);
    close(descriptor);
    int state = open(in_keep("state"), O_RDONLY);
    WORKS("printf 12345 > $K/state");
    cr_expect_eq(lseek(state, 2, SEEK_DATA), 2);
    cr_expect_eq(lseek(state, 2, SEEK_HOLE), 5);
    close(state);
}

Test(ordinary, a_range_is_copied_within_the_filesystem)
{
    loff_t from_offset = 1, to_offset = 0;
    char text[4] = "";
    int from = open_file(O_RDONLY);
    int to = open(in_keep("g"), O_RDWR | O_CREAT, 0600);
    cr_expect_eq(copy_file_range(from, &from_offset, to, &to_offset, 9, 0), 2);
    cr_expect_eq(from_offset, 3);
    cr_expect_eq(pread(to, text, 3, 0), 2);
    cr_expect_str_eq(text, "bc");
    cr_expect_eq(pwrite(to, "kernel's", 8, 0), 8);
    from_offset = to_offset = 0;
    cr_expect_eq(copy_file_range(from, &from_offset, to, &to_offset, 3, 0), 3);
    GIVES("cat $K/g", "abcnel's");
    close(from);
    close(to);
}

Test(ordinary, space_is_told_as_the_stores_own)
{
    struct statvfs shown, own;
    cr_assert_eq(statvfs(file, &shown), 0);
    cr_assert_eq(statvfs(fixture.store, &own), 0);
    cr_expect_eq(shown.f_bsize, own.f_bsize);
    cr_expect_eq(shown.f_blocks, own.f_blocks);
    cr_expect_eq(shown.f_files, own.f_files);
    cr_expect_eq(shown.f_namemax, 255);
}

/* ----------------------------------------------------------------- locks and maps ---
 */

/* Runs `try` in a process of its own; its result as an exit status. */
static int elsewhere(int (*try)(void))
{
    int status;
    pid_t pid = fixture_fork();
    if (pid == 0)
        _exit(try());
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static struct flock record(short type, off_t start, off_t length)
{
    return (struct flock){
        .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}

/* 0: both halves are free; 1: the first is taken; 2: the second. */
static int try_records(void)
{
    int descriptor = open(file, O_RDWR);
    struct flock first = record(F_WRLCK, 0, 10), second = record(F_WRLCK, 10, 10);
    return (fcntl(descriptor, F_SETLK, &first) != 0 ? 1 : 0) +
           (fcntl(descriptor, F_SETLK, &second) != 0 ? 2 : 0);
}

static int try_whole(void)
{
    return flock(open(file, O_RDWR), LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
}

Test(ordinary, records_and_whole_files_are_locked)
{
    struct flock first = record(F_WRLCK, 0, 10), asked = record(F_WRLCK, 0, 10);
    int descriptor = open_file(O_RDWR), other = open_file(O_RDWR);
    cr_expect_eq(elsewhere(try_records), 0);
    cr_expect_eq(fcntl(descriptor, F_OFD_SETLK, &first), 0);
    cr_expect_eq(fcntl(other, F_OFD_GETLK, &asked), 0);
    cr_expect_eq(asked.l_type, F_WRLCK);
    cr_expect_eq(elsewhere(try_records), 1);
    close(descriptor);
    cr_expect_eq(elsewhere(try_records), 0, "closing gives it back");
    cr_expect_eq(flock(other, LOCK_SH), 0);
    cr_expect_eq(elsewhere(try_whole), EWOULDBLOCK);
    close(other);
    cr_expect_eq(elsewhere(try_whole), 0);
}

static int append_through_map(void)
{
    int descriptor = open(file, O_RDWR);
    char *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (map == MAP_FAILED)
        return 1;
    memcpy(map, "ABC", 3);
    return 0;
}

Test(ordinary, maps_are_shared_between_processes_and_with_write)
{
    int descriptor = open_file(O_RDWR);
    char *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    cr_assert_neq(map, MAP_FAILED, "%s", strerror(errno));
    cr_expect_eq(elsewhere(append_through_map), 0);
    cr_expect_arr_eq(map, "ABC", 3);
    cr_expect_eq(pwrite(descriptor, "xy", 2, 1), 2);
    cr_expect_arr_eq(map, "Axy", 3);
    memcpy(map, "!", 1);
    cr_expect_eq(munmap(map, PAGE), 0);
    cr_expect_eq(fsync(descriptor), 0);
    close(descriptor);
    GIVES("cat $S/store/files/*/f", "!xy");
}
