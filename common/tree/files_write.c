/* SPDX-License-Identifier: MIT */
/*
 * A file is written aside, synced, and renamed into its place, and then the folder is
 * synced: a reader, and a crash, meet the old file or the new one, never half of one. A
 * file that is replaced hands on its owner, mode and extended attributes, as if it had
 * been written over; its other hard links keep the old content.
 */
#include "common/tree/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/tree/files_internal.h"

struct file_writer {
    struct files *files;
    struct files_name name;
    int file;
};

uint64_t files_room(const struct files *files)
{
    struct statvfs space;
    if (fstatvfs(files->fresh, &space) != 0)
        return UINT64_MAX;
    return (uint64_t)space.f_bfree * space.f_frsize;
}

enum status files_write(struct files *files, struct file_writer **writer_out)
{
    struct files_name name = files_fresh_name(files);
    int file =
        openat(files->fresh, name.text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return files_status(errno);
    struct file_writer *writer = memory_take(sizeof *writer);
    *writer = (struct file_writer){files, name, file};
    *writer_out = writer;
    return STATUS_OK;
}

enum status file_writer_append(struct file_writer *writer, struct view bytes)
{
    while (bytes.size > 0) {
        ssize_t size = write(writer->file, bytes.data, bytes.size);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return files_status(errno);
        bytes = view_of(bytes.data + size, bytes.size - (size_t)size);
    }
    return STATUS_OK;
}

static void free_writer(struct file_writer *writer)
{
    close(writer->file);
    free(writer);
}

void file_writer_abort(struct file_writer *writer)
{
    unlinkat(writer->files->fresh, writer->name.text, 0);
    free_writer(writer);
}

/* As the file that it replaces, or as `owner` says. */
static enum status dress(struct file_writer *writer, const struct spot *spot,
                         const struct file_owner *owner)
{
    struct stat old;
    struct file_owner wanted = *owner;
    int replaced = files_walk(spot->folder, spot->name, O_PATH);
    enum status status = STATUS_OK;
    if (replaced >= 0 && fstat(replaced, &old) == 0) {
        wanted = (struct file_owner){old.st_uid, old.st_gid, old.st_mode & 0777};
        if (S_ISDIR(old.st_mode))
            status = STATUS_EXISTS;
        else if (S_ISREG(old.st_mode))
            files_copy_attributes(replaced, writer->file);
        else
            wanted.mode = owner->mode;
    }
    if (replaced >= 0)
        close(replaced);
    if (!status && (files_give(writer->file, &wanted) != 0 ||
                    fchmod(writer->file, wanted.mode & 0777) != 0))
        status = files_status(errno);
    return status;
}

static enum status settle(struct file_writer *writer, const struct spot *spot,
                          const struct file_owner *owner, bool only_new,
                          struct stat *stat_out)
{
    enum status status = dress(writer, spot, owner);
    if (!status && fsync(writer->file) != 0)
        status = files_status(errno);
    if (!status)
        status = files_place(writer->files, writer->files->fresh, writer->name.text,
                             spot, !only_new);
    if (!status && fstat(writer->file, stat_out) != 0)
        status = files_status(errno);
    return status;
}

static enum status commit(struct file_writer *writer, const struct spot *spot,
                          const struct file_owner *owner, bool only_new,
                          struct stat *stat_out)
{
    enum status status = settle(writer, spot, owner, only_new, stat_out);
    if (status)
        file_writer_abort(writer);
    else
        free_writer(writer);
    return status;
}

enum status file_writer_commit(struct file_writer *writer,
                               const struct file_place *place,
                               const struct file_owner *owner, bool only_new,
                               struct stat *stat_out)
{
    struct spot spot;
    enum status status = spot_open(writer->files, place, true, &spot);
    if (status) {
        file_writer_abort(writer);
        return status;
    }
    status = commit(writer, &spot, owner, only_new, stat_out);
    spot_close(&spot);
    return status;
}

enum status file_writer_commit_in(struct file_writer *writer, int folder,
                                  const char *name, const struct file_owner *owner,
                                  bool only_new, struct stat *stat_out)
{
    struct spot spot = {.folder =
                            openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    enum status status = files_check_name(view_text(name));
    if (!status && spot.folder < 0)
        status = files_status(errno);
    if (status) {
        file_writer_abort(writer);
    } else {
        strcpy(spot.name, name);
        status = commit(writer, &spot, owner, only_new, stat_out);
    }
    if (spot.folder >= 0)
        spot_close(&spot);
    return status;
}

static enum status dress_folder(struct files *files, const char *name,
                                const struct file_owner *owner)
{
    int folder = openat(files->fresh, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return files_status(errno);
    enum status status = STATUS_OK;
    if (files_give(folder, owner) != 0 || fchmod(folder, owner->mode & 01777) != 0 ||
        fsync(folder) != 0)
        status = files_status(errno);
    close(folder);
    return status;
}

enum status files_make_folder(struct files *files, const struct file_place *place,
                              const struct file_owner *owner)
{
    struct spot spot;
    struct files_name name = files_fresh_name(files);
    enum status status = spot_open(files, place, true, &spot);
    if (status)
        return status;
    if (mkdirat(files->fresh, name.text, 0700) != 0)
        status = files_status(errno);
    if (!status)
        status = dress_folder(files, name.text, owner);
    if (!status)
        status = files_place(files, files->fresh, name.text, &spot, false);
    if (status)
        unlinkat(files->fresh, name.text, AT_REMOVEDIR);
    spot_close(&spot);
    return status;
}
