/* SPDX-License-Identifier: MIT */
/*
 * Copying: what `cp -a` keeps is kept, but that two hard links become two files. The
 * copy is made aside and put in place at the end, so that it appears whole. The store's
 * filesystem may share the bytes (copy_file_range), holes stay holes.
 *
 * A folder is synced once, by syncfs(2), when all of it is there. File by file would be
 * a flush of the disk each: ten thousand small ones take half a minute, during which
 * the copy keeps a thread from others' short writes.
 */
#include "common/tree/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/base/foldertree.h"
#include "common/tree/files_internal.h"

struct copying {
    const struct file_owner *owner; /* null: as they are */
    bool deep;
};

static enum status last_error(void)
{
    return files_status(errno);
}

/* --------------------------------------------------------------------- attributes */

void files_copy_attributes(int from, int to)
{
    char path[64], names[XATTR_LIST_MAX / 4];
    BYTES_AUTO(value);
    snprintf(path, sizeof path, "/proc/self/fd/%d", from);
    ssize_t size = listxattr(path, names, sizeof names);
    for (const char *name = names; size > 0 && name < names + size;
         name += strlen(name) + 1) {
        char *room = bytes_reserve(&value, XATTR_SIZE_MAX);
        ssize_t got = getxattr(path, name, room, XATTR_SIZE_MAX);
        if (got >= 0 && strncmp(name, "user.", 5) == 0)
            (void)!fsetxattr(to, name, room, (size_t)got, 0);
    }
}

static enum status dress(int from, int to, const struct stat *stat,
                         const struct file_owner *owner)
{
    struct file_owner as_it_is = {stat->st_uid, stat->st_gid, 0};
    struct timespec times[] = {stat->st_atim, stat->st_mtim};
    files_copy_attributes(from, to);
    bool done = files_give(to, owner ? owner : &as_it_is) == 0 &&
                fchmod(to, stat->st_mode & 01777) == 0 && futimens(to, times) == 0;
    return done ? STATUS_OK : last_error();
}

/* ------------------------------------------------------------------------ one file */

static enum status copy_plainly(int from, int to, off_t at, off_t end)
{
    enum { BUFFER_BYTES = 256 * 1024 };
    char *buffer = memory_take(BUFFER_BYTES);
    ssize_t size = 1;
    while (at < end && size > 0) {
        size = pread(from, buffer, BUFFER_BYTES, at);
        if (size > 0)
            size = pwrite(to, buffer, (size_t)size, at);
        at += size > 0 ? size : 0;
    }
    free(buffer);
    return size < 0 ? last_error() : STATUS_OK;
}

/* Two filesystems that cannot do it together say so at the first byte. */
static enum status copy_range(int from, int to, off_t at, off_t end)
{
    off_t read_at = at, write_at = at;
    while (read_at < end) {
        ssize_t size =
            copy_file_range(from, &read_at, to, &write_at, (size_t)(end - read_at), 0);
        if (size < 0 && read_at == at)
            return copy_plainly(from, to, at, end);
        if (size < 0)
            return last_error();
        if (size == 0) /* it was cut meanwhile */
            break;
    }
    return STATUS_OK;
}

static enum status copy_content(int from, int to, off_t size)
{
    off_t at = 0;
    enum status status = ftruncate(to, size) == 0 ? STATUS_OK : last_error();
    while (!status && at < size) {
        off_t data = lseek(from, at, SEEK_DATA);
        off_t hole = data < 0 ? -1 : lseek(from, data, SEEK_HOLE);
        if (data < 0 && errno == ENXIO)
            break;
        if (data < 0 || hole < 0)
            return copy_range(from, to, at, size);
        status = copy_range(from, to, data, hole < size ? hole : size);
        at = hole;
    }
    return status;
}

/* By itself, or within a folder that will be synced. */
static enum status copy_file(int from_folder, const char *from_name, int to_folder,
                             const char *to_name, const struct file_owner *owner,
                             bool by_itself)
{
    int from =
        openat(from_folder, from_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int to = from < 0 ? -1
                      : openat(to_folder, to_name,
                               O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct stat stat;
    enum status status = STATUS_OK;
    if (to < 0 || fstat(from, &stat) != 0)
        status = last_error();
    else if (!S_ISREG(stat.st_mode)) /* it was swapped */
        status = STATUS_ACCESS;
    if (!status)
        status = copy_content(from, to, stat.st_size);
    if (!status)
        status = dress(from, to, &stat, owner);
    if (!status && by_itself && fsync(to) != 0)
        status = last_error();
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    return status;
}

static enum status copy_link(int from_folder, const char *from_name, int to_folder,
                             const char *to_name, const struct stat *stat,
                             const struct file_owner *owner)
{
    char target[PATH_MAX];
    ssize_t size = readlinkat(from_folder, from_name, target, sizeof target - 1);
    if (size < 0)
        return last_error();
    target[size] = '\0';
    if (symlinkat(target, to_folder, to_name) != 0)
        return last_error();
    uid_t uid = owner ? owner->uid : stat->st_uid;
    gid_t gid = owner ? owner->gid : stat->st_gid;
    struct stat made;
    if (fstatat(to_folder, to_name, &made, AT_SYMLINK_NOFOLLOW) != 0)
        return last_error();
    bool is_given = made.st_uid == uid && made.st_gid == gid;
    return is_given || fchownat(to_folder, to_name, uid, gid, AT_SYMLINK_NOFOLLOW) == 0
               ? STATUS_OK
               : last_error();
}

/* ------------------------------------------------------------------------- folders */

static enum status copy_any(const struct copying *copying, int from_folder,
                            const char *from_name, int to_folder, const char *to_name,
                            unsigned depth);

static enum status copy_entries(const struct copying *copying, int from, int to,
                                unsigned depth)
{
    int again = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = again < 0 ? NULL : fdopendir(again);
    const struct dirent *entry;
    enum status status = entries ? STATUS_OK : last_error();
    while (!status && (entry = readdir(entries)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = copy_any(copying, from, entry->d_name, to, entry->d_name, depth);
    if (entries)
        closedir(entries);
    return status;
}

static enum status copy_folder(const struct copying *copying, int from_folder,
                               const char *from_name, int to_folder,
                               const char *to_name, unsigned depth)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if (depth > FILES_COPY_DEPTH_MAX)
        return STATUS_TOO_LARGE;
    int from = openat(from_folder, from_name, flags);
    if (from < 0 || mkdirat(to_folder, to_name, 0700) != 0) {
        enum status status = last_error();
        if (from >= 0)
            close(from);
        return status;
    }
    int to = openat(to_folder, to_name, flags);
    struct stat stat;
    enum status status = to < 0 || fstat(from, &stat) != 0 ? last_error() : STATUS_OK;
    if (!status && copying->deep)
        status = copy_entries(copying, from, to, depth + 1);
    if (!status)
        status = dress(from, to, &stat, copying->owner);
    if (!status && depth == 0 && syncfs(to) != 0)
        status = last_error();
    close(from);
    if (to >= 0)
        close(to);
    return status;
}

/* Pipes and sockets are where two programs met; there is nothing in them to copy. */
static enum status copy_any(const struct copying *copying, int from_folder,
                            const char *from_name, int to_folder, const char *to_name,
                            unsigned depth)
{
    struct stat stat;
    if (fstatat(from_folder, from_name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
        return last_error();
    if (S_ISDIR(stat.st_mode))
        return copy_folder(copying, from_folder, from_name, to_folder, to_name, depth);
    if (S_ISLNK(stat.st_mode))
        return copy_link(from_folder, from_name, to_folder, to_name, &stat,
                         copying->owner);
    return S_ISREG(stat.st_mode) ? copy_file(from_folder, from_name, to_folder, to_name,
                                             copying->owner, depth == 0)
                                 : STATUS_OK;
}

enum status files_copy_to(int from_folder, const char *from_name, int to_folder,
                          const char *to_name, const struct file_owner *owner,
                          bool deep)
{
    struct copying copying = {owner, deep};
    return copy_any(&copying, from_folder, from_name, to_folder, to_name, 0);
}

/* ------------------------------------------------------------------------ by place */

static bool is_within(const struct file_place *inner, const struct file_place *outer)
{
    struct view path = outer->path;
    return inner->area == outer->area && inner->path.size >= path.size &&
           (path.size == 0 || memcmp(inner->path.data, path.data, path.size) == 0) &&
           (path.size == 0 || inner->path.size == path.size ||
            inner->path.data[path.size] == '/');
}

static enum status copy_between(struct files *files, const struct spot *from,
                                const struct spot *to, const struct file_owner *owner,
                                bool deep, bool replace)
{
    struct stat stat;
    struct files_name name = files_fresh_name(files);
    if (!replace && fstatat(to->folder, to->name, &stat, AT_SYMLINK_NOFOLLOW) == 0)
        return STATUS_EXISTS;
    enum status status =
        files_copy_to(from->folder, from->name, files->fresh, name.text, owner, deep);
    if (!status)
        status = files_place(files, files->fresh, name.text, to, replace);
    if (status && unlinkat(files->fresh, name.text, 0) != 0)
        foldertree_remove(files->fresh, name.text);
    return status;
}

/* A spot for the area itself, whose name is a number. */
static enum status open_source(struct files *files, const struct file_place *place,
                               struct spot *spot_out)
{
    if (place->path.size > 0)
        return spot_open(files, place, false, spot_out);
    enum status status = files_open_area(files, place->area, false, &spot_out->folder);
    if (!status)
        strcpy(spot_out->name, ".");
    return status;
}

/* A whole area goes entry by entry into the other, which is there or is made. */
static enum status copy_area(struct files *files, const struct file_place *from,
                             const struct file_place *to,
                             const struct file_owner *owner)
{
    struct copying copying = {owner, true};
    int source, target;
    enum status status = files_open_area(files, from->area, false, &source);
    if (status) /* nothing was ever kept there */
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    status = files_open_area(files, to->area, true, &target);
    if (!status) {
        status = copy_entries(&copying, source, target, 1);
        if (!status && syncfs(target) != 0)
            status = last_error();
        close(target);
    }
    close(source);
    return status;
}

enum status files_copy(struct files *files, const struct file_place *from,
                       const struct file_place *to, const struct file_owner *owner,
                       bool deep, bool replace)
{
    struct spot source, target;
    if (is_within(to, from) || (replace && is_within(from, to)))
        return STATUS_INVALID;
    if (from->path.size == 0 && to->path.size == 0)
        return copy_area(files, from, to, owner);
    enum status status = open_source(files, from, &source);
    if (status)
        return status;
    status = spot_open(files, to, true, &target);
    if (!status) {
        status = copy_between(files, &source, &target, owner, deep, replace);
        spot_close(&target);
    }
    spot_close(&source);
    return status;
}
