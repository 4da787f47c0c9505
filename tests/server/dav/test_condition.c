/* SPDX-License-Identifier: MIT */
/* The If header (RFC 4918, section 10.4), with the RFC's examples. */
#include "server/dav/condition.h"

#include <criterion/criterion.h>

static struct dav_if header;

static enum status parse(const char *text)
{
    return dav_if_parse(view_text(text), &header);
}

Test(dav_condition, lists_without_a_tag_are_about_the_request)
{
    cr_assert_eq(parse("(<urn:uuid:1> [\"I am an ETag\"]) ([\"I am another\"])"),
                 STATUS_OK);
    cr_expect_eq(header.list_count, 2);
    cr_expect_eq(header.lists[0].count, 2);
    cr_expect_eq(header.lists[1].first, 2);
    cr_expect_eq(header.lists[0].resource.size, 0);
    cr_expect(!header.conditions[0].is_tag);
    cr_expect(header.conditions[1].is_tag);
    cr_expect(view_equal(header.conditions[1].text, view_text("\"I am an ETag\"")));
}

Test(dav_condition, not_turns_one_condition)
{
    cr_assert_eq(parse("(Not <urn:uuid:1> <urn:uuid:2>)"), STATUS_OK);
    cr_expect(header.conditions[0].is_negated);
    cr_expect(!header.conditions[1].is_negated);
}

Test(dav_condition, a_tag_holds_for_the_lists_after_it)
{
    cr_assert_eq(parse("</a> (<urn:1> [W/\"weak\"]) ([\"strong\"]) <http://h/b> (<u>)"),
                 STATUS_OK);
    cr_expect_eq(header.list_count, 3);
    cr_expect(view_equal(header.lists[1].resource, view_text("/a")));
    cr_expect(view_equal(header.lists[2].resource, view_text("http://h/b")));
}

Test(dav_condition, a_token_is_submitted_wherever_it_stands)
{
    cr_assert_eq(parse("(<urn:a> [\"x\"]) (Not <DAV:no-lock>)"), STATUS_OK);
    cr_expect(dav_if_submits(&header, view_text("urn:a")));
    cr_expect(dav_if_submits(&header, view_text("DAV:no-lock")));
    cr_expect(!dav_if_submits(&header, view_text("\"x\"")));
}

Test(dav_condition, a_quoted_tag_may_hold_any_bracket)
{
    cr_assert_eq(parse("([\"a]>)\"] <t>)"), STATUS_OK);
    cr_expect_eq(header.lists[0].count, 2);
}

Test(dav_condition, what_is_malformed_is_refused)
{
    static const char *const texts[] = {
        "",         "()",      "(",         "(<a>",          "<a>",
        "(<>)",     "([a])",   "(<a>) <b>", "<a> <b> (<c>)", "(<a>) <b> (<c>)",
        "nonsense", "([\"a\")"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_expect_eq(parse(texts[i]), STATUS_INVALID, "%s", texts[i]);
}

Test(dav_condition, more_than_anybody_sends_is_refused)
{
    BYTES_AUTO(text);
    for (int i = 0; i < DAV_LISTS_MAX + 1; i++)
        bytes_append_text(&text, "(<a>)");
    cr_expect_eq(dav_if_parse(view_bytes(&text), &header), STATUS_TOO_LARGE);
}
