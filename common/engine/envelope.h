/* SPDX-License-Identifier: MIT */
/*
 * What is known of a message besides its bytes: what kind it is, which actor sent it,
 * and whether that one wants to hear how it ended. Most messages come from outside and
 * have none: an empty envelope is a plain message from an outside client.
 *
 * Packed: kind (1), flags (1), sender (8, little-endian), then name, reply_to, outcome
 * and headers, each behind its size (4). Pure functions.
 */
#ifndef ACTORFS_ENGINE_ENVELOPE_H
#define ACTORFS_ENGINE_ENVELOPE_H

#include "common/behavior/behavior.h"

struct envelope {
    enum message_kind kind;
    bool wants_reply;
    uint64_t sender;         /* the actor's id; 0: an outside client */
    struct view sender_name; /* as it was when it sent */
    struct view reply_to;    /* as typed; see struct turn_input */
    struct view outcome;
    struct view headers; /* `Name: value` lines */
};

/* Appends the packed form; nothing for one that says nothing. */
void envelope_pack(const struct envelope *envelope, struct bytes *out);
/* The views point into `packed`, which envelope_pack made. */
void envelope_unpack(struct view packed, struct envelope *envelope_out);

#endif
