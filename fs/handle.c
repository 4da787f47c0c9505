/* SPDX-License-Identifier: MIT */
/*
 * Looking through a process's descriptors is on the path of every `>`. Long-lived
 * writers mostly open, write and close, again and again, and for those that were seen
 * to (fs/census.h) a count will do. A process's strangers are its descriptors that are
 * none of its openings of this file. If bytes are held, and the first FLUSH that the
 * handle ever gets comes from the process that opened it, which alone has written, and
 * it has no more strangers than when it opened the file, then the descriptor just
 * closed was the only one.
 *
 * Unless the file has taken a stranger's place: that is why the process must be
 * trusted. A shell's redirection does it before anything is written, and with a FLUSH
 * of its own, so it is looked through; so is a program that writes, makes the file its
 * standard output with dup2() and closes the first descriptor.
 */
#include "fs/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>

#include "fs/census.h"
#include "fs/delivery.h"
#include "fs/polling.h"
#include "fs/process.h"
#include "fs/retirement.h"

static enum framing_rule rule_of(enum node_kind kind, bool append)
{
    if (kind == NODE_STATE)
        return FRAMING_IMAGE;
    if (kind == NODE_STATUS || kind == NODE_BEHAVIOR)
        return FRAMING_LINES;
    return append ? FRAMING_LINES : FRAMING_WHOLE;
}

static struct handle *new_handle(struct fuse_face *face, uint64_t inode,
                                 const struct node *node, int flags)
{
    struct handle *handle = memory_take_zeroed(1, sizeof *handle);
    handle->face = face;
    handle->node = *node;
    handle->is_readable = (flags & O_ACCMODE) != O_WRONLY;
    handle->is_writable = (flags & O_ACCMODE) != O_RDONLY;
    atomic_init(&handle->references, 1);
    handle->opening.inode = inode;
    handle->opening.readable = handle->is_readable;
    handle->opening.writable = handle->is_writable;
    pthread_mutex_init(&handle->lock, NULL);
    return handle;
}

/* The process's descriptors that are not of this file, or -1. */
static int count_strangers(struct handle *handle, int own)
{
    pid_t process = handle->opening.process;
    int all = census_count(handle->face->census, process);
    if (all < 0)
        return -1;
    return all - own -
           openings_count_others(handle->face->openings, &handle->opening, process);
}

/* A handle that does not truncate starts from the current bytes and is tied to their
   version. */
static enum status start_state(struct handle *handle, int flags)
{
    handle->state_version = STATE_VERSION_ANY;
    if (flags & O_TRUNC)
        return framing_truncate(&handle->framing, 0);
    BYTES_AUTO(current);
    enum status status =
        engine_state(tree_engine(handle->face->tree), handle->node.actor, &current,
                     &handle->state_version);
    if (!status)
        framing_start_from(&handle->framing, &current);
    return status;
}

static enum status open_writing(struct handle *handle, int flags, pid_t thread)
{
    enum status status = tree_check_write(handle->face->tree, &handle->node);
    if (status)
        return status;
    const struct engine_options *limits =
        engine_limits(tree_engine(handle->face->tree));
    bool append = flags & O_APPEND;
    bool is_state = handle->node.kind == NODE_STATE;
    handle->opening.process = handle_process(handle, thread);
    framing_open(&handle->framing, rule_of(handle->node.kind, append), append,
                 is_state ? limits->state_bytes_max : limits->message_bytes_max,
                 handle->opening.process);
    handle->strangers_at_open = count_strangers(handle, 1);
    return is_state ? start_state(handle, flags) : STATUS_OK;
}

enum status handle_open(struct fuse_face *face, uint64_t inode, const struct node *node,
                        int flags, pid_t thread, struct handle **handle_out)
{
    struct handle *handle = new_handle(face, inode, node, flags);
    enum status status =
        handle->is_writable ? open_writing(handle, flags, thread) : STATUS_OK;
    inodes_opened(face->inodes, inode);
    openings_add(face->openings, &handle->opening);
    if (status)
        handle_put(handle);
    else
        *handle_out = handle;
    return status;
}

struct handle *handle_get(struct handle *handle)
{
    atomic_fetch_add(&handle->references, 1);
    return handle;
}

static void dispose(struct handle *handle)
{
    struct fuse_face *face = handle->face;
    openings_remove(face->openings, &handle->opening);
    if (inodes_closed(face->inodes, handle->opening.inode) && face->prunes)
        notifier_post(face->notifier, handle->opening.inode);
    if (atomic_load(&handle->has_retired)) /* an open file keeps its folder */
        retirement_forget_folder(face, handle->node.actor);
    framing_close(&handle->framing);
    snapshot_free(&handle->snapshot);
    pthread_mutex_destroy(&handle->lock);
    free(handle);
}

void handle_put(struct handle *handle)
{
    if (atomic_fetch_sub(&handle->references, 1) == 1)
        dispose(handle);
}

void handle_release(struct handle *handle)
{
    polling_end(handle);
    atomic_store(&handle->opening.is_closing, true);
    pthread_mutex_lock(&handle->lock);
    if (handle->is_writable && framing_is_owing(&handle->framing))
        delivery_end(handle, NULL);
    else
        pthread_mutex_unlock(&handle->lock);
    handle_put(handle);
}

void handle_abandon(struct opening *opening)
{
    struct handle *handle =
        (struct handle *)((char *)opening - offsetof(struct handle, opening));
    polling_end(handle);
    handle_put(handle);
}

pid_t handle_process(struct handle *handle, pid_t thread)
{
    if (thread != handle->last_thread) {
        handle->last_process = process_of_thread(thread);
        handle->last_thread = thread;
    }
    return handle->last_process;
}

static struct open_file file_of(const struct handle *handle)
{
    return (struct open_file){.device_major = handle->face->device_major,
                              .device_minor = handle->face->device_minor,
                              .inode = handle->opening.inode,
                              .readable = handle->is_readable,
                              .writable = true,
                              .name_part = node_base_name(handle->node.kind)};
}

/* The process holds the file if it has more descriptors of it than its other openings
   account for. */
static enum holding holds(void *context, pid_t process)
{
    const struct handle *handle = context;
    struct open_file file = file_of(handle);
    int others =
        openings_count_others(handle->face->openings, &handle->opening, process);
    int count = process_descriptors(process, &file, others + 1);
    if (count < 0)
        return HOLDING_UNKNOWN;
    return count > others ? HOLDING_SOME : HOLDING_NONE;
}

/* A state truncated and not written yet: somebody may have been handed the file to
   write it (`Popen(stdout=open("state", "w"))`), and did not get to it. */
static bool may_be_written_yet(const struct handle *handle)
{
    struct open_file file = file_of(handle);
    return !framing_is_holding(&handle->framing) &&
           framing_is_owing(&handle->framing) &&
           process_has_heir(handle->opening.process, &file);
}

/* Whether the process that opened the file and alone wrote to it closes it, or a
   duplicate of it, for the first time. */
static bool is_first_close(struct handle *handle, pid_t thread)
{
    return handle->flushes == 1 && framing_is_holding(&handle->framing) &&
           handle->framing.writer_count == 0 &&
           handle_process(handle, thread) == handle->opening.process;
}

static bool has_no_more_strangers(struct handle *handle)
{
    int strangers = handle->strangers_at_open < 0 ? -1 : count_strangers(handle, 0);
    return strangers >= 0 && strangers <= handle->strangers_at_open;
}

static bool has_closed_it(struct handle *handle, pid_t thread)
{
    bool is_first = is_first_close(handle, thread);
    if (is_first && has_no_more_strangers(handle))
        return true;
    bool ends = framing_ends_at_flush(&handle->framing, thread, holds, handle);
    if (is_first)
        census_note(handle->face->census, handle->opening.process, ends);
    return ends;
}

bool handle_ends_at_flush(struct handle *handle, pid_t thread)
{
    bool ends = has_closed_it(handle, thread) && !may_be_written_yet(handle);
    if (ends)
        atomic_store(&handle->opening.is_closing, true);
    return ends;
}
