/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "server/control.h"

static char store[300] = "/tmp/actorfs-test-control-XXXXXX";

static void make_store(void)
{
    cr_assert(mkdtemp(store));
}

static void remove_store(void)
{
    char path[400];
    snprintf(path, sizeof path, "%s/control", store);
    unlink(path);
    rmdir(store);
}

TestSuite(control, .init = make_store, .fini = remove_store, .timeout = 30);

static int answer(void *context, struct view word, struct bytes *out)
{
    ++*(int *)context;
    bytes_format(out, "you said %.*s\n", (int)word.size, word.data);
    return view_equal(word, view_text("fail")) ? 1 : 0;
}

static struct control *start(int *asked)
{
    struct control *control;
    BYTES_AUTO(message);
    cr_assert_eq(control_start(store, answer, asked, &control, &message), STATUS_OK);
    return control;
}

static void expect_answer(const char *word, int exit_status, const char *text)
{
    int got = -1;
    BYTES_AUTO(out);
    cr_assert_eq(control_ask(store, word, &got, &out), STATUS_OK);
    cr_expect_eq(got, exit_status);
    cr_expect(view_equal(view_bytes(&out), view_text(text)), "%.*s", (int)out.size,
              out.data);
}

Test(control, words_are_answered_with_text_and_an_exit_status)
{
    int asked = 0;
    struct control *control = start(&asked);
    expect_answer("stat", 0, "you said stat\n");
    expect_answer("fail", 1, "you said fail\n");
    control_stop(control);
    cr_expect_eq(asked, 2);
}

Test(control, the_socket_is_its_owners_alone_and_goes_with_the_daemon)
{
    int asked = 0;
    char path[400];
    struct stat found;
    struct control *control = start(&asked);
    snprintf(path, sizeof path, "%s/control", store);
    cr_assert_eq(stat(path, &found), 0);
    cr_expect_eq(found.st_mode, S_IFSOCK | 0600);
    control_stop(control);
    cr_expect_neq(stat(path, &found), 0);
}

/* Makes folders until it is told to stop; how many did not get their mode. */
static void *make_folders(void *stop)
{
    static size_t narrowed;
    char path[400];
    struct stat found;
    snprintf(path, sizeof path, "%s/folder", store);
    while (!atomic_load((atomic_bool *)stop)) {
        ENSURE(mkdir(path, 0700) == 0 && stat(path, &found) == 0);
        narrowed += found.st_mode != (S_IFDIR | 0700);
        rmdir(path);
    }
    return &narrowed;
}

Test(control, to_open_it_changes_no_mode_of_what_other_threads_make)
{
    int asked = 0;
    atomic_bool stop = false;
    pthread_t maker;
    void *narrowed;
    cr_assert_eq(pthread_create(&maker, NULL, make_folders, &stop), 0);
    for (int i = 0; i < 1000; i++)
        control_stop(start(&asked));
    atomic_store(&stop, true);
    pthread_join(maker, &narrowed);
    cr_expect_eq(*(size_t *)narrowed, 0, "%zu", *(size_t *)narrowed);
}

Test(control, without_a_daemon_nobody_is_found)
{
    int exit_status;
    BYTES_AUTO(out);
    cr_expect_eq(control_ask(store, "stat", &exit_status, &out), STATUS_NOT_FOUND);
    cr_expect_eq(control_ask("/nonexistent", "stat", &exit_status, &out),
                 STATUS_NOT_FOUND);
}

Test(control, a_socket_left_behind_is_replaced)
{
    int asked = 0;
    char path[400];
    snprintf(path, sizeof path, "%s/control", store);
    cr_assert(fclose(fopen(path, "w")) == 0);
    struct control *control = start(&asked);
    expect_answer("stat", 0, "you said stat\n");
    control_stop(control);
}

Test(control, the_path_of_a_store_may_be_longer_than_a_sockets)
{
    int asked = 0;
    size_t size = strlen(store);
    memset(store + size, 'x', 200);
    store[size] = '/';
    cr_assert_eq(mkdir(store, 0700), 0);
    struct control *control = start(&asked);
    expect_answer("stat", 0, "you said stat\n");
    control_stop(control);
    rmdir(store);
    store[size] = '\0';
}
