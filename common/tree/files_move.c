/* SPDX-License-Identifier: MIT */
/*
 * Putting in place, moving and removing: one rename each. What goes, goes to the trash
 * in one step, however much it is; the sweeper takes its time. Where a folder must make
 * room for something else, the two change places first, so that no moment shows none.
 */
#include "common/tree/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/tree/files_internal.h"

/* To move a folder is to write its `..`: its owner may have forbidden that. */
static int rename_any(int from_folder, const char *from, int to_folder, const char *to,
                      unsigned flags)
{
    if (renameat2(from_folder, from, to_folder, to, flags) == 0)
        return 0;
    struct stat stat;
    if (errno != EACCES ||
        fstatat(from_folder, from, &stat, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISDIR(stat.st_mode))
        return -1;
    int folder =
        openat(from_folder, from, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", folder);
    bool is_open = folder >= 0 && chmod(path, stat.st_mode | 0700) == 0;
    int result = is_open ? renameat2(from_folder, from, to_folder, to, flags)
                         : (errno = EACCES, -1);
    if (is_open && flags != RENAME_NOREPLACE)
        (void)!chmod(path, stat.st_mode & 07777);
    if (folder >= 0)
        close(folder);
    return result;
}

void files_watch(struct files *files, files_changed_fn *changed, void *context)
{
    pthread_mutex_lock(&files->watch_lock);
    files->tell = changed;
    files->tell_context = context;
    pthread_mutex_unlock(&files->watch_lock);
}

static void tell(struct files *files, int folder, const char *name)
{
    struct stat before;
    pthread_mutex_lock(&files->watch_lock);
    if (files->tell && fstatat(folder, name, &before, AT_SYMLINK_NOFOLLOW) == 0)
        files->tell(files->tell_context, &before);
    pthread_mutex_unlock(&files->watch_lock);
}

enum status files_discard(struct files *files, int folder, const char *name)
{
    int result;
    tell(files, folder, name);
    do {
        struct files_name trash = files_fresh_name(files);
        result = rename_any(folder, name, files->trash, trash.text, RENAME_NOREPLACE);
    } while (result != 0 && errno == EEXIST);
    if (result != 0)
        return files_status(errno);
    pthread_mutex_lock(&files->lock);
    files->has_trash = true;
    pthread_cond_signal(&files->changed);
    pthread_mutex_unlock(&files->lock);
    return STATUS_OK;
}

/* A folder stands where a file is to go, or a file where a folder is, or a folder with
   something in it. */
static bool is_in_the_way(int error)
{
    return error == EISDIR || error == ENOTDIR || error == ENOTEMPTY || error == EEXIST;
}

enum status files_place(struct files *files, int from_folder, const char *from_name,
                        const struct spot *to, bool replace)
{
    tell(files, from_folder, from_name);
    tell(files, to->folder, to->name);
    int result = rename_any(from_folder, from_name, to->folder, to->name,
                            replace ? 0 : RENAME_NOREPLACE);
    if (result != 0 && replace && is_in_the_way(errno)) {
        result =
            rename_any(from_folder, from_name, to->folder, to->name, RENAME_EXCHANGE);
        enum status status =
            result == 0 ? files_discard(files, from_folder, from_name) : STATUS_OK;
        if (status)
            return status;
    }
    return result == 0 ? files_sync_folder(to->folder) : files_status(errno);
}

enum status files_remove(struct files *files, const struct file_place *place)
{
    struct spot spot;
    enum status status = spot_open(files, place, false, &spot);
    if (status)
        return status;
    status = files_discard(files, spot.folder, spot.name);
    if (!status)
        status = files_sync_folder(spot.folder);
    spot_close(&spot);
    return status;
}

static enum status move_between(struct files *files, const struct spot *from,
                                const struct spot *to, bool replace)
{
    struct stat source, target;
    if (fstatat(from->folder, from->name, &source, AT_SYMLINK_NOFOLLOW) != 0)
        return files_status(errno);
    bool is_same = fstatat(to->folder, to->name, &target, AT_SYMLINK_NOFOLLOW) == 0 &&
                   source.st_ino == target.st_ino && source.st_dev == target.st_dev;
    if (is_same) /* two names of one file: rename(2) would leave both */
        return replace ? files_discard(files, from->folder, from->name) : STATUS_EXISTS;
    enum status status = files_place(files, from->folder, from->name, to, replace);
    return status ? status : files_sync_folder(from->folder);
}

static bool is_one_place(const struct file_place *left, const struct file_place *right)
{
    return left->area == right->area && view_equal(left->path, right->path);
}

enum status files_move(struct files *files, const struct file_place *from,
                       const struct file_place *to, bool replace)
{
    struct spot source, target;
    if (is_one_place(from, to))
        return STATUS_INVALID;
    enum status status = spot_open(files, from, false, &source);
    if (status)
        return status;
    status = spot_open(files, to, true, &target);
    if (!status) {
        status = move_between(files, &source, &target, replace);
        spot_close(&target);
    }
    spot_close(&source);
    return status;
}
