/* SPDX-License-Identifier: MIT */
/*
 * Reading from a handle. Files that are listed show a snapshot, taken at each read from
 * the start; `log` also goes on where it was read to. The
 * outcome of a task is waited for without a thread: the request is parked until the
 * engine calls, the reader interrupts it, or the time is up.
 */
#ifndef ACTORFS_FS_READING_H
#define ACTORFS_FS_READING_H

#include "fs/delivery.h"

/* Renders what the handle reads, if that is known already. AGAIN when it is not (a task
   is unfinished). Lock held, or nobody else has the handle yet. */
MUST_CHECK enum status reading_prepare(struct handle *handle, uint64_t offset);
/* The node whose content is read: of a message sent through the handle, its outcome.
   Lock held. */
const struct node *reading_node(const struct handle *handle);

/* Answers an ANSWER_READ now, or later. No lock held. */
void reading_answer(struct handle *handle, const struct answer *answer);
/* Answers an ANSWER_FLUSH when the turn of the handle's last message is over. No lock
   held. */
void reading_await_turn(struct handle *handle, fuse_req_t request);

#endif
