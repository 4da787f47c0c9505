/* SPDX-License-Identifier: MIT */
/*
 * The rate is a bucket of tokens, a line each, that fills again with time.
 */
#include "common/behavior/complaints.h"

#include <ctype.h>
#include <inttypes.h>

#include "common/base/log.h"
#include "common/base/text.h"

enum {
    LINES_AT_ONCE = 200, /* more than anyone reads in a second */
    LINE_EVERY_MS = 20,
    LINE_BYTES_MAX = 1000, /* of a line, what is logged */
};

static bool take_token(struct complaint_rate *rate, int64_t now_ms)
{
    int64_t earned = (now_ms - rate->filled_ms) / LINE_EVERY_MS;

    if (rate->filled_ms == 0 || rate->tokens + earned >= LINES_AT_ONCE) {
        rate->tokens = LINES_AT_ONCE;
        rate->filled_ms = now_ms;
    } else {
        rate->tokens += (uint32_t)earned;
        rate->filled_ms += earned * LINE_EVERY_MS;
    }
    if (rate->tokens == 0)
        return false;
    rate->tokens--;
    return true;
}

void complaint_rate_tell(struct complaint_rate *rate, const char *behavior)
{
    if (rate->dropped > 0)
        log_warning("%s: %" PRIu64 " line%s of standard error not logged", behavior,
                    rate->dropped, text_plural(rate->dropped));
    rate->dropped = 0;
}

static void log_line(struct complaints *complaints, int64_t now_ms)
{
    struct bytes *line = &complaints->line;

    if (take_token(complaints->rate, now_ms)) {
        for (size_t i = 0; i < line->size; i++)
            if (line->data[i] == '\0')
                line->data[i] = '?'; /* would end the text */
        log_info("%s: %s: %.*s", complaints->behavior, complaints->actor,
                 (int)line->size, line->size ? line->data : "");
    } else {
        complaints->rate->dropped++;
    }
    bytes_clear(line);
}

static void add_to_line(struct bytes *line, struct view text)
{
    size_t room = LINE_BYTES_MAX - line->size;

    bytes_append(line, view_of(text.data, text.size < room ? text.size : room));
}

/* Twice the size is kept, so that the bytes move only now and then. */
static void add_to_tail(struct complaints *complaints, struct view text)
{
    struct bytes *tail = &complaints->tail;
    size_t most = complaints->tail_bytes_max;

    if (text.size > most)
        text = view_of(text.data + text.size - most, most);
    if (tail->size + text.size > 2 * most) {
        memmove(tail->data, tail->data + tail->size - most, most);
        tail->size = most;
    }
    bytes_append(tail, text);
}

void complaints_add(struct complaints *complaints, struct view text, int64_t now_ms)
{
    add_to_tail(complaints, text);
    while (text.size) {
        const char *newline = memchr(text.data, '\n', text.size);
        size_t size = newline ? (size_t)(newline - text.data) : text.size;

        add_to_line(&complaints->line, view_of(text.data, size));
        if (newline)
            log_line(complaints, now_ms);
        size += newline != NULL;
        text = view_of(text.data + size, text.size - size);
    }
}

void complaints_end(struct complaints *complaints, int64_t now_ms)
{
    if (complaints->line.size)
        log_line(complaints, now_ms);
}

struct view complaints_tail(const struct complaints *complaints)
{
    struct view tail = view_bytes(&complaints->tail);

    if (tail.size > complaints->tail_bytes_max)
        tail = view_of(tail.data + tail.size - complaints->tail_bytes_max,
                       complaints->tail_bytes_max);
    while (tail.size && isspace((unsigned char)tail.data[tail.size - 1]))
        tail.size--;
    return tail;
}

void complaints_free(struct complaints *complaints)
{
    bytes_free(&complaints->tail);
    bytes_free(&complaints->line);
}
