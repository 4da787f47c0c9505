/* SPDX-License-Identifier: MIT */
#include "server/page_place.h"

#include <ctype.h>

struct view page_argument(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->target.argument_count; i++)
        if (view_equal(request->target.arguments[i].name, view_text(name)))
            return request->target.arguments[i].value;
    return view_of(NULL, 0);
}

static bool parse_number(struct view digits, uint64_t *number_out)
{
    uint64_t number = 0;
    if (!digits.size || digits.size > 20)
        return false;
    for (size_t i = 0; i < digits.size; i++) {
        uint64_t digit = (uint64_t)(digits.data[i] - '0');
        if (!isdigit((unsigned char)digits.data[i]) ||
            __builtin_mul_overflow(number, 10u, &number) ||
            __builtin_add_overflow(number, digit, &number))
            return false;
    }
    *number_out = number;
    return true;
}

static bool place_after(struct http_request *request, struct view after,
                        uint64_t *after_out)
{
    struct engine *engine = tree_engine(request_tree(request));
    if (!after.data)
        return true;
    if (after.size && after.data[0] == '.' &&
        parse_number(view_of(after.data + 1, after.size - 1), after_out))
        return true;
    if (request->node.kind != NODE_ACTORS) {
        answer_problem(request, 400, "here `after` is what `next` said");
        return false;
    }
    if (engine_find(engine, after, after_out) == STATUS_OK)
        return true;
    answer_problem(request, 404, "there is no actor of that name to go on after");
    return false;
}

bool page_place_of(struct http_request *request, size_t limit_default, size_t limit_max,
                   struct page_place *place_out)
{
    struct view limit = page_argument(request, "limit");
    uint64_t number = limit_default;
    *place_out = (struct page_place){0};
    if (limit.data && (!parse_number(limit, &number) || number == 0)) {
        answer_problem(request, 400, "limit is a number from 1 to %zu", limit_max);
        return false;
    }
    place_out->limit = number < limit_max ? (size_t)number : limit_max;
    return place_after(request, page_argument(request, "after"), &place_out->after);
}
