/* SPDX-License-Identifier: MIT */
/*
 * Names that people type (contract, section 2): actor names, and file names with a key
 * and parameters such as `tasks@abc123,delay=30s`. Pure functions: text in, values out,
 * no knowledge of what exists. Both faces and the outbox use these, so that a name
 * means the same through every door.
 */
#ifndef ACTORFS_BASE_NAME_H
#define ACTORFS_BASE_NAME_H

#include "common/base/bytes.h"
#include "common/base/key.h"
#include "common/base/limits.h"
#include "common/base/parameters.h"
#include "common/base/status.h"
#include "common/base/text.h"

/* An actor's name: 1 to 128 bytes of UTF-8 without control characters and / ? # % , ;
   no dot, hyphen or space first, no space last. INVALID; above 255
   bytes NAME_TOO_LONG, as for every name. */
MUST_CHECK enum status name_check_actor(struct view name);

/* Splits `BASE@KEY,name=value,...` at the first `@` and reads what follows; values are
   percent-encoded like keys. Without `@` base is the whole name. INVALID for a bad key
   or parameter, for `delay` with `at`, and for an `@` that nothing follows;
   NAME_TOO_LONG above 255 bytes. `base_out` points into name. */
MUST_CHECK enum status name_parse(struct view name, struct view *base_out,
                                  struct parameters *parameters_out);

#endif
