/* SPDX-License-Identifier: MIT */
/*
 * Real input: 329 webhook deliveries (tests/data/README.md) go in through the mount, an
 * actor a repository or account, the delivery id as key, as a webhook receiver in a
 * shell would do it. Five of them are redeliveries, so there are 324 tasks, however
 * often and from however many processes the file is loaded.
 */
#include "tests/mount/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DELIVERIES 329
#define TASKS 324

struct delivery {
    char actor[160];
    const char *id;
    struct view payload;
};

static struct delivery deliveries[DELIVERIES];

/* Cuts off what precedes the next `end`, which becomes a NUL. */
static char *cut(char **rest, char end)
{
    char *start = *rest, *stop = strchr(start, end);
    cr_assert_not_null(stop, "the data has another form");
    *stop = '\0';
    *rest = stop + 1;
    return start;
}

/* `owner/repository` as an actor's name: its / written ~. */
static void name_actor(const char *repository, char *name_out, size_t size)
{
    snprintf(name_out, size, "%s", repository);
    for (char *c = name_out; *c != '\0'; c++)
        if (*c == '/')
            *c = '~';
}

static void load_data(void)
{
    static struct bytes text;
    cr_assert_eq(file_read(TEST_DATA "/github-webhooks.tsv", &text), 0);
    *bytes_reserve(&text, 1) = '\0';
    char *rest = text.data;
    for (size_t i = 0; i < DELIVERIES; i++) {
        struct delivery *delivery = &deliveries[i];
        cut(&rest, '\t');
        delivery->id = cut(&rest, '\t');
        name_actor(cut(&rest, '\t'), delivery->actor, sizeof delivery->actor);
        delivery->payload = view_text(cut(&rest, '\n'));
    }
    cr_assert_eq(*rest, '\0', "the data has more lines");
}

static void open_with_data(void)
{
    load_data();
    fixture_open();
}

/* Sends all deliveries, as `printf '%s' "$payload" > $A/$actor/tasks@$id` does. */
static int send_all(void)
{
    for (size_t i = 0; i < DELIVERIES; i++) {
        const struct delivery *delivery = &deliveries[i];
        if (mkdir(mounted_path(&fixture, "actors/%s", delivery->actor), 0755) != 0 &&
            errno != EEXIST)
            return 1;
        if (file_write(mounted_path(&fixture, "actors/%s/tasks@%s", delivery->actor,
                                    delivery->id),
                       O_WRONLY | O_CREAT | O_TRUNC, delivery->payload) != 0)
            return 2;
    }
    return 0;
}

static pid_t send_all_from_a_process(void)
{
    pid_t pid = fixture_fork();
    if (pid == 0)
        _exit(send_all());
    return pid;
}

static void expect_tasks_of(const char *what, long long count)
{
    long long deadline = now_ms() + FIXTURE_WAIT_MS;
    while (mounted_number(&fixture, "status", what) != count && now_ms() < deadline)
        poll_pause();
    cr_expect_eq(mounted_number(&fixture, "status", what), count, "%s", what);
}

/* A delivery is the first of its id in the file, or a repetition. */
static bool is_first(size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(deliveries[i].id, deliveries[n].id) == 0)
            return false;
    return true;
}

static void expect_bytes_equal(void)
{
    for (size_t i = 0; i < DELIVERIES; i++) {
        const struct delivery *delivery = &deliveries[i];
        BYTES_AUTO(message);
        BYTES_AUTO(result);
        cr_expect_eq(message_of(delivery->actor, delivery->id, &message), 0);
        cr_expect(view_equal(view_bytes(&message), delivery->payload), "%s",
                  delivery->id);
        cr_expect_eq(file_read(mounted_path(&fixture, "actors/%s/tasks@%s",
                                            delivery->actor, delivery->id),
                               &result),
                     0);
        cr_expect(view_equal(view_bytes(&result), delivery->payload), "%s",
                  delivery->id);
    }
}

/* Each actor has done as many tasks as the file has ids for it. */
static void expect_totals_of_actors(void)
{
    for (size_t i = 0; i < DELIVERIES; i++) {
        long long wanted = 0;
        for (size_t j = 0; j < DELIVERIES; j++)
            wanted +=
                strcmp(deliveries[i].actor, deliveries[j].actor) == 0 && is_first(j);
        cr_expect_eq(number_of(deliveries[i].actor, "done"), wanted, "%s",
                     deliveries[i].actor);
    }
}

TestSuite(webhooks, .init = open_with_data, .fini = fixture_close);

Test(webhooks, loaded_twice_they_are_handled_once)
{
    cr_assert_eq(send_all(), 0);
    cr_assert_eq(send_all(), 0);
    expect_tasks_of("done", TASKS);
    expect_tasks_of("pending", 0);
    expect_bytes_equal();
    expect_totals_of_actors();
}

Test(webhooks, loaded_from_two_processes_at_once_they_are_handled_once)
{
    int status = 0;
    pid_t one = send_all_from_a_process(), two = send_all_from_a_process();
    waitpid(one, &status, 0);
    cr_expect_eq(status, 0);
    waitpid(two, &status, 0);
    cr_expect_eq(status, 0);
    expect_tasks_of("done", TASKS);
    expect_tasks_of("pending", 0);
    expect_bytes_equal();
    expect_totals_of_actors();
}

Test(webhooks, loaded_around_a_kill_they_are_handled_once)
{
    int status = 0;
    pid_t loader = send_all_from_a_process();
    while (mounted_number(&fixture, "status", "done") < TASKS / 3 &&
           waitpid(loader, &status, WNOHANG) == 0)
        poll_pause();
    cr_expect(mounted_kill(&fixture));
    waitpid(loader, &status, 0);
    mounted_start(&fixture);
    cr_assert_eq(send_all(), 0);
    expect_tasks_of("done", TASKS);
    expect_bytes_equal();
    expect_totals_of_actors();
}

Test(webhooks, a_shell_loads_them)
{
    WORKS("while IFS=$'\\t' read -r event id account payload; do"
          "  actor=${account//\\//\\~}; mkdir -p $A/$actor;"
          "  printf '%s' \"$payload\" > $A/$actor/tasks@$id || echo $id; "
          "done < " TEST_DATA "/github-webhooks.tsv");
    expect_tasks_of("done", TASKS);
    expect_bytes_equal();
}

/* A counter of bytes beside them: totals that no repetition changes. */
Test(webhooks, counted_by_size_the_totals_are_right)
{
    long long total = 0;
    cr_assert_eq(mkdir(mounted_path(&fixture, "actors/counter_bytes"), 0755), 0);
    for (int turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < DELIVERIES; i++) {
            char size[32];
            snprintf(size, sizeof size, "%zu\n", deliveries[i].payload.size);
            cr_expect_eq(
                file_write(mounted_path(&fixture, "actors/counter_bytes/tasks@%s",
                                        deliveries[i].id),
                           O_WRONLY | O_CREAT | O_APPEND, view_text(size)),
                0);
            total +=
                turn == 0 && is_first(i) ? (long long)deliveries[i].payload.size : 0;
        }
    expect_tasks_of("done", TASKS);
    const char *state = text_of("actors/counter_bytes/state");
    cr_assert_not_null(state);
    cr_expect_eq(strtoll(state, NULL, 10), total);
}
