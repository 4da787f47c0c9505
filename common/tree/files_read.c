/* SPDX-License-Identifier: MIT */
/*
 * Ordinary files, read side. A file is found first and looked at by its descriptor, so
 * that its attributes and its bytes are of one file, whatever becomes of the name. Only
 * regular files are opened: opening a pipe would wait, and what a device does nobody
 * knows.
 */
#include "common/tree/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "common/tree/files_internal.h"

enum status files_stat(struct files *files, const struct file_place *place,
                       struct stat *stat_out)
{
    int file;
    enum status status = files_find(files, place, &file);
    if (status)
        return status;
    if (fstat(file, stat_out) != 0)
        status = files_status(errno);
    close(file);
    return status;
}

static uint64_t mix(uint64_t hash, uint64_t more)
{
    hash = (hash ^ more) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
}

static uint64_t nanoseconds(const struct timespec *time)
{
    return (uint64_t)time->tv_sec * 1000000000u + (uint64_t)time->tv_nsec;
}

/* The change time alone would do on a filesystem whose clock never stands still. */
uint64_t files_version(const struct stat *stat)
{
    uint64_t hash = mix(stat->st_dev, stat->st_ino);
    hash = mix(hash, (uint64_t)stat->st_size);
    hash = mix(hash, nanoseconds(&stat->st_mtim));
    return mix(hash, nanoseconds(&stat->st_ctim));
}

/* A descriptor of O_PATH opened anew, to be used; -1 and errno. */
static int reopen(int file, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return open(path, flags | O_CLOEXEC);
}

enum status files_open_to_read(struct files *files, const struct file_place *place,
                               int *file_out, struct stat *stat_out)
{
    int found;
    enum status status = files_find(files, place, &found);
    if (status)
        return status;
    struct stat stat;
    int file = -1;
    if (fstat(found, &stat) != 0)
        status = files_status(errno);
    else if (!S_ISREG(stat.st_mode))
        status = STATUS_ACCESS;
    else if ((file = reopen(found, O_RDONLY)) < 0 || fstat(file, &stat) != 0)
        status = files_status(errno);
    close(found);
    if (status && file >= 0)
        close(file);
    if (status)
        return status;
    *file_out = file;
    *stat_out = stat;
    return STATUS_OK;
}

enum status files_read_link(struct files *files, const struct file_place *place,
                            struct bytes *out)
{
    int file;
    enum status status = files_find(files, place, &file);
    if (status)
        return status;
    char *target = bytes_reserve(out, PATH_MAX);
    ssize_t size = readlinkat(file, "", target, PATH_MAX);
    if (size < 0) /* ENOENT: a descriptor of something else than a link */
        status = errno == ENOENT ? STATUS_INVALID : files_status(errno);
    else
        out->size += (size_t)size;
    close(file);
    return status;
}

/* ------------------------------------------------------------------------ listing */

static bool is_dots(const char *name)
{
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/* What goes while it is listed is left out. */
static void list_open(DIR *entries, files_each_fn *each, void *context)
{
    const struct dirent *entry;
    struct stat stat;
    while ((entry = readdir(entries))) {
        if (is_dots(entry->d_name) ||
            fstatat(dirfd(entries), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (!each(context, entry->d_name, &stat, (uint64_t)entry->d_off))
            return;
    }
}

enum status files_list(struct files *files, const struct file_place *folder,
                       uint64_t after, files_each_fn *each, void *context)
{
    int found;
    enum status status = files_find(files, folder, &found);
    if (status)
        return status;
    int file = openat(found, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close(found);
    DIR *entries = file < 0 ? NULL : fdopendir(file);
    if (!entries)
        return files_status(errno);
    if (after)
        seekdir(entries, (long)after);
    list_open(entries, each, context);
    closedir(entries);
    return STATUS_OK;
}
