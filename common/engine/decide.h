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
void decide_accept(struct engine *engine, struct request *request);
/* The answer that follows from what record_commit said. */
void decide_committed(struct engine *engine, struct request *request,
                      enum status status);
void decide_send(struct engine *engine, struct request *request);
void decide_state(struct engine *engine, struct request *request);
void decide_control(struct engine *engine, struct request *request);
/* Removes an actor that is retiring, if nothing of it is left to run. The actor is gone
   when it returns true. */
bool decide_retire(struct engine *engine, struct actor *actor);
/* The system messages that waited for the turn's end. */
void decide_parked(struct engine *engine, struct actor *actor);
/* TIMEOUT to those that waited for as long as a turn may take. */
void decide_expired(struct engine *engine);

#endif
