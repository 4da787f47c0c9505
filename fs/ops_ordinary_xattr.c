/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes of ordinary files and folders: those called user.*, which mean
 * nothing to the kernel. What means something (capabilities, access lists, labels)
 * would be kept here and heeded by nobody, so it is NOTSUP, and so is everything on
 * special files. The kernel has asked by then whether the caller may.
 *
 * A file is known by a descriptor (O_PATH) that fsetxattr(2) does not take; its name
 * under /proc/self/fd is the file itself, whatever lies where it once was. It is a link
 * that ends there: a symbolic link behind it is not followed.
 */
#include "fs/ops_ordinary.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#define KEPT_PREFIX "user."

/* One file, held while something is done with its attributes. */
struct subject {
    struct fuse_face *face;
    struct ordinary *held;
    char path[64];
};

static bool is_kept(const char *name)
{
    return strncmp(name, KEPT_PREFIX, strlen(KEPT_PREFIX)) == 0;
}

/* 0 or an errno. ENOSYS would be taken as said of every file. */
static int hold(struct subject *subject, fuse_req_t request, fuse_ino_t inode)
{
    subject->face = face_of(request);
    if (!inode_is_ordinary(inode))
        return ENOTSUP;
    subject->held = ordinary_hold(subject->face->ordinary, inode);
    if (!subject->held)
        return errno;
    snprintf(subject->path, sizeof subject->path, "/proc/self/fd/%d",
             ordinary_descriptor(subject->held));
    return 0;
}

static int hold_for(struct subject *subject, fuse_req_t request, fuse_ino_t inode,
                    const char *name)
{
    return is_kept(name) ? hold(subject, request, inode) : ENOTSUP;
}

/* Ends what hold() began; what the call on its path gave becomes 0 or an errno. */
static int let_go(struct subject *subject, ssize_t result)
{
    int error = result < 0 ? errno : 0;
    ordinary_let_go(subject->face->ordinary, subject->held);
    return error;
}

void op_setxattr(fuse_req_t request, fuse_ino_t inode, const char *name,
                 const char *value, size_t size, int flags)
{
    struct subject subject;
    int error = hold_for(&subject, request, inode, name);
    if (!error)
        error = let_go(&subject, setxattr(subject.path, name, value, size, flags));
    fuse_reply_err(request, error);
}

void op_removexattr(fuse_req_t request, fuse_ino_t inode, const char *name)
{
    struct subject subject;
    int error = hold_for(&subject, request, inode, name);
    if (!error)
        error = let_go(&subject, removexattr(subject.path, name));
    fuse_reply_err(request, error);
}

/* Size 0 asks how much there is. */
static void reply(fuse_req_t request, int error, const char *bytes, size_t size,
                  size_t room)
{
    if (error)
        fuse_reply_err(request, error);
    else if (room == 0)
        fuse_reply_xattr(request, size);
    else if (size > room)
        fuse_reply_err(request, ERANGE);
    else
        fuse_reply_buf(request, bytes, size);
}

void op_getxattr(fuse_req_t request, fuse_ino_t inode, const char *name, size_t size)
{
    struct subject subject;
    ssize_t got = 0;
    int error = hold_for(&subject, request, inode, name);
    char *value = error || size == 0 ? NULL : memory_take(size);
    if (!error) {
        got = getxattr(subject.path, name, value, size);
        error = let_go(&subject, got);
    }
    reply(request, error, value, (size_t)got, size);
    free(value);
}

/* Moves the names that are kept here to the front; how many bytes they are. */
static size_t keep_ours(char *names, size_t size)
{
    size_t kept = 0;
    for (size_t at = 0, step; at < size; at += step) {
        step = strlen(names + at) + 1;
        if (is_kept(names + at)) {
            memmove(names + kept, names + at, step);
            kept += step;
        }
    }
    return kept;
}

void op_listxattr(fuse_req_t request, fuse_ino_t inode, size_t size)
{
    struct subject subject;
    ssize_t got = 0;
    int error = hold(&subject, request, inode);
    char *names = error ? NULL : memory_take(XATTR_LIST_MAX);
    if (!error) {
        got = listxattr(subject.path, names, XATTR_LIST_MAX);
        error = let_go(&subject, got);
    }
    reply(request, error, names, error ? 0 : keep_ours(names, (size_t)got), size);
    free(names);
}
