/* SPDX-License-Identifier: MIT */
/*
 * Text from outside: whether it may be shown, how it is written into a column, and the
 * one percent-decoder. And words of ours that depend on a number. Pure functions, any
 * thread.
 */
#ifndef ACTORFS_BASE_TEXT_H
#define ACTORFS_BASE_TEXT_H

#include <stdbool.h>

#include "common/base/bytes.h"

/* Whether the bytes are well-formed UTF-8 (RFC 3629). */
bool utf8_is_valid(struct view text);
/* Whether the bytes are UTF-8 without control characters (C0, DEL, C1). */
bool text_is_plain(struct view text);
/* Whether all bytes are printable ASCII, space included. */
bool text_is_printable_ascii(struct view text);

/* Appends text with tab, newline and backslash written \t, \n, \\ : for columns. */
void append_column(struct bytes *out, struct view text);

/* The text without those of its first and last bytes that are blanks, a list such as
   " \t". */
struct view text_trimmed(struct view text, const char *blanks);
/* How a counted word ends: "" for one of it, else "s". */
const char *text_plural(uint64_t count);
/* The value of a hexadecimal digit; -1 for any other byte. */
int hex_digit(char byte);

/* What stands between `@`, `,` and `=` in a name is percent-encoded: `/ % ? & # , ~ @`
   and space never stand there bare. Appends the bytes meant, decoded exactly once;
   false, with nothing appended, where one of them does or a `%` lacks its two digits.
 */
bool percent_decode(struct bytes *out, struct view encoded);
void percent_encode(struct bytes *out, struct view text);

#endif
