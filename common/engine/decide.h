/* SPDX-License-Identifier: MIT */
/*
 * What becomes of requests. Sequencer only.
 */
#ifndef ACTORFS_ENGINE_DECIDE_H
#define ACTORFS_ENGINE_DECIDE_H

#include "common/engine/actor.h"

void decide_request(struct engine *engine, struct request *request);
void decide_answer(struct engine *engine, struct request *request, enum status status,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The answer that follows from what record_commit said. */
void decide_committed(struct engine *engine, struct request *request,
                      enum status status);
/* The actor the request is about; answers NOT_FOUND itself. */
struct actor *decide_wanted(struct engine *engine, struct request *request);
void decide_send(struct engine *engine, struct request *request);
void decide_state(struct engine *engine, struct request *request);
/* Whether a message of that fingerprint is the one that is known. */
bool send_is_same(struct engine *engine, const struct actor_record *actor,
                  const struct task_record *known, const uint8_t fingerprint[16]);
void send_forget_expired(struct engine *engine, uint64_t actor,
                         const struct task_record *task, const struct key *key);
void decide_notes(struct engine *engine, struct request *request);
/* Adds the note of a SEND or STATE, if it has one, to the record being built. */
void note_add(struct engine *engine, const struct request *request);
void decide_control(struct engine *engine, struct request *request);
/* One line of control words in an open record, on behalf of the actor `me`, which `ME`
   stands for in it. Anything but OK: nothing was added, and `reason_out` says why. */
MUST_CHECK enum status control_line(struct engine *engine, struct actor *actor,
                                    struct actor *me, struct view line,
                                    struct bytes *reason_out);
/* An upper bound of what the line adds to a record, beyond a few changes. */
size_t control_bytes_max(struct engine *engine, const struct actor *actor,
                         struct view line);
/* Removes an actor that is retiring, if nothing of it is left to run. The actor is gone
   when it returns true. */
bool decide_retire(struct engine *engine, struct actor *actor);
/* The system messages that waited for the turn's end. */
void decide_parked(struct engine *engine, struct actor *actor);
/* TIMEOUT to those that waited for as long as a turn may take. */
void decide_expired(struct engine *engine);

#endif
