/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/http/fixture.h"

#define JSON "Accept: application/json\r\n"

TestSuite(json, .init = fixture_open, .fini = fixture_close);

/* The answer as JSON, whose type and code must be these; freed by the caller. */
static json_t *get_as(const char *target, int code, const char *type)
{
    const struct http_reply *reply = ask("GET", target, JSON, NULL);
    cr_assert_eq(reply->code, code, "%s: %s", target, reply->head.data);
    cr_assert_str_eq(field(reply, "Content-Type"), type);
    json_t *json = json_loads(reply->body.data, JSON_DECODE_ANY, NULL);
    cr_assert(json, "%s: %s", target, reply->body.data);
    return json;
}

static json_t *get(const char *target)
{
    return get_as(target, 200, "application/json");
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static long long number_in(const json_t *object, const char *name)
{
    json_t *number = json_object_get(object, name);
    return json_is_integer(number) ? json_integer_value(number) : -1;
}

static void make_counter(void)
{
    make_actor("sum_1");
    ANSWERS("PUT", "/actors/sum_1/behavior", "", "counter", 204, NULL);
    ANSWERS("PUT", "/actors/sum_1/execute@one", "", "5", 200, "5\n");
    ANSWERS("PUT", "/actors/sum_1/execute@two", "", "no\tnumber", 500, NULL);
}

Test(json, nobody_gets_it_who_does_not_ask)
{
    static const char *const files[] = {
        "/README",           "/actors/sum_1/status", "/actors/sum_1/mailbox",
        "/actors/sum_1/log", "/actors/sum_1/state",  "/actors/sum_1/"};
    make_counter();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const struct http_reply *plain = ask("GET", files[i], "", NULL);
        const struct http_reply *any = ask("GET", files[i], "Accept: */*\r\n", NULL);
        const struct http_reply *refused =
            ask("GET", files[i], "Accept: application/json;q=0, */*\r\n", NULL);
        cr_expect_str_eq(field(plain, "Content-Type"), "text/plain; charset=utf-8");
        cr_expect_str_eq(plain->body.data, any->body.data);
        cr_expect_str_eq(plain->body.data, refused->body.data);
    }
}

Test(json, a_status_has_a_member_for_each_line)
{
    make_counter();
    json_t *status = get("/actors/sum_1/status");
    cr_expect_str_eq(text_of(status, "name"), "sum_1");
    cr_expect_str_eq(text_of(status, "activity"), "idle");
    cr_expect_eq(number_in(status, "done"), 1);
    cr_expect_eq(number_in(status, "failed"), 1);
    cr_expect_eq(number_in(status, "state_bytes"), 2);
    cr_expect(json_is_null(json_object_get(status, "last_refusal")));
    cr_expect(strstr(text_of(status, "last_error"), "not a whole number"));
    json_decref(status);
    json_t *daemon = get("/status");
    cr_expect_eq(number_in(daemon, "actors"), 1);
    cr_expect_geq(number_in(daemon, "uptime_seconds"), 0);
    cr_expect_str_eq(text_of(daemon, "journal"), "ok");
    json_decref(daemon);
}

Test(json, an_actor_that_is_called_like_a_number_is_no_number)
{
    make_actor("7");
    json_t *status = get("/actors/7/status");
    cr_expect_str_eq(text_of(status, "name"), "7");
    json_decref(status);
}

Test(json, mailbox_log_and_attention_are_arrays_of_their_lines)
{
    make_counter();
    json_t *mailbox = get("/actors/sum_1/mailbox");
    cr_assert_eq(json_array_size(mailbox), 2);
    cr_expect_str_eq(text_of(json_array_get(mailbox, 1), "key"), "two");
    cr_expect_str_eq(text_of(json_array_get(mailbox, 1), "state"), "failed");
    cr_expect_eq(number_in(json_array_get(mailbox, 1), "sequence"), 2);
    json_decref(mailbox);
    json_t *log = get("/actors/sum_1/log");
    cr_assert_eq(json_array_size(log), 2);
    cr_expect_str_eq(text_of(json_array_get(log, 0), "outcome"), "done");
    cr_expect(json_is_null(json_object_get(json_array_get(log, 0), "error")));
    json_decref(log);
    json_t *attention = get("/attention");
    cr_assert_eq(json_array_size(attention), 1);
    cr_expect_str_eq(text_of(json_array_get(attention, 0), "actor"), "sum_1");
    cr_expect_str_eq(text_of(json_array_get(attention, 0), "why"), "failed");
    json_decref(attention);
}

Test(json, what_is_empty_is_an_empty_array)
{
    make_actor("a");
    ANSWERS("GET", "/attention", JSON, NULL, 200, "[]\n");
    ANSWERS("GET", "/actors/a/mailbox", JSON, NULL, 200, "[]\n");
    ANSWERS("GET", "/actors/a/log", JSON, NULL, 200, "[]\n");
    ANSWERS("GET", "/actors/a/tasks", JSON, NULL, 200, "{\"tasks\":\"\"}\n");
    ANSWERS("GET", "/actors/a/state", JSON, NULL, 200, "{\"state\":\"\"}\n");
}

Test(json, bytes_that_are_no_text_are_base64)
{
    make_actor("a");
    ANSWERS("PUT", "/actors/a/behavior", "", "echo", 204, NULL);
    ANSWERS("PUT", "/actors/a/state", "", "\xFF\xFE", 204, NULL);
    ANSWERS("GET", "/actors/a/state", JSON, NULL, 200, "{\"state_base64\":\"//4=\"}\n");
    ANSWERS("PUT", "/actors/a/execute@k", "", "\xFF\xFE", 200, NULL);
    ANSWERS("GET", "/actors/a/tasks@k,part=message", JSON, NULL, 200,
            "{\"message_base64\":\"//4=\"}\n");
    json_t *task = get("/actors/a/tasks@k");
    cr_expect_str_eq(text_of(task, "result_base64"), "//4=");
    json_decref(task);
}

Test(json, a_state_that_is_json_already_is_not_wrapped)
{
    make_actor("a");
    ANSWERS("PUT", "/actors/a/state", "Content-Type: application/json\r\n",
            "{\"n\": 1}", 204, NULL);
    ANSWERS("GET", "/actors/a/state", JSON, NULL, 200, "{\"n\": 1}");
}

Test(json, a_task_tells_its_state_times_and_result)
{
    make_counter();
    json_t *done = get("/actors/sum_1/tasks@one");
    cr_expect_str_eq(text_of(done, "state"), "done");
    cr_expect_str_eq(text_of(done, "result"), "5\n");
    cr_expect_str_eq(text_of(done, "actor"), "sum_1");
    cr_expect_eq(number_in(done, "attempts"), 1);
    cr_expect_eq(strlen(text_of(done, "finished")), 24);
    json_decref(done);
    json_t *failed = get_as("/actors/sum_1/tasks@two", 500, "application/problem+json");
    cr_expect_str_eq(text_of(failed, "state"), "failed");
    cr_expect_eq(number_in(failed, "status"), 500);
    cr_expect(strstr(text_of(failed, "error"), "not a whole number"));
    json_decref(failed);
    json_t *missing =
        get_as("/actors/sum_1/tasks@three", 404, "application/problem+json");
    json_decref(missing);
}

Test(json, a_task_that_waits_is_202_and_may_be_waited_for)
{
    make_suspended("a");
    ANSWERS("PUT", "/actors/a/behavior", "", "echo", 204, NULL);
    ANSWERS("PUT", "/actors/a/tasks@k", "", "latte", 202, NULL);
    json_t *waiting = get_as("/actors/a/tasks@k", 202, "application/json");
    cr_expect_str_eq(text_of(waiting, "state"), "pending");
    cr_expect(json_is_null(json_object_get(waiting, "finished")));
    json_decref(waiting);
    int socket = begin("GET", "/actors/a/tasks@k?wait=60s", JSON, NULL);
    control("a", "resume");
    cr_expect(strstr(rest_of(socket), "\"result\":\"latte\""));
}

Test(json, a_folder_names_its_entries_kinds_and_sizes)
{
    make_actor("a");
    ANSWERS("PUT", "/actors/a/state", "", "12345", 204, NULL);
    json_t *root = get("/");
    json_t *last = json_array_get(json_object_get(root, "entries"), 4);
    cr_expect_str_eq(text_of(last, "name"), "actors");
    cr_expect_str_eq(text_of(last, "kind"), "folder");
    json_decref(root);
    json_t *folder = get("/actors/a/");
    json_t *state = json_array_get(json_object_get(folder, "entries"), 2);
    cr_expect_str_eq(text_of(state, "name"), "state");
    cr_expect_str_eq(text_of(state, "kind"), "file");
    cr_expect_eq(number_in(state, "size"), 5);
    json_decref(folder);
}

/* Follows `next` to the end, as a client would; the number of pages. */
static size_t walk(const char *target, size_t *entries_out)
{
    char url[128];
    size_t pages = 0;
    snprintf(url, sizeof url, "%s", target);
    for (*entries_out = 0;; pages++) {
        json_t *page = get(url);
        *entries_out += json_array_size(json_object_get(page, "entries"));
        const char *next = text_of(page, "next");
        snprintf(url, sizeof url, "/actors/%s", next);
        bool is_last = !*next;
        json_decref(page);
        if (is_last)
            return pages + 1;
    }
}

Test(json, a_long_folder_comes_in_pages)
{
    char name[32];
    size_t entries;
    for (unsigned i = 0; i < 25; i++) {
        snprintf(name, sizeof name, "a_%u", i);
        make_actor(name);
    }
    cr_expect_eq(walk("/actors/?limit=10", &entries), 3);
    cr_expect_eq(entries, 25);
    cr_expect_eq(walk("/actors/", &entries), 1);
    cr_expect_eq(entries, 25);
    cr_expect_eq(walk("/actors/?after=a_19&limit=5", &entries), 1);
    cr_expect_eq(entries, 5);
}

Test(json, a_page_goes_on_after_an_actor_that_was_retired)
{
    make_actor("a");
    make_actor("b");
    json_t *page = get("/actors/?limit=1");
    char next[128];
    snprintf(next, sizeof next, "/actors/%s", text_of(page, "next"));
    json_decref(page);
    ANSWERS("DELETE", "/actors/a/", "", NULL, 204, NULL);
    json_t *rest = get(next);
    json_t *entry = json_array_get(json_object_get(rest, "entries"), 0);
    cr_expect_str_eq(text_of(entry, "name"), "b");
    json_decref(rest);
}

Test(json, a_place_that_is_none_is_refused)
{
    make_actor("a");
    ANSWERS("GET", "/actors/?limit=0", JSON, NULL, 400, NULL);
    ANSWERS("GET", "/actors/?limit=many", JSON, NULL, 400, NULL);
    ANSWERS("GET", "/actors/?limit=99999999999999999999999", JSON, NULL, 400, NULL);
    ANSWERS("GET", "/actors/?after=nobody", JSON, NULL, 404, NULL);
    ANSWERS("GET", "/actors/a/?after=state", JSON, NULL, 400, NULL);
}

Test(json, its_tag_is_not_that_of_the_bytes)
{
    char headers[256], tag[64];
    make_actor("a");
    snprintf(tag, sizeof tag, "%s",
             field(ask("GET", "/actors/a/state", JSON, NULL), "ETag"));
    const struct http_reply *plain = ask("GET", "/actors/a/state", "", NULL);
    cr_expect(tag[0] == '"' && strcmp(tag, field(plain, "ETag")) != 0);
    cr_expect_str_eq(field(plain, "Vary"), "Accept");
    snprintf(headers, sizeof headers, JSON "If-None-Match: %s\r\n", tag);
    ANSWERS("GET", "/actors/a/state", headers, NULL, 304, "");
    snprintf(headers, sizeof headers,
             JSON "If-None-Match: \"other\"\r\nIf-None-Match: %s\r\n", tag);
    ANSWERS("GET", "/actors/a/state", headers, NULL, 304, "");
    ANSWERS("PUT", "/actors/a/state", "", "new", 204, NULL);
    ANSWERS("GET", "/actors/a/state", headers, NULL, 200, "{\"state\":\"new\"}\n");
}
