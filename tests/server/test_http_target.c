/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>

#include "server/http_target.h"

/* The segments, each after a bar, and the arguments, each after an ampersand. */
static void show(const struct http_target *target, struct bytes *out)
{
    for (size_t i = 0; i < target->segment_count; i++) {
        bytes_append_text(out, "|");
        bytes_append(out, target->segments[i]);
    }
    for (size_t i = 0; i < target->argument_count; i++) {
        bytes_append_text(out, "&");
        bytes_append(out, target->arguments[i].name);
        bytes_append_text(out, "=");
        bytes_append(out, target->arguments[i].value);
    }
}

static void expect(const char *raw, const char *shown)
{
    BYTES_AUTO(why);
    BYTES_AUTO(out);
    struct http_target target;
    cr_expect_eq(http_target_parse(view_text(raw), &target, &why), STATUS_OK,
                 "%s: %.*s", raw, (int)why.size, why.data);
    show(&target, &out);
    cr_expect(view_equal(view_bytes(&out), view_text(shown)), "%s: %.*s", raw,
              (int)out.size, out.data);
    http_target_free(&target);
}

static void expect_refused(struct view raw, enum status status)
{
    BYTES_AUTO(why);
    struct http_target target;
    cr_expect_eq(http_target_parse(raw, &target, &why), status, "%.*s", (int)raw.size,
                 raw.data);
    cr_expect_gt(why.size, 0);
    http_target_free(&target);
}

Test(http_target, a_path_is_its_segments_each_decoded_once)
{
    expect("/", "");
    expect("/actors/user_123/state", "|actors|user_123|state");
    expect("/actors/caf%C3%A9/", "|actors|caf\xc3\xa9");
    expect("/a%2520b", "|a%20b");
    expect("/a+b", "|a+b");
    expect("/actors/%73hop/%73tate", "|actors|shop|state");
}

Test(http_target, a_name_with_a_key_stays_as_it_is_typed)
{
    expect("/actors/a/tasks@a%20b,delay=30s", "|actors|a|tasks@a%20b,delay=30s");
    expect("/actors/a/tasks%40a%20b", "|actors|a|tasks@a%20b");
}

Test(http_target, an_at_elsewhere_is_part_of_a_name)
{
    expect("/actors/jo%C3%A9@x/tasks", "|actors|jo\xc3\xa9@x|tasks");
    expect("/actors/a/photo%20@2x.png", "|actors|a|photo @2x.png");
}

Test(http_target, a_query_is_its_arguments_where_plus_is_a_space)
{
    expect("/t?Idempotency-Key=a+b&delay=30s", "|t&Idempotency-Key=a b&delay=30s");
    expect("/t?a&b=&=c&&d=e=f", "|t&a=&b=&=c&d=e=f");
    expect("/t?%61=%62", "|t&a=b");
    expect("/t?", "|t");
}

Test(http_target, the_forms_of_rfc_9112)
{
    BYTES_AUTO(why);
    struct http_target target;
    expect("/where?q=now", "|where&q=now");
    cr_expect_eq(
        http_target_parse(view_text("http://www.example.org/pub/WWW/TheProject.html"),
                          &target, &why),
        STATUS_OK);
    cr_expect(view_equal(target.host, view_text("www.example.org")));
    cr_expect_eq(target.segment_count, 3);
    http_target_free(&target);
    cr_expect_eq(http_target_parse(view_text("*"), &target, &why), STATUS_OK);
    cr_expect(target.is_asterisk);
    http_target_free(&target);
    expect_refused(view_text("www.example.com:80"), STATUS_INVALID);
}

Test(http_target, a_slash_at_the_end_asks_for_a_folder)
{
    BYTES_AUTO(why);
    struct http_target target;
    cr_expect_eq(http_target_parse(view_text("/actors/?a"), &target, &why), STATUS_OK);
    cr_expect(target.is_folder_form);
    http_target_free(&target);
    cr_expect_eq(http_target_parse(view_text("/actors"), &target, &why), STATUS_OK);
    cr_expect(!target.is_folder_form);
    http_target_free(&target);
}

Test(http_target, what_leads_elsewhere_is_refused)
{
    static const char *const bad[] = {"",           "a",
                                      "/../a",      "/a/..",
                                      "/./a",       "/%2e%2e/a",
                                      "/.%2E/a",    "//a",
                                      "/a//b",      "/a%00",
                                      "/a%2Fb",     "/a%2",
                                      "/a%zz",      "/a%",
                                      "/a#b",       "?a",
                                      "http:",      "/a?%",
                                      "/a?b=%00",   "http://h",
                                      "http://h?x", "/actors/a/tasks%40a/../b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_refused(view_text(bad[i]), STATUS_INVALID);
    expect_refused(view_of("/actors/a/tasks@a\0b", 19), STATUS_INVALID);
}

Test(http_target, has_bounds)
{
    BYTES_AUTO(path);
    for (int i = 0; i < TARGET_SEGMENTS_MAX; i++)
        bytes_append_text(&path, "/a");
    bytes_append(&path, view_of("", 1));
    BYTES_AUTO(why);
    struct http_target target;
    cr_expect_eq(http_target_parse(view_text(path.data), &target, &why), STATUS_OK);
    http_target_free(&target);
    path.data[path.size - 1] = '/';
    bytes_append_text(&path, "a");
    expect_refused(view_bytes(&path), STATUS_INVALID);
    bytes_clear(&path);
    bytes_append_text(&path, "/t?a");
    for (int i = 0; i < TARGET_ARGUMENTS_MAX; i++)
        bytes_append_text(&path, "&a");
    expect_refused(view_bytes(&path), STATUS_INVALID);
    while (path.size <= TARGET_BYTES_MAX)
        bytes_append_text(&path, "a");
    expect_refused(view_bytes(&path), STATUS_NAME_TOO_LONG);
}

Test(http_target, a_segment_is_written_as_it_is_read)
{
    BYTES_AUTO(path);
    http_target_append(&path, view_text("a b/%?#\xc3\xa9@~"));
    cr_expect(view_equal(view_bytes(&path), view_text("a%20b%2F%25%3F%23%C3%A9@~")),
              "%.*s", (int)path.size, path.data);
}
