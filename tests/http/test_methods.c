/* SPDX-License-Identifier: MIT */
/*
 * Refusals and small print: what is there and what is not, empty bodies, limits,
 * uploads that are announced or cut off.
 */
#include "tests/http/fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(methods, .init = fixture_open, .fini = fixture_close);

Test(methods, of_an_actor_that_is_not_there_are_404_or_409)
{
    static const char *const files[] = {"tasks", "tasks@k", "execute", "execute@k",
                                        "state", "status",  "behavior"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char target[100];
        snprintf(target, sizeof target, "/actors/echo_1/%s", files[i]);
        ANSWERS("GET", target, "", NULL, 404, NULL);
        ANSWERS("HEAD", target, "", NULL, 404, "");
        ANSWERS("PUT", target, "", "echo\n", 409, NULL);
        ANSWERS("PUT", target, "", "", 409, NULL);
    }
    ANSWERS("POST", "/actors/echo_1/tasks", "", "x", 404, NULL);
    ANSWERS("MKCOL", "/actors/echo_1/inbox", "", NULL, 409, NULL);
    ANSWERS("DELETE", "/actors/echo_1", "", NULL, 404, NULL);
    ANSWERS("GET", "/actors/", "Accept: text/plain\r\n", NULL, 200, "");
}

Test(methods, an_empty_body_sends_nothing)
{
    make_actor("echo_1");
    static const char *const files[] = {"tasks",  "tasks@k",  "execute", "execute@k",
                                        "status", "behavior", "state"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char target[100];
        snprintf(target, sizeof target, "/actors/echo_1/%s", files[i]);
        ANSWERS("PUT", target, "", "", 204, "");
        ANSWERS("PUT", target, "", NULL, 204, "");
        ANSWERS("PUT", target, "Transfer-Encoding: chunked\r\n\r\n0\r\n", NULL, 204,
                "");
    }
    cr_expect_eq(number_of("echo_1", "done"), 0);
    cr_expect_eq(number_of("echo_1", "pending"), 0);
    ANSWERS("PUT", "/actors/echo_1/execute@k", "If-None-Match: *\r\n", "latte", 200,
            "latte");
    ANSWERS("PUT", "/actors/echo_1/execute@k", "", "", 204, "");
    cr_expect_eq(number_of("echo_1", "done"), 1);
}

Test(methods, tasks_and_execute_read_as_empty)
{
    make_suspended("echo_1");
    ANSWERS("PUT", "/actors/echo_1/tasks", "", "latte", 202, "");
    ANSWERS("GET", "/actors/echo_1/tasks", "", NULL, 200, "");
    ANSWERS("GET", "/actors/echo_1/execute", "", NULL, 200, "");
}

Test(methods, execute_of_a_suspended_actor_is_409_and_keeps_nothing)
{
    make_suspended("echo_1");
    ANSWERS("PUT", "/actors/echo_1/execute@k", "", "latte", 409, NULL);
    ANSWERS("GET", "/actors/echo_1/tasks@k", "", NULL, 404, NULL);
    ANSWERS("PUT", "/actors/echo_1/tasks@k", "", "latte", 202, "");
}

Test(methods, a_message_has_a_mebibyte_at_most)
{
    static char body[(1 << 20) + 2];
    make_actor("echo_1");
    memset(body, 'x', sizeof body - 2);
    ANSWERS("PUT", "/actors/echo_1/execute@fits", "", body, 200, body);
    body[sizeof body - 2] = 'x';
    ANSWERS("PUT", "/actors/echo_1/tasks@long", "", body, 413, NULL);
    ANSWERS("GET", "/actors/echo_1/tasks@long", "", NULL, 404, NULL);
    BYTES_AUTO(chunked);
    bytes_format(&chunked, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n%s\r\n0\r\n",
                 strlen(body), body);
    bytes_append(&chunked, view_of("", 1));
    ANSWERS("PUT", "/actors/echo_1/tasks@long", chunked.data, NULL, 413, NULL);
    ANSWERS("GET", "/actors/echo_1/tasks@long", "", NULL, 404, NULL);
}

Test(methods, a_state_has_a_mebibyte_at_most)
{
    static char body[(1 << 20) + 2];
    make_actor("echo_1");
    memset(body, 'x', sizeof body - 2);
    ANSWERS("PUT", "/actors/echo_1/state", "", body, 204, "");
    body[sizeof body - 2] = 'y';
    ANSWERS("PUT", "/actors/echo_1/state", "", body, 413, NULL);
    cr_expect_eq(ask("GET", "/actors/echo_1/state", "", NULL)->body.size, 1 << 20);
}

Test(methods, chunks_are_a_body_like_others)
{
    make_actor("echo_1");
    ANSWERS("PUT", "/actors/echo_1/execute",
            "Transfer-Encoding: chunked\r\n\r\n3\r\nlat\r\n2;x=y\r\nte\r\n0\r\n", NULL,
            200, "latte");
}

Test(methods, an_upload_is_waved_on_or_refused_before_it_comes)
{
    make_actor("echo_1");
    static const char welcome[] = "PUT /actors/echo_1/execute HTTP/1.1\r\nHost: x\r\n"
                                  "Connection: close\r\nExpect: 100-continue\r\n"
                                  "Content-Length: 5\r\n\r\n";
    int socket = http_connect(fixture.address);
    char answer[200] = "";
    cr_assert(send(socket, welcome, sizeof welcome - 1, MSG_NOSIGNAL) > 0);
    cr_assert(recv(socket, answer, sizeof answer - 1, 0) > 0);
    cr_expect(strncmp(answer, "HTTP/1.1 100 Continue\r\n\r\n", 25) == 0, "%s", answer);
    cr_assert(send(socket, "latte", 5, MSG_NOSIGNAL) == 5);
    const char *rest = rest_of(socket);
    cr_expect(strstr(rest, "HTTP/1.1 200 ") && strstr(rest, "\r\n\r\nlatte"), "%s",
              rest);
    static const char large[] = "PUT /actors/echo_1/tasks HTTP/1.1\r\nHost: x\r\n"
                                "Expect: 100-continue\r\n"
                                "Content-Length: 99000000\r\n\r\n";
    const char *refusal = raw(large, sizeof large - 1);
    cr_expect(strncmp(refusal, "HTTP/1.1 413 ", 13) == 0, "%s", refusal);
}

Test(methods, a_file_for_which_there_is_no_room_is_refused_before_it_comes)
{
    make_actor("echo_1");
    static const char huge[] = "PUT /actors/echo_1/file HTTP/1.1\r\nHost: x\r\n"
                               "Content-Length: 4000000000000000000\r\n\r\n";
    const char *refusal = raw(huge, sizeof huge - 1);
    cr_expect(strncmp(refusal, "HTTP/1.1 507 ", 13) == 0 &&
                  strstr(refusal, "the disk has room for "),
              "%s", refusal);
    ANSWERS("GET", "/actors/echo_1/file", "", NULL, 404, NULL);
}

Test(methods, a_body_that_is_cut_off_sends_nothing)
{
    make_actor("echo_1");
    ANSWERS("PUT", "/actors/echo_1/state", "", "old", 204, "");
    static const char *const cut[] = {
        "PUT /actors/echo_1/tasks@cut HTTP/1.1\r\nHost: x\r\nContent-Length: "
        "9\r\n\r\nla",
        "POST /actors/echo_1/execute@cut HTTP/1.1\r\nHost: x\r\n"
        "Transfer-Encoding: chunked\r\n\r\n5\r\nlatte\r\n",
        "PUT /actors/echo_1/state HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nne",
        "PUT /actors/echo_1/status HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
        "suspend\n"};
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        int socket = http_connect(fixture.address);
        cr_assert(send(socket, cut[i], strlen(cut[i]), MSG_NOSIGNAL) > 0);
        close(socket);
    }
    ANSWERS("GET", "/actors/echo_1/state", "", NULL, 200, "old");
    served_stop(&fixture); /* whatever it makes of them, it has made by then */
    served_start(&fixture);
    ANSWERS("GET", "/actors/echo_1/tasks@cut", "", NULL, 404, NULL);
    ANSWERS("GET", "/actors/echo_1/state", "", NULL, 200, "old");
    ANSWERS("PUT", "/actors/echo_1/execute", "", "next", 200, "next");
    cr_expect_eq(number_of("echo_1", "done"), 1);
}

Test(methods, head_is_get_without_a_body)
{
    make_actor("keep_1");
    ANSWERS("PUT", "/actors/keep_1/execute@1", "", "latte", 200, NULL);
    static const char *const targets[] = {"/README",
                                          "/behaviors",
                                          "/actors/keep_1/state",
                                          "/actors/keep_1/status",
                                          "/actors/keep_1/log",
                                          "/actors/keep_1/mailbox",
                                          "/actors/keep_1/result",
                                          "/actors/keep_1/behavior",
                                          "/actors/keep_1/tasks",
                                          "/actors/keep_1/tasks@1",
                                          "/actors/keep_1/tasks@1,part=message",
                                          "/actors/keep_1/tasks@none",
                                          "/actors/nobody/state"};
    static const char *const names[] = {"Content-Length", "Content-Type",  "ETag",
                                        "Last-Modified",  "Accept-Ranges", "Location",
                                        "Task-State"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        const struct http_reply *get = ask("GET", targets[i], "", NULL);
        const struct http_reply *head = ask("HEAD", targets[i], "", NULL);
        cr_expect_eq(head->code, get->code, "%s", targets[i]);
        cr_expect_eq(head->body.size, 0, "%s", targets[i]);
        for (size_t j = 0; j < sizeof names / sizeof *names; j++)
            cr_expect_str_eq(field(head, names[j]), field(get, names[j]), "%s of %s",
                             names[j], targets[i]);
        char size[32];
        snprintf(size, sizeof size, "%zu", get->body.size);
        cr_expect_str_eq(field(get, "Content-Length"), size, "%s", targets[i]);
    }
}

Test(methods, words_are_done_all_or_none)
{
    make_actor("echo_1");
    const char *status = "/actors/echo_1/status";
    ANSWERS("PUT", status, "", "suspend\nnonsense\n", 400, NULL);
    ANSWERS("PUT", status, "", "suspend\ncancel unknown\n", 404, NULL);
    ANSWERS("PUT", "/actors/echo_1/execute@1", "", "x", 200, "x");
    ANSWERS("PUT", status, "", "cancel 1\n", 409, NULL);
    ANSWERS("POST", status, "", "suspend\n", 204, "");
    ANSWERS("PUT", "/actors/echo_1/execute@2", "", "x", 409, NULL);
    ANSWERS("PUT", status, "", "activity: idle\nresume", 204, "");
    ANSWERS("PUT", "/actors/echo_1/behavior", "", "unheard-of\n", 400, NULL);
    ANSWERS("PUT", "/actors/echo_1/behavior", "", "counter\n", 204, "");
    ANSWERS("GET", "/actors/echo_1/behavior", "", NULL, 200, "counter\n");
}

Test(methods, files_that_are_never_written_are_403)
{
    make_actor("echo_1");
    static const char *const targets[] = {"/README",
                                          "/status",
                                          "/attention",
                                          "/behaviors",
                                          "/actors/echo_1/mailbox",
                                          "/actors/echo_1/log",
                                          "/actors/echo_1/result"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        ANSWERS("PUT", targets[i], "", "x", 403, NULL);
    ANSWERS("PUT", "/actors/echo_1", "", "x", 405, NULL);
    ANSWERS("PUT", "/actors/", "", "x", 405, NULL);
    ANSWERS("DELETE", "/actors/", "", NULL, 403, NULL);
    ANSWERS("DELETE", "/status", "", NULL, 403, NULL);
}

Test(methods, a_part_of_a_file_is_not_put)
{
    make_actor("echo_1");
    ANSWERS("PUT", "/actors/echo_1/state", "Content-Range: bytes 0-1/5\r\n", "xx", 400,
            NULL);
    ANSWERS("PUT", "/actors/echo_1/tasks@k", "Content-Range: bytes 0-1/5\r\n", "xx",
            400, NULL);
    ANSWERS("GET", "/actors/echo_1/tasks@k", "", NULL, 404, NULL);
}

Test(methods, an_actor_with_unfinished_tasks_is_not_deleted)
{
    make_suspended("echo_1");
    ANSWERS("PUT", "/actors/echo_1/tasks@k", "", "x", 202, "");
    ANSWERS("DELETE", "/actors/echo_1", "", NULL, 409, NULL);
    control("echo_1", "clear\n");
    ANSWERS("DELETE", "/actors/echo_1", "", NULL, 204, "");
    ANSWERS("GET", "/actors/echo_1/tasks@k", "", NULL, 404, NULL);
    make_actor("echo_1");
    ANSWERS("MKCOL", "/actors/echo_1", "", NULL, 405, NULL);
    ANSWERS("MKCOL", "/actors/echo_2", "Content-Type: text/xml\r\n", "<x/>", 415, NULL);
    ANSWERS("PUT", "/actors/echo_1/execute@k", "", "x", 200, "x");
}

static void fill(void)
{
    fixture_open_with("--mailbox-max 2");
    make_suspended("echo_1");
    ANSWERS("PUT", "/actors/echo_1/tasks@1", "", "x", 202, "");
    ANSWERS("PUT", "/actors/echo_1/tasks@2", "", "x", 202, "");
}

Test(full, mailboxes_say_when_to_come_again, .init = fill, .fini = fixture_close)
{
    const struct http_reply *reply = ask("PUT", "/actors/echo_1/tasks@3", "", "x");
    cr_expect_eq(reply->code, 429);
    cr_expect(atoi(field(reply, "Retry-After")) > 0);
    ANSWERS("POST", "/actors/echo_1/tasks", "Content-Type: application/x-ndjson\r\n",
            "x\ny\n", 429, NULL);
    ANSWERS("PUT", "/actors/echo_1/tasks@2", "", "x", 202, "");
    ANSWERS("GET", "/actors/echo_1/tasks@3", "", NULL, 404, NULL);
    control("echo_1", "resume\n");
    cr_assert(wait_number("echo_1", "done", 2));
    ANSWERS("PUT", "/actors/echo_1/execute@3", "", "x", 200, "x");
}

Test(full, mailboxes_are_a_full_disk_to_clients_that_lock, .init = fill,
     .fini = fixture_close)
{
    const struct http_reply *reply =
        ask("PUT", "/actors/echo_1/tasks@3", "If: (Not <DAV:no-lock>)\r\n", "x");
    cr_expect_eq(reply->code, 507);
    ANSWERS("PUT", "/actors/echo_1/tasks@3", "Lock-Token: <urn:x>\r\n", "x", 507, NULL);
}

Test(methods, what_is_put_here_and_sent_again_after_a_crash_is_one)
{
    make_actor("echo_1");
    ANSWERS("PUT", "/actors/echo_1/tasks@k", "", "latte", 202, "");
    served_kill(&fixture);
    served_start(&fixture);
    ANSWERS("PUT", "/actors/echo_1/tasks@k?wait=60s", "", "latte", 200, "latte");
    cr_expect_eq(number_of("echo_1", "done"), 1);
}
