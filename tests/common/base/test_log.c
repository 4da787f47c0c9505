/* SPDX-License-Identifier: MIT */
#include "common/base/log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"

/* Standard error goes into a pipe while a test logs. */
static int reading_end;
static int saved;

static void capture(void)
{
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    saved = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    reading_end = ends[0];
}

/* What was logged since capture(). */
static struct bytes captured(void)
{
    struct bytes text = {0};
    ssize_t size;

    dup2(saved, STDERR_FILENO);
    close(saved);
    while ((size = read(reading_end, bytes_reserve(&text, 4096), 4096)) > 0)
        text.size += (size_t)size;
    close(reading_end);
    bytes_append(&text, view_of("", 1));
    return text;
}

/* Past `2026-12-24T18:00:00.000Z `. */
static const char *after_time(const struct bytes *text)
{
    int64_t ms;

    cr_assert_gt(text->size, 25);
    cr_assert(clock_parse(view_of(text->data, 24), &ms), "%s", text->data);
    cr_assert_eq(text->data[24], ' ');
    return text->data + 25;
}

Test(log, an_event_is_one_line_with_time_and_level)
{
    struct bytes text;

    capture();
    log_warning("the disk holds %d beans", 3);
    text = captured();
    cr_assert_str_eq(after_time(&text), "warning: the disk holds 3 beans\n");
    bytes_free(&text);
}

Test(log, control_characters_cannot_forge_a_line)
{
    struct bytes text;

    capture();
    log_error("%s", "a\nb\tc\x1b[0m\x7f d\xc3\xa9");
    text = captured();
    cr_assert_str_eq(after_time(&text),
                     "error: a\\x0ab\\x09c\\x1b[0m\\x7f d\xc3\xa9\n");
    bytes_free(&text);
}

Test(log, lines_above_the_level_are_dropped)
{
    struct bytes text;

    capture();
    log_debug("not by default");
    log_set_level(LOG_LEVEL_ERROR);
    log_warning("nor now");
    log_info("nor this");
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("but this");
    text = captured();
    cr_assert_str_eq(after_time(&text), "debug: but this\n");
    bytes_free(&text);
}

Test(log, a_text_too_long_is_cut_and_shows_it)
{
    struct bytes text;
    char *longest = memory_take_zeroed(1, 100001);

    memset(longest, '\n', 100000);
    capture();
    log_info("%s", longest);
    text = captured();
    cr_assert_lt(text.size, 10000);
    cr_assert_str_eq(text.data + text.size - 5, "...\n");
    bytes_free(&text);
    free(longest);
}

Test(log, errno_is_left_alone_even_when_nobody_can_be_told)
{
    close(STDERR_FILENO);
    errno = ENOSPC;
    log_info("note");
    cr_assert_eq(errno, ENOSPC);
}

Test(log, a_broken_invariant_aborts, .signal = SIGABRT)
{
    ENSURE(1 + 1 == 2);
    ENSURE(1 + 1 == 3);
}
