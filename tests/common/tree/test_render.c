/* SPDX-License-Identifier: MIT */
/* What files look like, to the byte. */
#include "common/tree/render.h"

#include <stdio.h>

#include <criterion/criterion.h>

#define NOON_MS INT64_C(1766664000000) /* 2025-12-25T12:00:00Z */

static void expect(const struct bytes *out, const char *text)
{
    cr_assert(view_equal(view_bytes(out), view_text(text)), "%.*s\nnot\n%s",
              (int)out->size, out->data, text);
}

Test(render, status_is_a_line_for_each_thing_to_know)
{
    BYTES_AUTO(out);
    struct actor_info info = {.name = "user_1",
                              .behavior = "counter",
                              .activity = ACTIVITY_RETRYING,
                              .pending = 1,
                              .delayed = 2,
                              .running = 3,
                              .done = 4,
                              .failed = 5,
                              .canceled = 6,
                              .refused = 7,
                              .mailbox_bytes = 8,
                              .state_version = 9,
                              .state_bytes = 10,
                              .created_ms = NOON_MS,
                              .last_turn_ms = NOON_MS + 1,
                              .last_error = "a\tb\nc",
                              .last_refusal = "full: x"};
    render_status(&out, &info);
    expect(&out, "name: user_1\n"
                 "behavior: counter\n"
                 "activity: retrying\n"
                 "pending: 1\n"
                 "delayed: 2\n"
                 "running: 3\n"
                 "done: 4\n"
                 "failed: 5\n"
                 "canceled: 6\n"
                 "refused: 7\n"
                 "mailbox-bytes: 8\n"
                 "state-version: 9\n"
                 "state-bytes: 10\n"
                 "created: 2025-12-25T12:00:00.000Z\n"
                 "last-turn: 2025-12-25T12:00:00.001Z\n"
                 "last-error: a\\tb\\nc\n"
                 "last-refusal: full: x\n");
}

Test(render, what_never_was_is_shown_as_nothing)
{
    BYTES_AUTO(out);
    struct actor_info info = {.name = "a", .activity = ACTIVITY_NO_BEHAVIOR};
    render_status(&out, &info);
    expect(&out, "name: a\n"
                 "behavior:\n"
                 "activity: no-behavior\n"
                 "pending: 0\n"
                 "delayed: 0\n"
                 "running: 0\n"
                 "done: 0\n"
                 "failed: 0\n"
                 "canceled: 0\n"
                 "refused: 0\n"
                 "mailbox-bytes: 0\n"
                 "state-version: 0\n"
                 "state-bytes: 0\n"
                 "created:\n"
                 "last-turn:\n"
                 "last-error:\n"
                 "last-refusal:\n");
}

Test(render, the_daemons_status_counts_over_all_actors)
{
    BYTES_AUTO(out);
    struct engine_totals totals = {.actors = 1,
                                   .pending = 2,
                                   .delayed = 3,
                                   .done = 4,
                                   .failed = 5,
                                   .canceled = 6,
                                   .commits = 7,
                                   .started_ms = NOON_MS,
                                   .now_ms = NOON_MS + 61999};
    render_daemon_status(&out, &totals);
    expect(&out, "version: " ACTORFS_VERSION "\n"
                 "uptime: 61s\n"
                 "actors: 1\n"
                 "pending: 2\n"
                 "delayed: 3\n"
                 "done: 4\n"
                 "failed: 5\n"
                 "canceled: 6\n"
                 "commits: 7\n"
                 "journal: ok\n");
}

Test(render, a_failed_journal_and_a_clock_set_back_show)
{
    BYTES_AUTO(out);
    struct engine_totals totals = {
        .started_ms = NOON_MS, .now_ms = NOON_MS - 5000, .read_only = true};
    render_daemon_status(&out, &totals);
    bytes_append(&out, view_of("", 1));
    cr_assert_not_null(strstr(out.data, "\nuptime: 0s\n"));
    cr_assert_not_null(strstr(out.data, "\njournal: failed: read-only\n"));
}

Test(render, a_task_is_a_line_of_columns)
{
    BYTES_AUTO(out);
    struct task_info task = {.sequence = 12,
                             .state = TASK_DELAYED,
                             .attempts = 3,
                             .accepted_ms = NOON_MS,
                             .due_ms = NOON_MS + 30000};
    cr_assert_eq(key_from_raw(view_text("a b"), &task.key), STATUS_OK);
    render_task(&out, &task);
    expect(&out, "12\tdelayed\t3\t2025-12-25T12:00:00.000Z\t2025-12-25T12:00:30.000Z\t"
                 "a%20b\n");
    bytes_clear(&out);
    task.due_ms = 0;
    task.state = TASK_PENDING;
    key_of_sequence(12, &task.key);
    render_task(&out, &task);
    expect(&out, "12\tpending\t3\t2025-12-25T12:00:00.000Z\t\t.12\n");
}

Test(render, states_and_activities_have_the_contracts_names)
{
    static const char *const states[] = {"pending",  "delayed", "running", "retrying",
                                         "deferred", "done",    "failed",  "canceled"};
    static const char *const activities[] = {"idle", "running", "retrying", "suspended",
                                             "no-behavior"};
    for (unsigned i = 0; i < 8; i++)
        cr_assert_str_eq(task_state_text((enum task_state)i), states[i]);
    for (unsigned i = 0; i < 5; i++)
        cr_assert_str_eq(activity_text((enum activity)i), activities[i]);
}

Test(render, the_readme_fits_a_screen_and_ends_in_a_newline)
{
    BYTES_AUTO(out);
    unsigned lines = 0, column = 0;
    render_readme(&out);
    for (size_t i = 0; i < out.size; i++) {
        bool end = out.data[i] == '\n';
        column = end ? 0 : column + 1;
        lines += end;
        cr_assert_leq(column, 80, "line %u", lines + 1);
        cr_assert(end || (out.data[i] >= ' ' && out.data[i] <= '~'));
    }
    cr_assert_leq(lines, 40);
    cr_assert_eq(column, 0);
}
