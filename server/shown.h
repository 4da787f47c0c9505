/* SPDX-License-Identifier: MIT */
/*
 * Shown text taken apart again: lines, and the columns in them (contract, section 2).
 * JSON and pages are made of what the files show, so that there is one renderer. Pure
 * functions, any thread.
 */
#ifndef ACTORFS_SERVER_SHOWN_H
#define ACTORFS_SERVER_SHOWN_H

#include <stdbool.h>

#include "common/base/bytes.h"

/* The part of `text` before the next `end`, which is dropped; false at the end. */
bool shown_take(struct view *text, char end, struct view *part_out);
/* Takes a `LABEL: VALUE` line. */
bool shown_take_line(struct view *text, struct view *label_out, struct view *value_out);
/* Appends what the column means: \t, \n and \\ are what they stand for. */
void shown_unescape(struct bytes *out, struct view column);

#endif
