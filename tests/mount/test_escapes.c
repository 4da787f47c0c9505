/* SPDX-License-Identifier: MIT */
/*
 * Ways out of an actor's folder, tried and refused: names, links, devices, set-id bits,
 * and a race with somebody who swaps a folder beneath the store, or on the mount, for a
 * link while programs use it. The racing links lead to STORE/victim only for whoever
 * follows them in the store: where the kernel of a program follows them, on the mount,
 * nothing is there.
 */
#include "tests/mount/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ROUNDS 600
#define FAR "../../victim" /* from an area to the store, from an actor to the mount */

static char folder[MOUNTED_PATH_MAX];
static int area = -1, victim = -1;

static void open_with_victim(void)
{
    fixture_open_with_keep();
    WORKS("mkdir $A/keep_2 $S/store/victim; cd $S/store/victim;"
          "printf theirs > f; mkdir sub; printf theirs > sub/f; touch $A/keep_1/x");
    snprintf(folder, sizeof folder, "%s", mounted_path(&fixture, "actors/keep_1"));
}

static void close_all(void)
{
    close(area);
    close(victim);
    fixture_close();
}

TestSuite(escapes, .init = open_with_victim, .fini = close_all);

/* -------------------------------------------------------------------------- names */

Test(escapes, dots_and_their_encodings_are_names_like_any_other)
{
    FAILS("mkdir $K/..", 1, "File exists");
    FAILS("rmdir $K/../keep_2/..", 1, "");
    FAILS("mv $K/x $K/..", 1, "");
    WORKS(
        "test -e $K/x; cd $K; mkdir odd; cd odd; for n in '...' '..%2f..' '%2e%2e' "
        "'%252e%252e' '..\\..' $'..\\xc0\\xaf' $'\\xc0\\xae\\xc0\\xae' '.. ' ' ..' "
        "'..;' '．．' $'..\\r' $'..\\n..'; do echo mine > ./\"$n\" && mkdir ./\"$n.d\" "
        "|| echo \"$n\"; done; test $(find . -mindepth 1 -printf x | wc -c) -eq 26 || "
        "ls -A; grep -rL mine .");
    GIVES("ls -A $S/store/victim; ls $S/store/files | wc -l; cat $S/store/victim/f",
          "f\nsub\n1\ntheirs");
    WORKS("rm -r $K/odd");
}

Test(escapes, long_names_and_deep_paths_end_in_an_error)
{
    FAILS("touch $K/$(printf %0256d 1)", 1, "File name too long");
    FAILS("mkdir $K/$(printf %01000d 1)", 1, "File name too long");
    FAILS("ln -s x $K/$(printf %0256d 1)", 1, "File name too long");
    FAILS("ln $K/x $K/$(printf %0256d 1)", 1, "File name too long");
    FAILS("mv $K/x $K/$(printf %0256d 1)", 1, "File name too long");
    FAILS("mv $K/x $K/tasks@$(printf %0256d 1)", 1, "File name too long");
    FAILS("ln -s $(printf %05000d 1) $K/l", 1, "File name too long");
    WORKS("cd $K; n=$(printf %0255d 1); for i in $(seq 40); do mkdir $n && cd $n || "
          "break; done; echo deep > f; cat f | grep -qx deep");
    GIVES("find $K -name f | wc -l; rm -r $K/0*; ls -A $K | tail -n 1", "1\nx\n");
}

/* -------------------------------------------------------------------------- links */

Test(escapes, links_are_kept_as_text_and_followed_by_nobody_here)
{
    WORKS("cd $K; ln -s " FAR " far; ln -s " FAR "/f file; ln -s $S/store/victim/f abs;"
          "ln -s x near; ln -s loop loop; ln -s /dev/null null");
    GIVES("cd $K; readlink far file near", FAR "\n" FAR "/f\nx\n");
    FAILS("cat $K/file", 1, "No such file");
    FAILS("cat $K/far/f", 1, "No such file");
    FAILS("cat $K/loop", 1, "Too many levels");
    GIVES("cat $K/abs", "theirs"); /* by cat's kernel, with cat's rights */
    /* Of these the server would have to follow one. */
    WORKS("cd $K; chmod 600 near; chown -h 1:1 file; touch -h -d 2001-01-01 far;"
          "mv abs moved; ln -P file twice; rm far file twice moved null loop near");
    FAILS("cd $K; ln -s " FAR "/f l; mv l tasks", 1, "");
    FAILS("cd $K; mv l state", 1, "");
    cr_expect_eq(mailbox_count("keep_1"), 0);
    GIVES("cd $S/store/victim; test -O f && stat -c '%h %a' f; find . | sort; cat f "
          "sub/f",
          "1 644\n.\n./f\n./sub\n./sub/f\ntheirstheirs");
}

Test(escapes, hard_links_stay_within_an_actor)
{
    WORKS("mkdir $K/d; touch $A/keep_2/y $S/out; ln $K/x $K/d/x");
    FAILS("ln $K/x $A/keep_2/x", 1, "cross-device");
    FAILS("ln $A/keep_2/y $K/d/y", 1, "cross-device");
    FAILS("ln $K/x $S/x", 1, "cross-device");
    FAILS("ln $S/out $K/out", 1, "cross-device");
    FAILS("ln $K/x $M/.x", 1, "cross-device");
    FAILS("ln $K/state $K/d/state", 1, "Operation not permitted");
    FAILS("ln $K/x $K/tasks", 1, "");
    FAILS("ln $K/x $K/tasks@k", 1, "Operation not permitted");
    GIVES("stat -c %h $K/x", "2\n");
}

Test(escapes, devices_and_set_id_bits_do_not_get_in)
{
    struct stat stat;
    WORKS("cd $K; mkdir d");
    cr_expect_eq(mknod(in_keep("null"), S_IFCHR | 0666, 0x103), -1);
    cr_expect_eq(errno, EPERM);
    cr_expect_eq(mknod(in_keep("d/disk"), S_IFBLK | 0666, 0x801), -1);
    cr_expect_eq(errno, EPERM);
    FAILS("chmod 4755 $K/x", 1, "Operation not permitted");
    FAILS("chmod 2755 $K/x", 1, "Operation not permitted");
    int made = open(in_keep("made"), O_WRONLY | O_CREAT | O_EXCL, 06755);
    cr_assert_geq(made, 0);
    close(made);
    cr_expect_eq(lstat(in_keep("made"), &stat), 0);
    cr_expect_eq(stat.st_mode & 07000, 0);
    cr_expect_eq(mknod(in_keep("node"), S_IFREG | 06755, 0), 0);
    cr_expect_eq(lstat(in_keep("node"), &stat), 0);
    cr_expect_eq(stat.st_mode & 07000, 0);
    shell("cp -a /usr/bin/passwd $K/passwd; rsync -a /usr/bin/passwd $K/rsync;"
          "tar -C /usr/bin -cpf - passwd | tar -C $K/d -xpf -");
    GIVES("find $S/store/files -type f -perm /6000", "");
}

/* -------------------------------------------------------------------------- racing */

static atomic_bool is_over;

/* The folder becomes the link, and the folder again. */
static void *swap_on(void *context)
{
    int where = *(int *)context;
    while (!atomic_load(&is_over)) {
        renameat(where, "d", where, "aside");
        renameat(where, "link", where, "d");
        renameat(where, "d", where, "link");
        renameat(where, "aside", where, "d");
    }
    return NULL;
}

static bool reads_ours(const char *path)
{
    char text[8] = "";
    int file = open(path, O_RDONLY);
    if (file < 0)
        return false;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    cr_expect(strncmp(text, "theirs", 6) != 0, "%s is theirs", path);
    return size > 0;
}

static bool writes(const char *path, int flags)
{
    int file = open(path, O_WRONLY | flags, 0600);
    if (file < 0)
        return false;
    ssize_t size = write(file, "mine", 4);
    close(file);
    return size == 4;
}

/* What a program may do to a file in the folder, one after the other. */
static bool attack(int round)
{
    struct timespec times[] = {{.tv_sec = 1}, {.tv_sec = 1}};
    switch (round % 12) {
    case 0:
        return writes(in_keep("d/f"), O_TRUNC);
    case 1:
        return writes(in_keep("d/new"), O_CREAT);
    case 2:
        return chmod(in_keep("d/f"), 0640) == 0;
    case 3:
        return lchown(in_keep("d/f"), 7, 7) == 0;
    case 4:
        return truncate(in_keep("d/f"), 4) == 0;
    case 5:
        return mkdir(in_keep("d/made"), 0700) == 0;
    case 6:
        return setxattr(in_keep("d/f"), "user.x", "x", 1, 0) == 0;
    case 7:
        return utimensat(AT_FDCWD, in_keep("d/f"), times, AT_SYMLINK_NOFOLLOW) == 0;
    case 8:
        return rename(in_keep("d/new"), in_keep("d/renamed")) == 0;
    case 9:
        return unlink(in_keep("d/renamed")) == 0;
    case 10:
        return rmdir(in_keep("d/made")) == 0;
    default:
        return reads_ours(in_keep("d/f"));
    }
}

/* What would differ if anything had been done to it. */
static char *trace_victim(void)
{
    const struct command *got =
        shell("cd $S/store/victim; find . -exec stat -c '%n %i %f %u %g %h %s %z' {} + "
              "| sort; cat f sub/f");
    return memory_text(view_bytes(&got->out));
}

static void race(int where)
{
    pthread_t swapper;
    unsigned hits = 0;
    char *before = trace_victim();
    cr_assert_eq(pthread_create(&swapper, NULL, swap_on, &where), 0);
    for (int round = 0; round < ROUNDS; round++)
        hits += attack(round);
    atomic_store(&is_over, true);
    pthread_join(swapper, NULL);
    char *after = trace_victim();
    cr_expect_str_eq(after, before);
    cr_expect_gt(hits, 0, "the folder must be met");
    free(before);
    free(after);
}

static void make_family(void)
{
    WORKS("cd $K; mkdir d; printf mine > d/f; ln -s " FAR " link");
}

Test(escapes, a_folder_swapped_for_a_link_beneath_the_store)
{
    make_family();
    area = open(shell("printf %s $S/store/files/[0-9]*")->out.data,
                O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cr_assert_geq(area, 0);
    cr_assert_eq(faccessat(area, "link/f", R_OK, 0), 0, "the link must lead out");
    race(area);
}

Test(escapes, a_folder_swapped_for_a_link_on_the_mount)
{
    make_family();
    area = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cr_assert_geq(area, 0);
    race(area);
}

/* Files that are swapped for links to others' while they are sent. */
static void *swap_file(void *context)
{
    (void)context;
    while (!atomic_load(&is_over)) {
        renameat(area, "e.other", area, "e");
        unlinkat(area, "e", 0);
        (void)!symlinkat(FAR "/f", area, "e.other");
    }
    return NULL;
}

Test(escapes, a_file_swapped_for_a_link_while_it_is_sent)
{
    pthread_t swapper;
    char *before = trace_victim();
    WORKS("echo suspend >> $K/status; touch $K/e");
    area = open(shell("printf %s $S/store/files/[0-9]*")->out.data,
                O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cr_assert_geq(area, 0);
    cr_assert_eq(symlinkat(FAR "/f", area, "e.other"), 0);
    cr_assert_eq(pthread_create(&swapper, NULL, swap_file, NULL), 0);
    for (int round = 0; round < ROUNDS / 2; round++) {
        writes(in_keep("e"), O_CREAT | O_NOFOLLOW);
        rename(in_keep("e"), in_keep(round % 2 ? "tasks" : "state"));
    }
    atomic_store(&is_over, true);
    pthread_join(swapper, NULL);
    GIVES("cd $K; cat state | grep -c theirs; for k in $(cut -f 6 mailbox); do"
          " cat tasks@$k,part=message; done | grep -c theirs; true",
          "0\n0\n");
    char *after = trace_victim();
    cr_expect_str_eq(after, before);
    free(before);
    free(after);
}
