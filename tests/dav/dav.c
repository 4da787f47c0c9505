/* SPDX-License-Identifier: MIT */
#include "tests/dav/dav.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *lock(const char *target, const char *headers, int code)
{
    static char tokens[4][80];
    static unsigned turn;
    char *token = tokens[turn++ % 4];
    const struct http_reply *reply = ask("LOCK", target, headers, EXCLUSIVE);
    cr_expect_eq(reply->code, code, "LOCK %s: %d %s", target, reply->code,
                 reply->body.data);
    snprintf(token, sizeof tokens[0], "%s", field(reply, "Lock-Token"));
    size_t size = strlen(token);
    if (size < 2)
        return "";
    token[size - 1] = '\0';
    return token + 1;
}

const char *line(const char *format, ...)
{
    static char lines[16][1024];
    static unsigned turn;
    char *text = lines[turn++ % 16];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof lines[0], format, arguments);
    va_end(arguments);
    return text;
}

const char *found(const char *target, const char *headers, const char *body)
{
    const struct http_reply *reply = ask("PROPFIND", target, headers, body);
    return reply->code == 207 ? reply->body.data : "";
}

bool finds(const char *target, const char *body, const char *text)
{
    const char *answer = found(target, "Depth: 0\r\n", body);
    if (strstr(answer, text))
        return true;
    fprintf(stderr, "  PROPFIND %s: no %s in\n%s\n", target, text, answer);
    return false;
}

long long tasks_of(const char *actor)
{
    static const char *const keys[] = {"pending", "delayed", "running",
                                       "done",    "failed",  "canceled"};
    long long sum = 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        sum += number_of(actor, keys[i]);
    return sum;
}
