/* SPDX-License-Identifier: MIT */
/* Values of WebDAV's header fields (RFC 4918, section 10). */
#include "server/dav/values.h"

#include <criterion/criterion.h>

static uint32_t timeout_of(const char *text)
{
    return dav_value_timeout(view_text(text), 3600, 86400);
}

Test(dav_values, a_timeout_is_the_first_of_the_list_that_can_be_read)
{
    cr_expect_eq(timeout_of("Infinite, Second-4100000000"), 86400);
    cr_expect_eq(timeout_of("Second-4100000000"), 86400);
    cr_expect_eq(timeout_of("Second-99999999999999999999999999"), 86400);
    cr_expect_eq(timeout_of("Extended-3, Second-60"), 60);
    cr_expect_eq(timeout_of("second-60"), 60);
}

Test(dav_values, a_timeout_that_makes_no_sense_is_the_usual_one)
{
    static const char *const texts[] = {"",         ",",         "Second-",
                                        "Second-0", "Second--1", "Second-1x"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_expect_eq(timeout_of(texts[i]), 3600, "%s", texts[i]);
}

Test(dav_values, depths_are_three)
{
    enum dav_depth depth;
    cr_expect(!dav_value_depth(view_text("0"), &depth) && depth == DEPTH_ZERO);
    cr_expect(!dav_value_depth(view_text(" 1 "), &depth) && depth == DEPTH_ONE);
    cr_expect(!dav_value_depth(view_text("Infinity"), &depth) &&
              depth == DEPTH_INFINITY);
    cr_expect(dav_value_depth(view_text("2"), &depth));
    cr_expect(dav_value_depth(view_text(""), &depth));
    cr_expect(dav_value_depth(view_text("0, 1"), &depth));
}

Test(dav_values, overwrite_is_t_or_f)
{
    bool overwrite;
    cr_expect(!dav_value_overwrite(view_text("T"), &overwrite) && overwrite);
    cr_expect(!dav_value_overwrite(view_text("f"), &overwrite) && !overwrite);
    cr_expect(dav_value_overwrite(view_text("true"), &overwrite));
}

Test(dav_values, a_lock_token_stands_in_brackets_or_as_windows_sends_it)
{
    struct view token;
    cr_expect(!dav_value_lock_token(view_text("<urn:x>"), &token));
    cr_expect(view_equal(token, view_text("urn:x")));
    cr_expect(!dav_value_lock_token(view_text("urn:x"), &token));
    cr_expect(view_equal(token, view_text("urn:x")));
    cr_expect(dav_value_lock_token(view_text("<urn:x"), &token));
    cr_expect(dav_value_lock_token(view_text("<>"), &token));
    cr_expect(dav_value_lock_token(view_text("<a> <b>"), &token));
}
