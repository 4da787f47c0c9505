/* SPDX-License-Identifier: MIT */
/*
 * The table of contract section 5: what each request is answered while its task is new,
 * unfinished, done, failed or canceled. An answer about a task names it and its state,
 * and one to a repetition says so.
 */
#include "tests/http/fixture.h"

#include <stdio.h>
#include <string.h>

#define DONE "printf cup"
#define FAILED "echo broke >&2; exit 1"
#define BUSY "until [ -e $OUTSIDE/go ]; do sleep 0.02; done; printf cup"

struct row {
    const char *method, *file, *headers, *body;
    int code;
    const char *answer; /* null: any */
    const char *state;
    bool is_replay;
};

static void open_with_tasks(void)
{
    fixture_open();
    make_actor("sh_1");
    ANSWERS("PUT", "/actors/sh_1/tasks@done", "", DONE, 202, "");
    ANSWERS("PUT", "/actors/sh_1/tasks@failed", "", FAILED, 202, "");
    cr_assert(wait_number("sh_1", "failed", 1));
    ANSWERS("PUT", "/actors/sh_1/tasks@busy", "", BUSY, 202, "");
    ANSWERS("PUT", "/actors/sh_1/tasks@waits", "", "printf late", 202, "");
    ANSWERS("PUT", "/actors/sh_1/tasks@canceled", "", "printf late", 202, "");
    control("sh_1", "cancel canceled\n");
    cr_assert(wait_number("sh_1", "running", 1));
}

TestSuite(outcomes, .init = open_with_tasks, .fini = fixture_close);

static void expect_location(const struct http_reply *reply, const struct row *row)
{
    char location[200];
    const char *key = strchr(row->file, '@');
    snprintf(location, sizeof location, "/actors/sh_1/tasks%.*s",
             (int)strcspn(key, "?"), key);
    cr_expect_str_eq(field(reply, "Location"), location, "%s %s", row->method,
                     row->file);
}

static void expect_row(const struct row *row)
{
    char target[200];
    snprintf(target, sizeof target, "/actors/sh_1/%s", row->file);
    const struct http_reply *reply = ask(row->method, target, row->headers, row->body);
    cr_expect_eq(reply->code, row->code, "%s %s %s is %d, not %d", row->method,
                 row->file, row->headers, reply->code, row->code);
    if (row->answer)
        cr_expect_str_eq(reply->body.data, row->answer, "%s %s", row->method,
                         row->file);
    cr_expect_str_eq(field(reply, "Task-State"), row->state, "%s %s", row->method,
                     row->file);
    cr_expect_str_eq(field(reply, "Idempotency-Replayed"), row->is_replay ? "true" : "",
                     "%s %s", row->method, row->file);
    if (*row->state)
        expect_location(reply, row);
}

#define EXPECT_ROWS(rows)                                                              \
    for (size_t i = 0; i < sizeof(rows) / sizeof *(rows); i++)                         \
    expect_row(&(rows)[i])

Test(outcomes, of_a_task_that_is_done_are_200_and_the_result)
{
    static const struct row rows[] = {
        {"PUT", "tasks@done", "", DONE, 200, "cup", "done", true},
        {"POST", "tasks@done", "", DONE, 200, "cup", "done", true},
        {"PUT", "tasks@done?wait=5s", "", DONE, 200, "cup", "done", true},
        {"PUT", "tasks@done", "Prefer: wait=5\r\n", DONE, 200, "cup", "done", true},
        {"PUT", "tasks@done", "Prefer: respond-async\r\n", DONE, 200, "cup", "done",
         true},
        {"PUT", "execute@done", "", DONE, 200, "cup", "done", true},
        {"POST", "execute@done", "", DONE, 200, "cup", "done", true},
        {"GET", "tasks@done", "", NULL, 200, "cup", "done", false},
        {"GET", "execute@done", "", NULL, 200, "cup", "done", false},
        {"GET", "tasks@done?wait=5s", "", NULL, 200, "cup", "done", false},
        {"HEAD", "tasks@done", "", NULL, 200, "", "done", false},
    };
    EXPECT_ROWS(rows);
}

Test(outcomes, of_a_task_that_failed_are_200_to_senders_and_500_to_who_asks)
{
    static const struct row rows[] = {
        {"PUT", "tasks@failed", "", FAILED, 200, "broke", "failed", true},
        {"POST", "tasks@failed", "", FAILED, 200, "broke", "failed", true},
        {"PUT", "tasks@failed?wait=5s", "", FAILED, 500, NULL, "failed", true},
        {"PUT", "tasks@failed", "Prefer: wait=5\r\n", FAILED, 500, NULL, "failed",
         true},
        {"PUT", "execute@failed", "", FAILED, 500, NULL, "failed", true},
        {"POST", "execute@failed", "", FAILED, 500, NULL, "failed", true},
        {"PUT", "execute@failed", "Prefer: respond-async\r\n", FAILED, 500, NULL,
         "failed", true},
        {"GET", "tasks@failed", "", NULL, 500, NULL, "failed", false},
        {"GET", "execute@failed?wait=1", "", NULL, 500, NULL, "failed", false},
        {"HEAD", "tasks@failed", "", NULL, 500, "", "failed", false},
    };
    EXPECT_ROWS(rows);
    const struct http_reply *reply = ask("GET", "/actors/sh_1/tasks@failed", "", NULL);
    cr_expect_str_eq(field(reply, "Content-Type"), "application/problem+json");
    cr_expect(strstr(reply->body.data, "\"detail\":\"broke\""), "%s", reply->body.data);
}

Test(outcomes, of_a_canceled_task_are_200_to_senders_and_410_to_who_asks)
{
    static const struct row rows[] = {
        {"PUT", "tasks@canceled", "", "printf late", 200, NULL, "canceled", true},
        {"PUT", "tasks@canceled?wait=1", "", "printf late", 410, NULL, "canceled",
         true},
        {"PUT", "execute@canceled", "", "printf late", 410, NULL, "canceled", true},
        {"GET", "tasks@canceled", "", NULL, 410, NULL, "canceled", false},
        {"HEAD", "tasks@canceled", "", NULL, 410, "", "canceled", false},
    };
    EXPECT_ROWS(rows);
}

Test(outcomes, of_an_unfinished_task_are_202)
{
    static const struct row rows[] = {
        {"PUT", "tasks@busy", "", BUSY, 202, "", "running", true},
        {"POST", "tasks@waits", "", "printf late", 202, "", "pending", true},
        {"PUT", "tasks@busy?wait=20ms", "", BUSY, 202, "", "running", true},
        {"PUT", "tasks@busy", "Prefer: wait=0\r\n", BUSY, 202, "", "running", true},
        {"PUT", "execute@busy?wait=20ms", "", BUSY, 202, "", "running", true},
        {"POST", "execute@waits", "Prefer: respond-async\r\n", "printf late", 202, "",
         "pending", true},
        {"GET", "tasks@busy", "", NULL, 202, "", "running", false},
        {"GET", "execute@waits?wait=20ms", "", NULL, 202, "", "pending", false},
        {"HEAD", "tasks@waits", "", NULL, 202, "", "pending", false},
    };
    EXPECT_ROWS(rows);
    put_outside("go");
}

Test(outcomes, of_an_unfinished_task_are_the_result_to_those_who_wait)
{
    int waiting[] = {
        begin("PUT", "/actors/sh_1/execute@busy", "", BUSY),
        begin("PUT", "/actors/sh_1/tasks@busy?wait=60s", "", BUSY),
        begin("GET", "/actors/sh_1/tasks@busy?wait=60s", "", NULL),
        begin("GET", "/actors/sh_1/execute@busy", "Prefer: wait=60\r\n", NULL)};
    put_outside("go");
    for (size_t i = 0; i < sizeof waiting / sizeof *waiting; i++) {
        const char *answer = rest_of(waiting[i]);
        cr_expect(strstr(answer, "HTTP/1.1 200 "), "%s", answer);
        cr_expect(strstr(answer, "\r\n\r\ncup"), "%s", answer);
        cr_expect(strstr(answer, "Task-State: done"), "%s", answer);
    }
}

Test(outcomes, of_a_new_task_are_202_or_the_result_to_those_who_wait)
{
    const struct row waits = {"PUT", "tasks@n0", "",        "printf 0",
                              202,   "",         "pending", false};
    static const struct row rows[] = {
        {"PUT", "tasks@n1?wait=60s", "", "printf 1", 200, "1", "done", false},
        {"POST", "tasks@n2", "Prefer: wait=60\r\n", "printf 2", 200, "2", "done",
         false},
        {"PUT", "execute@n3", "", "printf 3", 200, "3", "done", false},
        {"POST", "execute@n4", "", FAILED, 500, NULL, "failed", false},
        {"PUT", "tasks@n5?wait=60s", "", FAILED, 500, NULL, "failed", false},
        {"GET", "tasks@n6", "", NULL, 404, NULL, "", false},
        {"GET", "tasks@n6?wait=60s", "", NULL, 404, NULL, "", false},
        {"HEAD", "execute@n6", "", NULL, 404, "", "", false},
    };
    expect_row(&waits); /* behind the one that is busy */
    put_outside("go");
    EXPECT_ROWS(rows);
}

Test(outcomes, of_a_message_without_a_key_have_a_name_as_well)
{
    make_actor("echo_1");
    const struct http_reply *reply = ask("POST", "/actors/echo_1/tasks", "", "latte");
    cr_assert_eq(reply->code, 202);
    char location[200];
    snprintf(location, sizeof location, "%s", field(reply, "Location"));
    cr_assert(strncmp(location, "/actors/echo_1/tasks@.", 22) == 0, "%s", location);
    strcat(location, "?wait=30s");
    ANSWERS("GET", location, "", NULL, 200, "latte");
}

Test(outcomes, name_the_actor_and_the_key_as_they_stand_in_a_path)
{
    make_actor("echo_%C3%A9%20%3Bx");
    const struct http_reply *reply =
        ask("PUT", "/actors/echo_%C3%A9%20%3Bx/tasks@a%2Fb%20c", "", "latte");
    cr_assert_eq(reply->code, 202);
    char location[200];
    snprintf(location, sizeof location, "%s", field(reply, "Location"));
    cr_expect_str_eq(location, "/actors/echo_%C3%A9%20;x/tasks@a%2Fb%20c");
    strcat(location, "?wait=30s");
    ANSWERS("GET", location, "", NULL, 200, "latte");
}

Test(outcomes, have_the_type_of_their_bytes)
{
    put_outside("go");
    const struct http_reply *text =
        ask("PUT", "/actors/sh_1/execute@text", "", "printf 'caf\\303\\251'");
    cr_expect_str_eq(field(text, "Content-Type"), "text/plain; charset=utf-8");
    const struct http_reply *bytes =
        ask("PUT", "/actors/sh_1/execute@bytes", "", "printf '\\377\\000\\001'");
    cr_expect_str_eq(field(bytes, "Content-Type"), "application/octet-stream");
    cr_expect_eq(bytes->body.size, 3);
}

Test(outcomes, have_the_type_that_the_behavior_names)
{
    stage_install("json", view_text("#!/bin/sh\necho '{}'\n"));
    stage_install("json.conf", view_text("type = application/json\n"));
    make_actor("json_1");
    const char *target = "/actors/json_1/execute@1";
    const struct http_reply *reply = ask("PUT", target, "", "x");
    cr_expect_eq(reply->code, 200);
    cr_expect_str_eq(field(reply, "Content-Type"), "application/json");
    cr_expect_str_eq(field(ask("GET", target, "", NULL), "Content-Type"),
                     "application/json");
    cr_expect_str_eq(
        field(ask("GET", "/actors/json_1/result", "", NULL), "Content-Type"),
        "application/json");
    cr_expect_str_eq(field(ask("GET", "/actors/json_1/tasks@1,part=message", "", NULL),
                           "Content-Type"),
                     "text/plain; charset=utf-8");
}
