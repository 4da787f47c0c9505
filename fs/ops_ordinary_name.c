/* SPDX-License-Identifier: MIT */
/*
 * Making, removing and renaming ordinary files. What is made belongs to the caller, or
 * is not made: a daemon that may not give files away refuses other users.
 */
#include "fs/ops_ordinary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "fs/entry.h"

/* The name of something new in a folder that is open. */
struct making {
    fuse_req_t request;
    fuse_ino_t parent;
    const char *name;
    struct folder folder;
};

static int start(struct making *making, fuse_req_t request, fuse_ino_t parent,
                 const char *name)
{
    struct view text = view_text(name);
    *making = (struct making){.request = request, .parent = parent, .name = name};
    if (text.size > FILE_NAME_BYTES_MAX)
        return ENAMETOOLONG;
    if (files_check_name(text))
        return EINVAL;
    if (!name_is_ordinary(face_of(request), parent, name))
        return EPERM;
    return folder_open(face_of(request), parent, true, &making->folder);
}

static void end(struct making *making)
{
    folder_close(face_of(making->request), &making->folder);
}

/* Gives what was just made to the caller and describes it; takes it back if it must. */
static int settle(struct making *making, int made, mode_t mode,
                  struct fuse_entry_param *entry_out)
{
    struct fuse_face *face = face_of(making->request);
    int error =
        made < 0 ? errno : ordinary_give(making->request, &making->folder, made, mode);
    return error ? error
                 : ordinary_describe(face, making->parent, &making->folder,
                                     making->name, entry_out);
}

/* Replies to what makes a name without opening it. `flags` as of unlinkat(2). */
static void finish(struct making *making, int error, mode_t mode, int flags)
{
    struct fuse_entry_param entry;
    int made = error ? -1
                     : openat(making->folder.descriptor, making->name,
                              O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (!error)
        error = settle(making, made, mode, &entry);
    if (error && made >= 0)
        unlinkat(making->folder.descriptor, making->name, flags);
    if (made >= 0)
        close(made);
    end(making);
    if (error)
        fuse_reply_err(making->request, error);
    else
        entry_reply(making->request, &entry);
}

/* -------------------------------------------------------------------------- create */

/* The file that is there, or a new one; `is_new` tells. -1 and errno. */
static int open_or_make(struct making *making, int flags, bool *is_new)
{
    const int kept =
        (flags & ~(O_DIRECT | O_CREAT | O_EXCL)) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int folder = making->folder.descriptor;
    int made = openat(folder, making->name, kept | O_CREAT | O_EXCL, 0600);
    *is_new = made >= 0;
    return made >= 0 || errno != EEXIST || flags & O_EXCL
               ? made
               : openat(folder, making->name, kept);
}

static int create(struct making *making, mode_t mode, struct fuse_file_info *file,
                  struct fuse_entry_param *entry_out)
{
    struct fuse_face *face = face_of(making->request);
    bool is_new;
    int made = open_or_make(making, file->flags, &is_new);
    int error = made >= 0 && !is_new
                    ? ordinary_describe(face, making->parent, &making->folder,
                                        making->name, entry_out)
                    : settle(making, made, mode, entry_out);
    struct ordinary *held =
        error ? NULL : ordinary_hold(face->ordinary, entry_out->ino);
    if (held) {
        ordinary_keep(face, file, held, made);
        return 0;
    }
    if (!error) {
        error = errno;
        ordinary_forget(face->ordinary, entry_out->ino, 1);
    } else if (is_new) {
        unlinkat(making->folder.descriptor, making->name, 0);
    }
    if (made >= 0)
        close(made);
    return error;
}

void ordinary_create(fuse_req_t request, fuse_ino_t parent, const char *name,
                     mode_t mode, struct fuse_file_info *file)
{
    struct fuse_face *face = face_of(request);
    struct making making;
    struct fuse_entry_param entry;
    int error = start(&making, request, parent, name);
    if (!error) {
        error = create(&making, mode, file, &entry);
        end(&making);
    }
    if (error) {
        fuse_reply_err(request, error);
    } else if (fuse_reply_create(request, &entry, file) != 0) {
        ordinary_release(face, file); /* the kernel no longer wants it */
        ordinary_forget(face->ordinary, entry.ino, 1);
    }
}

/* ---------------------------------------------------------------------- other kinds */

/* Only where ordinary folders may be: not in / and /actors. */
static int start_folder(struct making *making, fuse_req_t request, fuse_ino_t parent,
                        const char *name)
{
    struct node node;
    bool is_top = !inode_is_ordinary(parent) &&
                  inodes_find(face_of(request)->inodes, parent, &node) &&
                  node.kind != NODE_ACTOR;
    return is_top ? EPERM : start(making, request, parent, name);
}

void ordinary_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name,
                    mode_t mode)
{
    struct making making;
    int error = start_folder(&making, request, parent, name);
    if (error)
        fuse_reply_err(request, error);
    else
        finish(&making, mkdirat(making.folder.descriptor, name, 0700) == 0 ? 0 : errno,
               mode, AT_REMOVEDIR);
}

/* Pipes and sockets are the kernel's own business; devices have none here. */
void ordinary_mknod(fuse_req_t request, fuse_ino_t parent, const char *name,
                    mode_t mode)
{
    struct making making;
    bool is_device = S_ISCHR(mode) || S_ISBLK(mode);
    int error = is_device ? EPERM : start(&making, request, parent, name);
    if (error)
        fuse_reply_err(request, error);
    else
        finish(&making,
               mknodat(making.folder.descriptor, name, (mode & S_IFMT) | 0600, 0) == 0
                   ? 0
                   : errno,
               mode, 0);
}

void ordinary_symlink(fuse_req_t request, const char *target, fuse_ino_t parent,
                      const char *name)
{
    struct making making;
    int error = start(&making, request, parent, name);
    if (error)
        fuse_reply_err(request, error);
    else
        finish(&making,
               symlinkat(target, making.folder.descriptor, name) == 0 ? 0 : errno, 0777,
               0);
}

/* --------------------------------------------------------------------------- links */

static int make_link(struct making *making, struct ordinary *held,
                     struct fuse_entry_param *entry_out)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", ordinary_descriptor(held));
    if (linkat(AT_FDCWD, path, making->folder.descriptor, making->name,
               AT_SYMLINK_FOLLOW) != 0)
        return errno;
    return ordinary_describe(face_of(making->request), making->parent, &making->folder,
                             making->name, entry_out);
}

static bool is_in_one_area(struct fuse_face *face, fuse_ino_t inode, fuse_ino_t folder)
{
    uint64_t area = ordinary_area(face->ordinary, inode);
    return area != 0 && area == ordinary_area(face->ordinary, folder);
}

void ordinary_link(fuse_req_t request, fuse_ino_t inode, fuse_ino_t parent,
                   const char *name)
{
    struct fuse_face *face = face_of(request);
    struct making making;
    struct fuse_entry_param entry;
    int error = !inode_is_ordinary(inode)              ? EPERM
                : !is_in_one_area(face, inode, parent) ? EXDEV
                                                       : 0;
    if (!error)
        error = start(&making, request, parent, name);
    if (!error) {
        struct ordinary *held = ordinary_hold(face->ordinary, inode);
        error = held ? make_link(&making, held, &entry) : errno;
        if (held)
            ordinary_let_go(face->ordinary, held);
        end(&making);
    }
    if (error)
        fuse_reply_err(request, error);
    else
        entry_reply(request, &entry);
}

/* -------------------------------------------------------------------------- removal */

void ordinary_unlink(fuse_req_t request, fuse_ino_t parent, const char *name, int flags)
{
    struct fuse_face *face = face_of(request);
    struct folder folder;
    int error = folder_open(face, parent, false, &folder);
    if (!error) {
        error = unlinkat(folder.descriptor, name, flags) == 0 ? 0 : errno;
        folder_close(face, &folder);
    }
    fuse_reply_err(request, error);
}

static int rename_between(struct fuse_face *face, const struct folder *from,
                          const char *name, const struct making *to, unsigned flags)
{
    struct stat stat;
    if (renameat2(from->descriptor, name, to->folder.descriptor, to->name, flags) != 0)
        return errno;
    if (fstatat(to->folder.descriptor, to->name, &stat, AT_SYMLINK_NOFOLLOW) == 0)
        ordinary_moved(face->ordinary, &stat, to->parent, to->name);
    return 0;
}

/* A folder stays out of / and /actors. */
static int start_target(struct making *making, fuse_req_t request,
                        const struct folder *from, const char *name,
                        fuse_ino_t new_parent, const char *new_name)
{
    struct stat stat;
    if (fstatat(from->descriptor, name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
        return errno;
    return S_ISDIR(stat.st_mode) ? start_folder(making, request, new_parent, new_name)
                                 : start(making, request, new_parent, new_name);
}

void ordinary_rename(fuse_req_t request, fuse_ino_t parent, const char *name,
                     fuse_ino_t new_parent, const char *new_name, unsigned flags)
{
    struct fuse_face *face = face_of(request);
    struct folder from;
    struct making to;
    int error = folder_open(face, parent, false, &from);
    if (!error) {
        error = start_target(&to, request, &from, name, new_parent, new_name);
        if (!error) {
            error = rename_between(face, &from, name, &to, flags);
            end(&to);
        }
        folder_close(face, &from);
    }
    fuse_reply_err(request, error);
}
