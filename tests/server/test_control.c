/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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
