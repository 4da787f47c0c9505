/* SPDX-License-Identifier: MIT */
/*
 * Callbacks about nodes: hello, lookup and forget, attributes, space.
 */
#include "fs/fuse_ops.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "fs/delivery.h"
#include "fs/entry.h"
#include "fs/ops_ordinary.h"
#include "fs/prune.h"

void op_init(void *userdata, struct fuse_conn_info *connection)
{
    struct fuse_face *face = userdata;
    /* No splice: what is written is copied anyway, and small. No locks: local ones do.
       No writeback: it would cut writes anew and lose who made them. */
    connection->want &= ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE |
                                    FUSE_CAP_SPLICE_MOVE);
    connection->want |= connection->capable & FUSE_CAP_ATOMIC_O_TRUNC;
    pthread_mutex_lock(&face->lock);
    face->prunes = connection->proto_minor >= PRUNE_SINCE_MINOR;
    face->is_greeted = true;
    pthread_cond_broadcast(&face->changed);
    pthread_mutex_unlock(&face->lock);
}

/* A name that cannot be an actor's is a name that nobody has: programs look for .git
   and .hidden everywhere. In an actor's folder a bad key or parameter is a mistake. */
static enum status as_lookup(struct fuse_face *face, fuse_ino_t parent,
                             enum status status)
{
    struct node folder;
    if (entry_node(face, parent, &folder))
        return STATUS_STALE;
    if (status == STATUS_INVALID && folder.kind == NODE_ACTORS)
        return STATUS_NOT_FOUND;
    return entry_status(face, &folder, status);
}

/* See fs/copying.h: what is to be created anew is as good as removed. */
static bool is_missed(fuse_req_t request, fuse_ino_t parent, const char *name,
                      const struct node *node)
{
    struct fuse_face *face = face_of(request);
    if (node->actor == 0 || node_is_folder(node) || node_is_unlisted(node) ||
        !copying_misses(face->copying, parent, fuse_req_ctx(request)->pid, node->kind))
        return false;
    hidden_add(face->hidden, parent, view_text(name));
    return true;
}

void op_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct fuse_face *face = face_of(request);
    struct node node;
    struct fuse_entry_param entry;
    if (name_is_ordinary(face, parent, name)) {
        ordinary_lookup_op(request, parent, name);
        return;
    }
    enum status status = entry_find(face, parent, name, &node);
    if (!status && is_missed(request, parent, name, &node))
        status = STATUS_NOT_FOUND;
    if (!status)
        status = entry_describe(face, &node, name, &entry);
    if (status)
        reply_status(request, as_lookup(face, parent, status));
    else
        entry_reply(request, &entry);
}

void op_forget(fuse_req_t request, fuse_ino_t inode, uint64_t lookups)
{
    entry_forget(face_of(request), inode, lookups);
    fuse_reply_none(request);
}

void op_forget_multi(fuse_req_t request, size_t count, struct fuse_forget_data *forgets)
{
    for (size_t i = 0; i < count; i++)
        entry_forget(face_of(request), forgets[i].ino, forgets[i].nlookup);
    fuse_reply_none(request);
}

static void reply_attributes(fuse_req_t request, fuse_ino_t inode,
                             const struct node *node)
{
    struct fuse_face *face = face_of(request);
    struct attributes attributes;
    struct stat stat;
    enum status status = entry_attributes(face, node, &attributes);
    if (status) {
        reply_status(request, entry_status(face, node, status));
        return;
    }
    entry_fill_stat(inode, &attributes, &stat);
    fuse_reply_attr(request, &stat, entry_attribute_seconds(face, node));
}

void op_getattr(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    (void)file;
    struct node node;
    if (inode_is_ordinary(inode)) {
        ordinary_getattr(request, inode);
        return;
    }
    if (inodes_find_open(face_of(request)->inodes, inode, &node))
        reply_attributes(request, inode, &node);
    else
        reply_status(request, STATUS_STALE);
}

struct owner_change {
    fuse_req_t request;
    fuse_ino_t inode;
    struct node node;
};

static void owner_changed(void *context, const struct engine_answer *answer)
{
    struct owner_change *change = context;
    if (answer->status)
        reply_status(change->request, answer->status);
    else
        reply_attributes(change->request, change->inode, &change->node);
    free(change);
}

static void change_owner(fuse_req_t request, fuse_ino_t inode, const struct node *node,
                         const struct stat *wanted, int which)
{
    struct attributes now;
    struct fuse_face *face = face_of(request);
    enum status status = entry_attributes(face, node, &now);
    if (status) {
        reply_status(request, status);
        return;
    }
    struct engine_owner owner = {
        .uid = which & FUSE_SET_ATTR_UID ? wanted->st_uid : now.uid,
        .gid = which & FUSE_SET_ATTR_GID ? wanted->st_gid : now.gid,
        .mode = which & FUSE_SET_ATTR_MODE ? wanted->st_mode & 07777 : now.mode,
    };
    struct owner_change *change = memory_take(sizeof *change);
    *change = (struct owner_change){request, inode, *node};
    tree_set_owner(face->tree, node, &owner, owner_changed, change);
}

struct resizing {
    struct fuse_face *face;
    uint64_t actor;
};

static void note_refusal(void *context, const struct engine_answer *answer)
{
    struct resizing *resizing = context;
    if (answer->status)
        engine_note_refusal(tree_engine(resizing->face->tree), resizing->actor,
                            answer->status, view_text(answer->detail));
    free(resizing);
}

/* What truncate(2) leaves: the bytes so far, cut or with zeros after them. */
static enum status cut_state(struct engine *engine, uint64_t actor, uint64_t size,
                             struct bytes *state, uint64_t *version_out)
{
    *version_out = STATE_VERSION_ANY;
    if (size > engine_limits(engine)->state_bytes_max)
        return STATUS_TOO_LARGE;
    enum status status =
        size > 0 ? engine_state(engine, actor, state, version_out) : STATUS_OK;
    if (status)
        return status;
    if (size > state->size) {
        size_t more = (size_t)size - state->size;
        memset(bytes_reserve(state, more), 0, more);
    }
    state->size = (size_t)size;
    return STATUS_OK;
}

/* truncate(2) by name has no close() to wait in, and must not wait here for a turn: the
   kernel holds the file meanwhile. So it is not waited for. */
static enum status resize_state(struct fuse_face *face, const struct node *node,
                                uint64_t size)
{
    BYTES_AUTO(state);
    uint64_t version;
    enum status status =
        cut_state(tree_engine(face->tree), node->actor, size, &state, &version);
    if (status)
        return status;
    struct resizing *resizing = memory_take(sizeof *resizing);
    *resizing = (struct resizing){face, node->actor};
    tree_write(face->tree, node, view_bytes(&state), version, note_refusal, resizing);
    return STATUS_OK;
}

/* Only a state has a size to change; elsewhere it is accepted and means nothing. */
static enum status change_size(struct fuse_face *face, const struct node *node,
                               off_t size, const struct fuse_file_info *file)
{
    struct handle *handle = file ? handle_of(file) : NULL;
    if (handle && handle->is_writable) {
        pthread_mutex_lock(&handle->lock);
        enum status status = framing_truncate(&handle->framing, (uint64_t)size);
        pthread_mutex_unlock(&handle->lock);
        return status;
    }
    return node->kind == NODE_STATE ? resize_state(face, node, (uint64_t)size)
                                    : STATUS_OK;
}

void op_setattr(fuse_req_t request, fuse_ino_t inode, struct stat *wanted, int which,
                struct fuse_file_info *file)
{
    struct fuse_face *face = face_of(request);
    struct node node;
    if (inode_is_ordinary(inode)) {
        ordinary_setattr(request, inode, wanted, which, file);
        return;
    }
    const int owner = FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID;
    enum status status = entry_node(face, inode, &node);
    if (!status && which & FUSE_SET_ATTR_SIZE)
        status = change_size(face, &node, wanted->st_size, file);
    if (status)
        reply_status(request, status);
    else if (which & owner && !node_is_unlisted(&node))
        change_owner(request, inode, &node, wanted, which);
    else
        reply_attributes(request, inode, &node);
}

void op_statfs(fuse_req_t request, fuse_ino_t inode)
{
    (void)inode;
    struct statvfs space;
    if (statvfs(face_of(request)->store, &space) != 0) {
        fuse_reply_err(request, errno);
        return;
    }
    space.f_namemax = FILE_NAME_BYTES_MAX;
    fuse_reply_statfs(request, &space);
}
