/* SPDX-License-Identifier: MIT */
/*
 * Depth, Overwrite, Timeout and Lock-Token. Whatever the bytes are: a value comes out
 * within its bounds, or none; and it comes out at once, however long the list is.
 */
#include <stdint.h>

#include "common/base/log.h"
#include "server/dav/values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define USUAL 3600u
#define MOST 86400u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = view_of(data, size), token;
    enum dav_depth depth = DEPTH_INFINITY;
    bool overwrite = false;
    uint32_t timeout = dav_value_timeout(text, USUAL, MOST);
    ENSURE(timeout > 0 && timeout <= MOST);
    if (dav_value_depth(text, &depth) == STATUS_OK)
        ENSURE(depth <= DEPTH_INFINITY);
    if (dav_value_overwrite(text, &overwrite) == STATUS_OK)
        ENSURE(memchr(data, overwrite ? 'T' : 'F', size) ||
               memchr(data, overwrite ? 't' : 'f', size));
    if (dav_value_lock_token(text, &token) == STATUS_OK) {
        ENSURE(token.size > 0 && token.size <= size);
        ENSURE(!memchr(token.data, '<', token.size));
        ENSURE(!memchr(token.data, '>', token.size));
    }
    return 0;
}
