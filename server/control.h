/* SPDX-License-Identifier: MIT */
/*
 * STORE/control, a Unix socket with mode 0600 through which commands work beside a
 * running daemon. The client writes one word and a newline; the daemon answers with a
 * line that holds an exit status, then text to its end.
 */
#ifndef ACTORFS_SERVER_CONTROL_H
#define ACTORFS_SERVER_CONTROL_H

#include "common/base/bytes.h"
#include "common/base/status.h"

struct control;

/* Appends the answer to `word` and returns the exit status; on the control thread. */
typedef int control_answer_fn(void *context, struct view word, struct bytes *out);

/* Listens in the folder `store`, on a thread of its own, and answers one client at a
   time. A socket left behind is replaced: the caller has the store. IO with one line in
   `message`. */
MUST_CHECK enum status control_start(const char *store, control_answer_fn *answer,
                                     void *context, struct control **control_out,
                                     struct bytes *message);
void control_stop(struct control *control);

/* Asks the daemon of `store`. NOT_FOUND when none listens; IO. */
MUST_CHECK enum status control_ask(const char *store, const char *word,
                                   int *exit_status_out, struct bytes *out);

#endif
