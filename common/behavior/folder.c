/* SPDX-License-Identifier: MIT */
/*
 * A file that is being written must not be run or read yet. Events alone cannot tell,
 * because the writer may have come first; a lease can: the kernel grants one for
 * reading only on a file that nobody has open for writing. It is given back at once.
 */
#include "common/behavior/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/name.h"

static bool is_same_time(struct timespec left, struct timespec right)
{
    return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

bool file_mark_equal(const struct file_mark *left, const struct file_mark *right)
{
    return left->device == right->device && left->inode == right->inode &&
           left->size == right->size && left->mode == right->mode &&
           left->owner == right->owner &&
           is_same_time(left->modified, right->modified) &&
           is_same_time(left->changed, right->changed);
}

/* -------------------------------------------------------------------------- a file */

static bool ends_with(const char *text, const char *end, size_t *rest)
{
    size_t size = strlen(text), end_size = strlen(end);
    if (size < end_size || strcmp(text + size - end_size, end) != 0)
        return false;
    *rest = size - end_size;
    return true;
}

static void pass_over(struct folder_file *file, const char *why, bool is_noise)
{
    file->kind = FILE_PASSED_OVER;
    file->why = why;
    file->is_noise = is_noise;
}

/* By its name alone. */
static void judge_name(struct folder_file *file)
{
    const char *text = file->file;
    file->name = strlen(text);
    if (text[0] == '.' || text[file->name - 1] == '~') {
        pass_over(file, "is hidden or a backup", true);
        return;
    }
    file->kind = FILE_PROGRAM;
    if (ends_with(text, ".worker", &file->name))
        file->kind = FILE_WORKER;
    else if (ends_with(text, ".conf", &file->name))
        file->kind = FILE_CONF;
    if (name_check_actor(view_of(text, file->name)))
        pass_over(file, "has a name that no behavior can have", false);
}

static void judge_content(struct folder_file *file, int folder)
{
    if (!S_ISREG(file->mark.mode))
        pass_over(file, "is no ordinary file", S_ISDIR(file->mark.mode));
    else if (file->kind != FILE_CONF &&
             faccessat(folder, file->file, X_OK, AT_EACCESS) != 0)
        pass_over(file, "is not executable", false);
}

/* Should somebody open it for writing while we hold the lease, the kernel sends the
   signal: SIGURG, which nobody minds, not SIGIO, which kills. */
static bool is_written(int folder, const char *name)
{
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return false;
    fcntl(file, F_SETSIG, SIGURG);
    bool is = fcntl(file, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
    close(file);
    return is;
}

static struct file_mark mark_of(const struct stat *found)
{
    return (struct file_mark){.device = found->st_dev,
                              .inode = found->st_ino,
                              .size = found->st_size,
                              .mode = found->st_mode,
                              .owner = found->st_uid,
                              .modified = found->st_mtim,
                              .changed = found->st_ctim};
}

/* False when it is gone meanwhile, or points nowhere. */
static bool look_at(int folder, const char *name, struct folder_file *file)
{
    struct stat found;
    if (fstatat(folder, name, &found, 0) != 0)
        return false;
    *file = (struct folder_file){.file = memory_text(view_text(name)),
                                 .is_written =
                                     S_ISREG(found.st_mode) && is_written(folder, name),
                                 .mark = mark_of(&found)};
    judge_name(file);
    if (file->kind != FILE_PASSED_OVER)
        judge_content(file, folder);
    return true;
}

/* ---------------------------------------------------------------------- the folder */

static int compare_files(const void *left, const void *right)
{
    return strcmp(((const struct folder_file *)left)->file,
                  ((const struct folder_file *)right)->file);
}

static void add_file(struct folder *folder, const struct folder_file *file)
{
    if ((folder->count & (folder->count - 1)) == 0) /* doubles at powers of two */
        folder->files = memory_resize(
            folder->files, (folder->count ? folder->count * 2 : 1) * sizeof *file);
    folder->files[folder->count++] = *file;
}

enum status folder_list(int descriptor, struct folder *folder_out)
{
    struct folder folder = {0};
    struct folder_file file;
    int again = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = again < 0 ? NULL : fdopendir(again);
    if (!stream) {
        if (again >= 0)
            close(again);
        return STATUS_IO;
    }
    for (const struct dirent *entry; (entry = readdir(stream));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            look_at(descriptor, entry->d_name, &file))
            add_file(&folder, &file);
    closedir(stream);
    if (folder.count)
        qsort(folder.files, folder.count, sizeof *folder.files, compare_files);
    *folder_out = folder;
    return STATUS_OK;
}

void folder_free(struct folder *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        free(folder->files[i].file);
    free(folder->files);
    *folder = (struct folder){0};
}

const struct folder_file *folder_find(const struct folder *folder, struct view file)
{
    for (size_t i = 0; i < folder->count; i++)
        if (view_equal(view_text(folder->files[i].file), file))
            return &folder->files[i];
    return NULL;
}

enum status folder_read(int descriptor, const char *file, size_t bytes_max,
                        struct bytes *out)
{
    int source = openat(descriptor, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (source < 0)
        return errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
    size_t before = out->size;
    enum status status = STATUS_OK;
    ssize_t got;
    do {
        size_t room = bytes_max - (out->size - before) + 1;
        got = read(source, bytes_reserve(out, room), room);
        out->size += got > 0 ? (size_t)got : 0;
        if (out->size - before > bytes_max)
            status = STATUS_TOO_LARGE;
    } while (got > 0 && !status);
    close(source);
    if (got < 0)
        status = STATUS_IO;
    if (status)
        out->size = before;
    return status;
}
