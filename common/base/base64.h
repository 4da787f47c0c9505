/* SPDX-License-Identifier: MIT */
/*
 * Base64 (RFC 4648, section 4): how bytes that are no text travel in JSON. Pure
 * functions, any thread.
 */
#ifndef ACTORFS_BASE_BASE64_H
#define ACTORFS_BASE_BASE64_H

#include <stdbool.h>

#include "common/base/bytes.h"

/* Appends the bytes as base64, padded with `=`, without line breaks. */
void base64_encode(struct bytes *out, struct view bytes);
/* Appends the bytes meant. False, with nothing appended, for anything but whole,
   padded groups of four without line breaks whose unused bits are zero: so two
   different texts never mean the same bytes. */
bool base64_decode(struct bytes *out, struct view text);

#endif
