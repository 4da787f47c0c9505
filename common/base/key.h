/* SPDX-License-Identifier: MIT */
/*
 * Idempotency keys. A key is held decoded, as 1 to 200 printable ASCII bytes. The n-th
 * line of a bulk load, written KEY~n, is held as the key, the byte 0x01 and n in
 * decimal: a `~` that belongs to a key itself is written %7E, so the two never meet.
 * Keys that begin with a dot are the server's own: `.SEQ` names a task sent without
 * one, `.A.SEQ.N` what a turn sent.
 *
 * A key has one form as held and is compared byte by byte; what is typed may encode
 * more than it must. Pure functions, any thread.
 */
#ifndef ACTORFS_BASE_KEY_H
#define ACTORFS_BASE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/status.h"

#define KEY_LINE_SEPARATOR '\x01'

struct key {
    uint8_t size; /* 0: no key */
    char text[FULL_KEY_BYTES_MAX];
};

/* A key as a client sends it in a header: raw, printable ASCII, 1 to 200 bytes, no dot
   first (those are the server's own). INVALID otherwise. */
MUST_CHECK enum status key_from_raw(struct view raw, struct key *key_out);
/* A key as it stands in a name or an URL path: percent-encoded, decoded exactly once;
   `~n` at the end (n from 2, without leading zeros) names a line of a bulk load, `.SEQ`
   a task sent without a key. INVALID where / % ? & # , @ ~ or a space is not encoded.
 */
MUST_CHECK enum status key_from_name(struct view encoded, struct key *key_out);
/* The key of the n-th message (n from 1) of an append keyed `key`: KEY, KEY~2, ... */
void key_of_line(const struct key *key, uint64_t line, struct key *key_out);
/* The server's own key of a task sent without one: `.SEQ`. */
void key_of_sequence(uint64_t sequence, struct key *key_out);
/* The server's own key of the n-th message (n from 1) that a turn sent: `.A.SEQ.N`, of
   the sending actor's id and the turn's task. */
void key_of_send(uint64_t actor, uint64_t sequence, uint64_t n, struct key *key_out);
/* Whether it begins with a dot. */
bool key_is_servers_own(const struct key *key);
/* Whether the key is `.SEQ`, and which. */
bool key_is_sequence(const struct key *key, uint64_t *sequence_out);
/* Appends the key as it is typed in a name: percent-encoded, `~n` for a line. */
void key_append_encoded(struct bytes *out, const struct key *key);
struct view key_view(const struct key *key);

#endif
