/* SPDX-License-Identifier: MIT */
/*
 * A line is put together in a buffer on the stack and leaves in one write(), so that
 * the lines of several threads do not mix, and logging works when memory is what ran
 * out. A text too long for the buffer ends in `...`. errno is left alone: whoever logs
 * a failure may still want to look at it.
 *
 * A write that fails is not reported: there is nobody left to tell.
 */
#include "common/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum {
    TEXT_BYTES_MAX = 2048,
    STAMP_BYTES_MAX = 64, /* "2026-12-24T18:00:00.000Z warning: " */
};

static atomic_int level_max = LOG_LEVEL_INFO;
static atomic_bool syslog_is_used;

static const struct {
    const char *name;
    int priority;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", LOG_ERR},
    [LOG_LEVEL_WARNING] = {"warning", LOG_WARNING},
    [LOG_LEVEL_INFO] = {"info", LOG_INFO},
    [LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
};

void log_set_level(enum log_level level)
{
    atomic_store(&level_max, (int)level);
}

void log_to_syslog(void)
{
    openlog("actorfs", LOG_PID, LOG_DAEMON);
    atomic_store(&syslog_is_used, true);
}

static size_t put_stamp(char *out, enum log_level level)
{
    struct timespec now;
    struct tm utc;
    size_t size;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size = strftime(out, STAMP_BYTES_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
    size += (size_t)snprintf(out + size, STAMP_BYTES_MAX - size,
                             ".%03ldZ %s: ", now.tv_nsec / 1000000, levels[level].name);
    return size;
}

/* `out` has room for four times the text. */
static size_t put_escaped(char *out, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    char *end = out;

    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte >= 0x20 && byte != 0x7F) {
            *end++ = *text;
            continue;
        }
        *end++ = '\\';
        *end++ = 'x';
        *end++ = digits[byte >> 4];
        *end++ = digits[byte & 15];
    }
    return (size_t)(end - out);
}

static void write_line(enum log_level level, const char *text)
{
    char line[STAMP_BYTES_MAX + 4 * TEXT_BYTES_MAX + 1];
    size_t stamp = put_stamp(line, level);
    size_t size = stamp + put_escaped(line + stamp, text);

    if (atomic_load(&syslog_is_used)) {
        syslog(levels[level].priority, "%.*s", (int)(size - stamp), line + stamp);
        return;
    }
    line[size++] = '\n';
    while (write(STDERR_FILENO, line, size) < 0 && errno == EINTR)
        ;
}

__attribute__((format(printf, 2, 0))) static void
log_event(enum log_level level, const char *format, va_list arguments)
{
    char text[TEXT_BYTES_MAX];
    int error = errno;

    if ((int)level > atomic_load(&level_max))
        return;
    if (vsnprintf(text, sizeof(text), format, arguments) >= (int)sizeof(text))
        memcpy(text + sizeof(text) - sizeof("..."), "...", sizeof("..."));
    write_line(level, text);
    errno = error;
}

void log_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_event(LOG_LEVEL_ERROR, format, arguments);
    va_end(arguments);
}

void log_warning(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_event(LOG_LEVEL_WARNING, format, arguments);
    va_end(arguments);
}

void log_info(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_event(LOG_LEVEL_INFO, format, arguments);
    va_end(arguments);
}

void log_debug(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_event(LOG_LEVEL_DEBUG, format, arguments);
    va_end(arguments);
}

void panic_at(const char *file, int line, const char *what)
{
    log_error("%s:%d: this must never be false: %s", file, line, what);
    abort();
}
