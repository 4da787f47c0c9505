/* SPDX-License-Identifier: MIT */
#include "server/dav/condition.h"

#include <strings.h>

static void skip_space(struct view *rest)
{
    while (rest->size && (*rest->data == ' ' || *rest->data == '\t'))
        *rest = view_of(rest->data + 1, rest->size - 1);
}

static bool take(struct view *rest, char byte)
{
    if (!rest->size || *rest->data != byte)
        return false;
    *rest = view_of(rest->data + 1, rest->size - 1);
    return true;
}

/* What stands before `close`, which is taken as well. */
static bool take_until(struct view *rest, char close, struct view *text)
{
    const char *end = rest->size ? memchr(rest->data, close, rest->size) : NULL;
    if (!end || end == rest->data)
        return false;
    *text = view_of(rest->data, (size_t)(end - rest->data));
    *rest = view_of(end + 1, rest->size - text->size - 1);
    return true;
}

/* The quoted part may hold any bracket. */
static bool take_tag(struct view *rest, struct view *text)
{
    struct view opaque = *rest;
    struct view inside;
    if (view_starts_with(opaque, "W/"))
        opaque = view_of(opaque.data + 2, opaque.size - 2);
    if (!take(&opaque, '"'))
        return false;
    if (!take(&opaque, '"') && !take_until(&opaque, '"', &inside))
        return false;
    *text = view_of(rest->data, rest->size - opaque.size);
    *rest = opaque;
    return take(rest, ']');
}

static bool take_condition(struct view *rest, struct dav_condition *condition)
{
    *condition = (struct dav_condition){0};
    if (rest->size >= 3 && strncasecmp(rest->data, "Not", 3) == 0) {
        condition->is_negated = true;
        *rest = view_of(rest->data + 3, rest->size - 3);
        skip_space(rest);
    }
    if (take(rest, '<'))
        return take_until(rest, '>', &condition->text);
    condition->is_tag = true;
    return take(rest, '[') && take_tag(rest, &condition->text);
}

static enum status take_list(struct view *rest, struct dav_if *header,
                             struct view resource)
{
    if (header->list_count == DAV_LISTS_MAX)
        return STATUS_TOO_LARGE;
    struct dav_condition_list *list = &header->lists[header->list_count++];
    *list = (struct dav_condition_list){.resource = resource,
                                        .first = header->condition_count};
    skip_space(rest);
    while (!take(rest, ')')) {
        if (header->condition_count == DAV_CONDITIONS_MAX)
            return STATUS_TOO_LARGE;
        if (!take_condition(rest, &header->conditions[header->condition_count]))
            return STATUS_INVALID;
        header->condition_count++;
        list->count++;
        skip_space(rest);
    }
    return list->count ? STATUS_OK : STATUS_INVALID;
}

/* Either no list is tagged, or the first is, and every tag has a list. */
enum status dav_if_parse(struct view text, struct dav_if *header)
{
    struct view resource = {0};
    enum status status = STATUS_OK;
    bool needs_list = false; /* a tag was read */
    header->condition_count = header->list_count = 0;
    skip_space(&text);
    bool is_tagged = text.size && *text.data == '<';
    while (text.size && !status) {
        if (is_tagged && take(&text, '<')) {
            if (needs_list || !take_until(&text, '>', &resource))
                return STATUS_INVALID;
            needs_list = true;
        } else if (take(&text, '(')) {
            status = take_list(&text, header, resource);
            needs_list = false;
        } else {
            return STATUS_INVALID;
        }
        skip_space(&text);
    }
    if (status)
        return status;
    return needs_list || !header->list_count ? STATUS_INVALID : STATUS_OK;
}

bool dav_if_submits(const struct dav_if *header, struct view token)
{
    for (size_t i = 0; i < header->condition_count; i++)
        if (!header->conditions[i].is_tag &&
            view_equal(header->conditions[i].text, token))
            return true;
    return false;
}
