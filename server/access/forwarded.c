/* SPDX-License-Identifier: MIT */
#include "server/access/forwarded.h"

#include <string.h>

bool forwarded_is_trusted(const struct address_range *proxies, size_t count,
                          const struct address *address)
{
    for (size_t i = 0; i < count; i++)
        if (address_is_in(address, &proxies[i]))
            return true;
    return false;
}

/* The last element; what precedes it stays in `list`. */
static struct view take_last(struct view *list)
{
    const char *comma = list->size ? memrchr(list->data, ',', list->size) : NULL;
    size_t before = comma ? (size_t)(comma - list->data) : 0;
    size_t from = comma ? before + 1 : 0;
    struct view last =
        view_of(list->data ? list->data + from : NULL, list->size - from);
    list->size = before;
    while (last.size && (last.data[0] == ' ' || last.data[0] == '\t'))
        last = view_of(last.data + 1, last.size - 1);
    while (last.size && strchr(" \t", last.data[last.size - 1]))
        last.size--;
    return last;
}

/* Some proxies write the port as well: `192.0.2.7:4711`, `[2001:db8::1]:4711`. */
static bool parse_element(struct view text, struct address *address)
{
    if (address_parse(text, address))
        return true;
    const char *colon = text.size ? memrchr(text.data, ':', text.size) : NULL;
    return colon &&
           address_parse(view_of(text.data, (size_t)(colon - text.data)), address);
}

struct address forwarded_client(const struct address_range *proxies, size_t count,
                                const struct address *peer, struct view field)
{
    struct address client = *peer, before;
    while (forwarded_is_trusted(proxies, count, &client) && field.size &&
           parse_element(take_last(&field), &before))
        client = before;
    return client;
}
