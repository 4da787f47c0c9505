/* SPDX-License-Identifier: MIT */
/*
 * Callbacks about open files. They find the handle, take its lock and choose; what
 * happens then is framing's, delivery's and reading's.
 */
#include "fs/fuse_ops.h"

#include <fcntl.h>
#include <poll.h>

#include "fs/delivery.h"
#include "fs/entry.h"
#include "fs/ops_ordinary.h"
#include "fs/polling.h"
#include "fs/reading.h"

static pid_t thread_of(fuse_req_t request)
{
    return fuse_req_ctx(request)->pid;
}

void op_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct fuse_face *face = face_of(request);
    struct node node;
    struct handle *handle;
    if (inode_is_ordinary(inode)) {
        ordinary_open_op(request, inode, file);
        return;
    }
    enum status status = entry_node(face, inode, &node);
    if (!status)
        status = entry_status(
            face, &node,
            handle_open(face, inode, &node, file->flags, thread_of(request), &handle));
    if (status) {
        reply_status(request, status);
        return;
    }
    file->fh = (uint64_t)(uintptr_t)handle;
    file->direct_io = 1;
    file->noflush = !handle->is_writable;
    if (fuse_reply_open(request, file) != 0)
        handle_release(handle); /* the kernel no longer wants it */
}

/* Lock held. Whether the answer now waits for what was written to be committed; then
   this has given the lock back. */
static bool ends_message(struct handle *handle, const struct answer *answer)
{
    if (handle->framing.refused)
        return false;
    if (framing_is_holding(&handle->framing))
        delivery_end(handle, answer);
    else if (handle->ending)
        delivery_join(handle, answer);
    else
        return false;
    return true;
}

/* A read is an end: the rest is answered when what was written is committed. */
void op_read(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
             struct fuse_file_info *file)
{
    if (inode_is_ordinary(inode)) {
        ordinary_read(request, size, offset, file);
        return;
    }
    struct handle *handle = handle_of(file);
    struct answer answer = {.kind = ANSWER_READ,
                            .request = request,
                            .size = size,
                            .offset = (uint64_t)offset,
                            .is_nonblocking = file->flags & O_NONBLOCK};
    pthread_mutex_lock(&handle->lock);
    if (ends_message(handle, &answer))
        return;
    enum status refused = handle->framing.refused;
    pthread_mutex_unlock(&handle->lock);
    if (refused)
        reply_status(request, refused);
    else
        reading_answer(handle, &answer);
}

/* Lock held; returns without it. */
static void write_lines(struct handle *handle, pid_t writer, struct view data,
                        const struct answer *answer)
{
    struct bytes joined = {0};
    struct view run;
    enum status status = framing_cut(&handle->framing, writer, data, &joined, &run);
    if (!status && run.size > 0) {
        delivery_send_lines(handle, run, &joined, answer);
        return;
    }
    pthread_mutex_unlock(&handle->lock);
    bytes_free(&joined);
    if (status)
        reply_status(answer->request, status);
    else
        fuse_reply_write(answer->request, answer->size);
}

/* A known key with other bytes is refused as soon as that shows. */
static enum status check_key(struct handle *handle)
{
    struct framing *framing = &handle->framing;
    if (framing->rule != FRAMING_WHOLE || framing->messages > 0 ||
        handle->node.parameters.key.size == 0)
        return STATUS_OK;
    enum status status = tree_check_message(handle->face->tree, &handle->node,
                                            view_bytes(&framing->held));
    if (status)
        framing_refuse(framing, status);
    return status;
}

/* Lock held; returns without it. */
static void write_held(struct handle *handle, pid_t writer, struct view data,
                       const struct answer *answer)
{
    enum status status = framing_write(&handle->framing, writer, answer->offset, data);
    if (!status)
        status = check_key(handle);
    pthread_mutex_unlock(&handle->lock);
    if (status)
        reply_status(answer->request, status);
    else
        fuse_reply_write(answer->request, answer->size);
}

void op_write(fuse_req_t request, fuse_ino_t inode, const char *data, size_t size,
              off_t offset, struct fuse_file_info *file)
{
    if (inode_is_ordinary(inode)) {
        ordinary_write(request, data, size, offset, file);
        return;
    }
    struct handle *handle = handle_of(file);
    struct answer answer = {.kind = ANSWER_WRITE,
                            .request = request,
                            .size = size,
                            .offset = (uint64_t)offset};
    atomic_store(&handle->opening.is_closing, false);
    pthread_mutex_lock(&handle->lock);
    pid_t writer = handle_process(handle, thread_of(request));
    if (handle->framing.rule == FRAMING_LINES)
        write_lines(handle, writer, view_of(data, size), &answer);
    else
        write_held(handle, writer, view_of(data, size), &answer);
}

/* Lock held. */
static bool owes_turn(const struct handle *handle)
{
    return handle->node.kind == NODE_EXECUTE && handle->has_call &&
           !handle->is_call_awaited;
}

/* Most FLUSHes are no end: nothing is held yet, or somebody still has the file.
   Ordinary files have nothing to end; kernels before 5.16 ask all the same. */
void op_flush(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    if (inode_is_ordinary(inode)) {
        fuse_reply_err(request, 0);
        return;
    }
    struct handle *handle = handle_of(file);
    struct answer answer = {.kind = ANSWER_FLUSH, .request = request};
    pthread_mutex_lock(&handle->lock);
    handle->flushes++;
    enum status refused = handle->framing.refused;
    bool owes = framing_is_owing(&handle->framing);
    bool ends = !refused && (owes || owes_turn(handle)) &&
                handle_ends_at_flush(handle, thread_of(request));
    if (owes && ends) {
        delivery_end(handle, &answer);
    } else if (!refused && handle->ending) {
        delivery_join(handle, &answer);
    } else {
        pthread_mutex_unlock(&handle->lock);
        if (ends)
            reading_await_turn(handle, request);
        else
            reply_status(request, refused);
    }
}

void op_fsync(fuse_req_t request, fuse_ino_t inode, int data_only,
              struct fuse_file_info *file)
{
    if (inode_is_ordinary(inode)) {
        ordinary_fsync(request, data_only, file);
        return;
    }
    struct handle *handle = handle_of(file);
    struct answer answer = {.kind = ANSWER_SYNC, .request = request};
    pthread_mutex_lock(&handle->lock);
    if (ends_message(handle, &answer))
        return;
    enum status refused = handle->framing.refused;
    pthread_mutex_unlock(&handle->lock);
    reply_status(request, refused);
}

void op_release(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    if (inode_is_ordinary(inode))
        ordinary_release(face_of(request), file);
    else
        handle_release(handle_of(file));
    fuse_reply_err(request, 0);
}

void op_poll(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file,
             struct fuse_pollhandle *poll)
{
    if (!inode_is_ordinary(inode)) {
        fuse_reply_poll(request, polling_ask(handle_of(file), poll));
        return;
    }
    if (poll)
        fuse_pollhandle_destroy(poll);
    fuse_reply_poll(request, POLLIN | POLLOUT);
}
