/* SPDX-License-Identifier: MIT */
#include "common/behavior/catalog.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/command.h"
#include "tests/support/guard.h"

#define DEADLINE_MS 20000
#define PROGRAM "#!/bin/sh\necho one\n"

/* A folder with a catalog of it. */
static struct guard *guard;
static struct behavior_set *set;
static atomic_int changes;

static char *path_of(const char *name)
{
    char *path = NULL;
    cr_assert_gt(asprintf(&path, "%s/%s", guard_folder(guard), name), 0);
    return path;
}

/* As `>` does it, in place. */
static void put(const char *name, const char *text, mode_t mode)
{
    char *path = path_of(name);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    cr_assert_geq(file, 0);
    cr_assert_eq(fchmod(file, mode), 0);
    cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    free(path);
}

static void move(const char *from, const char *to)
{
    char *old = path_of(from), *new = path_of(to);
    cr_assert_eq(rename(old, new), 0);
    free(old);
    free(new);
}

static void drop(const char *name)
{
    char *path = path_of(name);
    cr_assert_eq(unlink(path), 0);
    free(path);
}

static void count_change(void *context)
{
    (void)context;
    atomic_fetch_add(&changes, 1);
}

static enum status open_catalog_of(const char *folder, struct bytes *message)
{
    static const struct catalog_options options = {{1u << 20, 1u << 20, 1u << 20}};
    enum status status = catalog_open(folder, &options, &set, message);
    if (!status)
        set->subscribe(set, count_change, NULL);
    return status;
}

static enum status open_catalog(struct bytes *message)
{
    return open_catalog_of(guard_folder(guard), message);
}

static void must_open(void)
{
    BYTES_AUTO(message);
    enum status status = open_catalog(&message);
    cr_assert_eq(status, STATUS_OK, "%.*s", (int)message.size, message.data);
}

static void open_folder(void)
{
    guard = guard_open(120);
    chmod(guard_folder(guard), 0755);
}

static void close_folder(void)
{
    if (set)
        catalog_close(set);
    guard_close(guard);
}

TestSuite(catalog, .init = open_folder, .fini = close_folder);

static struct behavior *found(const char *name)
{
    return set->find(set, view_text(name));
}

static struct behavior *before;

static bool is_there(void *name)
{
    return found(name) != NULL;
}

static bool is_gone(void *name)
{
    return found(name) == NULL;
}

static bool is_other(void *name)
{
    return found(name) && found(name) != before;
}

static void expect_soon(bool (*holds)(void *name), const char *name)
{
    cr_assert(poll_until(holds, (void *)(uintptr_t)name, DEADLINE_MS), "%s", name);
}

static void expect_names(const char *const *names)
{
    for (size_t n = 0; names[n]; n++)
        cr_expect_str_eq(set->name(set, n), names[n]);
}

Test(catalog, it_lists_what_is_installed_and_built_in_by_name)
{
    put("barista", PROGRAM, 0755);
    put("zoo.worker", PROGRAM, 0755);
    put("default", PROGRAM, 0755);
    put("README", "read me", 0644);
    must_open();
    expect_names(
        (const char *[]){"barista", "counter", "default", "echo", "keep", "zoo", NULL});
    cr_expect_null(set->name(set, 6));
    cr_expect_str_eq(found("barista")->name, "barista");
    cr_expect_str_eq(found("zoo")->name, "zoo");
    cr_expect_eq(found("echo")->start, behavior_builtin_set()->fallback->start);
    cr_expect_null(found("README"));
    cr_expect_null(found("zoo.worker"));
    cr_expect_null(found("baris"));
    cr_expect_null(found("baristas"));
    cr_expect_null(found(""));
    cr_expect_null(set->fallback);
}

Test(catalog, a_conf_is_the_behaviors_policy)
{
    put("barista", PROGRAM, 0755);
    put("barista.conf", "timeout = 7s\n", 0644);
    put("zoo.worker", PROGRAM, 0755);
    put("zoo.conf", "speculative = yes\ncreate = yes\n", 0644);
    put("echo.conf", "attempts = 9\n", 0644);
    must_open();
    cr_expect_eq(found("barista")->policy.timeout_ms, 7000);
    cr_expect(found("zoo")->policy.create);
    cr_expect(found("zoo")->runs_ahead);
    cr_expect_eq(found("echo")->policy.attempts, 9);
    cr_expect_eq(behavior_builtin_set()->fallback->policy.attempts, 5);
}

Test(catalog, a_file_of_that_name_wins_over_the_built_in_one_until_it_is_gone)
{
    struct behavior_set *builtin = behavior_builtin_set();
    put("echo", PROGRAM, 0755);
    must_open();
    before = found("echo");
    cr_assert_neq(before->start, builtin->fallback->start);
    drop("echo");
    expect_soon(is_other, "echo");
    cr_expect_eq(found("echo")->start, builtin->fallback->start);
}

Test(catalog, of_a_program_and_a_worker_the_worker_is_taken)
{
    put("zoo", PROGRAM, 0755);
    put("zoo.worker", PROGRAM, 0755);
    put("zoo.conf", "speculative = yes\n", 0644); /* a worker's only */
    must_open();
    cr_expect(found("zoo")->runs_ahead);
    cr_expect_str_eq(set->name(set, 3), "zoo");
    cr_expect_null(set->name(set, 4));
}

Test(catalog, a_wrong_conf_prevents_the_start)
{
    BYTES_AUTO(message);
    BYTES_AUTO(said);
    put("barista", PROGRAM, 0755);
    put("barista.conf", "\ntimeout = soon\n", 0644);
    set = NULL;
    cr_assert_eq(open_catalog(&message), STATUS_INVALID);
    bytes_format(&said, "%s/barista.conf:2: timeout takes", guard_folder(guard));
    bytes_append(&said, view_of("", 1));
    cr_expect(view_starts_with(view_bytes(&message), said.data), "%.*s",
              (int)message.size, message.data);
    cr_expect_null(set);
}

Test(catalog, a_folder_that_is_not_there_is_named)
{
    BYTES_AUTO(message);
    static const struct catalog_options options = {{1, 1, 1}};
    cr_expect_eq(catalog_open("/nowhere", &options, &set, &message), STATUS_NOT_FOUND);
    cr_expect_not_null(memmem(message.data, message.size, "/nowhere", 8));
    bytes_clear(&message);
    cr_expect_eq(catalog_open("/dev/null", &options, &set, &message), STATUS_IO);
    cr_expect_gt(message.size, 0);
}

Test(catalog, what_comes_is_found_and_told)
{
    must_open();
    put("barista", PROGRAM, 0755);
    expect_soon(is_there, "barista");
    put("new", PROGRAM, 0755);
    move("new", "zoo");
    expect_soon(is_there, "zoo");
    expect_soon(is_gone, "new");
}

static bool is_told(void *least)
{
    return atomic_load(&changes) >= *(int *)least;
}

Test(catalog, the_subscriber_is_told_after_it_can_be_found)
{
    int least = 1;
    must_open();
    put("barista", PROGRAM, 0755);
    cr_assert(poll_until(is_told, &least, DEADLINE_MS));
    cr_expect_not_null(found("barista"));
    least = atomic_load(&changes) + 1;
    drop("barista");
    cr_assert(poll_until(is_told, &least, DEADLINE_MS));
    cr_expect_null(found("barista"));
    set->subscribe(set, NULL, NULL);
    least = atomic_load(&changes);
    put("barista", PROGRAM, 0755);
    expect_soon(is_there, "barista");
    cr_expect_eq(atomic_load(&changes), least);
}

/* A log that takes nothing holds up whoever writes to it. */
Test(catalog, it_is_not_in_the_log_before_it_can_be_found)
{
    int ends[2], log = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    char bytes[4096] = "";
    must_open();
    cr_assert_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    while (write(ends[1], bytes, sizeof bytes) > 0)
        continue;
    cr_assert_eq(fcntl(ends[1], F_SETFL, 0), 0);
    dup2(ends[1], STDERR_FILENO);
    put("barista", PROGRAM, 0755);
    bool found_it = poll_until(is_there, (void *)(uintptr_t) "barista", DEADLINE_MS);
    while (read(ends[0], bytes, sizeof bytes) > 0)
        continue;
    dup2(log, STDERR_FILENO);
    close(ends[1]);
    close(log);
    cr_expect(found_it);
    expect_soon(is_there, "barista");
}

Test(catalog, a_file_becomes_a_behavior_when_it_becomes_executable)
{
    put("barista", PROGRAM, 0644);
    must_open();
    cr_assert_null(found("barista"));
    char *path = path_of("barista");
    chmod(path, 0755);
    expect_soon(is_there, "barista");
    chmod(path, 0644);
    expect_soon(is_gone, "barista");
    free(path);
}

Test(catalog, a_file_rewritten_in_place_is_replaced)
{
    put("barista", PROGRAM, 0755);
    must_open();
    before = found("barista");
    put("barista", "#!/bin/sh\necho another\n", 0755);
    expect_soon(is_other, "barista");
}

Test(catalog, a_file_renamed_over_another_replaces_it_and_the_old_one_stays_valid)
{
    put("barista.worker", PROGRAM, 0755);
    must_open();
    before = found("barista");
    put(".new", PROGRAM, 0755);
    move(".new", "barista.worker");
    expect_soon(is_other, "barista");
    cr_expect_str_eq(before->name, "barista");
}

Test(catalog, a_program_may_become_a_worker)
{
    put("barista", PROGRAM, 0755);
    must_open();
    before = found("barista");
    move("barista", "barista.worker");
    expect_soon(is_other, "barista");
}

Test(catalog, a_conf_that_changes_comes_or_goes_replaces_the_behavior)
{
    put("barista", PROGRAM, 0755);
    must_open();
    before = found("barista");
    put("barista.conf", "timeout = 7s\n", 0644);
    expect_soon(is_other, "barista");
    before = found("barista");
    cr_expect_eq(before->policy.timeout_ms, 7000);
    drop("barista.conf");
    expect_soon(is_other, "barista");
    cr_expect_eq(found("barista")->policy.timeout_ms, 60000);
}

Test(catalog, a_wrong_conf_leaves_the_behavior_what_it_was)
{
    put("barista", PROGRAM, 0755);
    put("barista.conf", "timeout = 7s\n", 0644);
    must_open();
    before = found("barista");
    put("barista.conf", "timeout = soon\n", 0644);
    put("marker", PROGRAM, 0755);
    expect_soon(is_there, "marker");
    cr_expect_eq(found("barista"), before);
    put("barista.conf", "timeout = 8s\n", 0644);
    expect_soon(is_other, "barista");
    cr_expect_eq(found("barista")->policy.timeout_ms, 8000);
}

Test(catalog, a_new_behavior_with_a_wrong_conf_comes_when_it_is_right)
{
    must_open();
    put("barista.conf", "timeout = soon\n", 0644);
    put("barista", PROGRAM, 0755);
    put("marker", PROGRAM, 0755);
    expect_soon(is_there, "marker");
    cr_expect_null(found("barista"));
    put("barista.conf", "timeout = 8s\n", 0644);
    expect_soon(is_there, "barista");
}

Test(catalog, a_file_that_is_still_written_is_left_alone)
{
    put("old", PROGRAM, 0755);
    must_open();
    before = found("old");
    char *old = path_of("old"), *new = path_of("new");
    int old_file = open(old, O_WRONLY | O_TRUNC | O_CLOEXEC);
    int new_file = open(new, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    cr_assert(old_file >= 0 && new_file >= 0);
    fchmod(new_file, 0755);
    put("marker", PROGRAM, 0755);
    expect_soon(is_there, "marker");
    cr_expect_eq(found("old"), before);
    cr_expect_null(found("new"));
    close(old_file);
    close(new_file);
    expect_soon(is_other, "old");
    expect_soon(is_there, "new");
    free(old);
    free(new);
}

Test(catalog, a_folder_that_takes_its_place_is_looked_at)
{
    BYTES_AUTO(message);
    char *now = path_of("now"), *next = path_of("next");
    cr_assert_eq(mkdir(now, 0755), 0);
    cr_assert_eq(mkdir(next, 0755), 0);
    put("now/old", PROGRAM, 0755);
    put("next/new", PROGRAM, 0755);
    cr_assert_eq(open_catalog_of(now, &message), STATUS_OK);
    move("now", "before");
    expect_soon(is_gone, "old");
    move("next", "now");
    expect_soon(is_there, "new");
    put("now/more", PROGRAM, 0755);
    expect_soon(is_there, "more");
    free(now);
    free(next);
}

/* -------------------------------------------------------------------------- turns */

struct answer {
    pthread_mutex_t lock;
    pthread_cond_t came;
    bool is_there;
    struct turn_output output;
};

static void take_answer(void *context, uint64_t turn, struct turn_output *output)
{
    struct answer *answer = context;
    (void)turn;
    pthread_mutex_lock(&answer->lock);
    answer->output = *output;
    *output = (struct turn_output){0};
    answer->is_there = true;
    pthread_cond_signal(&answer->came);
    pthread_mutex_unlock(&answer->lock);
}

static void expect_result(struct behavior *behavior, const char *result)
{
    struct answer answer = {
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, {0}};
    struct turn_input input = {.actor = view_text("a"),
                               .key = view_text("k"),
                               .attempt = 1,
                               .message = view_text("m")};
    if (behavior->start(behavior, &input, 1, &answer.output, take_answer, &answer) ==
        TURN_STARTED) {
        pthread_mutex_lock(&answer.lock);
        while (!answer.is_there)
            pthread_cond_wait(&answer.came, &answer.lock);
        pthread_mutex_unlock(&answer.lock);
    }
    cr_expect_eq(answer.output.verdict, TURN_DONE, "%.*s",
                 (int)answer.output.error.size, answer.output.error.data);
    cr_expect(view_equal(view_bytes(&answer.output.result), view_text(result)), "%.*s",
              (int)answer.output.result.size, answer.output.result.data);
    turn_output_free(&answer.output);
}

Test(catalog, turns_run_what_is_installed_and_after_it_what_replaced_it)
{
    put("barista", PROGRAM, 0755);
    put("barista.conf", "env.CUP = tall\n", 0644);
    must_open();
    expect_result(found("barista"), "one\n");
    before = found("barista");
    put(".new", "#!/bin/sh\necho \"two $CUP\"\n", 0755);
    move(".new", "barista");
    expect_soon(is_other, "barista");
    expect_result(found("barista"), "two tall\n");
}

Test(catalog, roots_behaviors_run_as_nobody_or_as_whom_it_says)
{
    if (geteuid() != 0)
        cr_skip_test("only root runs behaviors as somebody else");
    put("who", "#!/bin/sh\nid -un\n", 0755);
    put("daemon", "#!/bin/sh\nid -un\n", 0755);
    put("daemon.conf", "user = daemon\n", 0644);
    must_open();
    expect_result(found("who"), "nobody\n");
    expect_result(found("daemon"), "daemon\n");
}

static atomic_bool is_over;

static void *read_on(void *context)
{
    (void)context;
    while (!atomic_load(&is_over)) {
        cr_assert_not_null(found("echo"));
        for (size_t n = 0; set->name(set, n); n++)
            continue;
    }
    return NULL;
}

Test(catalog, it_is_read_while_it_changes)
{
    pthread_t reader;
    must_open();
    cr_assert_eq(pthread_create(&reader, NULL, read_on, NULL), 0);
    for (int i = 0; i < 5; i++) {
        put("barista", PROGRAM, 0755);
        expect_soon(is_there, "barista");
        drop("barista");
        expect_soon(is_gone, "barista");
    }
    atomic_store(&is_over, true);
    pthread_join(reader, NULL);
}

Test(catalog, stopped_it_is_still_read)
{
    put("barista", PROGRAM, 0755);
    must_open();
    set->stop(set);
    cr_expect_not_null(found("barista"));
}
