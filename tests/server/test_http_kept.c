/* SPDX-License-Identifier: MIT */
/* Which answers are given again. */
#include "server/http_kept.h"

#include <stdio.h>

#include <criterion/criterion.h>

static struct kept_answers kept;

static void forget(void)
{
    kept_free(&kept);
}

TestSuite(http_kept, .fini = forget);

static void fill(struct http_answer *answer, const char *tag, const char *body)
{
    *answer = (struct http_answer){.code = 200};
    bytes_append(&answer->headers, view_of("ETag", 5));
    bytes_append(&answer->headers, view_of(tag, strlen(tag) + 1));
    bytes_append_text(&answer->body, body);
}

/* Keeps such an answer. */
static struct MHD_Response *keep(const char *tag, const char *body)
{
    struct http_answer answer;
    fill(&answer, tag, body);
    struct view view = view_bytes(&answer.body);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        view.size, answer.body.data, MHD_RESPMEM_MUST_FREE);
    answer.body = (struct bytes){0};
    cr_assert(kept_add(&kept, &answer, view, response));
    cr_assert_null(answer.headers.data);
    return response;
}

static struct MHD_Response *find(const char *tag, const char *body)
{
    struct http_answer answer;
    fill(&answer, tag, body);
    struct MHD_Response *response = kept_find(&kept, &answer);
    bytes_free(&answer.headers);
    bytes_free(&answer.body);
    return response;
}

Test(http_kept, an_equal_answer_is_found)
{
    struct MHD_Response *response = keep("1", "latte");
    cr_assert_eq(find("1", "latte"), response);
}

Test(http_kept, an_answer_with_another_body_or_other_fields_is_not)
{
    keep("1", "latte");
    cr_assert_null(find("1", "mocha"));
    cr_assert_null(find("1", "latt"));
    cr_assert_null(find("2", "latte"));
}

Test(http_kept, the_newest_takes_the_place_of_one_with_the_same_fields)
{
    keep("1", "latte");
    struct MHD_Response *response = keep("1", "mocha");
    cr_assert_null(find("1", "latte"));
    cr_assert_eq(find("1", "mocha"), response);
}

Test(http_kept, more_than_there_is_room_for_are_no_harm)
{
    char tag[16];
    for (unsigned i = 0; i < 4 * KEPT_ANSWERS; i++) {
        snprintf(tag, sizeof tag, "%u", i);
        struct MHD_Response *response = keep(tag, "latte");
        cr_assert_eq(find(tag, "latte"), response);
    }
}

Test(http_kept, a_large_answer_is_not_kept)
{
    struct http_answer answer;
    fill(&answer, "1", "");
    bytes_reserve(&answer.body, KEPT_BODY_BYTES_MAX + 1);
    answer.body.size = KEPT_BODY_BYTES_MAX + 1;
    cr_assert_not(kept_add(&kept, &answer, view_bytes(&answer.body), NULL));
    cr_assert_not_null(answer.headers.data);
    bytes_free(&answer.headers);
    bytes_free(&answer.body);
}
