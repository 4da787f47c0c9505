/* SPDX-License-Identifier: MIT */
/*
 * Real processes with real descriptors of a file in a scratch folder. Children say
 * through a pipe when they are ready, and end when the other pipe is closed.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/process.h"

static char path[] = "/tmp/actorfs-test-process-XXXXXX";
static struct open_file file;

static void make_file(void)
{
    int made = mkstemp(path);
    struct stat found;
    cr_assert(made >= 0 && fstat(made, &found) == 0);
    close(made);
    file = (struct open_file){.device_major = major(found.st_dev),
                              .device_minor = minor(found.st_dev),
                              .inode = found.st_ino,
                              .writable = true,
                              .name_part = "actorfs-test-process"};
}

static void remove_file(void)
{
    unlink(path);
}

TestSuite(process, .init = make_file, .fini = remove_file, .timeout = 30);

Test(process, descriptors_are_counted_no_further_than_needed)
{
    int one = open(path, O_WRONLY), two = dup(one), three = open(path, O_WRONLY);
    cr_assert(three >= 0);
    cr_expect_eq(process_descriptors(getpid(), &file, 100), 3);
    cr_expect_eq(process_descriptors(getpid(), &file, 2), 2);
    close(one);
    close(two);
    cr_expect_eq(process_descriptors(getpid(), &file, 100), 1);
    close(three);
    cr_expect_eq(process_descriptors(getpid(), &file, 100), 0);
}

Test(process, other_files_and_other_ways_of_opening_do_not_count)
{
    int null = open("/dev/null", O_WRONLY), reads = open(path, O_RDONLY),
        both = open(path, O_RDWR), pipes[2];
    cr_assert(null >= 0 && reads >= 0 && both >= 0 && pipe(pipes) == 0);
    cr_expect_eq(process_descriptors(getpid(), &file, 100), 0);
    struct open_file both_ways = file;
    both_ways.readable = true;
    cr_expect_eq(process_descriptors(getpid(), &both_ways, 100), 1);
}

Test(process, another_file_under_a_similar_name_does_not_count)
{
    char other[sizeof path + 1];
    snprintf(other, sizeof other, "%s2", path);
    int descriptor = open(other, O_WRONLY | O_CREAT, 0600);
    cr_assert(descriptor >= 0);
    cr_expect_eq(process_descriptors(getpid(), &file, 100), 0);
    unlink(other);
}

Test(process, a_file_whose_name_is_gone_still_counts)
{
    int descriptor = open(path, O_WRONLY);
    cr_assert(descriptor >= 0);
    unlink(path);
    cr_expect_eq(process_descriptors(getpid(), &file, 100), 1);
}

Test(process, hundreds_of_descriptors_are_all_seen)
{
    for (int i = 0; i < 500; i++)
        cr_assert(open(i % 2 ? path : "/dev/null", O_WRONLY) >= 0);
    cr_expect_eq(process_descriptors(getpid(), &file, 1000), 250);
}

Test(process, a_child_that_inherited_the_file_holds_it_until_it_ends)
{
    int ready[2], stay[2];
    char byte;
    int descriptor = open(path, O_WRONLY);
    cr_assert(descriptor >= 0 && pipe(ready) == 0 && pipe(stay) == 0);
    pid_t child = fork();
    if (child == 0) {
        close(stay[1]);
        _exit(write(ready[1], "y", 1) != 1 || read(stay[0], &byte, 1) != 0);
    }
    close(descriptor);
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    cr_expect_eq(process_descriptors(child, &file, 100), 1);
    cr_expect(process_has_heir(getpid(), &file));
    cr_expect_not(process_has_heir(child, &file));
    cr_expect_eq(process_descriptors(getpid(), &file, 100), 0);
    close(stay[1]);
    waitpid(child, NULL, 0);
    cr_expect_eq(process_descriptors(child, &file, 100), 0);
    cr_expect_not(process_has_heir(getpid(), &file));
    cr_expect(process_has_heir(child, &file), "cannot be told");
}

Test(process, an_unknown_process_cannot_be_told_and_a_dead_one_holds_nothing)
{
    cr_expect_eq(process_descriptors(0, &file, 1), -1);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    cr_expect_eq(process_descriptors(child, &file, 1), 0);
}

Test(process, what_may_not_be_seen_cannot_be_told)
{
    int result[2];
    int told = 0;
    cr_assert_eq(pipe(result), 0);
    if (getuid() != 0)
        cr_skip_test("needs root to become somebody else");
    pid_t child = fork();
    if (child == 0) {
        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(1);
        told = process_descriptors(getppid(), &file, 1);
        _exit(write(result[1], &told, sizeof told) != sizeof told);
    }
    cr_assert_eq(read(result[0], &told, sizeof told), sizeof told);
    waitpid(child, NULL, 0);
    cr_expect_eq(told, -1);
}

static void *say_id(void *context)
{
    *(pid_t *)context = process_of_thread((pid_t)syscall(SYS_gettid));
    return NULL;
}

Test(process, a_thread_is_mapped_to_its_process)
{
    pthread_t thread;
    pid_t process = 0;
    pthread_create(&thread, NULL, say_id, &process);
    pthread_join(thread, NULL);
    cr_expect_eq(process, getpid());
    cr_expect_eq(process_of_thread(getpid()), getpid());
    cr_expect_eq(process_of_thread(0), 0);
}

/* A positive takes a filesystem that waits: tests/mount/test_copies.c. */
Test(process, who_waits_in_another_way_creates_nothing_anew)
{
    char fifo[sizeof path + 8];
    snprintf(fifo, sizeof fifo, "%s.fifo", path);
    cr_assert_eq(mkfifo(fifo, 0600), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(open(fifo, O_WRONLY | O_CREAT, 0600) < 0);
    cr_expect_not(process_creates_anew(child));
    cr_expect_not(process_creates_anew(0));
    int reader = open(fifo, O_RDONLY);
    int status = -1;
    cr_expect_eq(waitpid(child, &status, 0), child);
    cr_expect_eq(status, 0);
    cr_expect_not(process_creates_anew(child));
    close(reader);
    unlink(fifo);
}
