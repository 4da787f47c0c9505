/* SPDX-License-Identifier: MIT */
/*
 * Somebody swaps folders and files beneath the store for symbolic links that lead out,
 * and back, as fast as they can, while everything that HTTP may ask for is done to
 * them. Whatever that answers: what lies outside is neither read nor touched.
 */
#include "common/tree/files.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/foldertree.h"

#define ACTOR 7
#define ROUNDS 500

static struct files *files;
static char store[] = "/tmp/actorfs-race-XXXXXX";
static int kept, outside; /* STORE/files/7, STORE/outside */
static atomic_bool is_over;

static void write_at(int folder, const char *name, const char *content)
{
    int file = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert_geq(file, 0, "%s", name);
    cr_assert_eq(write(file, content, strlen(content)), (ssize_t)strlen(content));
    close(file);
}

static int make_at(int above, const char *name)
{
    cr_assert_eq(mkdirat(above, name, 0700), 0, "%s", name);
    int folder = openat(above, name, O_RDONLY | O_DIRECTORY);
    cr_assert_geq(folder, 0);
    return folder;
}

/* A folder with a file, and one in it with another; as a descriptor. */
static int make_family(int above, const char *name, const char *content)
{
    int folder = make_at(above, name), inner = make_at(folder, "sub");
    write_at(folder, "f", content);
    write_at(inner, "g", content);
    close(inner);
    return folder;
}

static void setup(void)
{
    BYTES_AUTO(message);
    char target[64];
    cr_assert_not_null(mkdtemp(store));
    cr_assert_eq(files_open(store, &files, &message), STATUS_OK);
    cr_assert_eq(files_open_area(files, ACTOR, true, &kept), STATUS_OK);
    int above = open(store, O_RDONLY | O_DIRECTORY);
    outside = make_family(above, "outside", "theirs");
    close(above);
    snprintf(target, sizeof target, "%s/outside", store);
    cr_assert_eq(symlinkat(target, kept, "d.other"), 0);
    snprintf(target, sizeof target, "%s/outside/f", store);
    cr_assert_eq(symlinkat(target, kept, "e.other"), 0);
    close(make_family(kept, "d", "mine"));
    write_at(kept, "e", "mine");
}

static void teardown(void)
{
    close(kept);
    close(outside);
    files_close(files);
    cr_expect(foldertree_remove(AT_FDCWD, store));
}

TestSuite(files_race, .init = setup, .fini = teardown);

/* ------------------------------------------------------------------------ swapping */

struct swap {
    int folder;
    const char *name, *other, *aside;
};

static void swap_once(const struct swap *swap)
{
    renameat(swap->folder, swap->name, swap->folder, swap->aside);
    renameat(swap->folder, swap->other, swap->folder, swap->name);
    renameat(swap->folder, swap->name, swap->folder, swap->other);
    renameat(swap->folder, swap->aside, swap->folder, swap->name);
}

static void *swap_on(void *context)
{
    while (!atomic_load(&is_over))
        swap_once(context);
    return NULL;
}

/* What would change if anything was done to it. */
struct trace {
    ino_t inode;
    mode_t mode;
    nlink_t links;
    off_t size;
    struct timespec changed;
};

static struct trace trace_of(const char *name)
{
    struct stat stat;
    cr_assert_eq(fstatat(outside, name, &stat, AT_SYMLINK_NOFOLLOW), 0, "%s", name);
    return (struct trace){stat.st_ino, stat.st_mode, stat.st_nlink, stat.st_size,
                          stat.st_ctim};
}

static void expect_unchanged(const char *name, const struct trace *before)
{
    struct trace now = trace_of(name);
    cr_expect(now.inode == before->inode && now.mode == before->mode &&
                  now.links == before->links && now.size == before->size &&
                  now.changed.tv_sec == before->changed.tv_sec &&
                  now.changed.tv_nsec == before->changed.tv_nsec,
              "%s was touched", name);
}

/* Does `attack` so often, while that is swapped; how often it met what is ours. */
static unsigned race(struct swap swap, unsigned (*attack)(int round))
{
    static const char *const names[] = {".", "f", "sub", "sub/g"};
    struct trace before[4];
    pthread_t swapper;
    unsigned hits = 0;
    for (int i = 0; i < 4; i++)
        before[i] = trace_of(names[i]);
    cr_assert_eq(pthread_create(&swapper, NULL, swap_on, &swap), 0);
    for (int round = 0; round < ROUNDS; round++)
        hits += attack(round);
    atomic_store(&is_over, true);
    pthread_join(swapper, NULL);
    for (int i = 0; i < 4; i++)
        expect_unchanged(names[i], &before[i]);
    return hits;
}

/* ----------------------------------------------------------------------- attacking */

static struct file_place at(const char *path)
{
    return (struct file_place){ACTOR, view_text(path)};
}

/* Whether it could be read; it must be ours. */
static bool reads(const char *path)
{
    struct file_place place = at(path);
    char content[16] = "";
    struct stat stat;
    int file;
    if (files_open_to_read(files, &place, &file, &stat))
        return false;
    (void)!pread(file, content, sizeof content - 1, 0);
    close(file);
    cr_expect_str_eq(content, "mine", "%s", path);
    return true;
}

static bool puts_file(const char *path)
{
    struct file_place place = at(path);
    struct file_owner owner = {geteuid(), getegid(), 0600};
    struct file_writer *writer;
    struct stat stat;
    cr_assert_eq(files_write(files, &writer), STATUS_OK);
    cr_assert_eq(file_writer_append(writer, view_text("mine")), STATUS_OK);
    return file_writer_commit(writer, &place, &owner, false, &stat) == STATUS_OK;
}

static bool makes_and_removes(const char *path)
{
    struct file_place place = at(path);
    struct file_owner owner = {geteuid(), getegid(), 0700};
    bool makes = files_make_folder(files, &place, &owner) == STATUS_OK;
    return (files_remove(files, &place) == STATUS_OK) | makes;
}

static bool copies(const char *from, const char *to)
{
    struct file_place source = at(from), target = at(to);
    return files_copy(files, &source, &target, NULL, true, true) == STATUS_OK;
}

static bool moves(const char *from, const char *to)
{
    struct file_place source = at(from), target = at(to);
    return files_move(files, &source, &target, true) == STATUS_OK;
}

static bool count_entry(void *context, const char *name, const struct stat *stat,
                        uint64_t next)
{
    struct stat theirs;
    (void)context;
    (void)next;
    cr_expect(fstatat(outside, name, &theirs, AT_SYMLINK_NOFOLLOW) != 0 ||
                  theirs.st_ino != stat->st_ino,
              "%s is theirs", name);
    return true;
}

static bool lists(const char *path)
{
    struct file_place place = at(path);
    return files_list(files, &place, 0, count_entry, NULL) == STATUS_OK;
}

/* As a file renamed onto `tasks` goes. */
static bool sends(const char *name)
{
    BYTES_AUTO(named);
    struct stat stat;
    if (fstatat(kept, name, &stat, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(stat.st_mode))
        return false;
    if (files_begin_sending(files, kept, name, &stat, &named))
        return false;
    bool is_gone = files_remove_sent(files, view_bytes(&named)) == STATUS_OK;
    files_end_sending(files, view_bytes(&named));
    return is_gone;
}

static unsigned attack_folder(int round)
{
    switch (round % 10) {
    case 0:
        return puts_file("d/f");
    case 1:
        return puts_file("d/new");
    case 2:
        return makes_and_removes("d/made");
    case 3:
        return copies("d", "copy") && reads("copy/f");
    case 4:
        return moves("d/new", "moved") || moves("moved", "d/new");
    case 5:
        return lists("d") + lists("d/sub");
    case 6:
        return copies("e", "d/sub/copy");
    case 7:
        return makes_and_removes("d/sub/made");
    default:
        return reads("d/f") + reads("d/sub/g");
    }
}

Test(files_race, a_folder_swapped_for_a_link)
{
    struct swap swap = {kept, "d", "d.other", "d.aside"};
    cr_expect_gt(race(swap, attack_folder), 0, "it must be met");
    cr_expect(reads("d/f") && reads("d/sub/g"));
}

static unsigned attack_file(int round)
{
    switch (round % 5) {
    case 0:
        return copies("e", "copied") && reads("copied");
    case 1:
        return moves("e", "there") && moves("there", "e");
    case 2:
        return round % 50 == 2 && sends("e");
    case 3:
        return puts_file("e");
    default:
        return reads("e");
    }
}

Test(files_race, a_file_swapped_for_a_link)
{
    struct swap swap = {kept, "e", "e.other", "e.aside"};
    cr_expect_gt(race(swap, attack_file), 0, "it must be met");
}

/* The folder that is removed or copied is the one in which they swap, and it takes its
   swapper along into the trash. */
static unsigned attack_inside(int round)
{
    return round % 3 == 0   ? copies("d", "copy") && reads("copy/f")
           : round % 3 == 1 ? moves("d", "elsewhere") && moves("elsewhere", "d")
                            : makes_and_removes("copy");
}

Test(files_race, a_folder_swapped_inside_of_what_is_copied_and_removed)
{
    char target[64];
    int folder = openat(kept, "d", O_RDONLY | O_DIRECTORY);
    struct swap swap = {folder, "sub", "sub.other", "sub.aside"};
    snprintf(target, sizeof target, "%s/outside", store);
    cr_assert_eq(symlinkat(target, folder, "sub.other"), 0);
    cr_expect_gt(race(swap, attack_inside), 0, "it must be met");
    atomic_store(&is_over, false);
    struct trace before = trace_of("sub/g");
    pthread_t swapper;
    struct file_place place = at("d");
    cr_assert_eq(pthread_create(&swapper, NULL, swap_on, &swap), 0);
    cr_expect_eq(files_remove(files, &place), STATUS_OK);
    files_close(files); /* which empties the trash, or leaves it to the next start */
    BYTES_AUTO(message);
    cr_assert_eq(files_open(store, &files, &message), STATUS_OK);
    atomic_store(&is_over, true);
    pthread_join(swapper, NULL);
    close(folder);
    expect_unchanged("sub/g", &before);
}
