/* SPDX-License-Identifier: MIT */
/*
 * Where requests wait for the sequencer, and the sequencer for requests.
 *
 * To hand a request over and to be called back are two changes of thread, which cost a
 * lone client more than the disk does on a machine whose processors sleep in between.
 * So whoever asks in person, while the sequencer sleeps and nobody else asks, does its
 * work: it takes the sequencer's seat for one round, and leaves the rest to it.
 */
#ifndef ACTORFS_ENGINE_QUEUE_H
#define ACTORFS_ENGINE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct request;

/* Queues a request and sees to it that it is decided; takes it. With `in_person` it may
   have been answered when this returns. Any thread. */
void engine_post(struct engine *engine, struct request *request);
/* Wakes the sequencer, which sleeps by deadlines it knows. Any thread. */
void engine_nudge(struct engine *engine);

/* The sequencer's thread: whether it is called, by a request or otherwise. */
bool queue_calls(struct engine *engine);
/* Until it is called or so much time has passed, and its seat is free. */
void queue_sleep(struct engine *engine, int64_t idle_ns);
bool queue_is_closed(struct engine *engine);

/* From now on requests are refused. */
void queue_close(struct engine *engine);
/* Answers SHUTDOWN; takes the request. */
void request_refuse(struct request *request);

#endif
