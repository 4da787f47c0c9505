/* SPDX-License-Identifier: MIT */
#include "common/behavior/folder.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/foldertree.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char scratch[] = "/tmp/actorfs-folder-XXXXXX";
static int descriptor = -1;

static void open_scratch(void)
{
    cr_assert_not_null(mkdtemp(scratch));
    descriptor = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cr_assert_geq(descriptor, 0);
}

static void remove_scratch(void)
{
    close(descriptor);
    cr_expect(foldertree_remove(AT_FDCWD, scratch));
}

TestSuite(folder, .init = open_scratch, .fini = remove_scratch);

static int put(const char *name, const char *text, mode_t mode)
{
    int file = openat(descriptor, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    fchmod(file, mode);
    return file;
}

static void put_closed(const char *name, mode_t mode)
{
    close(put(name, "x", mode));
}

static struct folder list(void)
{
    struct folder folder;
    cr_assert_eq(folder_list(descriptor, &folder), STATUS_OK);
    return folder;
}

Test(folder, files_are_told_by_their_names_and_sorted)
{
    static const struct {
        const char *file;
        size_t name;
        enum file_kind kind;
    } rows[] = {{"barista", 7, FILE_PROGRAM},
                {"barista.conf", 7, FILE_CONF},
                {"barista.sh", 10, FILE_PROGRAM},
                {"github.worker", 6, FILE_WORKER},
                {"worker", 6, FILE_PROGRAM}};
    for (size_t i = COUNT(rows); i-- > 0;)
        put_closed(rows[i].file, rows[i].kind == FILE_CONF ? 0644 : 0755);
    struct folder folder = list();
    cr_assert_eq(folder.count, COUNT(rows));
    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_expect_str_eq(folder.files[i].file, rows[i].file);
        cr_expect_eq(folder.files[i].name, rows[i].name, "%s", rows[i].file);
        cr_expect_eq(folder.files[i].kind, rows[i].kind, "%s", rows[i].file);
    }
    folder_free(&folder);
}

Test(folder, what_is_no_behavior_is_passed_over_for_a_reason)
{
    static const struct {
        const char *file;
        mode_t mode;
        const char *why;
        bool is_noise;
    } rows[] = {{"README", 0644, "is not executable", false},
                {".hidden", 0755, "is hidden or a backup", true},
                {"barista~", 0755, "is hidden or a backup", true},
                {".conf", 0644, "is hidden or a backup", true},
                {"what?", 0755, "has a name that no behavior can have", false},
                {"-x.worker", 0755, "has a name that no behavior can have", false}};
    for (size_t i = 0; i < COUNT(rows); i++)
        put_closed(rows[i].file, rows[i].mode);
    mkdirat(descriptor, "folder", 0755);
    mkfifoat(descriptor, "pipe", 0755);
    struct folder folder = list();
    cr_assert_eq(folder.count, COUNT(rows) + 2);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct folder_file *file = folder_find(&folder, view_text(rows[i].file));
        cr_assert_not_null(file);
        cr_expect_eq(file->kind, FILE_PASSED_OVER, "%s", rows[i].file);
        cr_expect_str_eq(file->why, rows[i].why);
        cr_expect_eq(file->is_noise, rows[i].is_noise, "%s", rows[i].file);
    }
    cr_expect_eq(folder_find(&folder, view_text("folder"))->kind, FILE_PASSED_OVER);
    cr_expect_eq(folder_find(&folder, view_text("pipe"))->kind, FILE_PASSED_OVER);
    folder_free(&folder);
}

Test(folder, a_file_that_is_open_for_writing_is_told)
{
    int file = put("barista", "x", 0755);
    struct folder folder = list();
    cr_expect(folder.files[0].is_written);
    folder_free(&folder);
    close(file);
    folder = list();
    cr_expect_not(folder.files[0].is_written);
    folder_free(&folder);
}

Test(folder, a_mark_changes_with_content_mode_and_identity)
{
    put_closed("a", 0755);
    struct folder before = list();
    struct folder same = list();
    cr_expect(file_mark_equal(&before.files[0].mark, &same.files[0].mark));
    folder_free(&same);
    close(put("a", "longer", 0755));
    struct folder longer = list();
    cr_expect_not(file_mark_equal(&before.files[0].mark, &longer.files[0].mark));
    fchmodat(descriptor, "a", 0700, 0);
    struct folder private = list();
    cr_expect_not(file_mark_equal(&longer.files[0].mark, &private.files[0].mark));
    close(put("b", "longer", 0700));
    renameat(descriptor, "b", descriptor, "a");
    struct folder other = list();
    cr_expect_not(file_mark_equal(&private.files[0].mark, &other.files[0].mark));
    folder_free(&before);
    folder_free(&longer);
    folder_free(&private);
    folder_free(&other);
}

Test(folder, a_symbolic_link_is_what_it_points_to)
{
    cr_assert_eq(symlinkat("/bin/sh", descriptor, "shell"), 0);
    cr_assert_eq(symlinkat("nowhere", descriptor, "dangling"), 0);
    struct folder folder = list();
    cr_assert_eq(folder.count, 1);
    cr_expect_eq(folder.files[0].kind, FILE_PROGRAM);
    folder_free(&folder);
    unlinkat(descriptor, "dangling", 0);
}

Test(folder, a_file_is_read_up_to_a_limit)
{
    BYTES_AUTO(text);
    close(put("x.conf", "12345", 0644));
    cr_expect_eq(folder_read(descriptor, "x.conf", 5, &text), STATUS_OK);
    cr_expect(view_equal(view_bytes(&text), view_text("12345")));
    cr_expect_eq(folder_read(descriptor, "x.conf", 4, &text), STATUS_TOO_LARGE);
    cr_expect_eq(folder_read(descriptor, "y.conf", 4, &text), STATUS_NOT_FOUND);
    cr_expect_eq(text.size, 5);
}
