/* SPDX-License-Identifier: MIT */
/*
 * What a worker is told and what it answers (contract, section 6): a JSON object a line
 * each way. A line to the worker:
 *
 *     {"id":7,"actor":"user_123","task":12,"key":"abc123","attempt":1,"kind":"message",
 *      "sender":"shop","caller":"ann","reply_to":"k","outcome":"done",
 *      "headers":{"X-GitHub-Event":"push"},"message":"latte","state":"..."}
 *
 * sender, caller, reply_to, outcome and headers are left out when they are empty. What
 * is not UTF-8 travels in base64 under the name with _base64 added, such as
 * message_base64. Keys are as they are typed in names. The answer is one of
 *
 *     {"id":7,"result":"...","state":"...","send":[{"to":"a/tasks","message":"..."}]}
 *     {"id":7,"error":"..."}                 fails for good
 *     {"id":7,"error":"...","retry":true}    "retry":"17s": not before
 *     {"id":7,"defer":true}                  sets the message aside
 *
 * or with result_base64, state_base64. Without "result" it is empty, without "state"
 * the state stays. A member that is not listed here is an error, so that a misspelled
 * one is not lost in silence. Values in, values out; any thread.
 */
#ifndef ACTORFS_BEHAVIOR_PROTOCOL_H
#define ACTORFS_BEHAVIOR_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/behavior/behavior.h"

struct protocol_limits {
    uint32_t result_bytes_max; /* of an error, too */
    uint32_t state_bytes_max;
    uint32_t outbox_bytes_max; /* all sends of a turn together: paths and messages */
};

/* Appends the line, newline included, that asks a worker for a turn. */
void protocol_append_turn(struct bytes *out, uint64_t id,
                          const struct turn_input *input);

/* Sets the attempt number of a line made by protocol_append_turn. */
void protocol_set_attempt(struct bytes *line, uint32_t attempt);

enum protocol_answer {
    PROTOCOL_ANSWER,  /* id and output are set */
    PROTOCOL_GARBAGE, /* nobody's answer: only `problem` is set */
};

/* Reads a line without its newline. An answer that says something wrong or too much is
   that turn's failure, with an error that says what would be right; a line that is not
   JSON but begins like an answer to a turn is TURN_RETRY for that turn. `output` is
   empty before; free it after. */
enum protocol_answer protocol_read(struct view line,
                                   const struct protocol_limits *limits,
                                   uint64_t *id_out, struct turn_output *output,
                                   struct bytes *problem);

/* No answer within the limits is longer, unless it is padded with blanks or escapes
   what it need not in more than six bytes for one. */
size_t protocol_answer_bytes_max(const struct protocol_limits *limits);

#endif
