/* SPDX-License-Identifier: MIT */
#include "server/dav/values.h"

#include <strings.h>

#include "server/http_values.h"

static bool equals(struct view text, const char *word)
{
    return text.size == strlen(word) && strncasecmp(text.data, word, text.size) == 0;
}

/* Without the spaces around it. */
static struct view sole(struct view text)
{
    struct view element = {0};
    value_next(&text, &element);
    return text.size ? view_of("", 0) : element;
}

enum status dav_value_depth(struct view text, enum dav_depth *depth)
{
    text = sole(text);
    if (equals(text, "0"))
        *depth = DEPTH_ZERO;
    else if (equals(text, "1"))
        *depth = DEPTH_ONE;
    else if (equals(text, "infinity"))
        *depth = DEPTH_INFINITY;
    else
        return STATUS_INVALID;
    return STATUS_OK;
}

enum status dav_value_overwrite(struct view text, bool *overwrite)
{
    text = sole(text);
    if (!equals(text, "T") && !equals(text, "F"))
        return STATUS_INVALID;
    *overwrite = equals(text, "T");
    return STATUS_OK;
}

/* A number beyond all bounds is as good as the bound. */
static bool read_seconds(struct view digits, uint32_t most_s, uint32_t *seconds)
{
    uint64_t number = 0;
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return false;
        if (number < most_s)
            number = number * 10 + (uint64_t)(digits.data[i] - '0');
    }
    *seconds = number < most_s ? (uint32_t)number : most_s;
    return digits.size > 0;
}

uint32_t dav_value_timeout(struct view text, uint32_t usual_s, uint32_t most_s)
{
    static const char prefix[] = "Second-";
    const size_t prefix_size = sizeof prefix - 1;
    struct view element;
    while (value_next(&text, &element)) {
        uint32_t seconds;
        if (equals(element, "Infinite"))
            return most_s;
        if (element.size > prefix_size &&
            strncasecmp(element.data, prefix, prefix_size) == 0 &&
            read_seconds(
                view_of(element.data + prefix_size, element.size - prefix_size), most_s,
                &seconds) &&
            seconds > 0)
            return seconds;
    }
    return usual_s;
}

enum status dav_value_lock_token(struct view text, struct view *token)
{
    text = sole(text);
    if (text.size && text.data[0] == '<') {
        if (text.size < 3 || text.data[text.size - 1] != '>')
            return STATUS_INVALID;
        text = view_of(text.data + 1, text.size - 2);
    }
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] == '<' || text.data[i] == '>')
            return STATUS_INVALID;
    *token = text;
    return text.size ? STATUS_OK : STATUS_INVALID;
}
