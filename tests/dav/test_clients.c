/* SPDX-License-Identifier: MIT */
/*
 * What file managers and mounts send when somebody saves a file, request by request,
 * onto special files: every answer is one that they take for success, what they read
 * back in between is there, and exactly one message comes of it.
 */
#include "tests/dav/dav.h"

#include <stdio.h>
#include <string.h>

static void open_with_actor(void)
{
    fixture_open();
    make_actor("echo_1");
}

TestSuite(clients, .init = open_with_actor, .fini = fixture_close);

#define TEXT "latte\n"

static const char *const mailboxes[] = {
    "/actors/echo_1/tasks@k1", "/actors/echo_1/execute@k2", "/actors/echo_1/tasks",
    "/actors/echo_1/execute"};
#define MAILBOXES (sizeof mailboxes / sizeof *mailboxes)

static int sent(const char *method, const char *target, const char *headers,
                const char *body)
{
    int code = ask(method, target, headers, body)->code;
    cr_expect(code >= 200 && code < 300, "%s %s: %d", method, target, code);
    return code;
}

/* All of them must have become one message each, with these bytes. */
static void expect_messages(long long count)
{
    cr_expect_eq(tasks_of("echo_1"), count, "%lld", tasks_of("echo_1"));
    cr_expect(wait_number("echo_1", "done", count));
    ANSWERS("GET", "/actors/echo_1/result", "", NULL, 200, TEXT);
}

static void finder(const char *target)
{
    const char *asked = "<?xml version='1.0'?><D:propfind xmlns:D='DAV:'><D:prop>"
                        "<D:getlastmodified/><D:getcontentlength/><D:creationdate/>"
                        "<D:resourcetype/></D:prop></D:propfind>";
    sent("PUT", target, "", "");
    cr_expect(finds(target, asked, "<D:getcontentlength>0<"));
    const char *token = lock(target, "Depth: 0\r\nTimeout: Second-600\r\n", 200);
    sent("GET", target, "", NULL);
    sent("PUT", target, line("X-Expected-Entity-Length: 6\r\nIf: (<%s>)\r\n", token),
         TEXT);
    sent("LOCK", target, line("If: (<%s>)\r\nTimeout: Second-600\r\n", token), NULL);
    sent("PROPFIND", target, "Depth: 0\r\n", asked);
    sent("UNLOCK", target, line("Lock-Token: <%s>\r\n", token), NULL);
}

Test(clients, finder_sends_one_message)
{
    for (size_t i = 0; i < MAILBOXES; i++)
        finder(mailboxes[i]);
    expect_messages(MAILBOXES);
}

#define WIN32                                                                          \
    "<?xml version='1.0' encoding='utf-8' ?><D:propertyupdate xmlns:D='DAV:' "         \
    "xmlns:Z='urn:schemas-microsoft-com:'><D:set><D:prop><Z:Win32LastModifiedTime>"    \
    "Thu, 26 Nov 2026 10:00:00 GMT</Z:Win32LastModifiedTime></D:prop></D:set>"         \
    "</D:propertyupdate>"

static void explorer(const char *target)
{
    ask("PROPFIND", target, "Depth: 0\r\nTranslate: f\r\n", NULL);
    sent("PUT", target, "Translate: f\r\n", "");
    const char *token = lock(target, "Timeout: Second-3600\r\n", 200);
    const char *held = line("If: (<%s>)\r\n", token);
    cr_expect(strstr(ask("PROPPATCH", target, held, WIN32)->body.data, "200 OK"));
    sent("HEAD", target, "Translate: f\r\n", NULL);
    sent("PUT", target, held, TEXT);
    cr_expect(strstr(ask("PROPPATCH", target, held, WIN32)->body.data, "200 OK"));
    sent("UNLOCK", target, line("Lock-Token: <%s>\r\n", token), NULL);
}

Test(clients, explorer_sends_one_message)
{
    for (size_t i = 0; i < MAILBOXES; i++)
        explorer(mailboxes[i]);
    expect_messages(MAILBOXES);
}

/* The way it copies: lock, empty, delete, and put without the token. */
Test(clients, explorer_s_copy_sends_one_message)
{
    for (size_t i = 0; i < MAILBOXES; i++) {
        const char *target = mailboxes[i];
        const struct http_reply *reply = ask("LOCK", target, "", EXCLUSIVE);
        cr_expect(reply->code == 200 || reply->code == 201);
        const char *held = line("If: (%s)\r\n", field(reply, "Lock-Token"));
        sent("PUT", target, held, "");
        sent("DELETE", target, held, NULL);
        ANSWERS("PROPFIND", target, "Depth: 0\r\n", NULL, 404, NULL);
        sent("PUT", target, "", TEXT);
    }
    expect_messages(MAILBOXES);
}

static void davfs2(const char *target, bool is_new)
{
    const char *condition = is_new ? "If-None-Match: *\r\n" : "";
    const char *token =
        lock(target, line("Depth: 0\r\nTimeout: Second-1800\r\n%s", condition),
             is_new ? 201 : 200);
    /* What it saw before it holds; it looks even at what it has just made. */
    const char *tag = field(ask("HEAD", target, "", NULL), "ETag");
    sent(
        "PUT", target,
        line("If: <http://localhost%s> (<%s>)\r\nIf-Match: %s\r\n", target, token, tag),
        TEXT);
    const struct http_reply *reply = ask("HEAD", target, "", NULL);
    cr_expect(reply->code >= 200 && reply->code < 300);
    cr_expect_str_neq(field(reply, "ETag"), "");
    sent("UNLOCK", target, line("Lock-Token: <%s>\r\n", token), NULL);
    sent("PROPFIND", target, "Depth: 0\r\n", NULL);
}

Test(clients, davfs2_sends_one_message)
{
    for (size_t i = 0; i < MAILBOXES; i++)
        davfs2(mailboxes[i], i < 2);
    expect_messages(MAILBOXES);
}

/* They look, put, and look again; rclone whether all arrived, else it sends it again.
 */
static void desktop(const char *target)
{
    ask("PROPFIND", target, "Depth: 0\r\n", NULL);
    ask("HEAD", target, "", NULL);
    sent("PUT", target, "", TEXT);
    const char *list = found(target, "Depth: 1\r\n", NULL);
    cr_expect(strstr(list, "<D:getcontentlength>6<"), "%s", list);
    ANSWERS("GET", "/actors/echo_1/tasks", "", NULL, 200, "");
}

Test(clients, gvfs_kde_and_rclone_send_one_message)
{
    for (size_t i = 0; i < MAILBOXES; i++)
        desktop(mailboxes[i]);
    expect_messages(MAILBOXES);
}

Test(clients, saving_a_state_sets_it_once)
{
    static const char *const target = "/actors/echo_1/state";
    long long before = number_of("echo_1", "state-version");
    finder(target);
    explorer(target);
    davfs2(target, false);
    desktop(target);
    ANSWERS("GET", target, "", NULL, 200, TEXT);
    cr_expect_eq(number_of("echo_1", "state-version") - before, 4);
    cr_expect_eq(tasks_of("echo_1"), 0);
}

Test(clients, only_put_and_post_are_answered_202)
{
    make_suspended("echo_2");
    ANSWERS("PUT", "/actors/echo_2/draft", "", TEXT, 201, NULL);
    ANSWERS("COPY", "/actors/echo_2/draft", "Destination: /actors/echo_2/tasks\r\n",
            NULL, 204, NULL);
    ANSWERS("DELETE", "/actors/echo_2/tasks", "", NULL, 204, NULL);
    ANSWERS("PUT", "/actors/echo_2/tasks", "", TEXT, 202, NULL);
}
