/* SPDX-License-Identifier: MIT */
/*
 * Callbacks about folders. The offset of a listing says after which entry to go on: 1
 * and 2 are `.` and `..`, then come the tree's own special entries, so that the first
 * names of a million come at once, and from ORDINARY_OFFSET on ordinary files, by their
 * place among the names that the open folder keeps (fs/listing.h).
 */
#include "fs/fuse_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/delivery.h"
#include "fs/entry.h"
#include "fs/listing.h"
#include "fs/ops_ordinary.h"

#define DOTS 2 /* `.` and `..` */
#define ORDINARY_OFFSET (INT64_C(1) << 62)

static struct listing_names *names_of(const struct fuse_file_info *file)
{
    return (struct listing_names *)(uintptr_t)file->fh;
}

static enum status check_folder(struct fuse_face *face, fuse_ino_t inode)
{
    struct attributes attributes;
    struct node node;
    if (inode_is_ordinary(inode)) {
        struct ordinary *held = ordinary_hold(face->ordinary, inode);
        if (held)
            ordinary_let_go(face->ordinary, held);
        return held ? STATUS_OK : STATUS_STALE;
    }
    enum status status = entry_node(face, inode, &node);
    return status ? status
                  : entry_status(face, &node,
                                 tree_attributes(face->tree, &node, &attributes));
}

void op_opendir(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct fuse_face *face = face_of(request);
    enum status status = check_folder(face, inode);
    if (status) {
        reply_status(request, status);
        return;
    }
    file->fh = (uint64_t)(uintptr_t)listing_new(face);
    if (fuse_reply_open(request, file) != 0)
        listing_free(face, names_of(file)); /* the kernel no longer wants it */
}

void op_releasedir(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    (void)inode;
    listing_free(face_of(request), names_of(file));
    fuse_reply_err(request, 0);
}

void op_fsyncdir(fuse_req_t request, fuse_ino_t inode, int data_only,
                 struct fuse_file_info *file)
{
    (void)data_only;
    (void)file;
    struct fuse_face *face = face_of(request);
    struct folder folder;
    int error = folder_open(face, inode, false, &folder);
    if (!error) {
        int again = openat(folder.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        error = again >= 0 && fsync(again) == 0 ? 0 : errno;
        if (again >= 0)
            close(again);
        folder_close(face, &folder);
    }
    fuse_reply_err(request, error == ENOENT ? 0 : error); /* nothing was kept there */
}

struct listing {
    fuse_req_t request;
    fuse_ino_t folder;
    struct listing_names *names;
    bool is_plus; /* with attributes */
    bool is_full;
    char *buffer;
    size_t size, used;
};

/* False when it does not fit. */
static bool put(struct listing *listing, const char *name,
                const struct fuse_entry_param *entry, off_t next)
{
    char *at = listing->buffer + listing->used;
    size_t left = listing->size - listing->used;
    size_t size =
        listing->is_plus
            ? fuse_add_direntry_plus(listing->request, at, left, name, entry, next)
            : fuse_add_direntry(listing->request, at, left, name, &entry->attr, next);
    listing->is_full = size > left;
    if (!listing->is_full)
        listing->used += size;
    return !listing->is_full;
}

/* Without an inode of its own in `entry` the kernel counts no lookup. */
static bool put_dots(struct listing *listing, off_t offset)
{
    struct fuse_entry_param entry = {.attr.st_mode = S_IFDIR,
                                     .attr.st_ino = listing->folder};
    return (offset > 0 || put(listing, ".", &entry, 1)) &&
           (offset > 1 || put(listing, "..", &entry, DOTS));
}

/* The first ordinary file ends the special ones. */
static bool put_special(void *context, const struct tree_entry *from)
{
    struct listing *listing = context;
    struct fuse_face *face = face_of(listing->request);
    struct fuse_entry_param entry;
    if (from->node.kind == NODE_ORDINARY)
        return false;
    if (hidden_contains(face->hidden, listing->folder, view_text(from->name)))
        return true;
    entry_describe_as(face, &from->node, from->name, &from->attributes, &entry);
    return put(listing, from->name, &entry, (off_t)from->next + DOTS);
}

static enum status list_special(struct listing *listing, off_t offset)
{
    struct node folder;
    struct fuse_face *face = face_of(listing->request);
    if (inode_is_ordinary(listing->folder) || offset >= ORDINARY_OFFSET)
        return STATUS_OK;
    enum status status = entry_node(face, listing->folder, &folder);
    return status ? status
                  : tree_list(face->tree, &folder,
                              offset > DOTS ? (uint64_t)offset - DOTS : 0, put_special,
                              listing);
}

/* False when it does not fit. What is gone meanwhile is left out. */
static bool put_ordinary(struct listing *listing, const struct folder *folder,
                         const char *name, struct stat *known, off_t next)
{
    struct fuse_face *face = face_of(listing->request);
    struct fuse_entry_param entry;
    if (!listing->is_plus) {
        ordinary_fill(0, known, &entry);
        return put(listing, name, &entry, next);
    }
    if (ordinary_describe(face, listing->folder, folder, name, &entry) != 0)
        return true;
    if (put(listing, name, &entry, next))
        return true;
    ordinary_forget(face->ordinary, entry.ino, 1);
    return false;
}

static int list_ordinary(struct listing *listing, off_t offset)
{
    struct fuse_face *face = face_of(listing->request);
    struct folder folder;
    struct stat known = {0};
    const char *name;
    off_t n = offset >= ORDINARY_OFFSET ? offset - ORDINARY_OFFSET : 0;
    int error = folder_open(face, listing->folder, false, &folder);
    if (error)
        return error == ENOENT || error == EPERM ? 0 : error;
    while ((name = listing_name(listing->names, face, listing->folder, (size_t)n,
                                &known.st_mode, &known.st_ino)) &&
           put_ordinary(listing, &folder, name, &known, ORDINARY_OFFSET + n + 1))
        n++;
    folder_close(face, &folder);
    return 0;
}

static void list(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                 struct fuse_file_info *file, bool is_plus)
{
    struct listing listing = {.request = request,
                              .folder = inode,
                              .names = names_of(file),
                              .is_plus = is_plus,
                              .buffer = memory_take(size),
                              .size = size};
    enum status status = STATUS_OK;
    int error = 0;
    if (offset == 0)
        listing_rewind(listing.names);
    if (put_dots(&listing, offset))
        status = list_special(&listing, offset);
    if (!status && !listing.is_full)
        error = list_ordinary(&listing, offset);
    if (status)
        reply_status(request, status);
    else if (error)
        fuse_reply_err(request, error);
    else
        fuse_reply_buf(request, listing.buffer, listing.used);
    free(listing.buffer);
}

void op_readdir(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                struct fuse_file_info *file)
{
    list(request, inode, size, offset, file, false);
}

void op_readdirplus(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                    struct fuse_file_info *file)
{
    list(request, inode, size, offset, file, true);
}

/* A folder that is being made; the request is answered when it is on disk. */
struct making {
    fuse_req_t request;
    fuse_ino_t parent;
    char name[];
};

static void made(void *context, const struct engine_answer *answer)
{
    struct making *making = context;
    struct fuse_face *face = face_of(making->request);
    struct node node = tree_node(NODE_ACTOR, answer->actor);
    struct fuse_entry_param entry;
    enum status status = answer->status;
    if (!status)
        status = entry_describe(face, &node, making->name, &entry);
    if (status) {
        reply_status(making->request, status);
    } else {
        copying_made(face->copying, entry.ino, fuse_req_ctx(making->request)->pid);
        entry_reply(making->request, &entry);
    }
    free(making);
}

void op_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode)
{
    struct fuse_face *face = face_of(request);
    struct node folder;
    if (inode_is_ordinary(parent)) {
        ordinary_mkdir(request, parent, name, mode);
        return;
    }
    enum status status = entry_node(face, parent, &folder);
    if (status) {
        reply_status(request, status);
        return;
    }
    if (folder.kind == NODE_ACTOR) {
        ordinary_mkdir(request, parent, name, mode);
        return;
    }
    const struct fuse_ctx *caller = fuse_req_ctx(request);
    struct engine_owner owner = {
        .uid = caller->uid, .gid = caller->gid, .mode = mode & 07777};
    size_t size = strlen(name) + 1;
    struct making *making = memory_take(sizeof *making + size);
    making->request = request;
    making->parent = parent;
    memcpy(making->name, name, size);
    tree_make_folder(face->tree, &folder, view_text(name), &owner, made, making);
}

static void removed(void *context, const struct engine_answer *answer)
{
    reply_status(context, answer->status);
}

void op_rmdir(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct fuse_face *face = face_of(request);
    struct node node;
    if (name_is_ordinary(face, parent, name)) {
        ordinary_unlink(request, parent, name, AT_REMOVEDIR);
        return;
    }
    enum status status = entry_find(face, parent, name, &node);
    if (!status)
        status = tree_check_empty(face->tree, &node);
    if (status)
        reply_status(request, status);
    else
        tree_remove_folder(face->tree, &node, removed, request);
}
