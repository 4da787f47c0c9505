/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "tests/http/fixture.h"

#define BROWSER                                                                        \
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
#define FORM BROWSER "Content-Type: application/x-www-form-urlencoded\r\n"

TestSuite(pages, .init = fixture_open, .fini = fixture_close);

static const struct http_reply *get(const char *target)
{
    return ask("GET", target, BROWSER, NULL);
}

static const char *page(const char *target)
{
    const struct http_reply *reply = get(target);
    cr_expect_eq(reply->code, 200, "%s: %s", target, reply->head.data);
    cr_expect_str_eq(field(reply, "Content-Type"), "text/html; charset=utf-8");
    return reply->body.data;
}

#define SHOWS(target, text) cr_expect(strstr(page(target), text), "%s", page(target))
#define HIDES(target, text) cr_expect(!strstr(page(target), text), "%s", page(target))

static void make_echo(const char *name)
{
    char target[300];
    make_actor(name);
    snprintf(target, sizeof target, "/actors/%s/behavior", name);
    ANSWERS("PUT", target, "", "echo", 204, NULL);
}

/* --------------------------------------------------------------------- who gets one */

Test(pages, only_browsers_get_them)
{
    make_actor("a");
    cr_expect_str_eq(field(ask("GET", "/actors/a/", "", NULL), "Content-Type"),
                     "text/plain; charset=utf-8");
    cr_expect_str_eq(
        field(ask("GET", "/actors/a/", "Accept: */*\r\n", NULL), "Content-Type"),
        "text/plain; charset=utf-8");
    cr_expect_str_eq(
        field(ask("GET", "/actors/a/", "Accept: application/json, text/html\r\n", NULL),
              "Content-Type"),
        "application/json");
    page("/actors/a/");
}

Test(pages, a_browser_gets_files_as_they_are)
{
    make_actor("a");
    const struct http_reply *seen = get("/actors/a/status");
    const struct http_reply *plain = ask("GET", "/actors/a/status", "", NULL);
    cr_expect_str_eq(seen->body.data, plain->body.data);
    cr_expect_str_eq(field(seen, "Content-Type"), "text/plain; charset=utf-8");
}

Test(pages, a_folder_without_its_slash_leads_to_it)
{
    make_actor("a");
    const struct http_reply *reply = get("/actors/a");
    cr_expect_eq(reply->code, 307);
    cr_expect_str_eq(field(reply, "Location"), "./a/");
}

/* ---------------------------------------------------------------- what they show */

Test(pages, the_root_shows_the_daemon_and_how_to_use_it)
{
    SHOWS("/", "<dt>journal</dt><dd>ok</dd>");
    SHOWS("/", "href=\"./actors/\"");
    SHOWS("/", "No actor needs anyone.");
    SHOWS("/", "echo latte &gt;&gt; actors/user_123/tasks");
}

Test(pages, those_that_need_attention_come_first)
{
    make_echo("fine");
    make_suspended("stuck");
    const char *html = page("/actors/");
    const char *first = strstr(html, "../actors/stuck/");
    cr_assert(first);
    cr_expect(strstr(html, "./fine/") > first);
    cr_expect(strstr(html, "<td class=\"suspended\">suspended</td>"));
}

Test(pages, many_actors_come_in_pages)
{
    char name[16];
    for (unsigned i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "a_%u", i);
        make_actor(name);
    }
    SHOWS("/actors/?limit=3", "href=\"./a_2/\"");
    HIDES("/actors/?limit=3", "href=\"./a_3/\"");
    SHOWS("/actors/?limit=3", "rel=\"next\" href=\"?after=.3&amp;limit=3\"");
    SHOWS("/actors/?after=.3&limit=3", "href=\"./a_3/\"");
    HIDES("/actors/?after=.3&limit=3", "rel=\"next\"");
}

Test(pages, an_actor_shows_its_tasks_its_log_and_its_state)
{
    make_actor("sum_1");
    ANSWERS("PUT", "/actors/sum_1/behavior", "", "counter", 204, NULL);
    ANSWERS("PUT", "/actors/sum_1/execute@good", "", "41", 200, NULL);
    ANSWERS("PUT", "/actors/sum_1/execute@bad", "", "x", 500, NULL);
    SHOWS("/actors/sum_1/", "<dt>behavior</dt><dd>counter</dd>");
    SHOWS("/actors/sum_1/", "<a href=\"./tasks@good\">good</a>");
    SHOWS("/actors/sum_1/", "not a whole number");
    SHOWS("/actors/sum_1/", "<pre tabindex=\"0\">\n41\n</pre>");
    SHOWS("/actors/sum_1/", "value=\"retry bad\"");
    HIDES("/actors/sum_1/", "value=\"retry good\"");
}

Test(pages, a_state_that_is_no_text_is_linked_to)
{
    make_actor("a");
    ANSWERS("PUT", "/actors/a/state", "", "\xFF\xFE\xFD", 204, NULL);
    SHOWS("/actors/a/", "<a href=\"./state\">3 bytes</a>, not text");
}

/* --------------------------------------------------------------------------- safety */

Test(pages, nothing_from_outside_becomes_markup)
{
    make_echo("%3Cimg%20src=x%3E");
    ANSWERS("PUT", "/actors/%3Cimg%20src=x%3E/state", "", "</pre><script>x()</script>",
            204, NULL);
    ANSWERS("PUT", "/actors/%3Cimg%20src=x%3E/execute?Idempotency-Key=%22%3E%3Cb%3E",
            "", "<i>", 200, NULL);
    HIDES("/actors/%3Cimg%20src=x%3E/", "<script>");
    HIDES("/actors/%3Cimg%20src=x%3E/", "<img");
    HIDES("/actors/%3Cimg%20src=x%3E/", "<b>");
    SHOWS("/actors/%3Cimg%20src=x%3E/", "&lt;/pre&gt;&lt;script&gt;");
    HIDES("/actors/", "<img");
}

Test(pages, a_name_that_looks_like_a_scheme_is_a_name)
{
    make_actor("javascript:alert(1)");
    SHOWS("/actors/", "href=\"./javascript%3Aalert%281%29/\"");
    page("/actors/javascript%3Aalert%281%29/");
}

Test(pages, they_run_no_script_but_their_own)
{
    const struct http_reply *first = get("/");
    char policy[512];
    snprintf(policy, sizeof policy, "%s", field(first, "Content-Security-Policy"));
    cr_expect(strstr(policy, "default-src 'none'; script-src 'nonce-"));
    cr_expect(strstr(policy, "base-uri 'none'"));
    cr_expect(strstr(policy, "frame-ancestors 'none'"));
    cr_expect(!strstr(policy, "unsafe"));
    cr_expect_str_neq(policy, field(get("/"), "Content-Security-Policy"));
    cr_expect_str_eq(field(first, "X-Content-Type-Options"), "nosniff");
    cr_expect_str_eq(field(first, "Referrer-Policy"), "same-origin");
}

static void put_typed(const char *type)
{
    char header[128];
    snprintf(header, sizeof header, "Content-Type: %s\r\n", type);
    ANSWERS("PUT", "/actors/a/state", header, "<script>x()</script>", 204, NULL);
}

Test(pages, what_could_run_is_served_as_of_another_origin)
{
    static const char *const types[] = {"text/html",      "TEXT/HTML; charset=utf-8",
                                        "image/svg+xml",  "application/xhtml+xml",
                                        "text/xml",       "application/pdf",
                                        "text/javascript"};
    make_actor("a");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        put_typed(types[i]);
        const struct http_reply *reply = get("/actors/a/state");
        cr_expect_str_eq(field(reply, "Content-Type"), types[i]);
        cr_expect_str_eq(field(reply, "Content-Security-Policy"),
                         "default-src 'none'; sandbox", "%s", types[i]);
        cr_expect_str_eq(field(reply, "Content-Disposition"), "attachment");
        cr_expect_str_eq(field(reply, "X-Content-Type-Options"), "nosniff");
        cr_expect_str_eq(reply->body.data, "<script>x()</script>");
    }
}

Test(pages, what_cannot_run_is_shown_and_not_sniffed)
{
    make_actor("a");
    put_typed("text/plain");
    const struct http_reply *reply = get("/actors/a/state");
    cr_expect_str_eq(field(reply, "Content-Disposition"), "");
    cr_expect_str_eq(field(reply, "X-Content-Type-Options"), "nosniff");
}

/* ---------------------------------------------------------------------------- forms */

Test(pages, a_form_sends_its_message_and_leads_back)
{
    make_echo("a");
    const struct http_reply *reply = ask("POST", "/actors/a/tasks?form=page", FORM,
                                         "message=one%0D%0Atwo+%26+%C3%A9&key=abc%2F1");
    cr_expect_eq(reply->code, 303);
    cr_expect_str_eq(field(reply, "Location"), "./?sent=abc%252F1");
    ANSWERS("GET", "/actors/a/tasks@abc%2F1?wait=60s", "", NULL, 200,
            "one\ntwo & \xC3\xA9");
    SHOWS("/actors/a/?sent=abc%252F1", "<a href=\"./tasks@abc%2F1\">abc%2F1</a>: done");
}

Test(pages, a_form_that_is_sent_again_is_one_message)
{
    make_echo("a");
    for (unsigned i = 0; i < 3; i++)
        cr_expect_eq(
            ask("POST", "/actors/a/tasks?form=page", FORM, "message=latte&key=k")->code,
            303);
    cr_expect(wait_number("a", "done", 1));
}

Test(pages, a_form_without_a_key_names_its_task_all_the_same)
{
    make_echo("a");
    const struct http_reply *reply =
        ask("POST", "/actors/a/tasks?form=page", FORM, "message=latte&key=");
    cr_expect_eq(reply->code, 303);
    cr_expect_str_eq(field(reply, "Location"), "./?sent=.1");
    ANSWERS("GET", "/actors/a/tasks@.1?wait=60s", "", NULL, 200, "latte");
}

Test(pages, what_curl_posts_is_no_form)
{
    make_echo("a");
    ANSWERS("POST", "/actors/a/execute@k",
            "Content-Type: application/x-www-form-urlencoded\r\n", "message=latte", 200,
            "message=latte");
}

Test(pages, the_words_of_a_form_are_control_words)
{
    make_echo("a");
    const struct http_reply *reply =
        ask("POST", "/actors/a/status?form=page", FORM, "words=suspend");
    cr_expect_eq(reply->code, 303);
    cr_expect_str_eq(field(reply, "Location"), "./");
    SHOWS("/actors/a/", "value=\"resume\"");
    cr_expect_eq(ask("POST", "/actors/a/status?form=page", FORM, "words=resume")->code,
                 303);
    SHOWS("/actors/a/", "value=\"suspend\"");
}

Test(pages, a_refused_form_is_a_page_that_says_why)
{
    make_echo("a");
    ANSWERS("PUT", "/actors/a/execute@k", "", "latte", 200, NULL);
    const struct http_reply *reply =
        ask("POST", "/actors/a/tasks?form=page", FORM, "message=mocha&key=k");
    cr_expect_eq(reply->code, 422);
    cr_expect_str_eq(field(reply, "Content-Type"), "text/html; charset=utf-8");
    cr_expect(strstr(reply->body.data, "role=\"alert\""));
    cr_expect_eq(
        ask("POST", "/actors/a/status?form=page", FORM, "words=jump%3Cb%3E")->code,
        400);
    cr_expect_eq(ask("POST", "/actors/a/tasks?form=page", FORM, "other=1")->code, 400);
    cr_expect_eq(ask("POST", "/actors/a/tasks?form=page", FORM, "message=%4")->code,
                 400);
    cr_expect_eq(number_of("a", "done"), 1);
}

/* ------------------------------------------------------------------------------ live
 */

Test(pages, one_that_is_known_is_not_sent_again)
{
    char headers[256];
    make_echo("a");
    snprintf(headers, sizeof headers, BROWSER "If-None-Match: %s\r\n",
             field(get("/actors/a/"), "ETag"));
    ANSWERS("GET", "/actors/a/", headers, NULL, 304, "");
    ANSWERS("GET", "/actors/", headers, NULL, 200, NULL);
}

Test(pages, a_file_that_comes_makes_another_page)
{
    char headers[256];
    make_echo("a");
    snprintf(headers, sizeof headers, BROWSER "If-None-Match: %s\r\n",
             field(get("/actors/a/"), "ETag"));
    ANSWERS("PUT", "/actors/a/note", "", "by the way", 201, NULL);
    ANSWERS("GET", "/actors/a/", headers, NULL, 200, NULL);
}

Test(pages, a_browser_that_waits_gets_the_next_one)
{
    char headers[256];
    make_echo("a");
    snprintf(headers, sizeof headers,
             BROWSER "If-None-Match: %s\r\nPrefer: wait=30\r\n",
             field(get("/actors/a/"), "ETag"));
    int socket = begin("GET", "/actors/a/", headers, NULL);
    ANSWERS("PUT", "/actors/a/state", "", "the new state", 204, NULL);
    cr_expect(strstr(rest_of(socket), "the new state"));
}

Test(pages, a_browser_waits_no_longer_than_it_said)
{
    char headers[256];
    make_echo("a");
    snprintf(headers, sizeof headers, BROWSER "If-None-Match: %s\r\nPrefer: wait=1\r\n",
             field(get("/actors/a/"), "ETag"));
    ANSWERS("GET", "/actors/a/", headers, NULL, 304, "");
}

Test(pages, a_browser_that_waits_learns_that_the_actor_is_gone)
{
    char headers[256];
    make_echo("a");
    snprintf(headers, sizeof headers,
             BROWSER "If-None-Match: %s\r\nPrefer: wait=30\r\n",
             field(get("/actors/a/"), "ETag"));
    int socket = begin("GET", "/actors/a/", headers, NULL);
    ANSWERS("DELETE", "/actors/a/", "", NULL, 204, NULL);
    cr_expect(strstr(rest_of(socket), "HTTP/1.1 404"));
}

Test(pages, their_parts_are_served)
{
    cr_expect_str_eq(field(get("/page/style.css"), "Content-Type"),
                     "text/css; charset=utf-8");
    const struct http_reply *script = get("/page/live.js");
    cr_expect_str_eq(field(script, "Content-Type"), "text/javascript; charset=utf-8");
    cr_expect(strstr(script->body.data, "data-live"));
    cr_expect_eq(get("/page/other.js")->code, 404);
}
