/* SPDX-License-Identifier: MIT */
/*
 * Callbacks about names: create, remove, rename. Special files are neither made nor
 * destroyed. Removing one hides its name; creating it shows it again; creating a name
 * with a key or parameters opens it, and the message makes the key known. A rename may
 * cross the line between ordinary and special files: see fs/crossing.h.
 */
#include "fs/fuse_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "common/base/log.h"
#include "fs/access.h"
#include "fs/crossing.h"
#include "fs/entry.h"
#include "fs/handle.h"
#include "fs/ops_ordinary.h"

/* / and /actors are no home for most of them. */
static enum status refuse_ordinary(const char *what, const char *name)
{
    log_debug("%s of an ordinary file refused: %s", what, name);
    return STATUS_PERMISSION;
}

/* The node that creating `name` opens, and its attributes. EXISTS with O_EXCL where
   there is one that is not hidden; one that is hidden begins anew. */
static enum status find_creatable(fuse_req_t request, fuse_ino_t parent,
                                  const char *name, int *flags, struct node *node_out,
                                  struct attributes *attributes_out)
{
    struct fuse_face *face = face_of(request);
    bool shown = hidden_remove(face->hidden, parent, view_text(name));
    enum status status = entry_find(face, parent, name, node_out);
    if (!status && node_is_folder(node_out))
        return STATUS_EXISTS;
    if (shown)
        *flags |= O_TRUNC;
    if (!status)
        return *flags & O_EXCL && !shown
                   ? STATUS_EXISTS
                   : entry_attributes(face, node_out, attributes_out);
    if (status != STATUS_NOT_FOUND)
        return status;
    if (!tree_may_create(node_out)) {
        status = entry_status(face, node_out, status);
        return status == STATUS_STALE ? status : refuse_ordinary("creation", name);
    }
    status = entry_attributes_unsent(face, node_out, attributes_out);
    return status ? status : access_may_write(request, attributes_out);
}

static void reply_created(fuse_req_t request, const struct fuse_entry_param *entry,
                          struct fuse_file_info *file, struct handle *handle)
{
    file->fh = (uint64_t)(uintptr_t)handle;
    file->direct_io = 1;
    if (fuse_reply_create(request, entry, file) == 0)
        return;
    struct fuse_face *face = handle->face; /* the kernel no longer wants it */
    handle_release(handle);
    inodes_forget(face->inodes, entry->ino, 1);
}

void op_create(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode,
               struct fuse_file_info *file)
{
    struct fuse_face *face = face_of(request);
    struct node node;
    struct attributes attributes;
    struct fuse_entry_param entry;
    struct handle *handle;
    if (name_is_ordinary(face, parent, name)) {
        ordinary_create(request, parent, name, mode, file);
        return;
    }
    enum status status =
        find_creatable(request, parent, name, &file->flags, &node, &attributes);
    if (status) {
        reply_status(request, status);
        return;
    }
    entry_describe_as(face, &node, name, &attributes, &entry);
    status = handle_open(face, entry.ino, &node, file->flags,
                         fuse_req_ctx(request)->pid, &handle);
    if (status) {
        reply_status(request, status);
        inodes_forget(face->inodes, entry.ino, 1);
    } else {
        reply_created(request, &entry, file, handle);
    }
}

void op_unlink(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct fuse_face *face = face_of(request);
    struct node node;
    if (name_is_ordinary(face, parent, name)) {
        ordinary_unlink(request, parent, name, 0);
        return;
    }
    enum status status = entry_find(face, parent, name, &node);
    bool is_special = !status && node.actor != 0 && !node_is_folder(&node);
    if (is_special)
        hidden_add(face->hidden, parent, view_text(name));
    reply_status(request, status ? status : is_special ? STATUS_OK : STATUS_PERMISSION);
}

static void reply_renamed(void *context, const struct engine_answer *answer)
{
    reply_status(context, answer->status);
}

/* False when it is no actor. Onto an existing actor there is no renaming: EEXIST. */
static bool rename_actor(fuse_req_t request, fuse_ino_t parent, const char *name,
                         fuse_ino_t new_parent, const char *new_name)
{
    struct fuse_face *face = face_of(request);
    struct node node, to;
    if (entry_find(face, parent, name, &node) || node.kind != NODE_ACTOR ||
        entry_node(face, new_parent, &to))
        return false;
    tree_rename_folder(face->tree, &node, &to, view_text(new_name), reply_renamed,
                       request);
    return true;
}

void op_rename(fuse_req_t request, fuse_ino_t parent, const char *name,
               fuse_ino_t new_parent, const char *new_name, unsigned flags)
{
    struct fuse_face *face = face_of(request);
    bool from_ordinary = name_is_ordinary(face, parent, name);
    bool to_ordinary = name_is_ordinary(face, new_parent, new_name);
    if (flags & (unsigned)~RENAME_NOREPLACE)
        fuse_reply_err(request, EINVAL);
    else if (!from_ordinary &&
             rename_actor(request, parent, name, new_parent, new_name))
        return;
    else if (from_ordinary && to_ordinary)
        ordinary_rename(request, parent, name, new_parent, new_name, flags);
    else if (from_ordinary)
        crossing_send(request, parent, name, new_parent, new_name, flags);
    else if (to_ordinary)
        crossing_leave(request, parent, name, new_parent, new_name, flags);
    else
        reply_status(request, refuse_ordinary("renaming", name));
}

void op_mknod(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode,
              dev_t device)
{
    (void)device;
    ordinary_mknod(request, parent, name, mode);
}

void op_symlink(fuse_req_t request, const char *target, fuse_ino_t parent,
                const char *name)
{
    ordinary_symlink(request, target, parent, name);
}

void op_link(fuse_req_t request, fuse_ino_t inode, fuse_ino_t parent, const char *name)
{
    ordinary_link(request, inode, parent, name);
}
