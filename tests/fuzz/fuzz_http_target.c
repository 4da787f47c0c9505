/* SPDX-License-Identifier: MIT */
/*
 * A request's target. Whatever the bytes are: they are refused in one line, or no
 * segment leads up, is empty or holds a slash or a NUL; and written down as a path
 * again they mean the same.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/base/log.h"
#include "server/http_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_segment(struct view segment)
{
    ENSURE(segment.size > 0);
    ENSURE(!memchr(segment.data, '/', segment.size));
    ENSURE(!memchr(segment.data, 0, segment.size));
    ENSURE(!view_equal(segment, view_text(".")) &&
           !view_equal(segment, view_text("..")));
}

static bool has_at(const struct http_target *target)
{
    for (size_t i = 0; i < target->segment_count; i++)
        if (memchr(target->segments[i].data, '@', target->segments[i].size))
            return true;
    return false;
}

/* Names with a key stay as they are typed, so only the others are written anew. */
static void check_again(const struct http_target *target)
{
    BYTES_AUTO(path);
    BYTES_AUTO(why);
    struct http_target again;
    if (has_at(target))
        return;
    for (size_t i = 0; i < target->segment_count; i++) {
        bytes_append_text(&path, "/");
        http_target_append(&path, target->segments[i]);
    }
    if (!target->segment_count)
        bytes_append_text(&path, "/");
    enum status status = http_target_parse(view_bytes(&path), &again, &why);
    ENSURE(status == STATUS_OK || path.size > TARGET_BYTES_MAX);
    if (!status) {
        ENSURE(again.segment_count == target->segment_count);
        for (size_t i = 0; i < again.segment_count; i++)
            ENSURE(view_equal(again.segments[i], target->segments[i]));
    }
    http_target_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BYTES_AUTO(why);
    struct http_target target;
    enum status status =
        http_target_parse(view_of(size ? data : NULL, size), &target, &why);
    if (status) {
        ENSURE(status == STATUS_INVALID || status == STATUS_NAME_TOO_LONG);
        ENSURE(why.size > 0 && !memchr(why.data, '\n', why.size));
    } else {
        ENSURE(target.segment_count <= TARGET_SEGMENTS_MAX);
        ENSURE(target.argument_count <= TARGET_ARGUMENTS_MAX);
        ENSURE(!target.is_asterisk || size == 1);
        for (size_t i = 0; i < target.segment_count; i++)
            check_segment(target.segments[i]);
        check_again(&target);
    }
    http_target_free(&target);
    return 0;
}
