/* SPDX-License-Identifier: MIT */
/*
 * Ordinary files: what the callbacks share, look-up and attributes. The kernel may
 * believe an answer for a second. It is its own doing that changes these files, but for
 * what comes in over HTTP, which is put in place as a new file.
 */
#include "fs/ops_ordinary.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "fs/entry.h"
#include "fs/errno_map.h"

#define BELIEVED_SECONDS 1.0

/* ------------------------------------------------------------------------- folders */

/* The area of a special folder, if ordinary files may be there. */
static int open_area(struct fuse_face *face, fuse_ino_t inode, bool make,
                     int *descriptor_out)
{
    struct node folder;
    struct file_place place;
    if (!inodes_find(face->inodes, inode, &folder) || !node_is_folder(&folder))
        return ESTALE;
    enum status status = tree_place(face->tree, &folder, &place);
    if (status == STATUS_NOT_FOUND)
        return ESTALE;
    if (!status)
        status =
            files_open_area(tree_files(face->tree), place.area, make, descriptor_out);
    return errno_of_status(status);
}

int folder_open_area(void *context, uint64_t inode)
{
    int descriptor = -1;
    int error = open_area(context, inode, false, &descriptor);
    if (error)
        errno = error;
    return descriptor;
}

int folder_open(struct fuse_face *face, fuse_ino_t inode, bool make,
                struct folder *folder_out)
{
    folder_out->held = NULL;
    if (!inode_is_ordinary(inode))
        return open_area(face, inode, make, &folder_out->descriptor);
    folder_out->held = ordinary_hold(face->ordinary, inode);
    if (!folder_out->held)
        return errno;
    folder_out->descriptor = ordinary_descriptor(folder_out->held);
    return 0;
}

void folder_close(struct fuse_face *face, struct folder *folder)
{
    if (folder->held)
        ordinary_let_go(face->ordinary, folder->held);
    else
        close(folder->descriptor);
}

bool name_is_ordinary(struct fuse_face *face, fuse_ino_t folder, const char *name)
{
    struct node node;
    if (inode_is_ordinary(folder))
        return true;
    return tree_files(face->tree) && inodes_find(face->inodes, folder, &node) &&
           node_is_folder(&node) && node_name_is_ordinary(node.kind, view_text(name));
}

/* ------------------------------------------------------------------------- look-up */

void ordinary_fill(uint64_t number, const struct stat *stat,
                   struct fuse_entry_param *entry_out)
{
    *entry_out = (struct fuse_entry_param){.ino = number,
                                           .generation = 1,
                                           .attr = *stat,
                                           .attr_timeout = BELIEVED_SECONDS,
                                           .entry_timeout = BELIEVED_SECONDS};
    entry_out->attr.st_ino = ordinary_shown_inode(stat->st_ino);
}

int ordinary_describe(struct fuse_face *face, fuse_ino_t parent,
                      const struct folder *folder, const char *name,
                      struct fuse_entry_param *entry_out)
{
    struct stat stat;
    if (fstatat(folder->descriptor, name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
        return errno;
    ordinary_fill(ordinary_seen(face->ordinary, parent, name, &stat), &stat, entry_out);
    return 0;
}

void ordinary_lookup_op(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct fuse_face *face = face_of(request);
    struct folder folder;
    struct fuse_entry_param entry;
    int error = folder_open(face, parent, false, &folder);
    if (!error) {
        error = ordinary_describe(face, parent, &folder, name, &entry);
        folder_close(face, &folder);
    }
    if (error)
        fuse_reply_err(request, error);
    else
        entry_reply(request, &entry);
}

int ordinary_give(fuse_req_t request, const struct folder *folder, int file,
                  mode_t mode)
{
    const struct fuse_ctx *caller = fuse_req_ctx(request);
    struct stat now, above;
    if (fstat(file, &now) != 0 || fstat(folder->descriptor, &above) != 0)
        return errno;
    bool inherits = folder->held && above.st_mode & S_ISGID;
    gid_t gid = inherits ? above.st_gid : caller->gid;
    mode_t wanted =
        S_ISDIR(now.st_mode) ? (mode & 01777) | (inherits ? S_ISGID : 0) : mode & 0777;
    if ((now.st_uid != caller->uid || now.st_gid != gid) &&
        fchownat(file, "", caller->uid, gid, AT_EMPTY_PATH) != 0)
        return errno;
    if ((now.st_mode & 07777) == wanted || S_ISLNK(now.st_mode))
        return 0;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return chmod(path, wanted) == 0 ? 0 : errno;
}

/* ---------------------------------------------------------------------- attributes */

static void reply_stat(fuse_req_t request, int descriptor)
{
    struct stat stat;
    if (fstat(descriptor, &stat) != 0) {
        fuse_reply_err(request, errno);
        return;
    }
    stat.st_ino = ordinary_shown_inode(stat.st_ino);
    fuse_reply_attr(request, &stat, BELIEVED_SECONDS);
}

/* Of a file that was sent: those of the special file that the kernel takes it for,
   until it looks the name up again. Emacs looks at what it has just renamed by a
   descriptor, and that asks for no name again. False when it was not sent. */
static bool reply_as_sent(fuse_req_t request, fuse_ino_t inode)
{
    struct fuse_face *face = face_of(request);
    uint64_t folder;
    char name[FILE_NAME_BYTES_MAX + 1];
    struct node node;
    struct attributes attributes;
    struct stat stat;
    if (!ordinary_sent_to(face->ordinary, inode, &folder, name) ||
        entry_find(face, folder, name, &node) ||
        entry_attributes(face, &node, &attributes))
        return false;
    entry_fill_stat(inode, &attributes, &stat);
    fuse_reply_attr(request, &stat, 0);
    return true;
}

void ordinary_getattr(fuse_req_t request, fuse_ino_t inode)
{
    struct fuse_face *face = face_of(request);
    struct ordinary *held = ordinary_hold(face->ordinary, inode);
    if (!held) {
        int error = errno;
        if (!reply_as_sent(request, inode))
            fuse_reply_err(request, error);
        return;
    }
    reply_stat(request, ordinary_descriptor(held));
    ordinary_let_go(face->ordinary, held);
}

/* A program that runs with its owner's rights has no place here. */
static bool is_mode_refused(int descriptor, mode_t mode)
{
    struct stat stat;
    return mode & (S_ISUID | S_ISGID) && fstat(descriptor, &stat) == 0 &&
           !S_ISDIR(stat.st_mode);
}

static int set_mode(int descriptor, const char *path, mode_t mode)
{
    if (is_mode_refused(descriptor, mode)) {
        errno = EPERM;
        return -1;
    }
    return chmod(path, mode & 07777);
}

static int set_owner(int descriptor, const struct stat *wanted, int which)
{
    return fchownat(descriptor, "",
                    which & FUSE_SET_ATTR_UID ? wanted->st_uid : (uid_t)-1,
                    which & FUSE_SET_ATTR_GID ? wanted->st_gid : (gid_t)-1,
                    AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
}

static struct timespec time_of(const struct timespec *wanted, bool is_set, bool is_now)
{
    return is_now   ? (struct timespec){.tv_nsec = UTIME_NOW}
           : is_set ? *wanted
                    : (struct timespec){.tv_nsec = UTIME_OMIT};
}

static int set_times(int descriptor, const struct stat *wanted, int which)
{
    struct timespec times[] = {time_of(&wanted->st_atim, which & FUSE_SET_ATTR_ATIME,
                                       which & FUSE_SET_ATTR_ATIME_NOW),
                               time_of(&wanted->st_mtim, which & FUSE_SET_ATTR_MTIME,
                                       which & FUSE_SET_ATTR_MTIME_NOW)};
    return utimensat(descriptor, "", times, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
}

/* Who has it open for writing may cut it, whatever its mode says by now. */
static int set_size(const char *path, off_t size, const struct fuse_file_info *file)
{
    return file ? ftruncate(ordinary_opened(file), size) : truncate(path, size);
}

static int change(int descriptor, const struct stat *wanted, int which,
                  const struct fuse_file_info *file)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    const int times = FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW |
                      FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW;
    bool failed =
        (which & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID) &&
         set_owner(descriptor, wanted, which) != 0) ||
        (which & FUSE_SET_ATTR_MODE &&
         set_mode(descriptor, path, wanted->st_mode) != 0) ||
        (which & FUSE_SET_ATTR_SIZE && set_size(path, wanted->st_size, file) != 0) ||
        (which & times && set_times(descriptor, wanted, which) != 0);
    return failed ? errno : 0;
}

void ordinary_setattr(fuse_req_t request, fuse_ino_t inode, struct stat *wanted,
                      int which, struct fuse_file_info *file)
{
    struct fuse_face *face = face_of(request);
    struct ordinary *held = ordinary_hold(face->ordinary, inode);
    if (!held) {
        fuse_reply_err(request, errno);
        return;
    }
    int error = change(ordinary_descriptor(held), wanted, which, file);
    if (error)
        fuse_reply_err(request, error);
    else
        reply_stat(request, ordinary_descriptor(held));
    ordinary_let_go(face->ordinary, held);
}

void op_readlink(fuse_req_t request, fuse_ino_t inode)
{
    struct fuse_face *face = face_of(request);
    char target[PATH_MAX];
    struct ordinary *held =
        inode_is_ordinary(inode) ? ordinary_hold(face->ordinary, inode) : NULL;
    if (!held) {
        fuse_reply_err(request, inode_is_ordinary(inode) ? errno : EINVAL);
        return;
    }
    ssize_t size = readlinkat(ordinary_descriptor(held), "", target, sizeof target - 1);
    int error = errno;
    ordinary_let_go(face->ordinary, held);
    if (size < 0) {
        fuse_reply_err(request, error);
        return;
    }
    target[size] = '\0';
    fuse_reply_readlink(request, target);
}
