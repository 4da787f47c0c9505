/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "common/base/limits.h"
#include "fs/hidden.h"

static int64_t now_ns;

static int64_t monotonic_ns(struct clock *clock)
{
    (void)clock;
    return now_ns;
}
static struct clock test_clock = {.monotonic_ns = monotonic_ns};

#define FOLDER 77
#define MINUTE_NS (HIDDEN_NAME_MS * INT64_C(1000000))

static bool is_hidden(struct hidden *hidden, const char *name)
{
    return hidden_contains(hidden, FOLDER, view_text(name));
}

Test(hidden, a_removed_name_is_hidden_in_its_folder_only)
{
    struct hidden *hidden = hidden_open(&test_clock);
    hidden_add(hidden, FOLDER, view_text("tasks"));
    cr_expect(is_hidden(hidden, "tasks"));
    cr_expect_not(is_hidden(hidden, "task"));
    cr_expect_not(is_hidden(hidden, "state"));
    cr_expect_not(hidden_contains(hidden, FOLDER + 1, view_text("tasks")));
    hidden_close(hidden);
}

Test(hidden, creating_it_again_shows_it)
{
    struct hidden *hidden = hidden_open(&test_clock);
    hidden_add(hidden, FOLDER, view_text("tasks"));
    cr_expect(hidden_remove(hidden, FOLDER, view_text("tasks")));
    cr_expect_not(is_hidden(hidden, "tasks"));
    cr_expect_not(hidden_remove(hidden, FOLDER, view_text("tasks")));
    hidden_close(hidden);
}

Test(hidden, a_minute_later_it_shows_by_itself)
{
    struct hidden *hidden = hidden_open(&test_clock);
    hidden_add(hidden, FOLDER, view_text("tasks"));
    now_ns += MINUTE_NS - 1;
    cr_expect(is_hidden(hidden, "tasks"));
    now_ns += 1;
    cr_expect_not(is_hidden(hidden, "tasks"));
    hidden_close(hidden);
}

Test(hidden, removing_it_again_begins_a_new_minute)
{
    struct hidden *hidden = hidden_open(&test_clock);
    hidden_add(hidden, FOLDER, view_text("tasks"));
    now_ns += MINUTE_NS / 2;
    hidden_add(hidden, FOLDER, view_text("state"));
    hidden_add(hidden, FOLDER, view_text("tasks"));
    now_ns += MINUTE_NS - 1;
    cr_expect(is_hidden(hidden, "tasks"));
    now_ns += 1;
    cr_expect_not(is_hidden(hidden, "tasks"));
    cr_expect_not(is_hidden(hidden, "state"));
    hidden_close(hidden);
}

Test(hidden, many_names_at_once_are_all_found_and_all_expire)
{
    struct hidden *hidden = hidden_open(&test_clock);
    for (uint64_t folder = 0; folder < 5000; folder++)
        hidden_add(hidden, folder, view_text("log"));
    for (uint64_t folder = 0; folder < 5000; folder++)
        cr_expect(hidden_contains(hidden, folder, view_text("log")));
    now_ns += MINUTE_NS;
    for (uint64_t folder = 0; folder < 5000; folder++)
        cr_expect_not(hidden_contains(hidden, folder, view_text("log")));
    hidden_close(hidden);
}
