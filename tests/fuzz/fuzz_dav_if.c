/* SPDX-License-Identifier: MIT */
/*
 * The If header. Whatever the bytes are: it is taken apart or refused; what came out
 * lies within the text and within the bounds, and every list has conditions.
 */
#include <stdint.h>

#include "common/base/log.h"
#include "server/dav/condition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_within(struct view part, struct view whole)
{
    ENSURE(part.size > 0 && part.data >= whole.data &&
           part.data + part.size <= whole.data + whole.size);
}

static void check_list(const struct dav_if *header,
                       const struct dav_condition_list *list, struct view text)
{
    ENSURE(list->count > 0);
    ENSURE(list->first + list->count <= header->condition_count);
    if (list->resource.size)
        check_within(list->resource, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = view_of(data, size);
    struct dav_if header;
    if (dav_if_parse(text, &header))
        return 0;
    ENSURE(header.list_count > 0 && header.list_count <= DAV_LISTS_MAX);
    ENSURE(header.condition_count <= DAV_CONDITIONS_MAX);
    for (size_t i = 0; i < header.list_count; i++)
        check_list(&header, &header.lists[i], text);
    for (size_t i = 0; i < header.condition_count; i++) {
        const struct dav_condition *condition = &header.conditions[i];
        check_within(condition->text, text);
        ENSURE(condition->is_tag || dav_if_submits(&header, condition->text));
    }
    return 0;
}
