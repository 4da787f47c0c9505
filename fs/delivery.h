/* SPDX-License-Identifier: MIT */
/*
 * Messages on their way from a handle into the engine, and the requests that are
 * answered when they are committed: the write() that completed a line, or whoever ended
 * a message. A FLUSH that comes while another one's message is under way joins it:
 * no close() returns before what was written is on disk.
 */
#ifndef ACTORFS_FS_DELIVERY_H
#define ACTORFS_FS_DELIVERY_H

#include "fs/handle.h"

enum answer_kind { ANSWER_WRITE, ANSWER_SYNC, ANSWER_FLUSH, ANSWER_READ };

/* A request that keeps until then. A value. */
struct answer {
    enum answer_kind kind;
    fuse_req_t request;
    size_t size; /* of ANSWER_WRITE and ANSWER_READ */
    uint64_t offset;
    bool is_nonblocking;
};

/* Each of these is called with the handle's lock held, and returns without it. */

/* Sends a run of complete lines; takes `joined`, in which the run may lie. */
void delivery_send_lines(struct handle *handle, struct view run, struct bytes *joined,
                         const struct answer *answer);
/* Ends the message that is held and sends it; `answer` null: nobody can be told. */
void delivery_end(struct handle *handle, const struct answer *answer);
/* Joins the end of a message that is under way. */
void delivery_join(struct handle *handle, const struct answer *answer);

#endif
