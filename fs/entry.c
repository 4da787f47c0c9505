/* SPDX-License-Identifier: MIT */
#include "fs/entry.h"

#include <sys/stat.h>

#include "fs/ordinary.h"

#define LASTING_SECONDS 60.0
#define LASTING_SECONDS_UNPRUNED 5.0
#define LOOKUP_SECONDS 1.0
#define BLOCK_BYTES 512
#define IO_BYTES                                                                       \
    (128 * 1024) /* what programs that ask then read and write at a time               \
                  */

enum status entry_node(struct fuse_face *face, fuse_ino_t inode, struct node *node_out)
{
    return inodes_find(face->inodes, inode, node_out) ? STATUS_OK : STATUS_STALE;
}

enum status entry_find(struct fuse_face *face, fuse_ino_t parent, const char *name,
                       struct node *node_out)
{
    struct node folder;
    struct view text = view_text(name);
    if (text.size > FILE_NAME_BYTES_MAX)
        return STATUS_NAME_TOO_LONG;
    enum status status = entry_node(face, parent, &folder);
    if (!status)
        status = tree_lookup(face->tree, &folder, text, node_out);
    if (!status && hidden_contains(face->hidden, parent, text))
        return STATUS_NOT_FOUND;
    return status;
}

enum status entry_attributes_unsent(struct fuse_face *face, const struct node *node,
                                    struct attributes *attributes_out)
{
    struct node base = tree_node(node->kind, node->actor);
    return tree_attributes(face->tree, &base, attributes_out);
}

enum status entry_attributes(struct fuse_face *face, const struct node *node,
                             struct attributes *attributes_out)
{
    enum status status = tree_attributes(face->tree, node, attributes_out);
    return status == STATUS_NOT_FOUND && node_is_unlisted(node)
               ? entry_attributes_unsent(face, node, attributes_out)
               : status;
}

static struct timespec time_of(int64_t wall_ms)
{
    return (struct timespec){.tv_sec = wall_ms / 1000,
                             .tv_nsec = wall_ms % 1000 * 1000000};
}

void entry_fill_stat(uint64_t inode, const struct attributes *attributes,
                     struct stat *stat_out)
{
    struct timespec modified = time_of(attributes->modified_ms);
    *stat_out = (struct stat){
        .st_ino = inode,
        .st_mode = (attributes->is_folder ? S_IFDIR : S_IFREG) | attributes->mode,
        .st_nlink = attributes->links,
        .st_uid = attributes->uid,
        .st_gid = attributes->gid,
        .st_size = (off_t)attributes->size,
        .st_blksize = IO_BYTES,
        .st_blocks = (blkcnt_t)((attributes->size + BLOCK_BYTES - 1) / BLOCK_BYTES),
        .st_atim = modified,
        .st_mtim = modified,
        .st_ctim = modified,
    };
}

static bool only_chmod_changes(enum node_kind kind)
{
    return kind == NODE_ACTOR || kind == NODE_TASKS || kind == NODE_EXECUTE ||
           kind == NODE_README || kind == NODE_BEHAVIORS;
}

static double lasting_seconds(const struct fuse_face *face)
{
    return face->prunes ? LASTING_SECONDS : LASTING_SECONDS_UNPRUNED;
}

/* A state can be renamed away, and the kernel takes the new name for the state until it
   asks again. */
static double entry_seconds(const struct fuse_face *face, const struct node *node)
{
    if (node_is_unlisted(node))
        return 0;
    return node->kind == NODE_STATE ? LOOKUP_SECONDS : lasting_seconds(face);
}

double entry_attribute_seconds(const struct fuse_face *face, const struct node *node)
{
    if (node_is_unlisted(node) || node->kind == NODE_ROOT || node->kind == NODE_ACTORS)
        return LOOKUP_SECONDS;
    return only_chmod_changes(node->kind) ? lasting_seconds(face) : 0;
}

enum status entry_status(struct fuse_face *face, const struct node *node,
                         enum status status)
{
    struct actor_info info;
    bool is_gone =
        status == STATUS_NOT_FOUND && node->actor != 0 &&
        engine_actor(tree_engine(face->tree), node->actor, &info) != STATUS_OK;
    return is_gone ? STATUS_STALE : status;
}

void entry_describe_as(struct fuse_face *face, const struct node *node,
                       const char *name, const struct attributes *attributes,
                       struct fuse_entry_param *out)
{
    *out = (struct fuse_entry_param){
        .ino = inodes_look_up(face->inodes, node, view_text(name)),
        .generation = 1,
        .attr_timeout = entry_attribute_seconds(face, node),
        .entry_timeout = entry_seconds(face, node),
    };
    entry_fill_stat(out->ino, attributes, &out->attr);
}

enum status entry_describe(struct fuse_face *face, const struct node *node,
                           const char *name, struct fuse_entry_param *out)
{
    struct attributes attributes;
    enum status status = entry_attributes(face, node, &attributes);
    if (!status)
        entry_describe_as(face, node, name, &attributes, out);
    return status;
}

void entry_forget(struct fuse_face *face, fuse_ino_t inode, uint64_t lookups)
{
    if (inode_is_ordinary(inode))
        ordinary_forget(face->ordinary, inode, lookups);
    else
        inodes_forget(face->inodes, inode, lookups);
}

void entry_reply(fuse_req_t request, const struct fuse_entry_param *entry)
{
    struct fuse_face *face = face_of(request);
    if (fuse_reply_entry(request, entry) != 0)
        entry_forget(face, entry->ino, 1);
}
