/* SPDX-License-Identifier: MIT */
/*
 * Callbacks about folders. A listing keeps nothing between its calls: the offset says
 * after which entry to go on (1 and 2 are `.` and `..`, then the tree's own), so that
 * the first names of a million come at once.
 */
#include "fs/fuse_ops.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "fs/delivery.h"
#include "fs/entry.h"

#define DOTS 2 /* `.` and `..` */

void op_opendir(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct fuse_face *face = face_of(request);
    struct attributes attributes;
    struct node node;
    enum status status = entry_node(face, inode, &node);
    if (!status)
        status =
            entry_status(face, &node, tree_attributes(face->tree, &node, &attributes));
    if (status)
        reply_status(request, status);
    else
        fuse_reply_open(request, file);
}

struct listing {
    fuse_req_t request;
    fuse_ino_t folder;
    bool is_plus; /* with attributes */
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
    if (size > left)
        return false;
    listing->used += size;
    return true;
}

/* Without an inode of its own in `entry` the kernel counts no lookup. */
static bool put_dots(struct listing *listing, off_t offset)
{
    struct fuse_entry_param entry = {.attr.st_mode = S_IFDIR,
                                     .attr.st_ino = listing->folder};
    return (offset > 0 || put(listing, ".", &entry, 1)) &&
           (offset > 1 || put(listing, "..", &entry, DOTS));
}

static bool put_entry(void *context, const struct tree_entry *from)
{
    struct listing *listing = context;
    struct fuse_face *face = face_of(listing->request);
    struct fuse_entry_param entry;
    if (hidden_contains(face->hidden, listing->folder, view_text(from->name)))
        return true;
    entry_describe_as(face, &from->node, from->name, &from->attributes, &entry);
    return put(listing, from->name, &entry, (off_t)from->next + DOTS);
}

static void list(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                 bool is_plus)
{
    struct node folder;
    struct fuse_face *face = face_of(request);
    struct listing listing = {.request = request,
                              .folder = inode,
                              .is_plus = is_plus,
                              .buffer = memory_take(size),
                              .size = size};
    enum status status = entry_node(face, inode, &folder);
    if (!status && put_dots(&listing, offset))
        status =
            tree_list(face->tree, &folder, offset > DOTS ? (uint64_t)offset - DOTS : 0,
                      put_entry, &listing);
    if (status)
        reply_status(request, status);
    else
        fuse_reply_buf(request, listing.buffer, listing.used);
    free(listing.buffer);
}

void op_readdir(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                struct fuse_file_info *file)
{
    (void)file;
    list(request, inode, size, offset, false);
}

void op_readdirplus(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                    struct fuse_file_info *file)
{
    (void)file;
    list(request, inode, size, offset, true);
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
    if (status)
        reply_status(making->request, status);
    else
        entry_reply(making->request, &entry);
    free(making);
}

void op_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode)
{
    struct fuse_face *face = face_of(request);
    struct node folder;
    enum status status = entry_node(face, parent, &folder);
    if (status) {
        reply_status(request, status);
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
    enum status status = entry_find(face, parent, name, &node);
    if (status)
        reply_status(request, status);
    else
        tree_remove_folder(face->tree, &node, removed, request);
}
