/* SPDX-License-Identifier: MIT */
/*
 * Where a key and parameters may stand: in the name, in the query, in a header; and
 * what is said when they contradict each other or are malformed.
 */
#include "tests/http/fixture.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void open_with_actor(void)
{
    fixture_open_with("--key-header X-GitHub-Delivery --key-header X-Request-Id");
    make_actor("echo_1");
}

TestSuite(keys, .init = open_with_actor, .fini = fixture_close);

static void expect_location(const char *file, const char *headers, const char *key)
{
    char target[400], location[400];
    snprintf(target, sizeof target, "/actors/echo_1/%s", file);
    snprintf(location, sizeof location, "/actors/echo_1/tasks@%s", key);
    const struct http_reply *reply = ask("PUT", target, headers, "latte");
    cr_expect_eq(reply->code / 100, 2, "%s %s: %d %s", file, headers, reply->code,
                 reply->body.data);
    cr_expect_str_eq(field(reply, "Location"), location, "%s %s", file, headers);
}

static void expect_refused(const char *file, const char *headers)
{
    char target[600];
    snprintf(target, sizeof target, "/actors/echo_1/%s", file);
    const struct http_reply *reply = ask("PUT", target, headers, "latte");
    cr_expect_eq(reply->code, 400, "%s %s: %d", file, headers, reply->code);
    cr_expect_str_eq(field(reply, "Content-Type"), "application/problem+json");
    cr_expect_eq(number_of("echo_1", "done") + number_of("echo_1", "pending"), 0,
                 "%s %s sent something", file, headers);
}

Test(keys, stand_in_the_name_the_query_or_a_header)
{
    expect_location("tasks@abc", "", "abc");
    expect_location("tasks?Idempotency-Key=abc", "", "abc");
    expect_location("tasks?idempotency-KEY=abc", "", "abc");
    expect_location("tasks", "Idempotency-Key: \"abc\"\r\n", "abc");
    expect_location("tasks", "Idempotency-Key: abc\r\n", "abc");
    expect_location("tasks", "idempotency-key:   abc  \r\n", "abc");
    expect_location("execute@abc", "", "abc");
    expect_location("tasks@,create=1?Idempotency-Key=abc", "", "abc");
    cr_expect_eq(number_of("echo_1", "done"), 1);
}

Test(keys, may_stand_in_several_ways_that_agree)
{
    expect_location("tasks@abc?Idempotency-Key=abc", "Idempotency-Key: \"abc\"\r\n",
                    "abc");
    expect_location("tasks?Idempotency-Key=abc&Idempotency-Key=abc", "", "abc");
    expect_location("tasks", "Idempotency-Key: abc\r\nIdempotency-Key: \"abc\"\r\n",
                    "abc");
    cr_expect_eq(number_of("echo_1", "done"), 1);
}

Test(keys, that_differ_are_refused)
{
    expect_refused("tasks@abc?Idempotency-Key=abd", "");
    expect_refused("tasks@abc", "Idempotency-Key: abd\r\n");
    expect_refused("tasks?Idempotency-Key=abc", "Idempotency-Key: \"abd\"\r\n");
    expect_refused("tasks?Idempotency-Key=abc&Idempotency-Key=abd", "");
    expect_refused("tasks", "Idempotency-Key: abc\r\nIdempotency-Key: abd\r\n");
}

Test(keys, that_are_malformed_are_refused)
{
    expect_refused("tasks", "Idempotency-Key:\r\n");
    expect_refused("tasks", "Idempotency-Key: \"\"\r\n");
    expect_refused("tasks", "Idempotency-Key: \"abc\r\n");
    expect_refused("tasks", "Idempotency-Key: .5\r\n");
    expect_refused("tasks", "Idempotency-Key: caf\xC3\xA9\r\n");
    expect_refused("tasks?Idempotency-Key=", "");
    expect_refused("tasks?Idempotency-Key=.5", "");
    expect_refused("tasks?Idempotency-Key=a%0Ab", "");
    expect_refused("tasks@", "");
    expect_refused("tasks@a%2", "");
    expect_refused("tasks@a@b", "");
}

Test(keys, have_200_bytes_at_most)
{
    char name[512] = "tasks?Idempotency-Key=", header[512] = "Idempotency-Key: \"";
    memset(name + strlen(name), 'k', 200);
    cr_expect_eq(ask("PUT", "/actors/echo_1/tasks", "", "x")->code, 202);
    cr_assert(wait_number("echo_1", "done", 1));
    char target[600];
    snprintf(target, sizeof target, "/actors/echo_1/%s", name);
    ANSWERS("PUT", target, "", "latte", 202, "");
    strcat(target, "k");
    ANSWERS("PUT", target, "", "latte", 400, NULL);
    memset(header + strlen(header), 'k', 201);
    strcat(header, "\"\r\n");
    ANSWERS("PUT", "/actors/echo_1/tasks", header, "latte", 400, NULL);
}

Test(keys, are_decoded_once)
{
    expect_location("tasks@a%2Fb%20c", "", "a%2Fb%20c");
    expect_location("tasks?Idempotency-Key=a%2Fb+c", "", "a%2Fb%20c");
    expect_location("tasks", "Idempotency-Key: \"a/b c\"\r\n", "a%2Fb%20c");
    expect_location("tasks%40a%2Fb%20c", "", "a%2Fb%20c");
    cr_expect_eq(number_of("echo_1", "done"), 1);
    expect_location("tasks@a%252Fb", "", "a%252Fb");
    expect_location("tasks?Idempotency-Key=a%252Fb", "", "a%252Fb");
    expect_location("tasks?Idempotency-Key=a%2Bb", "", "a+b");
    cr_expect_eq(number_of("echo_1", "done"), 3);
}

Test(keys, of_webhooks_stand_in_headers_named_at_the_start)
{
    expect_location("tasks", "X-GitHub-Delivery: 72d3162e\r\n", "72d3162e");
    expect_location("tasks", "x-request-id: r1\r\n", "r1");
    expect_location("tasks@mine", "X-GitHub-Delivery: 72d3162e\r\n", "mine");
    expect_location("tasks", "X-Request-Id: r2\r\nX-GitHub-Delivery: 9\r\n", "9");
}

Test(keys, are_read_wherever_they_stand)
{
    expect_location("execute@a%20b", "", "a%20b");
    ANSWERS("GET", "/actors/echo_1/tasks?Idempotency-Key=a+b", "", NULL, 200, "latte");
    ANSWERS("GET", "/actors/echo_1/execute", "Idempotency-Key: \"a b\"\r\n", NULL, 200,
            "latte");
    ANSWERS("GET", "/actors/echo_1/tasks", "", NULL, 200, "");
    ANSWERS("GET", "/actors/echo_1/tasks?Idempotency-Key=other", "", NULL, 404, NULL);
    ANSWERS("GET", "/actors/echo_1/tasks@a%20b?Idempotency-Key=other", "", NULL, 400,
            NULL);
    ANSWERS("GET", "/actors/echo_1/tasks@a%20b?part=message", "", NULL, 200, "latte");
    ANSWERS("GET", "/actors/echo_1/tasks@a%20b,part=message", "", NULL, 200, "latte");
    ANSWERS("GET", "/actors/echo_1/tasks@a%20b?part=other", "", NULL, 400, NULL);
}

Test(keys, the_message_of_a_task_is_read_however_that_is_asked)
{
    make_actor("counter_1");
    ANSWERS("PUT", "/actors/counter_1/tasks@k?wait=60s", "", "+5", 200, "5\n");
    ANSWERS("GET", "/actors/counter_1/tasks@k", "", NULL, 200, "5\n");
    ANSWERS("GET", "/actors/counter_1/tasks@k?part=result", "", NULL, 200, "5\n");
    ANSWERS("GET", "/actors/counter_1/tasks@k?part=message", "", NULL, 200, "+5");
    ANSWERS("GET", "/actors/counter_1/tasks@k,part=message", "", NULL, 200, "+5");
    ANSWERS("GET", "/actors/counter_1/tasks?Idempotency-Key=k&part=message", "", NULL,
            200, "+5");
}

Test(keys, known_with_other_bytes_are_422_and_name_the_task)
{
    ANSWERS("PUT", "/actors/echo_1/execute@abc", "", "latte", 200, "latte");
    const struct http_reply *reply =
        ask("PUT", "/actors/echo_1/tasks@abc", "", "espresso");
    cr_expect_eq(reply->code, 422);
    cr_expect_str_eq(field(reply, "Location"), "/actors/echo_1/tasks@abc");
    cr_expect_str_eq(field(reply, "Task-State"), "done");
    cr_expect_str_eq(field(reply, "Content-Type"), "application/problem+json");
    cr_expect_str_eq(field(reply, "Idempotency-Replayed"), "");
    ANSWERS("PUT", "/actors/echo_1/execute?Idempotency-Key=abc", "", "latte\n", 200,
            "latte");
    ANSWERS("PUT", "/actors/echo_1/tasks@abc?delay=1h", "", "latte\r\n", 200, "latte");
    cr_expect_eq(number_of("echo_1", "done"), 1);
}

/* PUTs a state under the key, if it still is as it was at first; the tag of then. */
static const char *put_state(const char *first, const char *state, unsigned code)
{
    char headers[200];
    static char tag[100];
    snprintf(headers, sizeof headers, "If-Match: %s\r\nIdempotency-Key: \"s\"\r\n",
             first);
    const struct http_reply *reply = ask("PUT", "/actors/echo_1/state", headers, state);
    cr_expect_eq(reply->code, code, "%d %s", reply->code, reply->body.data);
    snprintf(tag, sizeof tag, "%s", field(reply, "ETag"));
    return tag;
}

Test(keys, of_a_state_let_it_be_put_once)
{
    char first[100], then[100];
    snprintf(first, sizeof first, "%s",
             field(ask("GET", "/actors/echo_1/state", "", NULL), "ETag"));
    snprintf(then, sizeof then, "%s", put_state(first, "v", 204));
    ANSWERS("GET", "/actors/echo_1/state", "", NULL, 200, "v");
    ANSWERS("PUT", "/actors/echo_1/state", "", "later", 204, "");
    cr_expect_str_eq(put_state(first, "v", 204), then);
    const struct http_reply *reply =
        ask("PUT", "/actors/echo_1/state?Idempotency-Key=s", "", "v");
    cr_expect_eq(reply->code, 204);
    cr_expect_str_eq(field(reply, "ETag"), then);
    cr_expect_str_eq(field(reply, "Idempotency-Replayed"), "true");
    cr_expect_str_eq(field(reply, "Location"), "/actors/echo_1/tasks@s");
    cr_expect_str_eq(field(reply, "Task-State"), "done");
    ANSWERS("GET", "/actors/echo_1/state", "", NULL, 200, "later");
    put_state(first, "other", 422);
    cr_expect_str_eq(field(ask("PUT", "/actors/echo_1/tasks@s", "", "v"), "Task-State"),
                     "done");
    cr_expect_eq(ask("PUT", "/actors/echo_1/tasks@s", "", "v")->code, 422);
}

Test(keys, of_a_state_that_was_refused_stay_free)
{
    char first[100];
    put_state("\"9.9\"", "v", 412);
    cr_expect_eq(ask("PUT", "/actors/echo_1/state?Idempotency-Key=.5", "", "v")->code,
                 400);
    cr_expect_eq(
        ask("PUT", "/actors/echo_1/state", "Idempotency-Key: \"\r\n", "v")->code, 400);
    ANSWERS("GET", "/actors/echo_1/state", "", NULL, 200, "");
    snprintf(first, sizeof first, "%s",
             field(ask("GET", "/actors/echo_1/state", "", NULL), "ETag"));
    put_state(first, "v", 204);
    put_state(first, "v", 204);
    ANSWERS("PUT", "/actors/echo_1/state?Idempotency-Key=e", "", "", 204, "");
    ANSWERS("GET", "/actors/echo_1/state", "", NULL, 200, "v");
    ANSWERS("PUT", "/actors/echo_1/state?Idempotency-Key=e", "If-Match: *\r\n", "", 204,
            "");
    ANSWERS("GET", "/actors/echo_1/state", "", NULL, 200, "");
    cr_expect_eq(number_of("echo_1", "done"), 2);
}

Test(parameters, stand_in_the_name_or_the_query_in_any_case, .init = open_with_actor,
     .fini = fixture_close)
{
    char at[100];
    time_t tomorrow = time(NULL) + 24 * 3600;
    strftime(at, sizeof at, "tasks?at=%Y-%m-%dT%H:%M:%SZ", gmtime(&tomorrow));
    const char *files[] = {"tasks@1,delay=1h",  "tasks@2,DELAY=1h", "tasks?Delay=1h",
                           "tasks@4?delay=60m", "tasks@,delay=1h",  at};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char target[100];
        snprintf(target, sizeof target, "/actors/echo_1/%s", files[i]);
        const struct http_reply *reply = ask("PUT", target, "", "later");
        cr_expect_eq(reply->code, 202, "%s", files[i]);
        cr_expect_str_eq(field(reply, "Task-State"), "delayed", "%s", files[i]);
    }
    cr_expect_eq(number_of("echo_1", "delayed"), 6);
}

Test(parameters, that_are_unknown_or_contradict_are_refused, .init = open_with_actor,
     .fini = fixture_close)
{
    expect_refused("tasks?colour=red", "");
    expect_refused("tasks@1,colour=red", "");
    expect_refused("tasks?delay", "");
    expect_refused("tasks?delay=soon", "");
    expect_refused("tasks?delay=1s&delay=1s", "");
    expect_refused("tasks@1,delay=1s?delay=2s", "");
    expect_refused("tasks?delay=1s&at=2099-12-24T18:00:00Z", "");
    expect_refused("tasks?wait=301", "");
    expect_refused("tasks?wait=6m", "");
    expect_refused("tasks?reply=1", "");
    expect_refused("tasks@1?part=message", "");
    expect_refused("tasks?create=2", "");
    expect_refused("tasks?delay=11y", "");
}

Test(parameters, a_timer_is_replaced, .init = open_with_actor, .fini = fixture_close)
{
    ANSWERS("PUT", "/actors/echo_1/tasks?timer=tea&delay=1h", "", "a", 202, "");
    ANSWERS("PUT", "/actors/echo_1/tasks?timer=tea&delay=2h", "", "b", 202, "");
    cr_expect_eq(number_of("echo_1", "delayed"), 1);
}

Test(parameters, create_makes_the_actor_with_its_first_message, .init = open_with_actor,
     .fini = fixture_close)
{
    ANSWERS("PUT", "/actors/echo_9/tasks@1", "", "latte", 409, NULL);
    ANSWERS("POST", "/actors/echo_9/tasks@1", "", "latte", 404, NULL);
    ANSWERS("PUT", "/actors/echo_9/tasks?create=1", "", "", 409, NULL);
    ANSWERS("GET", "/actors/echo_9/status", "", NULL, 404, NULL);
    const struct http_reply *reply =
        ask("PUT", "/actors/echo_9/execute@1?create=1", "", "latte");
    cr_expect_eq(reply->code, 200);
    cr_expect_str_eq(field(reply, "Location"), "/actors/echo_9/tasks@1");
    ANSWERS("PUT", "/actors/echo_9/execute@1?create=1", "", "latte", 200, "latte");
    ANSWERS("PUT", "/actors/a%2Cb/tasks?create=1", "", "latte", 400, NULL);
    ANSWERS("PUT", "/actors/echo_8/tasks@2,create=1", "", "latte", 202, "");
    cr_expect(wait_number("echo_8", "done", 1));
}
