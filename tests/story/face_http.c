/* SPDX-License-Identifier: MIT */
/*
 * Stories over HTTP: a code is an HTTP status, 0 for what succeeded. The daemon listens
 * on a Unix socket; it is mounted as well, which nobody looks at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/story/face.h"
#include "tests/support/http.h"
#include "tests/support/mounted.h"

#define STORY_GUARD_S 300

static struct mounted mounted;
static char address[64];
static char options_all[1024];

/* As the contract has it, written down once more: the face's own table is under test.
 */
static int code_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return 0;
    case STATUS_INVALID:
        return 400;
    case STATUS_NOT_FOUND:
        return 404;
    case STATUS_EXISTS:
        return 405;
    case STATUS_CONFLICT:
        return 422;
    case STATUS_TOO_LARGE:
        return 413;
    case STATUS_NAME_TOO_LONG:
        return 414;
    case STATUS_FULL:
        return 429;
    case STATUS_NO_SPACE:
        return 507;
    case STATUS_IO:
    case STATUS_FAILED:
        return 500;
    case STATUS_BUSY:
    case STATUS_NOT_EMPTY:
        return 409;
    case STATUS_TIMEOUT:
    case STATUS_SHUTDOWN:
        return 503;
    case STATUS_STALE:
        return 412;
    case STATUS_PERMISSION:
    case STATUS_ACCESS:
        return 403;
    case STATUS_CANCELED:
        return 410;
    case STATUS_AGAIN:
        return 202;
    case STATUS_DEADLOCK:
        return 508;
    }
    return -1;
}

static const char *text_of(int code)
{
    static char text[16];
    snprintf(text, sizeof text, "%d", code);
    return code == 0 ? "ok" : text;
}

static bool listens(void *context)
{
    return http_listens(context);
}

/* The mount answers before the socket does. */
static void await_socket(void)
{
    if (!poll_until(listens, address, MOUNTED_START_MS))
        abort();
}

static void open_http(const char *options)
{
    snprintf(address, sizeof address, "unix:/tmp/actorfs-story-%d", (int)getpid());
    snprintf(options_all, sizeof options_all, "--listen %s %s", address, options);
    mounted_open(&mounted, options_all, STORY_GUARD_S);
    await_socket();
}

static bool close_http(void)
{
    bool clean = mounted_close(&mounted);
    unlink(address + 5);
    return clean;
}

static void restart(bool kills)
{
    if (kills)
        mounted_kill(&mounted);
    else
        mounted_stop(&mounted);
    mounted_start(&mounted);
    await_socket();
}

/* As it is typed on the mount: `%` is there already where it must be. */
static void append_target(struct bytes *out, const char *path)
{
    bytes_append_text(out, path[0] == '/' ? "" : "/actors/");
    for (; *path; path++) {
        unsigned char byte = (unsigned char)*path;
        if (byte <= ' ' || byte >= 0x7F)
            bytes_format(out, "%%%02X", byte);
        else
            bytes_append(out, view_of(path, 1));
    }
}

/* What a failed task said stands in the problem's detail. */
static void append_detail(struct bytes *out, struct view body)
{
    json_t *problem = json_loadb(body.data, body.size, 0, NULL);
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    bytes_append_text(out, detail ? detail : "");
    json_decref(problem);
}

/* 0 for success; a missing actor is 404 to all but PUT and MKCOL, for which RFC 4918
   wants 409. */
static int ask(const char *method, const char *path, const char *query,
               const char *headers, struct view body, struct bytes *out)
{
    struct http_reply reply;
    BYTES_AUTO(target);
    append_target(&target, path);
    bytes_append_text(&target, query);
    bytes_append(&target, view_of("", 1));
    http_exchange(address, method, target.data, headers, body, &reply);
    if (out && reply.code < 300)
        bytes_append(out, view_bytes(&reply.body));
    else if (out && reply.code == 500)
        append_detail(out, view_bytes(&reply.body));
    int code = reply.code / 100 == 2 && reply.code != 202 ? 0 : reply.code;
    if (code == 409 && memmem(reply.body.data, reply.body.size, "no such actor", 13))
        code = 404;
    http_reply_free(&reply);
    return code;
}

static int make(const char *actor)
{
    return ask("MKCOL", actor, "", "", view_of(NULL, 0), NULL);
}

static int remove_actor(const char *actor)
{
    return ask("DELETE", actor, "", "", view_of(NULL, 0), NULL);
}

static int accepted(int code)
{
    return code == 202 ? 0 : code;
}

static int send_message(const char *path, struct view content)
{
    struct view body = content.data ? content : view_of("", 0);
    /* To empty a state over HTTP one says that one means it. */
    bool empties = content.size == 0 && strstr(path, "/state");
    const char *headers = empties ? "If-Match: *\r\n" : "";
    /* An empty PUT is how WebDAV clients begin to make a file: it is there then. */
    const char *method = content.size || empties ? "PUT" : "POST";
    return accepted(ask(method, path, "", headers, body, NULL));
}

static int append_lines(const char *path, struct view content)
{
    return accepted(ask("POST", path, "", "Content-Type: application/x-ndjson\r\n",
                        content.data ? content : view_of("", 0), NULL));
}

static int call(const char *path, struct view content, struct bytes *out)
{
    return ask("PUT", path, "", "Prefer: wait=120\r\n", content, out);
}

static int read_path(const char *path, bool waits, struct bytes *out)
{
    return ask("GET", path, "", waits ? "Prefer: wait=120\r\n" : "", view_of(NULL, 0),
               out);
}

static int compare(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Names, without the slash that folders end in, sorted. */
static int list(const char *path, struct bytes *out)
{
    BYTES_AUTO(text);
    char *lines[4096], *rest = NULL;
    size_t count = 0;
    int code = ask("GET", path, "", "Accept: text/plain\r\n", view_of(NULL, 0), &text);
    if (code)
        return code;
    bytes_append(&text, view_of("", 1));
    for (char *line = strtok_r(text.data, "\n", &rest); line && count < 4096;
         line = strtok_r(NULL, "\n", &rest))
        lines[count++] = line;
    qsort(lines, count, sizeof *lines, compare);
    for (size_t i = 0; i < count; i++)
        bytes_format(out, "%.*s\n", (int)strcspn(lines[i], "/"), lines[i]);
    return 0;
}

static bool exists(const char *path)
{
    int code = ask("HEAD", path, "", "", view_of(NULL, 0), NULL);
    return code != 404;
}

const struct face face_http = {.name = "http",
                               .code_of = code_of,
                               .text_of = text_of,
                               .open = open_http,
                               .close = close_http,
                               .restart = restart,
                               .make = make,
                               .remove = remove_actor,
                               .send = send_message,
                               .append = append_lines,
                               .call = call,
                               .read = read_path,
                               .list = list,
                               .exists = exists};
