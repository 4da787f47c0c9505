/* SPDX-License-Identifier: MIT */
#include "tests/support/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/log.h"

/* -1 and errno when nobody listens there. */
static int try_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    ENSURE(strlen(path) < sizeof address.sun_path);
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static int try_tcp(const char *text)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    ENSURE(colon && (size_t)(colon - text) < sizeof host);
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(colon + 1))};
    ENSURE(inet_pton(AF_INET, host, &address.sin_addr) == 1);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static int try_connect(const char *address)
{
    return strncmp(address, "unix:", 5) == 0 ? try_unix(address + 5) : try_tcp(address);
}

int http_connect(const char *address)
{
    int fd = try_connect(address);
    ENSURE(fd >= 0);
    return fd;
}

bool http_listens(const char *address)
{
    int fd = try_connect(address);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* The server may answer and close before it has it all. */
static void send_all(int fd, struct view text)
{
    while (text.size) {
        ssize_t put = send(fd, text.data, text.size, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return;
        text = view_of(text.data + put, text.size - (size_t)put);
    }
}

static void receive_all(int fd, struct bytes *out)
{
    ssize_t got;
    do {
        got = recv(fd, bytes_reserve(out, 65536), 65536, 0);
        if (got > 0)
            out->size += (size_t)got;
    } while (got > 0 || (got < 0 && errno == EINTR));
}

/* Reads until the other side closes. */
static void ask(const char *address, struct view request, struct bytes *out)
{
    int fd = http_connect(address);
    send_all(fd, request);
    receive_all(fd, out);
    close(fd);
}

const char *http_field(const struct http_reply *reply, const char *name)
{
    static _Thread_local char values[4][1024];
    static _Thread_local unsigned turn;
    size_t name_size = strlen(name);
    const char *at = reply->head.data, *end = at + reply->head.size;
    while (at && at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t size = line_end ? (size_t)(line_end - at) : (size_t)(end - at);
        if (size > name_size && at[name_size] == ':' &&
            strncasecmp(at, name, name_size) == 0) {
            const char *value = at + name_size + 1;
            size_t value_size = size - name_size - 1;
            for (; value_size && *value == ' '; value_size--)
                value++;
            while (value_size && strchr("\r ", value[value_size - 1]))
                value_size--;
            char *out = values[turn++ % 4];
            snprintf(out, sizeof values[0], "%.*s", (int)value_size, value);
            return out;
        }
        at = line_end ? line_end + 1 : end;
    }
    return NULL;
}

static void unchunk(struct view text, struct bytes *out)
{
    while (text.size) {
        char *end;
        unsigned long size = strtoul(text.data, &end, 16);
        const char *data = memchr(text.data, '\n', text.size);
        if (size == 0 || !data)
            return;
        data++;
        ENSURE(data + size + 2 <= text.data + text.size);
        bytes_append(out, view_of(data, size));
        text = view_of(data + size + 2,
                       (size_t)(text.data + text.size - (data + size + 2)));
    }
}

/* An interim answer (100 Continue) comes before the one that is meant. */
static struct view skip_interim(struct view text)
{
    while (view_starts_with(text, "HTTP/1.1 100")) {
        const char *end = memmem(text.data, text.size, "\r\n\r\n", 4);
        ENSURE(end);
        text = view_of(end + 4, (size_t)(text.data + text.size - (end + 4)));
    }
    return text;
}

static void take_apart(struct view text, struct http_reply *reply)
{
    text = skip_interim(text);
    const char *end = text.size ? memmem(text.data, text.size, "\r\n\r\n", 4) : NULL;
    if (!end || !view_starts_with(text, "HTTP/1.1 ")) {
        fprintf(stderr, "not an answer: %.*s\n", (int)text.size, text.data);
        abort();
    }
    size_t head = (size_t)(end - text.data) + 2;
    struct view body = view_of(end + 4, text.size - head - 2);
    bytes_append(&reply->head, view_of(text.data, head));
    reply->code = atoi(text.data + strlen("HTTP/1.1 "));
    const char *coding = http_field(reply, "Transfer-Encoding");
    if (coding && strcmp(coding, "chunked") == 0)
        unchunk(body, &reply->body);
    else
        bytes_append(&reply->body, body);
}

void http_exchange(const char *address, const char *method, const char *target,
                   const char *headers, struct view body, struct http_reply *reply)
{
    BYTES_AUTO(request);
    BYTES_AUTO(answer);
    *reply = (struct http_reply){0};
    const char *host = strncmp(address, "unix:", 5) == 0 ? "localhost" : address;
    bytes_format(&request, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n",
                 method, target, host);
    bytes_append_text(&request, headers);
    if (body.data)
        bytes_format(&request, "Content-Length: %zu\r\n", body.size);
    bytes_append_text(&request, "\r\n");
    bytes_append(&request, body);
    ask(address, view_bytes(&request), &answer);
    take_apart(view_bytes(&answer), reply);
}

void http_reply_free(struct http_reply *reply)
{
    bytes_free(&reply->head);
    bytes_free(&reply->body);
}
