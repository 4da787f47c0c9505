/* SPDX-License-Identifier: MIT */
/*
 * Behind a real nginx that puts a path before those of this server (--public-url): the
 * paths in answers are those that the client knows, and those that it sends are
 * understood, whether the proxy leaves the prefix or takes it off. Who asks the daemon
 * itself sees its own paths (RFC 4918, section 8.3).
 */
#include "tests/dav/dav.h"

#include <stdio.h>
#include <string.h>

#include "tests/http/nginx.h"

static const char *address;

static void open_behind(const char *path)
{
    static char options[100];
    address = nginx_address();
    snprintf(options, sizeof options, "--public-url http://%s/coffee", address);
    fixture_open_with(options);
    nginx_start("/coffee/", path);
    make_actor("keep_1");
    ANSWERS("PUT", "/actors/keep_1/a%20b", "", "1", 201, NULL);
}

static void open_behind_one_that_leaves_it(void)
{
    open_behind("");
}

static void open_behind_one_that_takes_it_off(void)
{
    open_behind("/");
}

static void close_behind(void)
{
    nginx_stop();
    fixture_close();
}

/* Through nginx, as its clients do; the reply is freed by the next one. */
static const struct http_reply *ask_public(const char *method, const char *target,
                                           const char *headers, const char *body)
{
    static struct http_reply reply;
    http_reply_free(&reply);
    reply = (struct http_reply){0};
    http_exchange(address, method, target, headers,
                  body ? view_text(body) : view_of(NULL, 0), &reply);
    *bytes_reserve(&reply.body, 1) = '\0';
    return &reply;
}

static void expect_public(const char *method, const char *target, const char *headers,
                          const char *body, int code, const char *shows)
{
    const struct http_reply *reply = ask_public(method, target, headers, body);
    cr_expect_eq(reply->code, code, "%s %s: %d %s", method, target, reply->code,
                 reply->body.data);
    cr_expect(strstr(reply->body.data, shows), "%s %s: no %s in %s", method, target,
              shows, reply->body.data);
}

#define FOLDER "/coffee/actors/keep_1"
#define PATCH                                                                          \
    "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><x:p xmlns:x='u'>1</x:p>"         \
    "</D:prop></D:set></D:propertyupdate>"

static void expect_paths_with_prefix(void)
{
    expect_public("PROPFIND", "/coffee/", "Depth: 1\r\n", NULL, 207,
                  "<D:href>/coffee/actors/</D:href>");
    expect_public("PROPFIND", FOLDER, "Depth: 0\r\n", NULL, 207,
                  "<D:href>" FOLDER "/</D:href>");
    expect_public("PROPFIND", FOLDER, "Depth: 1\r\n", NULL, 207,
                  "<D:href>" FOLDER "/a%20b</D:href>");
    expect_public("PROPPATCH", FOLDER "/a%20b", "", PATCH, 207,
                  "<D:href>" FOLDER "/a%20b</D:href>");
}

static void expect_locks_with_prefix(void)
{
    char token[100];
    const struct http_reply *reply =
        ask_public("LOCK", FOLDER "/a%20b", "Depth: 0\r\n", EXCLUSIVE);
    cr_expect_eq(reply->code, 200);
    snprintf(token, sizeof token, "%s", field(reply, "Lock-Token"));
    cr_expect(strstr(reply->body.data,
                     "<D:lockroot><D:href>" FOLDER "/a%20b</D:href></D:lockroot>"));
    expect_public("PUT", FOLDER "/a%20b", "", "2", 423,
                  "<D:href>" FOLDER "/a%20b</D:href>");
    expect_public("LOCK", FOLDER, "", EXCLUSIVE, 207,
                  "<D:href>" FOLDER "/a%20b</D:href>");
    expect_public("PUT", FOLDER "/a%20b",
                  line("If: <http://%s" FOLDER "/a%%20b> (%s)\r\n", address, token),
                  "2", 204, "");
    expect_public("UNLOCK", FOLDER "/a%20b", line("Lock-Token: %s\r\n", token), NULL,
                  204, "");
}

static void expect_destinations_with_prefix(void)
{
    expect_public("COPY", FOLDER "/a%20b",
                  line("Destination: http://%s" FOLDER "/copy\r\n", address), NULL, 201,
                  "");
    expect_public("MOVE", FOLDER "/copy", "Destination: " FOLDER "/tasks@k\r\n", NULL,
                  204, "");
    const struct http_reply *reply = ask_public("PUT", FOLDER "/tasks@k", "", "2");
    cr_expect_str_eq(field(reply, "Location"), FOLDER "/tasks@k");
    expect_public("GET", field(reply, "Location"), "", NULL, 200, "");
    expect_public("MOVE", FOLDER "/a%20b",
                  "Destination: http://elsewhere.example" FOLDER "/b\r\n", NULL, 502,
                  "");
}

static void expect_own_paths(void)
{
    const char *list = found("/actors/keep_1", "Depth: 1\r\n", NULL);
    cr_expect(strstr(list, "<D:href>/actors/keep_1/tasks</D:href>"), "%s", list);
    cr_expect(!strstr(list, "/coffee"), "%s", list);
    const struct http_reply *reply = ask("PUT", "/actors/keep_1/tasks@own", "", "2");
    cr_expect_str_eq(field(reply, "Location"), "/actors/keep_1/tasks@own");
}

static void expect_all(void)
{
    expect_paths_with_prefix();
    expect_locks_with_prefix();
    expect_destinations_with_prefix();
    expect_own_paths();
}

Test(proxied, paths_are_the_client_s_where_the_prefix_comes_along,
     .init = open_behind_one_that_leaves_it, .fini = close_behind, .timeout = 300)
{
    expect_all();
}

Test(proxied, paths_are_the_client_s_where_the_prefix_is_taken_off,
     .init = open_behind_one_that_takes_it_off, .fini = close_behind, .timeout = 300)
{
    expect_all();
}
