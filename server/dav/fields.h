/* SPDX-License-Identifier: MIT */
/*
 * What is kept in notes: fields one after the other, each its length (32 bits, little
 * endian) and its bytes. Pure, any thread.
 */
#ifndef ACTORFS_SERVER_DAV_FIELDS_H
#define ACTORFS_SERVER_DAV_FIELDS_H

#include <stdbool.h>

#include "common/base/bytes.h"

void field_append(struct bytes *out, struct view field);
void field_append_number(struct bytes *out, uint64_t number);
/* False at the end, and where the rest is no field. */
bool field_next(struct view *rest, struct view *field_out);
bool field_next_number(struct view *rest, uint64_t *number_out);

#endif
