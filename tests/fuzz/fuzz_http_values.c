/* SPDX-License-Identifier: MIT */
/*
 * Values of header fields. Whatever the bytes are: keys are keys, waits are not
 * negative, a range lies within what there is, a date written down is read as the same,
 * and every list ends.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/base/log.h"
#include "server/http_values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_key(struct view text)
{
    struct key key;
    if (value_key(text, &key) == STATUS_OK)
        ENSURE(key.size > 0 && key.size <= KEY_BYTES_MAX && key.text[0] != '.');
}

static void check_prefer(struct view text)
{
    struct prefer prefer;
    value_prefer(text, &prefer);
    ENSURE(prefer.wait_ms >= -1);
}

static void check_tags(struct view text)
{
    bool weak = false, strong = false;
    struct view tag = view_text("\"7.42\"");
    enum status status = value_tags_match(text, tag, false, &strong);
    ENSURE(value_tags_match(text, tag, true, &weak) == status);
    ENSURE(status == STATUS_OK || status == STATUS_INVALID);
    ENSURE(status || !strong || weak);
}

static void check_range(struct view text)
{
    static const uint64_t sizes[] = {0, 1, 100, UINT64_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t first = 0, last = 0;
        if (value_range(text, sizes[i], &first, &last) == STATUS_OK)
            ENSURE(first <= last && last < sizes[i]);
        else
            ENSURE(first == 0 && last == 0);
    }
}

static void check_date(struct view text)
{
    int64_t wall_ms, again_ms;
    BYTES_AUTO(shown);
    if (!value_date(text, &wall_ms))
        return;
    value_append_date(&shown, wall_ms);
    ENSURE(value_date(view_bytes(&shown), &again_ms) && again_ms == wall_ms);
}

static void check_list(struct view text)
{
    struct view element;
    size_t left = text.size + 1;
    while (value_next(&text, &element)) {
        ENSURE(text.size < left);
        left = text.size;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = view_of(size ? data : NULL, size);
    check_key(text);
    check_prefer(text);
    check_tags(text);
    check_range(text);
    check_date(text);
    check_list(text);
    value_accepts(text, "application/json");
    return 0;
}
