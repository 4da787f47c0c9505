/* SPDX-License-Identifier: MIT */
/*
 * What a turn sends, as text (contract, section 7). A program appends lines to its
 * outbox, a worker answers with a list of objects; here both become the sends of a
 * turn's output.
 *
 *     user_456/tasks hello               a message: all after the first space, exactly
 *     user_456/tasks@KEY,delay=30s ping  with key delay at timer create reply
 *     user_9/                            makes an actor
 *     user_9/behavior barista            what its `behavior` is to say; empty: unsets
 *     user_456/status suspend            one control word with what belongs to it
 *     defer                              sets the message at hand aside
 *     {"to":"PATH","message":"TEXT"}     the same with any bytes in the message;
 *                                        or "message_base64"
 *
 * ME before the first `/` is the actor itself. Actor names are percent-encoded; of what
 * encoding asks for, only `/`, `%` and (in a line) the space must be, so that
 * "$SENDER/tasks" is right for nearly every name, and for every one in an object.
 *
 * Whether an actor exists, a behavior is installed or a word is allowed is the engine's
 * business. Values in, values out; any thread.
 */
#ifndef ACTORFS_BEHAVIOR_OUTBOX_H
#define ACTORFS_BEHAVIOR_OUTBOX_H

#include <jansson.h>

#include "common/base/bytes.h"
#include "common/base/status.h"
#include "common/behavior/behavior.h"

/* Adds the lines' sends to `output`, in order, and sets output->defer for `defer`.
   Empty lines are skipped; the last may lack its newline. INVALID, with one line in
   `error` that names the line by number and text and says what would be right; `output`
   then holds some of the sends: the turn has failed, free it. */
MUST_CHECK enum status outbox_parse(struct view text, struct turn_output *output,
                                    struct bytes *error);

/* The same for one element of a worker's "send", an object as above. The error names
   its "to". */
MUST_CHECK enum status outbox_send_from_json(json_t *object, struct turn_output *output,
                                             struct bytes *error);

/* Whether the message can be sent to the path. INVALID with one line in `why`. */
MUST_CHECK enum status outbox_check(struct view path, struct view message,
                                    struct bytes *why);

/* Appends the line, newline included, that says `message` to `path` whatever bytes are
   in it. Both were checked. */
void outbox_frame(struct bytes *out, struct view path, struct view message);

#endif
