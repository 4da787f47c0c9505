/* SPDX-License-Identifier: MIT */
/*
 * What no good client sends: requests that two parties may frame in two ways, headers
 * without end, connections that come and go. Such a request is refused once, its
 * connection closed, and others are served on. The daemon must end cleanly.
 */
#include "tests/http/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define TAIL "GET /README HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void open_with_actor(void)
{
    fixture_open();
    make_actor("echo_1");
}

static void close_if_served(void)
{
    ANSWERS("PUT", "/actors/echo_1/execute@still", "", "here", 200, "here");
    fixture_close();
}

TestSuite(hostile, .init = open_with_actor, .fini = close_if_served);

/* How many answers there are in what came. */
static unsigned count_answers(const char *text)
{
    unsigned count = 0;
    while ((text = strstr(text, "HTTP/1.1 ")) != NULL) {
        count++;
        text++;
    }
    return count;
}

/* A refusal and nothing else; of a malformed length the library says it twice. */
static void expect_refusal(const char *request, size_t size)
{
    const char *answer = raw(request, size);
    cr_expect(strncmp(answer, "HTTP/1.1 4", 10) == 0 ||
                  strncmp(answer, "HTTP/1.1 5", 10) == 0,
              "%s\n---\n%s", request, answer);
    cr_expect(strstr(answer, "Connection: close\r\n"), "%s\n---\n%s", request, answer);
    cr_expect_null(strstr(answer, "HTTP/1.1 2"), "%s\n---\n%s", request, answer);
    cr_expect_leq(count_answers(answer), 2, "%s\n---\n%s", request, answer);
}

Test(hostile, what_can_be_framed_in_two_ways_is_refused)
{
    static const char *const fields[] = {
        "Content-Length: 0\r\nContent-Length: 50\r\n",
        "Content-Length: 0\r\nContent-Length: 0\r\n",
        "Content-Length: 0, 0\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length:\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Content-Length : 5\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding:\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer_Encoding: chunked\r\nX Y: z\r\n",
        "X-A: b\r\n c\r\n",
        "Content-Length: 5\r\n\t0\r\n",
        "X-A: b\r\n Content-Length: 50\r\n",
        "Host: other\r\n",
        "no colon\r\n",
        ": no name\r\n",
        ":\r\n",
        ": no name\r\nContent-Length: 50\r\n",
        "X-A: b\nX-B: c\r\n",
        "X-A: b\n"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        BYTES_AUTO(request);
        bytes_format(&request,
                     "PUT /actors/echo_1/tasks@smuggled HTTP/1.1\r\nHost: x\r\n%s\r\n"
                     "0\r\n\r\n" TAIL,
                     fields[i]);
        bytes_append(&request, view_of("", 1));
        expect_refusal(request.data, request.size - 1);
    }
    ANSWERS("GET", "/actors/echo_1/tasks@smuggled", "", NULL, 404, NULL);
}

Test(hostile, a_request_names_its_host_once)
{
    static const char bare[] = "GET /README HTTP/1.1\nHost: x\n\n" TAIL;
    expect_refusal(bare, sizeof bare - 1);
    static const char none[] = "GET /README HTTP/1.1\r\n\r\n" TAIL;
    expect_refusal(none, sizeof none - 1);
    static const char spaced[] = "GET /actors/echo_1/state HTTP/1.1\r\nHost: \t x \r\n"
                                 "Connection:close\r\nX-Empty:\r\n\r\n";
    cr_expect(strncmp(raw(spaced, sizeof spaced - 1), "HTTP/1.1 200", 12) == 0);
    static const char old[] = "GET /actors/echo_1/state HTTP/1.0\r\n\r\n";
    const char *answer = raw(old, sizeof old - 1);
    cr_expect(strncmp(answer, "HTTP/1.0 200", 12) == 0 ||
                  strncmp(answer, "HTTP/1.1 200", 12) == 0,
              "%s", answer);
}

/* Whatever is said, or nothing: the body is no message. */
Test(hostile, bad_chunks_send_nothing)
{
    static const char *const bodies[] = {"5\r\nlatteX\r\n0\r\n\r\n",
                                         "-5\r\nlatte\r\n0\r\n\r\n",
                                         "0x5\r\nlatte\r\n0\r\n\r\n",
                                         "z\r\nlatte\r\n0\r\n\r\n",
                                         "ffffffffffffffffff\r\nlatte\r\n0\r\n\r\n",
                                         "5 5\r\nlatte\r\n0\r\n\r\n",
                                         "\r\nlatte\r\n0\r\n\r\n"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        BYTES_AUTO(request);
        bytes_format(&request,
                     "PUT /actors/echo_1/tasks@%zu HTTP/1.1\r\nHost: x\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n%s",
                     i, bodies[i]);
        const char *answer = raw(request.data, request.size);
        cr_expect(strstr(answer, "HTTP/1.1 2") == NULL, "%s: %s", bodies[i], answer);
        char target[100];
        snprintf(target, sizeof target, "/actors/echo_1/tasks@%zu", i);
        ANSWERS("GET", target, "", NULL, 404, NULL);
    }
}

Test(hostile, request_lines_that_are_none_are_refused)
{
    static const char *const lines[] = {"GET\r\n\r\n",
                                        "GET /README\r\n\r\n",
                                        "GET /README HTTP/9.9\r\nHost: x\r\n\r\n",
                                        "\x16\x03\x01\x02\x01\r\n\r\n",
                                        "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
                                        "FOO<script> / HTTP/1.1\r\nHost: x\r\n\r\n",
                                        "get /README HTTP/1.1\r\nHost: x\r\n\r\n",
                                        "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        int socket = http_connect(fixture.address);
        cr_assert(send(socket, lines[i], strlen(lines[i]), MSG_NOSIGNAL) > 0);
        shutdown(socket, SHUT_WR);
        const char *answer = rest_of(socket);
        cr_expect(strstr(answer, "HTTP/1.1 2") == NULL, "%s: %s", lines[i], answer);
    }
}

Test(hostile, headers_without_end_are_refused)
{
    BYTES_AUTO(many);
    BYTES_AUTO(large);
    BYTES_AUTO(target);
    bytes_append_text(&many, "GET /README HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 20000; i++)
        bytes_format(&many, "X-%d: y\r\n", i);
    bytes_append_text(&many, "\r\n");
    expect_refusal(many.data, many.size);
    bytes_append_text(&large, "GET /README HTTP/1.1\r\nHost: x\r\nX: ");
    memset(bytes_reserve(&large, 1 << 20), 'x', 1 << 20);
    large.size += 1 << 20;
    bytes_append_text(&large, "\r\n\r\n");
    expect_refusal(large.data, large.size);
    bytes_append_text(&target, "GET /");
    memset(bytes_reserve(&target, 10000), 'x', 10000);
    target.size += 10000;
    bytes_append_text(&target, " HTTP/1.1\r\nHost: x\r\n\r\n");
    expect_refusal(target.data, target.size);
}

Test(hostile, queries_and_paths_without_end_are_refused)
{
    BYTES_AUTO(path);
    BYTES_AUTO(query);
    for (int i = 0; i < 1000; i++)
        bytes_append_text(&path, "/a");
    bytes_append(&path, view_of("", 1));
    ANSWERS("GET", path.data, "", NULL, 400, NULL);
    bytes_append_text(&query, "PUT /actors/echo_1/tasks?");
    for (int i = 0; i < 1000; i++)
        bytes_append_text(&query, "a=b&");
    bytes_append_text(&query, " HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");
    const char *answer = raw(query.data, query.size); /* or none at all */
    cr_expect_null(strstr(answer, "HTTP/1.1 2"), "%s", answer);
}

Test(hostile, connections_that_come_and_go_harm_nobody)
{
    static const char *const beginnings[] = {
        "", "G", "GET /README HT", "PUT /actors/echo_1/tasks HTTP/1.1\r\nHost: x\r\n",
        "PUT /actors/echo_1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nlat"};
    for (size_t i = 0; i < 10000; i++) {
        const char *beginning = beginnings[i % 5];
        int socket = http_connect(i % 2 ? fixture.address : fixture.port_address);
        send(socket, beginning, strlen(beginning), MSG_NOSIGNAL);
        if (i % 3 == 0) { /* a reset instead of an end */
            struct linger linger = {.l_onoff = 1};
            setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        }
        close(socket);
        if (i % 1000 == 0)
            ANSWERS("GET", "/actors/echo_1/state", "", NULL, 200, "");
    }
    cr_expect_eq(number_of("echo_1", "done") + number_of("echo_1", "pending"), 0);
}

/* Half of a request each, all at once; others are served beside them. */
Test(hostile, slow_bodies_keep_nobody_waiting)
{
    enum { SLOW = 500 };
    static int sockets[SLOW];
    for (size_t i = 0; i < SLOW; i++) {
        static const char half[] = "PUT /actors/echo_1/tasks HTTP/1.1\r\nHost: x\r\n"
                                   "Content-Length: 5\r\n\r\nla";
        sockets[i] = http_connect(fixture.address);
        cr_assert(send(sockets[i], half, sizeof half - 1, MSG_NOSIGNAL) > 0);
    }
    ANSWERS("PUT", "/actors/echo_1/execute@quick", "", "latte", 200, "latte");
    for (size_t i = 0; i < SLOW; i++) {
        cr_assert(send(sockets[i], "tte", 3, MSG_NOSIGNAL) == 3);
        shutdown(sockets[i], SHUT_WR);
    }
    cr_expect(wait_number("echo_1", "done", SLOW + 1));
    for (size_t i = 0; i < SLOW; i++)
        close(sockets[i]);
}

Test(hostile, pipelined_requests_are_answered_in_order)
{
    static const char pipeline[] =
        "PUT /actors/echo_1/execute@1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"
        "PUT /actors/echo_1/execute@2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nb"
        "GET /actors/echo_1/tasks@1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    const char *answer = raw(pipeline, sizeof pipeline - 1);
    cr_expect_eq(count_answers(answer), 3, "%s", answer);
    const char *first = strstr(answer, "\r\n\r\na"),
               *second = strstr(answer, "\r\n\r\nb");
    cr_assert(first && second && first < second, "%s", answer);
    cr_expect(strstr(second, "\r\n\r\na"), "%s", answer);
}

/* Nothing of it can be an answer that the library would refuse to send. */
Test(hostile, what_a_client_leaves_is_no_header_of_another)
{
    ANSWERS("PUT", "/actors/echo_1/state", "Content-Type: a/b\x01\x7f\t;x\r\n", "x",
            204, "");
    ANSWERS("GET", "/actors/echo_1/state", "", NULL, 200, "x");
    ANSWERS("HEAD", "/actors/echo_1/state", "", NULL, 200, "");
    BYTES_AUTO(type);
    bytes_append_text(&type, "Content-Type: ");
    memset(bytes_reserve(&type, 4000), 'x', 4000);
    type.size += 4000;
    bytes_append(&type, view_of("\r\n", 3));
    ANSWERS("PUT", "/actors/echo_1/state", type.data, "y", 204, "");
    ANSWERS("GET", "/actors/echo_1/state", "", NULL, 200, "y");
}
