/* SPDX-License-Identifier: MIT */
/*
 * POST of application/x-ndjson is an append: a message a line, keyed KEY, KEY~2, ...,
 * all in one commit. The answer is of the last one.
 */
#include "tests/http/fixture.h"

#define LINES "Content-Type: application/x-ndjson\r\n"
#define TASKS "/actors/echo_1/tasks"

static void open_with_actor(void)
{
    fixture_open();
    make_actor("echo_1");
}

TestSuite(lines, .init = open_with_actor, .fini = fixture_close);

Test(lines, are_a_message_each)
{
    ANSWERS("POST", TASKS "@k", LINES, "one\n\ntwo\nthree", 202, "");
    cr_assert(wait_number("echo_1", "done", 3));
    ANSWERS("GET", TASKS "@k", "", NULL, 200, "one\n");
    ANSWERS("GET", TASKS "@k~2,part=message", "", NULL, 200, "two\n");
    ANSWERS("GET", TASKS "@k~3", "", NULL, 200, "three");
    ANSWERS("GET", TASKS "@k~4", "", NULL, 404, NULL);
}

Test(lines, sent_again_add_nothing)
{
    ANSWERS("POST", TASKS "@k", LINES, "one\ntwo\n", 202, "");
    cr_assert(wait_number("echo_1", "done", 2));
    const struct http_reply *reply = ask("POST", TASKS "@k", LINES, "one\ntwo\n");
    cr_expect_eq(reply->code, 200);
    cr_expect_str_eq(field(reply, "Location"), TASKS "@k~2");
    cr_expect_str_eq(field(reply, "Idempotency-Replayed"), "true");
    cr_expect_str_eq(reply->body.data, "two\n");
    ANSWERS("POST", TASKS "@k", LINES, "one\ntwo\nthree\n", 202, "");
    cr_assert(wait_number("echo_1", "done", 3));
    ANSWERS("POST", TASKS "@k", LINES, "one\n2\nthree\n", 422, NULL);
    cr_expect_eq(number_of("echo_1", "done"), 3);
}

Test(lines, may_be_waited_for_until_the_last_has_ended)
{
    const struct http_reply *reply =
        ask("POST", TASKS "@k?wait=60s", LINES "Prefer: wait=1\r\n", "one\ntwo\n");
    cr_expect_eq(reply->code, 200);
    cr_expect_str_eq(reply->body.data, "two\n");
    cr_expect_str_eq(field(reply, "Task-State"), "done");
    cr_expect_eq(number_of("echo_1", "done"), 2);
}

Test(lines, that_are_empty_send_nothing)
{
    ANSWERS("POST", TASKS "@k", LINES, "\n\n\n", 204, "");
    ANSWERS("POST", TASKS, LINES, "", 204, "");
    ANSWERS("GET", TASKS "@k", "", NULL, 404, NULL);
    cr_expect_eq(number_of("echo_1", "done"), 0);
}

Test(lines, of_a_put_and_of_another_type_are_one_message)
{
    ANSWERS("PUT", TASKS "@a?wait=60s", LINES, "one\ntwo\n", 200, "one\ntwo\n");
    ANSWERS("POST", TASKS "@b?wait=60s", "Content-Type: application/x-ndjsonish\r\n",
            "one\ntwo\n", 200, "one\ntwo\n");
    ANSWERS("POST", TASKS "@c?wait=60s",
            "Content-Type: application/x-ndjson; charset=utf-8\r\n", "one\ntwo\n", 200,
            "two\n");
    cr_expect_eq(number_of("echo_1", "done"), 4);
}

Test(lines, of_which_one_is_too_long_are_refused_all)
{
    static struct bytes body;
    bytes_append_text(&body, "one\n");
    memset(bytes_reserve(&body, (1 << 20) + 2), 'x', (1 << 20) + 1);
    body.size += (1 << 20) + 1;
    *bytes_reserve(&body, 1) = '\0';
    ANSWERS("POST", TASKS "@k", LINES, body.data, 413, NULL);
    ANSWERS("GET", TASKS "@k", "", NULL, 404, NULL);
    cr_expect_eq(number_of("echo_1", "done"), 0);
}
