/* SPDX-License-Identifier: MIT */
/*
 * The daemon as a citizen of the machine (contract, section 11): one a store, started
 * and stopped in the ways mount(8), fstab and people do it, over a stale mount, and on
 * a disk that is full.
 */
#include "tests/mount/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(daemon, .init = fixture_open, .fini = fixture_close);

/* ----------------------------------------------------------------- start, stop --- */

Test(daemon, is_one_a_store)
{
    char pid[32];
    snprintf(pid, sizeof pid, "%d", fixture.daemon);
    WORKS("mkdir $S/other");
    const struct command *got = shell("$ACTORFS mount $STORE $S/other -f");
    cr_expect_gt(got->status, 0);
    cr_expect_not_null(strstr(got->err.data, pid), "names %s: %s", pid, got->err.data);
    FAILS("mountpoint -q $S/other", 32, "");
    make_actor("user_1");
}

Test(daemon, replaces_a_stale_mount)
{
    make_actor("user_1");
    cr_expect(mounted_kill(&fixture));
    FAILS("ls $A", 2, "Transport endpoint is not connected");
    mounted_start(&fixture);
    GIVES("ls $A", "user_1\n");
    GIVES("grep -c \" $M \" /proc/self/mounts", "1\n");
}

Test(daemon, refuses_a_mountpoint_that_is_not_empty)
{
    WORKS("mkdir $S/full; touch $S/full/file");
    FAILS("$ACTORFS mount $S/store2 $S/full -f", 1, "not empty");
    FAILS("$ACTORFS mount $S/store2 $S/nowhere -f", 1, "nowhere");
    FAILS("$ACTORFS mount $S/store2 $S/full/file -f", 1, "file");
}

Test(daemon, mounts_over_files_when_told_so)
{
    WORKS("mkdir $S/full; touch $S/full/file");
    struct command daemon = {0};
    command_start(&daemon, "exec $ACTORFS mount $S/store2 $S/full -f -o nonempty");
    GIVES("until test -s $S/full/README || test $((n += 1)) -gt 3000; do sleep 0.01; "
          "done;"
          "ls $S/full",
          "README\nactors\nattention\nbehaviors\nstatus\n");
    command_signal(&daemon, SIGTERM);
    command_finish(&daemon, MOUNTED_STOP_MS);
    cr_expect_eq(daemon.status, 0, "%d", daemon.status);
    command_free(&daemon);
    GIVES("ls $S/full", "file\n");
}

Test(daemon, names_an_option_it_does_not_know)
{
    WORKS("mkdir $S/other");
    FAILS("$ACTORFS mount $S/store2 $S/other -f -o colour=red", 2, "colour");
    FAILS("$ACTORFS mount $S/store2 $S/other -f --colour", 2, "colour");
    FAILS("$ACTORFS mount $S/store2 $S/other -f -o message-max=huge", 2, "message-max");
    FAILS("$ACTORFS mount $S/store2", 2, "");
    FAILS("$ACTORFS brew", 2, "");
}

Test(daemon, tells_its_version_and_how_to_use_it)
{
    cr_expect_eq(shell("$ACTORFS --version")->status, 0);
    cr_expect_eq(shell("$ACTORFS --help | grep -q 'mount STORE MOUNTPOINT'")->status,
                 0);
}

Test(daemon, starts_as_mount_and_fstab_do_it)
{
    WORKS("mkdir $S/other");
    /* In the background: returns when it serves. */
    WORKS("$ACTORFS $S/store2 $S/other -o rw,noatime,nosuid,nodev,_netdev,noauto,user");
    GIVES("ls $S/other", "README\nactors\nattention\nbehaviors\nstatus\n");
    GIVES("grep \" $S/other \" /proc/self/mounts | cut -d' ' -f3", "fuse.actorfs\n");
    WORKS("mkdir $S/other/actors/user_1; echo x > $S/other/actors/user_1/tasks");
    WORKS("fusermount3 -u $S/other");
    /* It has ended when its store is free again. */
    WORKS(
        "until $ACTORFS $S/store2 $S/other -o rw 2> $S/why || test $((n += 1)) -gt 300;"
        " do sleep 0.01; done");
    GIVES("ls $S/other/actors", "user_1\n");
    WORKS("umount $S/other");
}

Test(daemon, stops_cleanly_on_each_signal_and_on_unmounting)
{
    make_actor("user_1");
    for (const int *number = (const int[]){SIGTERM, SIGINT, 0}; *number != 0;
         number++) {
        kill(fixture.daemon, *number);
        cr_expect_eq(mounted_reap(&fixture), 0);
        FAILS("mountpoint -q $M", 32, "");
        mounted_start(&fixture);
    }
    WORKS("fusermount3 -u $M");
    cr_expect_eq(mounted_reap(&fixture), 0);
    mounted_start(&fixture);
    WORKS("umount $M");
    cr_expect_eq(mounted_reap(&fixture), 0);
    mounted_start(&fixture);
    GIVES("ls $A", "user_1\n");
}

/* Writes under fresh keys until the daemon is gone. */
static _Noreturn void write_fresh_keys(int writer)
{
    for (int n = 0;; n++) {
        const char *path = mounted_path(&fixture, "actors/user_1/tasks@%d-%d-%d",
                                        (int)getpid(), writer, n);
        if (file_write(path, O_WRONLY | O_CREAT | O_TRUNC, view_text("x\n")) != 0)
            _exit(0);
    }
}

/* While the daemon tells the kernel of a name that it need not remember, the kernel may
   make it wait for a lock that a client holds, who waits for the daemon. A kill at that
   moment must not leave both waiting for ever. */
Test(daemon, can_be_killed_at_any_moment)
{
    enum { KILLS = 15, FRESH_WRITERS = 8 };
    make_actor("user_1");
    for (int kills = 0; kills < KILLS; kills++) {
        pid_t writers[FRESH_WRITERS];
        long long goal = number_of("user_1", "done") + 200, deadline = now_ms() + 10000;
        for (int i = 0; i < FRESH_WRITERS; i++) {
            writers[i] = fixture_fork();
            if (writers[i] == 0)
                write_fresh_keys(i);
        }
        while (number_of("user_1", "done") < goal && now_ms() < deadline)
            poll_pause();
        bool killed = mounted_kill(&fixture);
        for (int i = 0; i < FRESH_WRITERS; i++)
            waitpid(writers[i], NULL, 0);
        cr_assert(killed, "kill %d", kills);
        mounted_start(&fixture);
    }
}

Test(daemon, stops_while_files_are_open)
{
    make_suspended("user_1");
    int fd = open(mounted_path(&fixture, "actors/user_1/tasks"), O_WRONLY | O_APPEND);
    int folder = open(mounted_path(&fixture, "actors/user_1"), O_RDONLY | O_DIRECTORY);
    cr_assert(fd >= 0 && folder >= 0);
    cr_expect_eq(write(fd, "sent\nunfinished", 15), 15);
    cr_expect_eq(mounted_stop(&fixture), 0);
    cr_expect_eq(write(fd, "\n", 1), -1);
    close(fd);
    close(folder);
    mounted_start(&fixture);
    cr_expect_geq(number_of("user_1", "pending"), 1);
}

Test(daemon, keeps_everything_over_a_restart)
{
    make_suspended("user_1");
    make_actor("counter_1");
    WORKS("seq 100 >> $A/user_1/tasks@load; seq 100 >> $A/counter_1/tasks@load;"
          "echo counter >> $A/user_1/behavior; echo 1000 > $A/user_1/state");
    cr_expect(wait_number("counter_1", "done", 100));
    WORKS("cat $A/*/[b-rt]* $A/*/st* > $S/before");
    for (int turn = 0; turn < 3; turn++) {
        cr_expect_eq(mounted_stop(&fixture), 0);
        mounted_start(&fixture);
        WORKS("cat $A/*/[b-rt]* $A/*/st* > $S/after; cmp $S/before $S/after");
    }
    WORKS("echo resume >> $A/user_1/status");
    cr_expect(wait_number("user_1", "done", 100));
    GIVES("cat $A/user_1/state $A/counter_1/tasks@load~100", "6050\n5050\n");
}

Test(daemon, says_what_its_store_holds)
{
    make_suspended("user_1");
    WORKS("seq 3 >> $A/user_1/tasks");
    cr_expect_eq(shell("$ACTORFS check $STORE")->status, 0, "%s", "beside the daemon");
    cr_expect_eq(shell("$ACTORFS stat $STORE")->status, 0);
    cr_expect(mounted_kill(&fixture));
    cr_expect_eq(shell("$ACTORFS check $STORE")->status, 0, "after a kill");
    cr_expect_gt(shell("$ACTORFS check $S/nowhere")->status, 0);
    WORKS("mkdir $S/folder");
    FAILS("$ACTORFS check $S/folder", 1, "no store");
    FAILS("$ACTORFS stat $S/folder", 1, "no store");
    GIVES("ls $S/folder", "");
    mounted_start(&fixture);
    cr_expect_eq(number_of("user_1", "pending"), 3);
}

/* The size of the first log line is overwritten in the index. */
Test(daemon, serves_what_is_sound_of_a_damaged_index)
{
    make_actor("user_1");
    WORKS("printf 'a\\nb\\n' >> $A/user_1/tasks");
    cr_assert(wait_number("user_1", "done", 2));
    cr_assert_eq(mounted_stop(&fixture), 0);
    WORKS("perl -0777 -pi -e "
          "'s/....(?=[-\\d]{10}T[\\d:.]+Z\\t1\\tdone)/\\0\\0\\0\\0/s' "
          "$STORE/index/data.mdb");
    cr_expect_eq(shell("$ACTORFS check $STORE")->status, 1);
    mounted_start(&fixture);
    GIVES("cut -f2 $A/user_1/log", "2\n");
    cr_expect_eq(mailbox_count("user_1"), 1);
    GIVES("cat $A/user_1/tasks@.1", "a\n");
}

/* ----------------------------------------------------------------- a full disk --- */

#define MESSAGES_MAX 4000
#define MESSAGE_BYTES 50000

/* A daemon whose store lies on a small tmpfs, half of it taken by a file. */
static void open_on_a_small_disk(void)
{
    const char *folder;
    fixture_open();
    cr_assert_eq(mounted_stop(&fixture), 0);
    folder = guard_folder(fixture.guard);
    WORKS("mkdir $S/disk && mount -t tmpfs -o size=256m tmpfs $S/disk");
    snprintf(fixture.store, sizeof fixture.store, "%s/disk/store", folder);
    setenv("STORE", fixture.store, 1);
    WORKS("head -c 120M /dev/zero > $S/disk/ballast");
    mounted_start(&fixture);
}

static int send_number(int n)
{
    static char message[MESSAGE_BYTES];
    memset(message, 'x', sizeof message);
    int size = snprintf(message, 32, "%d", n);
    message[size] = ' ';
    return file_write(mounted_path(&fixture, "actors/user_1/tasks@k%d", n),
                      O_WRONLY | O_CREAT | O_TRUNC, view_of(message, sizeof message));
}

/* Sends until the disk is full; how many were acknowledged, that is `from` and on. */
static int fill_disk(int from)
{
    for (int n = from; n < from + MESSAGES_MAX; n++) {
        int error = send_number(n);
        if (error != 0) {
            cr_expect_eq(error, ENOSPC, "%s", strerror(error));
            return n;
        }
    }
    cr_assert_fail("the disk never fills");
    return -1;
}

static void expect_kept(int count)
{
    cr_expect_eq(number_of("user_1", "pending"), count);
    for (int n = 0; n < count; n++) {
        BYTES_AUTO(message);
        char key[16];
        snprintf(key, sizeof key, "k%d", n);
        cr_expect_eq(message_of("user_1", key, &message), 0, "%s", key);
        cr_expect_eq(message.size, MESSAGE_BYTES);
        cr_expect(message.size > 0 && atoi(message.data) == n);
    }
}

TestSuite(full_disk, .init = open_on_a_small_disk, .fini = fixture_close);

Test(full_disk, refuses_and_goes_on_reading)
{
    make_suspended("user_1");
    int count = fill_disk(0);
    cr_expect_gt(count, 100);
    cr_expect_eq(send_number(count), ENOSPC);
    FAILS("head -c 500000 /dev/zero | cat > $A/user_1/tasks@large", 1,
          "No space left on device");
    expect_kept(count);
    cr_expect_eq(shell("ls $A/user_1 && cat $M/status $A/user_1/log")->status, 0);
}

Test(full_disk, loses_nothing_that_was_acknowledged)
{
    make_suspended("user_1");
    int count = fill_disk(0);
    fixture_crash();
    expect_kept(count);
    cr_expect_eq(mounted_stop(&fixture), 0);
    mounted_start(&fixture);
    expect_kept(count);
}

Test(full_disk, uses_the_room_that_is_made)
{
    make_suspended("user_1");
    int count = fill_disk(0);
    WORKS("rm $S/disk/ballast");
    /* It may take the daemon a moment to notice. */
    int more = count;
    long long deadline = now_ms() + FIXTURE_WAIT_MS;
    while (more < count + 1000 && now_ms() < deadline) {
        if (send_number(more) == 0)
            more++;
        else
            poll_pause();
    }
    cr_expect_eq(more, count + 1000);
    expect_kept(more);
}
