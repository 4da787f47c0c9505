/* SPDX-License-Identifier: MIT */
/*
 * Conditional requests (RFC 9110, section 13): tags are strong, the same in every
 * answer, and obeyed by whatever writes. On tasks, execute and status If-Match holds if
 * the file exists, If-None-Match: * is judged by the key, and a repetition is answered
 * before If-Match is looked at.
 */
#include "tests/http/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE "/actors/keep_1/state"

static char tag[64], other[] = "\"0.0\"";

static void open_with_state(void)
{
    fixture_open();
    make_actor("keep_1");
    const struct http_reply *reply = ask("PUT", STATE, "", "one");
    cr_assert_eq(reply->code, 204);
    snprintf(tag, sizeof tag, "%s", field(reply, "ETag"));
}

TestSuite(conditions, .init = open_with_state, .fini = fixture_close);

static const char *with(const char *name, const char *value)
{
    static char lines[4][200];
    static unsigned turn;
    char *line = lines[turn++ % 4];
    snprintf(line, sizeof lines[0], "%s: %s\r\n", name, value);
    return line;
}

Test(conditions, the_tag_of_a_state_is_the_same_in_every_answer)
{
    cr_expect(strlen(tag) > 2 && tag[0] == '"', "%s", tag);
    cr_expect_str_eq(field(ask("GET", STATE, "", NULL), "ETag"), tag);
    cr_expect_str_eq(field(ask("HEAD", STATE, "", NULL), "ETag"), tag);
    cr_expect_str_eq(field(ask("GET", STATE, with("If-None-Match", tag), NULL), "ETag"),
                     tag);
    const struct http_reply *reply = ask("PUT", STATE, "", "two");
    cr_expect_str_neq(field(reply, "ETag"), tag);
    cr_expect_str_eq(field(ask("GET", STATE, "", NULL), "ETag"), field(reply, "ETag"));
}

Test(conditions, fields_are_known_however_they_are_typed)
{
    ANSWERS("PUT", STATE, with("if-match", other), "two", 412, NULL);
    ANSWERS("PUT", STATE, with("IF-NONE-MATCH", "*"), "two", 412, NULL);
    cr_expect_eq(ask("GET", STATE, with("iF-nOnE-mAtCh", tag), NULL)->code, 304);
    ANSWERS("GET", STATE, with("rANGE", "bytes=1-"), NULL, 206, "ne");
    ANSWERS("GET", STATE, "", NULL, 200, "one");
}

Test(conditions, a_state_changed_by_a_turn_has_another_tag)
{
    ANSWERS("PUT", "/actors/keep_1/execute", "", "two", 200, NULL);
    cr_expect_str_neq(field(ask("GET", STATE, "", NULL), "ETag"), tag);
    ANSWERS("PUT", STATE, with("If-Match", tag), "three", 412, NULL);
    ANSWERS("GET", STATE, "", NULL, 200, "two");
}

Test(conditions, a_state_is_put_only_if_it_matches)
{
    ANSWERS("PUT", STATE, with("If-Match", other), "two", 412, NULL);
    ANSWERS("PUT", STATE, with("If-None-Match", "*"), "two", 412, NULL);
    ANSWERS("PUT", STATE, with("If-None-Match", tag), "two", 412, NULL);
    ANSWERS("PUT", STATE, "If-Match: W/\"1.1\"\r\n", "two", 412, NULL);
    ANSWERS("PUT", STATE, with("If-Match", "nonsense"), "two", 400, NULL);
    ANSWERS("GET", STATE, "", NULL, 200, "one");
    ANSWERS("PUT", STATE, with("If-Match", "*"), "two", 204, "");
    ANSWERS("PUT", STATE, with("If-None-Match", tag), "three", 204, "");
    char list[200];
    snprintf(list, sizeof list, "If-Match: %s\r\nIf-Match: %s\r\n", other,
             field(ask("GET", STATE, "", NULL), "ETag"));
    ANSWERS("PUT", STATE, list, "four", 204, "");
    ANSWERS("GET", STATE, "", NULL, 200, "four");
}

Test(conditions, of_two_who_put_with_the_same_tag_one_is_told)
{
    int first = begin("PUT", STATE, with("If-Match", tag), "two");
    int second = begin("PUT", STATE, with("If-Match", tag), "three");
    bool won = strstr(rest_of(first), "HTTP/1.1 204") != NULL;
    bool won_too = strstr(rest_of(second), "HTTP/1.1 204") != NULL;
    cr_expect_neq(won, won_too);
    ANSWERS("GET", STATE, "", NULL, 200, won ? "two" : "three");
}

Test(conditions, an_empty_put_empties_a_state_only_with_if_match)
{
    const struct http_reply *reply = ask("PUT", STATE, "", "");
    cr_expect_eq(reply->code, 204);
    cr_expect_str_eq(field(reply, "ETag"), tag);
    ANSWERS("GET", STATE, "", NULL, 200, "one");
    ANSWERS("PUT", STATE, with("If-Match", other), "", 412, NULL);
    ANSWERS("PUT", STATE, with("If-Match", tag), "", 204, "");
    ANSWERS("GET", STATE, "", NULL, 200, "");
}

Test(conditions, a_state_keeps_its_content_type)
{
    ANSWERS("PUT", STATE, "Content-Type: application/json\r\n", "{}", 204, "");
    cr_expect_str_eq(field(ask("GET", STATE, "", NULL), "Content-Type"),
                     "application/json");
    cr_expect_str_eq(field(ask("HEAD", STATE, "", NULL), "Content-Type"),
                     "application/json");
    ANSWERS("PUT", STATE, "Content-Type: text/x;\ta=1\r\n", "x", 204, "");
    ANSWERS("GET", STATE, "", NULL, 200, "x");
    ANSWERS("PUT", STATE, "Content-Type:\r\n", "y", 204, "");
    cr_expect_str_eq(field(ask("GET", STATE, "", NULL), "Content-Type"),
                     "text/plain; charset=utf-8");
}

Test(conditions, readers_are_told_when_nothing_changed)
{
    ANSWERS("GET", STATE, with("If-None-Match", tag), NULL, 304, "");
    ANSWERS("GET", STATE, "If-None-Match: \"x\", *\r\n", NULL, 200, "one");
    ANSWERS("GET", STATE, with("If-None-Match", "*"), NULL, 304, "");
    ANSWERS("GET", STATE, with("If-None-Match", other), NULL, 200, "one");
    ANSWERS("GET", STATE, with("If-Match", other), NULL, 412, NULL);
    ANSWERS("GET", STATE, with("If-Match", tag), NULL, 200, "one");
    char since[100];
    snprintf(since, sizeof since, "%s",
             field(ask("GET", STATE, "", NULL), "Last-Modified"));
    ANSWERS("GET", STATE, with("If-Modified-Since", since), NULL, 304, "");
    ANSWERS("GET", STATE, with("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"),
            NULL, 200, "one");
    /* A tag says more than a date. */
    char both[300];
    snprintf(both, sizeof both, "If-Modified-Since: %s\r\nIf-None-Match: %s\r\n", since,
             other);
    ANSWERS("GET", STATE, both, NULL, 200, "one");
}

Test(conditions, the_result_of_a_task_has_a_tag_too)
{
    const char *target = "/actors/keep_1/tasks@1";
    ANSWERS("PUT", "/actors/keep_1/execute@1", "", "latte", 200, NULL);
    char result_tag[64];
    snprintf(result_tag, sizeof result_tag, "%s",
             field(ask("GET", target, "", NULL), "ETag"));
    cr_expect(result_tag[0] == '"');
    cr_expect_str_eq(field(ask("HEAD", target, "", NULL), "ETag"), result_tag);
    const struct http_reply *reply =
        ask("GET", target, with("If-None-Match", result_tag), NULL);
    cr_expect_eq(reply->code, 304);
    cr_expect_str_eq(field(reply, "Task-State"), "done");
}

Test(conditions, on_tasks_if_match_holds_if_the_file_exists)
{
    static const char *const files[] = {"tasks", "execute",
                                        "tasks?Idempotency-Key=new"};
    for (size_t i = 0; i < 3; i++) {
        char target[100];
        snprintf(target, sizeof target, "/actors/keep_1/%s", files[i]);
        cr_expect_eq(ask("PUT", target, with("If-Match", other), "x")->code / 100, 2);
        cr_expect_eq(ask("PUT", target, with("If-Match", "*"), "x")->code / 100, 2);
    }
    ANSWERS("PUT", "/actors/keep_1/tasks@k", with("If-Match", "*"), "x", 412, NULL);
    ANSWERS("PUT", "/actors/keep_2/tasks?create=1", with("If-Match", "*"), "x", 412,
            NULL);
    ANSWERS("GET", "/actors/keep_1/tasks@k", "", NULL, 404, NULL);
    ANSWERS("GET", "/actors/keep_2/status", "", NULL, 404, NULL);
}

Test(conditions, on_tasks_if_none_match_is_judged_by_the_key)
{
    const char *none = with("If-None-Match", "*");
    cr_expect_eq(ask("PUT", "/actors/keep_1/tasks", none, "x")->code, 202);
    cr_expect_eq(ask("PUT", "/actors/keep_1/execute@k", none, "x")->code, 200);
    const struct http_reply *reply = ask("PUT", "/actors/keep_1/tasks@k", none, "x");
    cr_expect_eq(reply->code, 412);
    cr_expect_str_eq(field(reply, "Location"), "/actors/keep_1/tasks@k");
    ANSWERS("PUT", "/actors/keep_1/execute?Idempotency-Key=k", none, "x", 412, NULL);
    ANSWERS("PUT", "/actors/keep_1/tasks", "Idempotency-Key: k\r\nIf-None-Match: *\r\n",
            "x", 412, NULL);
}

Test(conditions, a_repetition_is_answered_before_if_match_is_looked_at)
{
    ANSWERS("PUT", "/actors/keep_1/execute@k", "", "x", 200, NULL);
    const struct http_reply *reply =
        ask("PUT", "/actors/keep_1/tasks@k", with("If-Match", other), "x");
    cr_expect_eq(reply->code, 200);
    cr_expect_str_eq(field(reply, "Idempotency-Replayed"), "true");
    ANSWERS("PUT", "/actors/keep_1/tasks@k", with("If-Match", other), "y", 422, NULL);
}

Test(conditions, on_status_if_match_holds_if_the_actor_exists)
{
    const char *status = "/actors/keep_1/status";
    ANSWERS("PUT", status, with("If-Match", other), "suspend\n", 204, "");
    ANSWERS("PUT", status, with("If-Match", "*"), "resume\n", 204, "");
    ANSWERS("PUT", status, with("If-None-Match", "*"), "suspend\n", 412, NULL);
    ANSWERS("PUT", "/actors/keep_2/status", with("If-Match", "*"), "suspend\n", 409,
            NULL);
    const char *behavior = "/actors/keep_1/behavior";
    ANSWERS("PUT", behavior, with("If-Match", other), "echo\n", 412, NULL);
    char now[64];
    snprintf(now, sizeof now, "%s", field(ask("GET", behavior, "", NULL), "ETag"));
    ANSWERS("PUT", behavior, with("If-Match", now), "echo\n", 204, "");
    ANSWERS("GET", behavior, "", NULL, 200, "echo\n");
}

static const char *const shown[] = {"/actors/later_1/status",
                                    "/actors/later_1/behavior", "/actors/later_1/"};
#define SHOWN (sizeof shown / sizeof *shown)
#define BROWSER "Accept: text/html\r\n"

static void take_tags(char tags[SHOWN][128])
{
    for (size_t i = 0; i < SHOWN; i++) {
        snprintf(tags[i], sizeof tags[i], "%s",
                 field(ask("GET", shown[i], BROWSER, NULL), "ETag"));
        cr_expect(*tags[i], "%s", shown[i]);
    }
}

static void expect_other_tags(char tags[SHOWN][128])
{
    for (size_t i = 0; i < SHOWN; i++) {
        char headers[200];
        snprintf(headers, sizeof headers, BROWSER "If-None-Match: %s\r\n", tags[i]);
        ANSWERS("GET", shown[i], headers, NULL, 200, NULL);
    }
}

static bool shows(const char *target, const char *text)
{
    long long deadline = now_ms() + FIXTURE_WAIT_MS;
    while (!strstr(ask("GET", target, "", NULL)->body.data, text)) {
        if (now_ms() > deadline)
            return false;
        poll_pause();
    }
    return true;
}

Test(conditions, what_shows_an_actor_has_another_tag_when_its_behavior_comes)
{
    char tags[SHOWN][128];
    make_actor("later_1");
    cr_expect(shows(shown[0], "no-behavior"));
    take_tags(tags);
    stage_install("later", view_text("#!/bin/sh\ncat\n"));
    cr_expect(shows(shown[0], "behavior: later"));
    expect_other_tags(tags);
}

/* A turn that has begun is a change, and is not on disk. */
Test(conditions, what_shows_an_actor_has_another_tag_after_a_restart)
{
    char tags[SHOWN][128];
    make_actor("later_1");
    take_tags(tags);
    served_kill(&fixture);
    served_start(&fixture);
    expect_other_tags(tags);
}

/* It tells of the time that passes, with or without commits. */
Test(conditions, the_daemons_status_has_a_tag_for_each_of_its_texts)
{
    const struct http_reply *reply = ask("GET", "/status", "", NULL);
    char *text = memory_text(view_bytes(&reply->body));
    char first[64];
    snprintf(first, sizeof first, "%s", field(reply, "ETag"));
    long long deadline = now_ms() + FIXTURE_WAIT_MS;
    while (strcmp(reply->body.data, text) == 0 && now_ms() < deadline) {
        poll_pause();
        reply = ask("GET", "/status", "", NULL);
    }
    cr_expect_str_neq(reply->body.data, text);
    cr_expect_str_neq(field(reply, "ETag"), first);
    free(text);
}

Test(conditions, the_readme_keeps_its_tag)
{
    char readme[64];
    snprintf(readme, sizeof readme, "%s",
             field(ask("GET", "/README", "", NULL), "ETag"));
    ANSWERS("PUT", STATE, "", "two", 204, "");
    ANSWERS("GET", "/README", with("If-None-Match", readme), NULL, 304, "");
}
