/* SPDX-License-Identifier: MIT */
/*
 * COPY and MOVE (RFC 4918, sections 9.8 and 9.9), from their headers on: what is
 * brought where, and whether that may be. What is done then depends on the two ends:
 *
 *     ordinary -> ordinary   in the store's filesystem (transfer_file.c)
 *     special  -> ordinary   what a reader gets becomes a file (transfer_special.c)
 *     any file -> special    what a reader gets is put there, as PUT does
 *     actor    -> new actor  renamed, or copied: state, files, behavior
 *                            (transfer_actor.c)
 */
#ifndef ACTORFS_SERVER_DAV_TRANSFER_H
#define ACTORFS_SERVER_DAV_TRANSFER_H

#include "server/dav/gate.h"

struct transfer {
    struct dav_other to;
    bool is_move, is_deep, replaces; /* something is there, and may be replaced */
    enum status status;              /* of what was done on the pool's threads */
    struct file_place from_place, to_place;
    struct bytes content;         /* of a special file */
    struct bytes named;           /* a file that is sent, see files_begin_sending */
    char note_key[SENT_KEY_SIZE]; /* of the note that says so */
    struct files *sending;        /* where that was begun; null: nowhere */
    uint64_t new_actor;
    struct http_resolved from; /* once the request has become a PUT */
    struct http_target from_target;
};

static inline struct transfer *transfer_of(const struct http_request *request)
{
    return request->extra;
}

void transfer_file(struct http_request *request);
void transfer_special(struct http_request *request);
void transfer_to_special(struct http_request *request);
void transfer_actor(struct http_request *request);

/* Takes what a reader of the special file gets; false when the request was answered. */
bool transfer_read_special(struct http_request *request);
/* Lets others move the file again, before the client is told of anything. */
void transfer_end_sending(struct transfer *transfer);
/* Answers for what was done to files: 201, 204, or why not. */
void transfer_answer(struct http_request *request);
/* Brings locks and properties along: copied ones, or moved. */
void transfer_remember(struct http_request *request);

#endif
