/* SPDX-License-Identifier: MIT */
#include "tests/http/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/mounted.h"

#define REPLIES 16

struct served fixture;

void fixture_open_with(const char *options)
{
    static char words[1024];
    stage_open(BEHAVIORS, FIXTURE_GUARD_S);
    snprintf(words, sizeof words, "--behaviors %s %s", stage_behaviors(), options);
    served_open(&fixture, words, FIXTURE_GUARD_S);
}

void fixture_open(void)
{
    fixture_open_with("");
}

void fixture_close(void)
{
    cr_expect(served_close(&fixture), "the daemon must end cleanly");
    stage_close();
}

static void terminate(struct bytes *bytes)
{
    *bytes_reserve(bytes, 1) = '\0';
}

const struct http_reply *ask(const char *method, const char *target,
                             const char *headers, const char *body)
{
    static struct http_reply replies[REPLIES];
    static unsigned turn;
    struct http_reply *reply = &replies[turn++ % REPLIES];
    http_reply_free(reply);
    http_exchange(fixture.address, method, target, headers,
                  body ? view_text(body) : view_of(NULL, 0), reply);
    terminate(&reply->head);
    terminate(&reply->body);
    return reply;
}

const char *field(const struct http_reply *reply, const char *name)
{
    const char *value = http_field(reply, name);
    return value ? value : "";
}

bool answers(const char *method, const char *target, const char *headers,
             const char *body, int code, const char *answer)
{
    const struct http_reply *reply = ask(method, target, headers, body);
    if (reply->code == code && (!answer || strcmp(reply->body.data, answer) == 0))
        return true;
    fprintf(stderr, "  %s %s %s\n  wanted %d %s\n  got %s\n%s\n", method, target,
            headers, code, answer ? answer : "", reply->head.data, reply->body.data);
    return false;
}

/* -------------------------------------------------------------------------- actors */

void make_actor(const char *name)
{
    char target[300];
    snprintf(target, sizeof target, "/actors/%s", name);
    cr_assert(answers("MKCOL", target, "", NULL, 201, ""));
}

void control(const char *name, const char *words)
{
    char target[300];
    snprintf(target, sizeof target, "/actors/%s/status", name);
    cr_assert(answers("PUT", target, "", words, 204, ""));
}

void make_suspended(const char *name)
{
    make_actor(name);
    control(name, "suspend\n");
}

long long number_of(const char *actor, const char *key)
{
    char target[300];
    BYTES_AUTO(value);
    snprintf(target, sizeof target, "/actors/%s/status", actor);
    const struct http_reply *reply = ask("GET", target, "", NULL);
    if (reply->code != 200 || !line_value(view_bytes(&reply->body), key, &value))
        return -1;
    terminate(&value);
    return strtoll(value.data, NULL, 10);
}

bool wait_number(const char *actor, const char *key, long long value)
{
    long long deadline = now_ms() + FIXTURE_WAIT_MS;
    while (number_of(actor, key) != value) {
        if (now_ms() > deadline) {
            fprintf(stderr, "%s of %s is %lld, not %lld\n", key, actor,
                    number_of(actor, key), value);
            return false;
        }
        poll_pause();
    }
    return true;
}

/* ------------------------------------------------------------------------- outside */

const char *outside(const char *name)
{
    static struct bytes text;
    bytes_clear(&text);
    stage_read_outside(name, &text);
    terminate(&text);
    return text.data;
}

void put_outside(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/../outside/%s", stage_behaviors(), name);
    cr_assert_eq(file_write(path, O_WRONLY | O_CREAT, view_of("", 0)), 0);
}

/* --------------------------------------------------------------------------- bytes */

static void send_all(int socket, const char *data, size_t size)
{
    while (size) {
        ssize_t put = send(socket, data, size, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return;
        data += put;
        size -= (size_t)put;
    }
}

int begin(const char *method, const char *target, const char *headers, const char *body)
{
    BYTES_AUTO(request);
    int socket = http_connect(fixture.address);
    bytes_format(&request,
                 "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s", method,
                 target, headers);
    if (body)
        bytes_format(&request, "Content-Length: %zu\r\n", strlen(body));
    bytes_format(&request, "\r\n%s", body ? body : "");
    send_all(socket, request.data, request.size);
    return socket;
}

const char *rest_of(int socket)
{
    static struct bytes ring[4];
    static unsigned turn;
    struct bytes *out = &ring[turn++ % 4];
    ssize_t got;
    bytes_clear(out);
    do {
        got = recv(socket, bytes_reserve(out, 65536), 65536, 0);
        if (got > 0)
            out->size += (size_t)got;
    } while (got > 0 || (got < 0 && errno == EINTR));
    close(socket);
    terminate(out);
    return out->data;
}

const char *raw(const char *request, size_t size)
{
    int socket = http_connect(fixture.address);
    struct timeval patience = {.tv_sec = FIXTURE_WAIT_MS / 1000};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    send_all(socket, request, size);
    return rest_of(socket);
}
