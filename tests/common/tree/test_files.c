/* SPDX-License-Identifier: MIT */
/*
 * Ordinary files beneath the store: whole files, copies and removals as HTTP asks for
 * them, and that no path, link or race leads out of an area.
 */
#include "common/tree/files.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/foldertree.h"
#include "tests/support/command.h"

#define ACTOR 7

static struct files *files;
static char store[] = "/tmp/actorfs-files-XXXXXX";
static int kept; /* STORE/files */

static void open_it(void)
{
    BYTES_AUTO(message);
    cr_assert_eq(files_open(store, &files, &message), STATUS_OK, "%.*s",
                 (int)message.size, message.data);
}

static void setup(void)
{
    char path[64];
    cr_assert_not_null(mkdtemp(store));
    open_it();
    snprintf(path, sizeof path, "%s/files", store);
    kept = open(path, O_RDONLY | O_DIRECTORY);
    cr_assert_geq(kept, 0);
}

static void teardown(void)
{
    files_close(files);
    close(kept);
    cr_expect(foldertree_remove(AT_FDCWD, store));
}

TestSuite(files, .init = setup, .fini = teardown);

/* Stand in for libc's own, so that they can be counted. */
static atomic_uint file_syncs, store_syncs;

int fsync(int file)
{
    atomic_fetch_add(&file_syncs, 1);
    return (int)syscall(SYS_fsync, file);
}

int syncfs(int file)
{
    atomic_fetch_add(&store_syncs, 1);
    return (int)syscall(SYS_syncfs, file);
}

static struct file_place at(const char *path)
{
    return (struct file_place){ACTOR, view_text(path)};
}

static struct file_owner me(mode_t mode)
{
    return (struct file_owner){geteuid(), getegid(), mode};
}

static enum status put(const char *path, const char *content, bool only_new)
{
    struct file_writer *writer;
    struct file_place place = at(path);
    struct file_owner owner = me(0640);
    struct stat stat;
    cr_assert_eq(files_write(files, &writer), STATUS_OK);
    cr_assert_eq(file_writer_append(writer, view_text(content)), STATUS_OK);
    return file_writer_commit(writer, &place, &owner, only_new, &stat);
}

static enum status make(const char *path)
{
    struct file_place place = at(path);
    struct file_owner owner = me(0750);
    return files_make_folder(files, &place, &owner);
}

static const char *get(const char *path)
{
    static char text[64];
    struct file_place place = at(path);
    struct stat stat;
    int file;
    enum status status = files_open_to_read(files, &place, &file, &stat);
    if (status)
        return status_text(status);
    ssize_t size = read(file, text, sizeof text - 1);
    cr_assert_eq(size, stat.st_size);
    text[size] = '\0';
    close(file);
    return text;
}

static enum status look(const char *path, struct stat *stat)
{
    struct file_place place = at(path);
    return files_stat(files, &place, stat);
}

static enum status drop(const char *path)
{
    struct file_place place = at(path);
    return files_remove(files, &place);
}

static enum status copy(const char *from, const char *to, bool deep, bool replace)
{
    struct file_place source = at(from), target = at(to);
    struct file_owner owner = me(0);
    return files_copy(files, &source, &target, &owner, deep, replace);
}

static enum status move(const char *from, const char *to, bool replace)
{
    struct file_place source = at(from), target = at(to);
    return files_move(files, &source, &target, replace);
}

/* --------------------------------------------------------------------------- paths */

Test(files, paths_are_names_joined_by_single_slashes)
{
    static const char *const wrong[] = {"/",    "/a",  "a/",   "a//b",  ".",     "..",
                                        "../a", "a/.", "a/..", "a/./b", "a/../b"};
    static const char *const right[] = {"", "a", "...", "a/b", ".a", "a b\n", "\xff"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect_eq(files_check_path(view_text(wrong[i])), STATUS_INVALID, "%s",
                     wrong[i]);
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        cr_expect_eq(files_check_path(view_text(right[i])), STATUS_OK, "%s", right[i]);
    cr_expect_eq(files_check_path(view_of("a\0b", 3)), STATUS_INVALID);
    char name[257];
    memset(name, 'a', sizeof name);
    cr_expect_eq(files_check_path(view_of(name, 255)), STATUS_OK);
    cr_expect_eq(files_check_path(view_of(name, 256)), STATUS_NAME_TOO_LONG);
    cr_expect_eq(put("../escaped", "x", false), STATUS_INVALID);
    cr_expect_eq(put("", "x", false), STATUS_INVALID);
}

Test(files, an_area_is_made_when_it_is_needed)
{
    struct stat stat;
    cr_expect_eq(look("a", &stat), STATUS_NOT_FOUND);
    cr_expect_neq(faccessat(kept, "7", F_OK, 0), 0);
    cr_expect_eq(put("a", "x", false), STATUS_OK);
    cr_expect_eq(faccessat(kept, "7/a", F_OK, 0), 0);
    cr_expect_eq(put("no/a", "x", false), STATUS_NOT_FOUND);
    cr_expect_eq(make("no/b"), STATUS_NOT_FOUND);
    cr_expect_eq(make("a/b"), STATUS_NOT_FOUND);
}

/* --------------------------------------------------------------------- whole files */

Test(files, a_file_appears_whole_or_not_at_all)
{
    struct file_writer *writer;
    struct file_place place = at("a");
    struct stat stat;
    cr_assert_eq(put("a", "old", false), STATUS_OK);
    cr_assert_eq(files_write(files, &writer), STATUS_OK);
    cr_assert_eq(file_writer_append(writer, view_text("half")), STATUS_OK);
    cr_expect_str_eq(get("a"), "old");
    file_writer_abort(writer);
    cr_expect_str_eq(get("a"), "old");
    cr_expect_eq(unlinkat(kept, ".new", AT_REMOVEDIR), 0, "nothing is left: %s",
                 strerror(errno));
    cr_expect_eq(files_stat(files, &place, &stat), STATUS_OK);
}

Test(files, what_a_crash_left_half_written_is_dropped)
{
    struct file_writer *writer;
    cr_assert_eq(files_write(files, &writer), STATUS_OK);
    cr_assert_eq(file_writer_append(writer, view_text("half")), STATUS_OK);
    struct files *crashed = files;
    open_it();
    cr_expect_eq(unlinkat(kept, ".new", AT_REMOVEDIR), 0);
    file_writer_abort(writer);
    files_close(crashed);
}

Test(files, a_replaced_file_hands_on_its_mode_and_gets_another_version)
{
    struct stat old, new;
    cr_assert_eq(put("a", "old", true), STATUS_OK);
    cr_expect_eq(put("a", "new", true), STATUS_EXISTS);
    cr_assert_eq(fchmodat(kept, "7/a", 0604, 0), 0);
    cr_assert_eq(look("a", &old), STATUS_OK);
    cr_assert_eq(put("a", "new", false), STATUS_OK);
    cr_assert_eq(look("a", &new), STATUS_OK);
    cr_expect_eq(new.st_mode & 0777, 0604);
    cr_expect_neq(files_version(&old), files_version(&new));
    cr_expect_str_eq(get("a"), "new");
    cr_expect_eq(make("d"), STATUS_OK);
    cr_expect_eq(put("d", "x", false), STATUS_EXISTS);
    cr_expect_eq(make("d"), STATUS_EXISTS);
}

/* ----------------------------------------------------------- copy, move and remove */

static void plant(void)
{
    cr_assert_eq(make("d"), STATUS_OK);
    cr_assert_eq(make("d/e"), STATUS_OK);
    cr_assert_eq(put("d/e/f", "deep", false), STATUS_OK);
    cr_assert_eq(symlinkat("/etc/passwd", kept, "7/d/link"), 0);
}

Test(files, a_folder_is_copied_whole)
{
    struct stat stat, copied;
    plant();
    cr_assert_eq(fchmodat(kept, "7/d/e", 0711, 0), 0);
    cr_assert_eq(look("d/e/f", &stat), STATUS_OK);
    cr_expect_eq(copy("d", "c", true, false), STATUS_OK);
    cr_expect_str_eq(get("c/e/f"), "deep");
    cr_assert_eq(look("c/e/f", &copied), STATUS_OK);
    cr_expect_eq(stat.st_mtim.tv_nsec, copied.st_mtim.tv_nsec);
    cr_assert_eq(look("c/e", &copied), STATUS_OK);
    cr_expect_eq(copied.st_mode & 0777, 0711);
    cr_assert_eq(look("c/link", &copied), STATUS_OK);
    cr_expect(S_ISLNK(copied.st_mode));
    cr_expect_eq(copy("d", "c", true, false), STATUS_EXISTS);
    cr_expect_eq(copy("d", "c", false, true), STATUS_OK);
    cr_expect_eq(look("c/e", &copied), STATUS_NOT_FOUND, "without depth it is empty");
    cr_expect_eq(copy("d", "d/e/g", true, true), STATUS_INVALID);
    cr_expect_eq(copy("d/e", "d", true, true), STATUS_INVALID);
    cr_expect_eq(copy("d/e/f", "c", true, true), STATUS_OK);
    cr_expect_str_eq(get("c"), "deep");
}

Test(files, an_area_is_copied_into_another)
{
    struct file_place from = {ACTOR, view_text("")}, to = {8, view_text("")};
    struct file_place copied = {8, view_text("d/e/f")}, none = {9, view_text("")};
    struct stat stat;
    plant();
    cr_expect_eq(files_copy(files, &none, &to, NULL, true, false), STATUS_OK);
    cr_expect_eq(files_copy(files, &from, &to, NULL, true, false), STATUS_OK);
    cr_expect_eq(files_stat(files, &copied, &stat), STATUS_OK);
}

Test(files, a_folder_is_synced_once_however_many_are_in_it)
{
    enum { FILES = 50 };
    struct file_place from = {ACTOR, view_text("")}, to = {8, view_text("")};
    char path[16];
    cr_assert_eq(make("d"), STATUS_OK);
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "d/%d", i);
        cr_assert_eq(put(path, "small", false), STATUS_OK);
    }
    atomic_store(&file_syncs, 0);
    cr_expect_eq(copy("d", "c", true, false), STATUS_OK);
    cr_expect_eq(files_copy(files, &from, &to, NULL, true, false), STATUS_OK);
    cr_expect_lt(atomic_load(&file_syncs), FILES);
    cr_expect_eq(atomic_load(&store_syncs), 2);
    cr_expect_eq(copy("d/1", "by_itself", true, false), STATUS_OK);
    cr_expect_eq(atomic_load(&store_syncs), 2);
}

Test(files, moving_replaces_only_when_told)
{
    struct stat stat;
    plant();
    cr_assert_eq(put("a", "x", false), STATUS_OK);
    cr_expect_eq(move("a", "d", false), STATUS_EXISTS);
    cr_expect_str_eq(get("d/e/f"), "deep");
    cr_expect_eq(move("a", "d", true), STATUS_OK);
    cr_expect_str_eq(get("d"), "x");
    cr_expect_eq(look("a", &stat), STATUS_NOT_FOUND);
    cr_expect_eq(move("d", "d", true), STATUS_INVALID);
    cr_expect_eq(move("nothing", "a", true), STATUS_NOT_FOUND);
    cr_assert_eq(linkat(kept, "7/d", kept, "7/twin", 0), 0);
    cr_expect_eq(move("d", "twin", true), STATUS_OK);
    cr_expect_eq(look("d", &stat), STATUS_NOT_FOUND);
    cr_expect_str_eq(get("twin"), "x");
}

static bool is_trash_empty(void *context)
{
    (void)context;
    return unlinkat(kept, ".trash", AT_REMOVEDIR) == 0;
}

Test(files, removing_a_folder_takes_all_of_it)
{
    struct stat stat;
    plant();
    cr_expect_eq(drop("d"), STATUS_OK);
    cr_expect_eq(look("d", &stat), STATUS_NOT_FOUND);
    cr_expect_eq(drop("d"), STATUS_NOT_FOUND);
    cr_expect(poll_until(is_trash_empty, NULL, 10000));
    cr_expect_eq(access("/etc/passwd", F_OK), 0);
}

/* -------------------------------------------------------------------------- listing */

struct found {
    unsigned count, stop_at;
    uint64_t next;
    char names[2048];
};

static bool note(void *context, const char *name, const struct stat *stat,
                 uint64_t next)
{
    struct found *found = context;
    cr_expect(S_ISREG(stat->st_mode));
    cr_expect_null(strstr(found->names, name), "%s is listed twice", name);
    strcat(strcat(found->names, name), " ");
    found->next = next;
    return ++found->count < found->stop_at;
}

Test(files, a_listing_goes_on_where_it_stopped)
{
    struct file_place folder = at("");
    struct found found = {0};
    char name[16];
    cr_expect_eq(files_list(files, &folder, 0, note, &found), STATUS_NOT_FOUND);
    for (int i = 100; i < 200; i++) {
        snprintf(name, sizeof name, "f%d", i);
        cr_assert_eq(put(name, "", false), STATUS_OK);
    }
    for (unsigned step = 7; found.count < 100; step += 7) {
        unsigned before = found.count;
        found.stop_at = step;
        cr_assert_eq(files_list(files, &folder, found.next, note, &found), STATUS_OK);
        cr_assert_gt(found.count, before);
    }
}

/* -------------------------------------------------------------------------- escapes */

Test(files, links_are_kept_and_not_followed)
{
    BYTES_AUTO(target);
    struct stat stat;
    struct file_place link = at("link");
    cr_assert_eq(put("a", "x", false), STATUS_OK);
    cr_assert_eq(symlinkat("..", kept, "7/up"), 0);
    cr_assert_eq(symlinkat("/etc", kept, "7/etc"), 0);
    cr_assert_eq(symlinkat("a", kept, "7/link"), 0);
    cr_expect_eq(look("etc/passwd", &stat), STATUS_NOT_FOUND);
    cr_expect_eq(look("up/7/a", &stat), STATUS_ACCESS);
    cr_expect_eq(put("etc/actorfs", "x", false), STATUS_NOT_FOUND);
    cr_expect_eq(drop("up/7"), STATUS_NOT_FOUND);
    cr_expect_str_eq(get("link"), status_text(STATUS_ACCESS));
    cr_expect_eq(files_read_link(files, &link, &target), STATUS_OK);
    cr_expect(view_equal(view_bytes(&target), view_text("a")));
    cr_expect_eq(put("link", "replaced", false), STATUS_OK);
    cr_expect_str_eq(get("link"), "replaced");
    cr_expect_str_eq(get("a"), "x");
}

Test(files, pipes_and_devices_are_not_opened)
{
    cr_assert_eq(put("a", "x", false), STATUS_OK);
    cr_assert_eq(mkfifoat(kept, "7/pipe", 0600), 0);
    cr_expect_str_eq(get("pipe"), status_text(STATUS_ACCESS));
    cr_expect_eq(copy("pipe", "other", true, false), STATUS_NOT_FOUND);
}

static atomic_bool is_over;

/* Swaps a folder for a link to one outside, and back. */
static void *swap(void *context)
{
    const char *outside = context;
    while (!atomic_load(&is_over)) {
        renameat(kept, "7/d", kept, "7/aside");
        (void)!symlinkat(outside, kept, "7/d");
        unlinkat(kept, "7/d", 0);
        renameat(kept, "7/aside", kept, "7/d");
    }
    return NULL;
}

Test(files, a_folder_swapped_for_a_link_leads_nowhere)
{
    char outside[64], victim[80];
    pthread_t swapper;
    snprintf(outside, sizeof outside, "%s/outside", store);
    snprintf(victim, sizeof victim, "%s/f", outside);
    cr_assert_eq(mkdir(outside, 0700), 0);
    int file = open(victim, O_WRONLY | O_CREAT, 0600);
    cr_assert_eq(write(file, "theirs", 6), 6);
    close(file);
    cr_assert_eq(make("d"), STATUS_OK);
    cr_assert_eq(put("d/f", "mine", false), STATUS_OK);
    cr_assert_eq(pthread_create(&swapper, NULL, swap, outside), 0);
    unsigned hits = 0;
    for (int i = 0; i < 2000; i++) {
        const char *got = get("d/f");
        cr_expect_str_neq(got, "theirs");
        hits += strcmp(got, "mine") == 0;
        if (i % 10 == 0)
            hits += put("d/f", "mine", false) == STATUS_OK;
        if (i % 100 == 0)
            hits += copy("d", "copy", true, true) == STATUS_OK;
    }
    atomic_store(&is_over, true);
    pthread_join(swapper, NULL);
    struct stat stat;
    cr_assert_eq(lstat(victim, &stat), 0);
    cr_expect_eq(stat.st_size, 6);
    cr_expect_gt(hits, 0);
}

/* ------------------------------------------------------------------------- watching */

static void count_change(void *context, const struct stat *before)
{
    cr_expect(S_ISREG(before->st_mode));
    ++*(unsigned *)context;
}

Test(files, a_watcher_hears_of_what_is_replaced_moved_and_removed)
{
    unsigned changes = 0;
    cr_assert_eq(put("a", "x", false), STATUS_OK);
    files_watch(files, count_change, &changes);
    cr_assert_eq(put("a", "y", false), STATUS_OK);
    cr_expect_eq(changes, 2, "what was there, and what comes");
    cr_assert_eq(move("a", "b", false), STATUS_OK);
    cr_expect_eq(changes, 3);
    cr_assert_eq(drop("b"), STATUS_OK);
    cr_expect_eq(changes, 4);
    files_watch(files, NULL, NULL);
    cr_assert_eq(put("a", "x", false), STATUS_OK);
    cr_expect_eq(changes, 4);
}

/* ------------------------------------------------------------------------- retiring */

static bool exists(void *context, uint64_t actor)
{
    (void)context;
    return actor == 8;
}

static bool is_swept(void *context)
{
    (void)context;
    return faccessat(kept, "7", F_OK, 0) != 0;
}

Test(files, areas_of_actors_that_are_gone_are_swept)
{
    struct file_place other = {8, view_text("a")};
    struct file_owner owner = me(0750);
    plant();
    cr_assert_eq(files_make_folder(files, &other, &owner), STATUS_OK);
    other.area = FILES_ACTORS;
    cr_assert_eq(files_make_folder(files, &other, &owner), STATUS_OK);
    files_sweep(files, exists, NULL);
    cr_expect(poll_until(is_swept, NULL, 10000));
    cr_expect_eq(faccessat(kept, "8/a", F_OK, 0), 0);
    cr_expect_eq(faccessat(kept, "actors/a", F_OK, 0), 0);
}

Test(files, an_area_retires_when_it_is_empty_and_is_forgotten_with_all)
{
    cr_expect_eq(files_retire_empty(files, ACTOR), STATUS_OK);
    plant();
    cr_expect_eq(files_retire_empty(files, ACTOR), STATUS_NOT_EMPTY);
    files_forget(files, ACTOR);
    cr_expect(poll_until(is_swept, NULL, 10000));
    cr_expect_eq(files_retire_empty(files, ACTOR), STATUS_OK);
}
