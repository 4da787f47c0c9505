/* SPDX-License-Identifier: MIT */
/*
 * The machine's clock, and times as text: RFC 3339 in both directions, and durations as
 * people type them. Text is read strictly, byte by byte, because it comes from outside:
 * no locale, no leading blanks, no signs, no days that the calendar does not have. A
 * leap second (:60) is the first of the next minute, as POSIX has it.
 */
#include "common/base/clock.h"

#include <time.h>

static int64_t system_wall_ms(struct clock *clock)
{
    struct timespec now;

    (void)clock;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_monotonic_ns(struct clock *clock)
{
    struct timespec now;

    (void)clock;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct clock *clock_system(void)
{
    static struct clock system = {system_wall_ms, system_monotonic_ns};

    return &system;
}

#define SECOND_BYTES 19 /* 2026-12-24T18:00:00 */

/* The last digits of the number, as many as there is room for. */
static void put_digits(char *from, char *end, int number)
{
    while (end > from) {
        *--end = (char)('0' + number % 10);
        number /= 10;
    }
}

/* A `status` is mostly times, and printf takes longer than all else in it. */
static void format_second(char text[SECOND_BYTES], int64_t seconds)
{
    time_t time = (time_t)seconds;
    struct tm utc;

    gmtime_r(&time, &utc);
    memcpy(text, "YYYY-MM-DDThh:mm:ss", SECOND_BYTES);
    put_digits(text, text + 4, utc.tm_year + 1900);
    put_digits(text + 5, text + 7, utc.tm_mon + 1);
    put_digits(text + 8, text + 10, utc.tm_mday);
    put_digits(text + 11, text + 13, utc.tm_hour);
    put_digits(text + 14, text + 16, utc.tm_min);
    put_digits(text + 17, text + 19, utc.tm_sec);
}

/* Most times that are written are of the second that was written last: its text is
   kept. */
void clock_format(struct bytes *out, int64_t wall_ms)
{
    static _Thread_local char text[SECOND_BYTES];
    static _Thread_local int64_t text_seconds = INT64_MIN;
    int64_t milliseconds = (wall_ms % 1000 + 1000) % 1000;
    int64_t seconds = (wall_ms - milliseconds) / 1000;
    char fraction[] = {'.', (char)('0' + milliseconds / 100),
                       (char)('0' + milliseconds / 10 % 10),
                       (char)('0' + milliseconds % 10), 'Z'};

    if (seconds != text_seconds) {
        format_second(text, seconds);
        text_seconds = seconds;
    }
    bytes_append(out, view_of(text, sizeof(text)));
    bytes_append(out, view_of(fraction, sizeof(fraction)));
}

/* The readers below take what they know from the front of `text`. */

static bool take_char(struct view *text, const char *one_of)
{
    if (text->size == 0 || text->data[0] == '\0' || !strchr(one_of, text->data[0]))
        return false;
    *text = view_of(text->data + 1, text->size - 1);
    return true;
}

static bool starts_with_digit(struct view text)
{
    return text.size > 0 && text.data[0] >= '0' && text.data[0] <= '9';
}

static bool take_digits(struct view *text, int count, int *value_out)
{
    struct view rest = *text;
    int value = 0;

    for (int i = 0; i < count; i++) {
        if (!starts_with_digit(rest))
            return false;
        value = value * 10 + (rest.data[0] - '0');
        rest = view_of(rest.data + 1, rest.size - 1);
    }
    *text = rest;
    *value_out = value;
    return true;
}

static bool take_date(struct view *text, int64_t *seconds_out)
{
    int year, month, day;
    struct tm utc;

    if (!take_digits(text, 4, &year) || !take_char(text, "-") ||
        !take_digits(text, 2, &month) || !take_char(text, "-") ||
        !take_digits(text, 2, &day))
        return false;
    utc = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    *seconds_out = timegm(&utc);
    /* timegm() turns February 30 into March 1 or 2: then it was no date. */
    return utc.tm_mon == month - 1;
}

static bool take_time(struct view *text, int64_t *seconds_out)
{
    int hour, minute, second;

    if (!take_digits(text, 2, &hour) || !take_char(text, ":") ||
        !take_digits(text, 2, &minute) || !take_char(text, ":") ||
        !take_digits(text, 2, &second))
        return false;
    *seconds_out = hour * 3600 + minute * 60 + second;
    return hour <= 23 && minute <= 59 && second <= 60;
}

/* `.5` or `.123456789`; what is finer than a millisecond is dropped. */
static bool take_fraction(struct view *text, int64_t *ms_out)
{
    int scale = 100;

    *ms_out = 0;
    if (!take_char(text, "."))
        return true;
    if (!starts_with_digit(*text))
        return false;
    while (starts_with_digit(*text)) {
        *ms_out += scale * (text->data[0] - '0');
        scale /= 10;
        *text = view_of(text->data + 1, text->size - 1);
    }
    return true;
}

static bool take_offset(struct view *text, int64_t *seconds_out)
{
    int hours, minutes, sign;

    *seconds_out = 0;
    if (take_char(text, "Zz"))
        return true;
    sign = view_starts_with(*text, "-") ? -1 : 1;
    if (!take_char(text, "+-") || !take_digits(text, 2, &hours) ||
        !take_char(text, ":") || !take_digits(text, 2, &minutes))
        return false;
    *seconds_out = sign * (hours * 3600 + minutes * 60);
    return hours <= 23 && minutes <= 59;
}

bool clock_parse(struct view text, int64_t *wall_ms_out)
{
    int64_t date, time, fraction, offset;

    if (!take_date(&text, &date) || !take_char(&text, "Tt") ||
        !take_time(&text, &time) || !take_fraction(&text, &fraction) ||
        !take_offset(&text, &offset) || text.size != 0)
        return false;
    *wall_ms_out = (date + time - offset) * 1000 + fraction;
    return true;
}

static bool take_number(struct view *text, int64_t *number_out)
{
    if (!starts_with_digit(*text))
        return false;
    *number_out = 0;
    while (starts_with_digit(*text)) {
        if (__builtin_mul_overflow(*number_out, 10, number_out) ||
            __builtin_add_overflow(*number_out, text->data[0] - '0', number_out))
            return false;
        *text = view_of(text->data + 1, text->size - 1);
    }
    return true;
}

bool clock_parse_duration(struct view text, int64_t *ms_out)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {
        {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000},
    };
    int64_t number, ms;

    if (!take_number(&text, &number))
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (!view_equal(text, view_text(units[i].name)))
            continue;
        if (__builtin_mul_overflow(number, units[i].ms, &ms))
            return false;
        *ms_out = ms;
        return true;
    }
    return false;
}
