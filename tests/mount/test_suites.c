/* SPDX-License-Identifier: MIT */
/*
 * File system tests that nobody here wrote, on ordinary files in an actor: the tests of
 * Python's own library, and stress-ng's stressors, which check what they read. (Debian
 * has neither pjdfstest nor xfstests, fsx or fsstress.) Then what is not supported, and
 * why: each is tried, so that the list stays true.
 */
#include "tests/mount/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SUITE_DEADLINE_MS 500000

static char folder[MOUNTED_PATH_MAX];

static void open_with_folder(void)
{
    fixture_open_with_keep();
    WORKS("mkdir $K/suite");
    snprintf(folder, sizeof folder, "%s", in_keep("suite"));
    setenv("F", folder, 1);
    setenv("TMPDIR", folder, 1); /* where both suites work */
}

TestSuite(suites, .init = open_with_folder, .fini = fixture_close);

/* Debian's, whatever else is in the way. */
#define PYTHON "cd $F && /usr/bin/python3 "
#define PYTHON_TESTS                                                                   \
    "test_os test_posix test_shutil test_mmap test_fcntl test_fileio test_file "       \
    "test_posixpath test_genericpath test_filecmp test_stat test_dbm_dumb "

/* Runs a suite, shows the end of its output if it fails; it must clean up. */
static void run_suite(const char *command)
{
    struct command suite = {0};
    char *logged = NULL;
    cr_assert(asprintf(&logged, "{ %s; } > $S/suite.log 2>&1", command) > 0);
    command_start(&suite, logged);
    command_finish(&suite, SUITE_DEADLINE_MS);
    cr_expect_eq(suite.status, 0, "%s: status %d:\n%s", command, suite.status,
                 suite.status ? shell("tail -n 60 $S/suite.log")->out.data : "");
    GIVES("ls -A $F", "");
    command_free(&suite);
    free(logged);
}

Test(suites, pythons_own_library_finds_an_ordinary_filesystem)
{
    need(PYTHON "-c 'import test.test_os, test.test_shutil'",
         "libpython3.11-testsuite");
    run_suite(PYTHON "-m test " PYTHON_TESTS);
    /* Python believes in extended attributes only where there are trusted ones, too. */
    run_suite(PYTHON "-c 'from test.support import os_helper; import unittest\n"
                     "os_helper._can_xattr = True\n"
                     "unittest.main(None, argv=[\"\", "
                     "\"test.test_os.ExtendedAttributeTests\", "
                     "\"test.test_shutil.TestCopy.test_copyxattr\"])'");
}

/* All at once, so that they also stand in each other's way. */
#define STRESSORS                                                                      \
    "--access 1 --chdir 1 --chmod 1 --chown 1 --copy-file 1 --dentry 1 --dir 1 "       \
    "--dirdeep 1 --dirdeep-inodes 200 --dirmany 1 --fallocate 1 --fallocate-bytes 8M " \
    "--fcntl 1 --filename 1 --flock 1 --fpunch 1 --fsize 1 --fstat 1 --getdent 1 "     \
    "--handle 1 --hdd 1 --hdd-bytes 8M --iomix 1 --iomix-bytes 8M --lease 1 --link 1 " \
    "--locka 1 --lockf 1 --lockofd 1 --mknod 1 --mmap 1 --mmap-file --mmap-bytes 4M "  \
    "--msync 1 --open 1 --open-max 1000 --readahead 1 --readahead-bytes 8M "           \
    "--rename 1 --revio 1 --revio-bytes 4M --seek 1 --seek-size 8M --sendfile 1 "      \
    "--splice 1 --symlink 1 --sync-file 1 --sync-file-bytes 8M --touch 1 --utime 1 "   \
    "--xattr 1 "

Test(suites, stress_ng_reads_what_it_wrote)
{
    need_program("stress-ng");
    run_suite("stress-ng --temp-path $F --verify --timeout 5 " STRESSORS);
}

/* --------------------------------------------------------------- not supported --- */

static int opened;

static const char *in_folder(const char *name)
{
    return mounted_path(&fixture, "actors/keep_1/suite/%s", name);
}

/* libfuse 3.14 cannot pass it on, and few programs miss it. */
static int make_unnamed(void)
{
    return open(folder, O_TMPFILE | O_RDWR, 0600);
}

/* Two names at once cannot be told to the other face in one step. */
static int exchange(void)
{
    return renameat2(AT_FDCWD, in_folder("a"), AT_FDCWD, in_folder("b"),
                     RENAME_EXCHANGE);
}

/* The kernel's FUSE knows only the ways that leave bytes where they are. */
static int collapse(void)
{
    return fallocate(opened, FALLOC_FL_COLLAPSE_RANGE, 0, 4096);
}

/* immutable, append-only, no-atime: of the store's filesystem, by ioctl(2), which is
   not passed on: it would reach what no permission covers. */
static int set_flags(void)
{
    int flags = FS_APPEND_FL;
    return ioctl(opened, FS_IOC_SETFLAGS, &flags);
}

/* Sharing extents goes through the same door; cp and git copy instead. */
static int clone(void)
{
    int from = open(in_folder("b"), O_RDONLY);
    int result = ioctl(opened, FICLONE, from), error = errno;
    close(from);
    errno = error;
    return result;
}

/* A device would open a way around every permission. */
static int make_device(void)
{
    return mknod(in_folder("null"), S_IFCHR | 0666, 0x103);
}

/* So would a program that runs with its owner's rights. */
static int set_user_id(void)
{
    return chmod(in_folder("a"), 04755);
}

/* Access lists would be kept and heeded by nobody; the permission bits are. */
static int set_access_list(void)
{
    static const char list[] =
        "\2\0\0\0\1\0\6\0\377\377\377\377\4\0\4\0\377\377\377\377"
        "\40\0\4\0\377\377\377\377";
    return setxattr(in_folder("a"), "system.posix_acl_access", list, sizeof list - 1,
                    0);
}

/* What only the administrator's tools read belongs to the store's filesystem. Of others
   the kernel asks for rights first. */
static int set_trusted(void)
{
    if (geteuid() != 0) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return setxattr(in_folder("a"), "trusted.x", "x", 1, 0);
}

Test(suites, what_is_not_supported_says_so)
{
    static const struct {
        const char *what;
        int (*try)(void);
        int error;
    } list[] = {{"O_TMPFILE", make_unnamed, EOPNOTSUPP},
                {"RENAME_EXCHANGE", exchange, EINVAL},
                {"FALLOC_FL_COLLAPSE_RANGE", collapse, EOPNOTSUPP},
                {"chattr(1)", set_flags, ENOTTY},
                {"FICLONE", clone, EOPNOTSUPP},
                {"devices", make_device, EPERM},
                {"set-id programs", set_user_id, EPERM},
                {"access lists", set_access_list, EOPNOTSUPP},
                {"trusted attributes", set_trusted, EOPNOTSUPP}};
    WORKS("cd $F; echo a > a; echo b > b");
    opened = open(in_folder("a"), O_RDWR);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        errno = 0;
        cr_expect_eq(list[i].try(), -1, "%s", list[i].what);
        cr_expect_eq(errno, list[i].error, "%s: %s", list[i].what, strerror(errno));
    }
    close(opened);
    GIVES("cd $F; ls -A; cat a b", "a\nb\na\nb\n");
}
