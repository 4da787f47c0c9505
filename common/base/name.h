/* SPDX-License-Identifier: MIT */
/*
 * Names that people type (contract, section 2): actor names, idempotency keys, and
 * file names with parameters such as `tasks@abc123,delay=30s`. Pure functions: text in,
 * values out, no knowledge of what exists. Both faces and the outbox use these, so that
 * a name means the same through every door.
 *
 * A key is held decoded, as 1 to 200 printable ASCII bytes. The n-th line of a bulk
 * load, written KEY~n, is held as the key, the byte 0x01 and n in decimal: a `~` that
 * belongs to a key itself is written %7E, so the two never meet.
 */
#ifndef ACTORFS_BASE_NAME_H
#define ACTORFS_BASE_NAME_H

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

enum part { PART_RESULT, PART_MESSAGE };

/* What follows a file's name: `@KEY` and `,name=value` parameters. */
struct parameters {
    bool at;           /* there was an `@` (the key may still be empty) */
    struct key key;    /* size 0: none */
    int64_t delay_ms;  /* -1: none */
    int64_t at_ms;     /* wall clock; -1: none */
    int64_t wait_ms;   /* -1: none */
    bool create;
    bool reply;
    enum part part;
    char timer[TIMER_NAME_BYTES_MAX + 1]; /* "": none */
};

/* An actor's name: 1 to 128 bytes of UTF-8 without control characters and / ? # % , ;
   no dot, hyphen or space first, no space last. INVALID or NAME_TOO_LONG. */
MUST_CHECK enum status name_check_actor(struct view name);

/* A key as a client sends it in a header: raw, printable ASCII, 1 to 200 bytes, no dot
   first (those are the server's own). INVALID otherwise. */
MUST_CHECK enum status key_from_raw(struct view raw, struct key *key_out);
/* A key as it stands in a name or an URL path: percent-encoded, decoded exactly once;
   `~n` at the end names a line of a bulk load, `.SEQ` a task sent without a key.
   INVALID where / % ? & # , @ ~ or a space is not encoded. */
MUST_CHECK enum status key_from_name(struct view encoded, struct key *key_out);
/* The key of the n-th message (n from 1) of an append keyed `key`: KEY, KEY~2, ... */
void key_of_line(const struct key *key, uint64_t line, struct key *key_out);
/* The server's own key of a task sent without one: `.SEQ`. */
void key_of_sequence(uint64_t sequence, struct key *key_out);
/* Whether the key is `.SEQ`, and which. */
bool key_is_sequence(const struct key *key, uint64_t *sequence_out);
/* Appends the key as it is typed in a name: percent-encoded, `~n` for a line. */
void key_append_encoded(struct bytes *out, const struct key *key);
struct view key_view(const struct key *key);

/* No key, no parameter. */
void parameters_clear(struct parameters *parameters);
/* One parameter, `name` in any case. INVALID for an unknown name or a bad value.
   Known: delay at timer wait create reply part. */
MUST_CHECK enum status parameters_set(struct parameters *parameters, struct view name,
                                      struct view value);
/* Splits `BASE@KEY,name=value,...` and reads what follows BASE. Without `@` base is the
   whole name. INVALID for a bad key or parameter, for `delay` with `at`, and for an `@`
   that nothing follows; NAME_TOO_LONG above 255 bytes. `base_out` points into name. */
MUST_CHECK enum status name_parse(struct view name, struct view *base_out,
                                  struct parameters *parameters_out);

/* Appends text with tab, newline and backslash written \t, \n, \\ : for columns. */
void append_column(struct bytes *out, struct view text);
/* Whether the bytes are well-formed UTF-8 (RFC 3629). */
bool utf8_is_valid(struct view text);

#endif
