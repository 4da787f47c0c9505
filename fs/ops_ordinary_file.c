/* SPDX-License-Identifier: MIT */
/*
 * Open ordinary files. The kernel keeps their pages, and drops them when the file's
 * time or size has changed; only what it does not have comes here, and goes straight to
 * the file. While a file is open its entry is held too, so that a file that was removed
 * meanwhile still has attributes.
 */
#include "fs/ops_ordinary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs/entry.h"

struct open_ordinary {
    struct leftover leftover; /* first: they share an address */
    struct ordinary *held;
    int descriptor;
};

static struct open_ordinary *open_of(const struct fuse_file_info *file)
{
    return (struct open_ordinary *)(uintptr_t)file->fh;
}

int ordinary_opened(const struct fuse_file_info *file)
{
    return open_of(file)->descriptor;
}

static void drop(struct leftover *leftover)
{
    struct open_ordinary *opened = (struct open_ordinary *)leftover;
    close(opened->descriptor);
    free(opened);
}

void ordinary_keep(struct fuse_face *face, struct fuse_file_info *file,
                   struct ordinary *held, int descriptor)
{
    struct open_ordinary *opened = memory_take(sizeof *opened);
    *opened = (struct open_ordinary){.held = held, .descriptor = descriptor};
    leftovers_add(&face->leftovers, &opened->leftover, drop);
    file->fh = (uint64_t)(uintptr_t)opened;
    file->keep_cache = 1;
    file->noflush = 1;
}

/* O_DIRECT would ask for alignment that the kernel's requests do not have. */
static int open_again(const struct ordinary *held, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", ordinary_descriptor(held));
    return open(path, (flags & ~(O_NOFOLLOW | O_DIRECT | O_CREAT | O_EXCL)) |
                          O_CLOEXEC | O_NONBLOCK);
}

void ordinary_open_op(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct fuse_face *face = face_of(request);
    struct ordinary *held = ordinary_hold(face->ordinary, inode);
    int descriptor = held ? open_again(held, file->flags) : -1;
    if (descriptor < 0) {
        int error = errno;
        if (held)
            ordinary_let_go(face->ordinary, held);
        fuse_reply_err(request, error);
        return;
    }
    ordinary_keep(face, file, held, descriptor);
    if (fuse_reply_open(request, file) != 0)
        ordinary_release(face, file); /* the kernel no longer wants it */
}

void ordinary_read(fuse_req_t request, size_t size, off_t offset,
                   struct fuse_file_info *file)
{
    struct fuse_bufvec buffer = FUSE_BUFVEC_INIT(size);
    buffer.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
    buffer.buf[0].fd = open_of(file)->descriptor;
    buffer.buf[0].pos = offset;
    fuse_reply_data(request, &buffer, FUSE_BUF_SPLICE_MOVE);
}

void ordinary_write(fuse_req_t request, const char *data, size_t size, off_t offset,
                    struct fuse_file_info *file)
{
    ssize_t written = pwrite(open_of(file)->descriptor, data, size, offset);
    if (written < 0)
        fuse_reply_err(request, errno);
    else
        fuse_reply_write(request, (size_t)written);
}

/* The kernel keeps the file open while it waits for the answer. */
struct syncing {
    fuse_req_t request;
    int descriptor;
    bool data_only;
};

static void sync_file(void *context, bool is_stopping)
{
    (void)is_stopping;
    struct syncing *syncing = context;
    int result = syncing->data_only ? fdatasync(syncing->descriptor)
                                    : fsync(syncing->descriptor);
    fuse_reply_err(syncing->request, result == 0 ? 0 : errno);
    free(syncing);
}

/* Elsewhere: whoever waits for the disk here keeps messages waiting. */
void ordinary_fsync(fuse_req_t request, int data_only, struct fuse_file_info *file)
{
    struct syncing *syncing = memory_take(sizeof *syncing);
    *syncing = (struct syncing){request, open_of(file)->descriptor, data_only};
    notifier_defer(face_of(request)->notifier, sync_file, syncing);
}

void ordinary_release(struct fuse_face *face, struct fuse_file_info *file)
{
    struct open_ordinary *opened = open_of(file);
    leftovers_remove(&face->leftovers, &opened->leftover);
    ordinary_let_go(face->ordinary, opened->held);
    drop(&opened->leftover);
}

/* EOPNOTSUPP is said of this file; ENOSYS would be taken as said of all. */
void op_fallocate(fuse_req_t request, fuse_ino_t inode, int mode, off_t offset,
                  off_t length, struct fuse_file_info *file)
{
    if (!inode_is_ordinary(inode))
        fuse_reply_err(request, EOPNOTSUPP);
    else if (fallocate(open_of(file)->descriptor, mode, offset, length) != 0)
        fuse_reply_err(request, errno);
    else
        fuse_reply_err(request, 0);
}

/* A special file has no holes: all is data, up to its end. */
static void seek_special(fuse_req_t request, fuse_ino_t inode, off_t offset, int whence)
{
    struct fuse_face *face = face_of(request);
    struct node node;
    struct attributes attributes;
    enum status status = entry_node(face, inode, &node);
    if (!status)
        status = entry_attributes(face, &node, &attributes);
    if (status)
        reply_status(request, status);
    else if (offset < 0 || (uint64_t)offset >= attributes.size)
        fuse_reply_err(request, ENXIO);
    else
        fuse_reply_lseek(request,
                         whence == SEEK_DATA ? offset : (off_t)attributes.size);
}

void op_lseek(fuse_req_t request, fuse_ino_t inode, off_t offset, int whence,
              struct fuse_file_info *file)
{
    if (!inode_is_ordinary(inode)) {
        seek_special(request, inode, offset, whence);
        return;
    }
    off_t found = lseek(open_of(file)->descriptor, offset, whence);
    if (found < 0)
        fuse_reply_err(request, errno);
    else
        fuse_reply_lseek(request, found);
}

void op_copy_file_range(fuse_req_t request, fuse_ino_t from, off_t from_offset,
                        struct fuse_file_info *from_file, fuse_ino_t to,
                        off_t to_offset, struct fuse_file_info *to_file, size_t size,
                        int flags)
{
    if (!inode_is_ordinary(from) || !inode_is_ordinary(to)) {
        fuse_reply_err(request, EOPNOTSUPP); /* the kernel then copies by itself */
        return;
    }
    ssize_t copied = copy_file_range(open_of(from_file)->descriptor, &from_offset,
                                     open_of(to_file)->descriptor, &to_offset, size,
                                     (unsigned)flags);
    if (copied < 0)
        fuse_reply_err(request, errno);
    else
        fuse_reply_write(request, (size_t)copied);
}
