/* SPDX-License-Identifier: MIT */
/*
 * The real disk: a folder's descriptor, and every file named relative to it, so that a
 * folder that is moved meanwhile stays the same disk. A new file is allocated before it
 * is filled with zeros, so that a full disk or quota shows at once and the file is gone
 * again; it is filled so that later syncs have no metadata to write.
 *
 * A failure is logged here, where errno is known. A full disk is not: it is tried again
 * and again, and who asked knows better what it means.
 */
#include "common/journal/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/log.h"

#define ZEROS_BYTES (1u << 20)

struct folder {
    struct disk disk; /* first: a folder is cast from and to it */
    int fd;
};

struct disk_file {
    int fd;
};

static enum status report(const char *verb, const char *name)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return STATUS_NO_SPACE;
    log_error("journal: cannot %s %s: %s", verb, name, strerror(errno));
    return STATUS_IO;
}

static int fd_of(struct disk *disk)
{
    return ((struct folder *)disk)->fd;
}

/* -------------------------------------------------------------------------- files */

static int write_all(int fd, uint64_t offset, const char *data, uint64_t bytes)
{
    while (bytes > 0) {
        ssize_t written = pwrite(fd, data, bytes, (off_t)offset);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        data += written;
        offset += (uint64_t)written;
        bytes -= (uint64_t)written;
    }
    return 0;
}

static enum status file_write(struct disk_file *file, uint64_t offset, const void *data,
                              uint64_t bytes)
{
    if (write_all(file->fd, offset, data, bytes) == 0)
        return STATUS_OK;
    /* The file's blocks are all there: no room is no answer to this. */
    (void)report("write", "a segment");
    return STATUS_IO;
}

static enum status file_read(struct disk_file *file, uint64_t offset, void *data,
                             uint64_t bytes)
{
    char *out = data;

    while (bytes > 0) {
        ssize_t got = pread(file->fd, out, bytes, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO; /* shorter than it was when it was listed */
        if (got <= 0)
            return report("read", "a segment");
        out += got;
        offset += (uint64_t)got;
        bytes -= (uint64_t)got;
    }
    return STATUS_OK;
}

static enum status file_sync(struct disk_file *file)
{
    if (fdatasync(file->fd) == 0)
        return STATUS_OK;
    (void)report("sync", "a segment");
    return STATUS_IO;
}

static void file_close(struct disk_file *file)
{
    (void)close(file->fd);
    free(file);
}

static struct disk_file *file_of(int fd)
{
    struct disk_file *file = memory_take(sizeof(*file));

    file->fd = fd;
    return file;
}

/* -------------------------------------------------------------------------- names */

/* Filesystems that cannot allocate ahead say EOPNOTSUPP: writing zeros must do. */
static int fill_with_zeros(int fd, uint64_t bytes)
{
    static const char zeros[ZEROS_BYTES];

    while (fallocate(fd, 0, 0, (off_t)bytes) != 0) {
        if (errno == EOPNOTSUPP)
            break;
        if (errno != EINTR)
            return -1;
    }
    for (uint64_t at = 0; at < bytes; at += ZEROS_BYTES) {
        uint64_t rest = bytes - at;

        if (write_all(fd, at, zeros, rest < ZEROS_BYTES ? rest : ZEROS_BYTES) != 0)
            return -1;
    }
    return fsync(fd);
}

static enum status folder_create(struct disk *disk, const char *name, uint64_t bytes,
                                 struct disk_file **file_out)
{
    int fd = openat(fd_of(disk), name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum status status;

    if (fd < 0)
        return report("create", name);
    if (fill_with_zeros(fd, bytes) == 0) {
        *file_out = file_of(fd);
        return STATUS_OK;
    }
    status = report("fill", name);
    (void)close(fd);
    (void)unlinkat(fd_of(disk), name, 0);
    return status;
}

static enum status folder_open(struct disk *disk, const char *name,
                               struct disk_file **file_out)
{
    int fd = openat(fd_of(disk), name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return report("open", name);
    *file_out = file_of(fd);
    return STATUS_OK;
}

static enum status folder_rename(struct disk *disk, const char *from, const char *to)
{
    if (renameat(fd_of(disk), from, fd_of(disk), to) == 0)
        return STATUS_OK;
    return report("rename", from);
}

static enum status folder_remove(struct disk *disk, const char *name)
{
    if (unlinkat(fd_of(disk), name, 0) == 0)
        return STATUS_OK;
    return report("remove", name);
}

static enum status folder_sync_names(struct disk *disk)
{
    if (fsync(fd_of(disk)) == 0)
        return STATUS_OK;
    (void)report("sync", "the journal's folder");
    return STATUS_IO;
}

static enum status list_entries(int fd, DIR *entries, disk_name_fn *each, void *context)
{
    struct dirent *entry;
    struct stat stat;

    for (errno = 0; (entry = readdir(entries)) != NULL; errno = 0) {
        if (fstatat(fd, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
            return report("look at", entry->d_name);
        if (S_ISREG(stat.st_mode))
            each(context, entry->d_name, (uint64_t)stat.st_size);
    }
    return errno == 0 ? STATUS_OK : report("list", "the journal's folder");
}

static enum status folder_list(struct disk *disk, disk_name_fn *each, void *context)
{
    int fd = openat(fd_of(disk), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    enum status status;

    if (entries == NULL) {
        status = report("list", "the journal's folder");
        if (fd >= 0)
            (void)close(fd);
        return status;
    }
    status = list_entries(fd, entries, each, context);
    (void)closedir(entries);
    return status;
}

static void folder_close(struct disk *disk)
{
    (void)close(fd_of(disk));
    free(disk);
}

/* --------------------------------------------------------------------------- open */

/* A folder that was just made is sure once its parent is synced. */
static int sync_parent(int fd)
{
    int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result;

    if (parent < 0)
        return -1;
    result = fsync(parent);
    (void)close(parent);
    return result;
}

static int open_or_make(const char *path)
{
    bool is_new = mkdir(path, 0700) == 0;
    int fd;

    if (!is_new && errno != EEXIST)
        return -1;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && is_new && sync_parent(fd) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

enum status disk_open_folder(const char *path, struct disk **disk_out)
{
    struct folder *folder;
    int fd = open_or_make(path);

    if (fd < 0)
        return report("open", path);
    folder = memory_take(sizeof(*folder));
    folder->fd = fd;
    folder->disk = (struct disk){
        .list = folder_list,
        .create = folder_create,
        .open = folder_open,
        .rename = folder_rename,
        .remove = folder_remove,
        .sync_names = folder_sync_names,
        .close_disk = folder_close,
        .write = file_write,
        .read = file_read,
        .sync = file_sync,
        .close = file_close,
    };
    *disk_out = &folder->disk;
    return STATUS_OK;
}
