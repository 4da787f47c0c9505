/* SPDX-License-Identifier: MIT */
/*
 * One contract, two disks: what disk.h promises must hold on the real one and on its
 * faulty twin. Then what only the real one can show, and what only the twin can do.
 */
#include "common/journal/disk.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/foldertree.h"
#include "tests/support/faulty_disk.h"

#define BYTES 65536u

static char folder[] = "/tmp/actorfs-disk-XXXXXX";
static char path[64];
static struct faulty_disk *twin;
static struct disk *disks[2];

static void start(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/journal", folder);
    twin = faulty_disk_open(1);
    cr_assert_eq(disk_open_folder(path, &disks[0]), STATUS_OK);
    disks[1] = faulty_disk_interface(twin);
}

static void end(void)
{
    disks[0]->close_disk(disks[0]);
    disks[1]->close_disk(disks[1]);
    faulty_disk_close(twin);
    cr_expect(foldertree_remove(AT_FDCWD, folder));
}

TestSuite(disk, .init = start, .fini = end);

/* Runs the lines that follow for each of the two as `disk`. */
#define FOR_BOTH(disk)                                                                 \
    for (struct disk **each_ = disks, *disk = disks[0];                                \
         each_ < disks + 2 && (disk = *each_) != NULL; each_++)

static struct disk_file *make(struct disk *disk, const char *name)
{
    struct disk_file *file;

    cr_assert_eq(disk->create(disk, name, BYTES, &file), STATUS_OK);
    return file;
}

struct listing {
    char text[256];
};

static void note_name(void *context, const char *name, uint64_t bytes)
{
    struct listing *listing = context;
    size_t used = strlen(listing->text);

    snprintf(listing->text + used, sizeof(listing->text) - used, "%s:%llu ", name,
             (unsigned long long)bytes);
}

static void expect_list(struct disk *disk, const char *expected)
{
    struct listing listing = {.text = ""};

    cr_assert_eq(disk->list(disk, note_name, &listing), STATUS_OK);
    cr_assert_str_eq(listing.text, expected);
}

/* ------------------------------------------------------------------ contract --- */

Test(disk, a_new_file_is_zeros_to_its_end)
{
    char bytes[BYTES];

    FOR_BOTH(disk)
    {
        struct disk_file *file = make(disk, "a");

        memset(bytes, 1, sizeof(bytes));
        cr_assert_eq(disk->read(file, 0, bytes, BYTES), STATUS_OK);
        for (size_t i = 0; i < BYTES; i++)
            cr_assert_eq(bytes[i], 0);
        disk->close(file);
        expect_list(disk, "a:65536 ");
    }
}

Test(disk, what_was_written_is_read_by_whoever_opens_it_later)
{
    FOR_BOTH(disk)
    {
        struct disk_file *file = make(disk, "a");
        char read[8] = "";

        cr_assert_eq(disk->write(file, 1000, "latte", 5), STATUS_OK);
        cr_assert_eq(disk->write(file, BYTES - 5, "mocha", 5), STATUS_OK);
        cr_assert_eq(disk->sync(file), STATUS_OK);
        disk->close(file);
        cr_assert_eq(disk->open(disk, "a", &file), STATUS_OK);
        cr_assert_eq(disk->read(file, 1000, read, 5), STATUS_OK);
        cr_assert_str_eq(read, "latte");
        cr_assert_eq(disk->read(file, BYTES - 5, read, 5), STATUS_OK);
        cr_assert_str_eq(read, "mocha");
        disk->close(file);
        expect_list(disk, "a:65536 ");
    }
}

Test(disk, an_open_file_survives_its_renaming_and_removal)
{
    FOR_BOTH(disk)
    {
        struct disk_file *file = make(disk, "a");
        char read[8] = "";

        cr_assert_eq(disk->rename(disk, "a", "b"), STATUS_OK);
        expect_list(disk, "b:65536 ");
        cr_assert_eq(disk->write(file, 0, "latte", 5), STATUS_OK);
        cr_assert_eq(disk->remove(disk, "b"), STATUS_OK);
        expect_list(disk, "");
        cr_assert_eq(disk->sync_names(disk), STATUS_OK);
        cr_assert_eq(disk->read(file, 0, read, 5), STATUS_OK);
        cr_assert_str_eq(read, "latte");
        disk->close(file);
    }
}

Test(disk, a_name_that_is_not_there_is_an_error)
{
    FOR_BOTH(disk)
    {
        struct disk_file *file;

        cr_assert_eq(disk->open(disk, "a", &file), STATUS_IO);
        cr_assert_eq(disk->rename(disk, "a", "b"), STATUS_IO);
        cr_assert_eq(disk->remove(disk, "a"), STATUS_IO);
    }
}

/* ------------------------------------------------------------------ the real --- */

Test(disk, the_folder_is_made_for_its_owner_only_and_opened_again)
{
    struct disk *again;
    struct stat stat_of_folder;

    cr_assert_eq(stat(path, &stat_of_folder), 0);
    cr_assert_eq(stat_of_folder.st_mode & 0777, 0700);
    disks[0]->close(make(disks[0], "a"));
    cr_assert_eq(disk_open_folder(path, &again), STATUS_OK);
    expect_list(again, "a:65536 ");
    again->close_disk(again);
}

Test(disk, what_is_no_folder_or_has_no_parent_is_refused)
{
    char below[96];
    struct disk *none;

    disks[0]->close(make(disks[0], "a"));
    snprintf(below, sizeof(below), "%s/a", path);
    cr_assert_eq(disk_open_folder(below, &none), STATUS_IO);
    snprintf(below, sizeof(below), "%s/b/c", path);
    cr_assert_eq(disk_open_folder(below, &none), STATUS_IO);
}

Test(disk, folders_and_links_are_not_listed)
{
    char below[96];

    snprintf(below, sizeof(below), "%s/folder", path);
    cr_assert_eq(mkdir(below, 0700), 0);
    snprintf(below, sizeof(below), "%s/link", path);
    cr_assert_eq(symlink("/etc/passwd", below), 0);
    expect_list(disks[0], "");
}

Test(disk, a_folder_that_moves_stays_the_same_disk)
{
    char moved[96];

    snprintf(moved, sizeof(moved), "%s/moved", folder);
    cr_assert_eq(rename(path, moved), 0);
    disks[0]->close(make(disks[0], "a"));
    expect_list(disks[0], "a:65536 ");
}

Test(disk, children_inherit_no_descriptor)
{
    struct disk_file *file = make(disks[0], "a");

    for (int fd = 3; fd < 64; fd++) {
        char link[64], target[256] = "";

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        if (readlink(link, target, sizeof(target) - 1) > 0 &&
            strncmp(target, folder, strlen(folder)) == 0)
            cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC, "%s", target);
    }
    disks[0]->close(file);
}

Test(disk, a_full_filesystem_is_no_space_and_leaves_nothing)
{
    struct disk *small;
    struct disk_file *file;

    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("none", path, "tmpfs", 0, "size=256k") != 0)
        cr_skip("needs the right to mount a tmpfs");
    cr_assert_eq(disk_open_folder(path, &small), STATUS_OK);
    cr_assert_eq(small->create(small, "a", 128u << 10, &file), STATUS_OK);
    small->close(file);
    cr_assert_eq(small->create(small, "b", 192u << 10, &file), STATUS_NO_SPACE);
    expect_list(small, "a:131072 ");
    cr_assert_eq(small->remove(small, "a"), STATUS_OK);
    cr_assert_eq(small->create(small, "b", 192u << 10, &file), STATUS_OK);
    small->close(file);
    small->close_disk(small);
    cr_assert_eq(umount(path), 0);
}

/* ------------------------------------------------------------------ the twin --- */

static bool is_seen(const char *name, char first)
{
    struct view content = faulty_disk_look(twin, name);

    return content.data != NULL && content.data[0] == first;
}

Test(disk, the_twin_loses_at_times_what_was_not_synced_and_never_what_was)
{
    struct disk *disk = disks[1];
    unsigned lost = 0;

    for (int i = 0; i < 200; i++) {
        struct disk_file *file = make(disk, "a");

        cr_assert_eq(disk->write(file, 0, "1", 1), STATUS_OK);
        cr_assert_eq(disk->sync(file), STATUS_OK);
        cr_assert_eq(disk->sync_names(disk), STATUS_OK);
        cr_assert_eq(disk->write(file, 0, "2", 1), STATUS_OK);
        faulty_disk_crash(twin);
        cr_assert(is_seen("a", '1') || is_seen("a", '2'));
        lost += is_seen("a", '1');
        cr_assert_eq(disk->read(file, 0, &(char){0}, 1), STATUS_IO);
        disk->close(file);
        cr_assert_eq(disk->remove(disk, "a"), STATUS_OK);
    }
    cr_assert(lost > 20 && lost < 180, "%u", lost);
}

Test(disk, the_twin_loses_names_at_times_but_never_a_later_one_alone)
{
    struct disk *disk = disks[1];
    unsigned kept[3] = {0};

    for (int i = 0; i < 300; i++) {
        bool a, b, c;

        disk->close(make(disk, "a"));
        cr_assert_eq(disk->sync_names(disk), STATUS_OK);
        cr_assert_eq(disk->rename(disk, "a", "b"), STATUS_OK);
        cr_assert_eq(disk->rename(disk, "b", "c"), STATUS_OK);
        faulty_disk_crash(twin);
        a = faulty_disk_look(twin, "a").data != NULL;
        b = faulty_disk_look(twin, "b").data != NULL;
        c = faulty_disk_look(twin, "c").data != NULL;
        cr_assert_eq(a + b + c, 1);
        kept[0] += a, kept[1] += b, kept[2] += c;
        cr_assert_eq(disk->remove(disk, a ? "a" : b ? "b" : "c"), STATUS_OK);
        cr_assert_eq(disk->sync_names(disk), STATUS_OK);
    }
    for (int i = 0; i < 3; i++)
        cr_assert_gt(kept[i], 20, "%d: %u", i, kept[i]);
}

Test(disk, the_twin_reads_after_a_failed_sync_what_a_later_sync_does_not_save)
{
    struct disk *disk = disks[1];
    unsigned lost = 0;

    for (int i = 0; i < 100; i++) {
        struct disk_file *file = make(disk, "a");

        cr_assert_eq(disk->sync_names(disk), STATUS_OK);
        cr_assert_eq(disk->write(file, 0, "1", 1), STATUS_OK);
        faulty_disk_fail(twin, FAULTY_SYNC, 1, STATUS_IO);
        cr_assert_eq(disk->sync(file), STATUS_IO);
        cr_assert_eq(disk->sync(file), STATUS_OK);
        cr_assert(is_seen("a", '1'));
        faulty_disk_crash(twin);
        lost += !is_seen("a", '1');
        disk->close(file);
        cr_assert_eq(disk->remove(disk, "a"), STATUS_OK);
    }
    cr_assert(lost > 10 && lost < 90, "%u", lost);
}

Test(disk, the_twin_stops_until_the_power_is_back)
{
    struct disk *disk = disks[1];
    struct disk_file *file = make(disk, "a");

    cr_assert_eq(disk->sync_names(disk), STATUS_OK);
    faulty_disk_stop(twin, 2);
    cr_assert_eq(disk->write(file, 0, "1", 1), STATUS_OK);
    cr_assert_eq(disk->sync(file), STATUS_IO);
    cr_assert_eq(disk->sync(file), STATUS_IO);
    cr_assert_eq(disk->rename(disk, "a", "b"), STATUS_IO);
    disk->close(file);
    faulty_disk_crash(twin);
    cr_assert_eq(disk->open(disk, "a", &file), STATUS_OK);
    disk->close(file);
}

Test(disk, the_twin_keeps_within_its_capacity)
{
    struct disk *disk = disks[1];
    struct disk_file *file;

    faulty_disk_set_capacity(twin, 2 * BYTES);
    disk->close(make(disk, "a"));
    disk->close(make(disk, "b"));
    cr_assert_eq(disk->create(disk, "c", 1, &file), STATUS_NO_SPACE);
    cr_assert_eq(faulty_disk_used(twin), 2 * BYTES);
    cr_assert_eq(disk->remove(disk, "a"), STATUS_OK);
    disk->close(make(disk, "c"));
}

Test(disk, the_twin_does_the_same_again_from_the_same_seed)
{
    char first[BYTES];

    for (int round = 0; round < 2; round++) {
        struct faulty_disk *faulty = faulty_disk_open(42);
        struct disk *disk = faulty_disk_interface(faulty);
        struct disk_file *file = make(disk, "a");

        cr_assert_eq(disk->sync_names(disk), STATUS_OK);
        for (uint64_t at = 0; at < BYTES; at += 100)
            cr_assert_eq(disk->write(file, at, "x", 1), STATUS_OK);
        faulty_disk_crash(faulty);
        disk->close(file);
        if (round == 0)
            memcpy(first, faulty_disk_look(faulty, "a").data, BYTES);
        cr_assert_arr_eq(first, faulty_disk_look(faulty, "a").data, BYTES);
        faulty_disk_close(faulty);
    }
}
