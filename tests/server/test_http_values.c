/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "server/http_values.h"

/* ---------------------------------------------------------------------------- keys */

static void expect_key(const char *text, const char *wanted)
{
    struct key key;
    cr_expect_eq(value_key(view_text(text), &key), STATUS_OK, "%s", text);
    cr_expect(view_equal(key_view(&key), view_text(wanted)), "%s", text);
}

Test(http_values, a_key_is_a_structured_string_or_bare)
{
    expect_key("\"8e03978e-40d5-43e8-bc93-6894a57f9324\"",
               "8e03978e-40d5-43e8-bc93-6894a57f9324");
    expect_key("8e03978e", "8e03978e");
    expect_key("  \"abc\" ", "abc");
    expect_key("\"a\\\"b\\\\c\"", "a\"b\\c");
    expect_key("a, b", "a, b");
}

Test(http_values, other_keys_are_refused)
{
    static const char *const bad[] = {"",         "\"\"",    "\"a", "\"a\"b\"",
                                      "\"a\\",    "\"\\a\"", ".17", "\".17\"",
                                      "\xc3\xa9", "\"a\\\""};
    struct key key;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(value_key(view_text(bad[i]), &key), STATUS_INVALID, "%s", bad[i]);
}

/* -------------------------------------------------------------------------- prefer */

static struct prefer prefer(const char *text)
{
    struct prefer found;
    value_prefer(view_text(text), &found);
    return found;
}

Test(http_values, preferences_as_rfc_7240_shows_them)
{
    struct prefer found = prefer("respond-async, wait=100, handling=lenient");
    cr_expect(found.respond_async && found.wait_ms == 100000 && !found.minimal);
    found = prefer("foo; some-parameter=\"\", Return=minimal");
    cr_expect(found.minimal && found.wait_ms == -1);
    found = prefer("return=\"minimal\"; foo=\"a,wait=3\"");
    cr_expect(found.minimal && found.wait_ms == -1);
}

Test(http_values, what_is_no_preference_is_passed_over)
{
    cr_expect_eq(prefer("wait=-1").wait_ms, -1);
    cr_expect_eq(prefer("wait=soon, wait=2, wait=3").wait_ms, 2000);
    cr_expect_eq(prefer("wait=99999999999999999999").wait_ms, -1);
    cr_expect_gt(prefer("wait=18446744073709551615").wait_ms, 0);
    cr_expect_eq(prefer(",,;=,").wait_ms, -1);
}

/* ---------------------------------------------------------------------- conditions */

static bool names(const char *list, bool weak)
{
    bool match;
    cr_expect_eq(value_tags_match(view_text(list), view_text("\"7\""), weak, &match),
                 STATUS_OK, "%s", list);
    return match;
}

Test(http_values, tags_match_as_rfc_9110_compares_them)
{
    cr_expect(names("\"7\"", false) && names("\"a,b\", \"7\"", false));
    cr_expect(names("*", false) && names(" * ", true));
    cr_expect(!names("W/\"7\"", false) && names("W/\"7\"", true));
    cr_expect(!names("\"77\", W/\"8\"", true));
    cr_expect(names(", \"7\" ,", false), "empty elements are allowed");
}

Test(http_values, a_list_of_tags_without_quotes_is_refused)
{
    static const char *const bad[] = {"",    ",",       "7",       "W/7",
                                      "\"7", "w/\"7\"", "\"7\", 8"};
    bool match;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(
            value_tags_match(view_text(bad[i]), view_text("\"7\""), true, &match),
            STATUS_INVALID, "%s", bad[i]);
}

/* --------------------------------------------------------------------------- range */

static void expect_range(const char *text, uint64_t size, uint64_t first, uint64_t last)
{
    uint64_t got_first = 0, got_last = 0;
    cr_expect_eq(value_range(view_text(text), size, &got_first, &got_last), STATUS_OK,
                 "%s", text);
    cr_expect(got_first == first && got_last == last, "%s: %lu-%lu", text,
              (unsigned long)got_first, (unsigned long)got_last);
}

static void expect_no_range(const char *text, uint64_t size, enum status status)
{
    uint64_t first = 1, last = 2;
    cr_expect_eq(value_range(view_text(text), size, &first, &last), status, "%s", text);
    cr_expect(first == 1 && last == 2, "%s: untouched on failure", text);
}

Test(http_values, ranges_as_rfc_9110_shows_them)
{
    expect_range("bytes=0-499", 10000, 0, 499);
    expect_range("bytes=500-999", 10000, 500, 999);
    expect_range("bytes=-500", 10000, 9500, 9999);
    expect_range("bytes=9500-", 10000, 9500, 9999);
    expect_range("bytes=0-99999", 10, 0, 9);
    expect_range("bytes=-99999", 10, 0, 9);
}

Test(http_values, ranges_beyond_the_end_cannot_be_satisfied)
{
    expect_no_range("bytes=10-", 10, STATUS_TOO_LARGE);
    expect_no_range("bytes=-0", 10, STATUS_TOO_LARGE);
    expect_no_range("bytes=0-", 0, STATUS_TOO_LARGE);
    expect_no_range("bytes=-5", 0, STATUS_TOO_LARGE);
}

Test(http_values, what_is_no_single_range_of_bytes_is_ignored)
{
    static const char *const others[] = {
        "lines=1-2",   "bytes",      "bytes=",        "bytes=-",
        "bytes=a-b",   "bytes=5-2",  "bytes=1-2,5-6", "bytes=1",
        "bytes=1-2-3", "bytes=+1-2", "bytes=1- 2",    "bytes=99999999999999999999-",
        "bytes=3-x"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        expect_no_range(others[i], 10, STATUS_NOT_FOUND);
}

/* --------------------------------------------------------------------------- dates */

Test(http_values, the_three_forms_of_a_date_are_one_moment)
{
    static const char *const forms[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
                                        "Sunday, 06-Nov-94 08:49:37 GMT",
                                        "Sun Nov  6 08:49:37 1994"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        int64_t wall_ms = 0;
        cr_expect(value_date(view_text(forms[i]), &wall_ms), "%s", forms[i]);
        cr_expect_eq(wall_ms, 784111777000, "%s", forms[i]);
    }
}

Test(http_values, other_dates_are_none)
{
    static const char *const bad[] = {"",
                                      "yesterday",
                                      "Sun, 06 Nov 1994 08:49:37 CET",
                                      "Sun, 06 Nov 1994 08:49:37 GMT x",
                                      "Sun, 36 Nov 1994 08:49:37 GMT",
                                      "0"};
    int64_t wall_ms;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(!value_date(view_text(bad[i]), &wall_ms), "%s", bad[i]);
}

Test(http_values, a_date_is_written_in_the_preferred_form)
{
    BYTES_AUTO(out);
    value_append_date(&out, 784111777999);
    value_append_date(&out, 951782400000);
    value_append_date(&out, 0);
    cr_expect(view_equal(view_bytes(&out), view_text("Sun, 06 Nov 1994 08:49:37 GMT"
                                                     "Tue, 29 Feb 2000 00:00:00 GMT"
                                                     "Thu, 01 Jan 1970 00:00:00 GMT")));
}

/* -------------------------------------------------------------------------- accept */

static bool accepts(const char *list)
{
    return value_accepts(view_text(list), "application/json");
}

Test(http_values, a_type_is_accepted_when_it_is_named)
{
    cr_expect(accepts("application/json") && accepts("text/html, Application/JSON"));
    cr_expect(accepts("application/json;q=0.1") && accepts("application/json; q=1"));
    cr_expect(!accepts("application/json;q=0") &&
              !accepts("application/json; q=0.000"));
    cr_expect(!accepts("*/*") && !accepts("") && !accepts("application/jsonx"));
}
