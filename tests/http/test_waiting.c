/* SPDX-License-Identifier: MIT */
/*
 * Clients that wait: thousands at once, those that hang up, those that ask the same,
 * and what the daemon's stop says to them.
 */
#include "tests/http/fixture.h"
#include "tests/support/mounted.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CROWD 5000
/* The daemon shares its own out over three sockets. */
#define DESCRIPTORS_NEEDED 12000
#define BYTES_A_WAITER_MAX (20 * 1024)
#define BUSY "until [ -e $OUTSIDE/go ]; do sleep 0.02; done; printf cup"

static void open_with_busy(void)
{
    fixture_open();
    make_actor("sh_1");
    ANSWERS("PUT", "/actors/sh_1/tasks@busy", "", BUSY, 202, "");
    cr_assert(wait_number("sh_1", "running", 1));
}

TestSuite(waiting, .init = open_with_busy, .fini = fixture_close);

static bool says(const char *answer, const char *code, const char *body)
{
    char start[40], end[200];
    snprintf(start, sizeof start, "HTTP/1.1 %s ", code);
    snprintf(end, sizeof end, "\r\n\r\n%s", body);
    if (strncmp(answer, start, strlen(start)) == 0 && strstr(answer, end))
        return true;
    fprintf(stderr, "wanted %s %s, got: %s\n", code, body, answer);
    return false;
}

/* ------------------------------------------------------------------------- a crowd */

static long long daemon_memory_kib(void)
{
    long long memory = process_number(fixture.daemon, "VmRSS");
    cr_assert_gt(memory, 0);
    return memory;
}

static int begin_tcp(const char *target)
{
    char request[300];
    int socket = http_connect(fixture.port_address);
    int size = snprintf(
        request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", target);
    cr_assert_eq(send(socket, request, (size_t)size, MSG_NOSIGNAL), size);
    return socket;
}

/* Requests are answered in the order in which a loop reads them; once one on a new
   connection of each loop was, those before it wait. Polls what the daemon holds. */
static void await_memory_to_settle(void)
{
    long long last = -1, now = daemon_memory_kib();
    for (int same = 0; same < 20; now = daemon_memory_kib()) {
        ANSWERS("GET", "/actors/sh_1/state", "", NULL, 200, "");
        same = now == last ? same + 1 : 0;
        last = now;
    }
}

/* The daemon starts with as few as is usual, and must help itself. */
static void open_for_a_crowd(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < DESCRIPTORS_NEEDED)
        cr_skip_test("a process may not have 12,000 descriptors here");
    limit.rlim_cur = 1024;
    setrlimit(RLIMIT_NOFILE, &limit);
    open_with_busy();
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

Test(waiting, thousands_at_once_are_all_answered, .init = open_for_a_crowd,
     .timeout = 240)
{
    static int sockets[CROWD];
    await_memory_to_settle();
    long long before_kib = daemon_memory_kib();
    for (size_t i = 0; i < CROWD; i++)
        sockets[i] = begin_tcp("/actors/sh_1/tasks@busy?wait=300s");
    await_memory_to_settle();
    long long each = (daemon_memory_kib() - before_kib) * 1024 / CROWD;
    fprintf(stderr, "%d wait, %lld bytes each\n", CROWD, each);
#if !defined(__SANITIZE_ADDRESS__)
    cr_expect_leq(each, BYTES_A_WAITER_MAX);
#endif
    ANSWERS("GET", "/actors/sh_1/tasks@busy", "", NULL, 202, "");
    put_outside("go");
    size_t answered = 0;
    for (size_t i = 0; i < CROWD; i++)
        answered += says(rest_of(sockets[i]), "200", "cup");
    cr_expect_eq(answered, CROWD);
}

Test(waiting, a_hundred_with_the_same_key_get_one_turn_and_equal_cups)
{
    int sockets[100];
    for (size_t i = 0; i < 100; i++)
        sockets[i] = begin(
            i % 2 ? "PUT" : "POST",
            i % 3 ? "/actors/sh_1/execute@one" : "/actors/sh_1/tasks@one?wait=60s",
            "Prefer: wait=60\r\n", "echo turn >> $OUTSIDE/turns; printf 'cup %s' $$");
    put_outside("go");
    char first[4096];
    snprintf(first, sizeof first, "%s", rest_of(sockets[0]));
    const char *cup = strstr(first, "\r\n\r\n");
    cr_assert_not_null(cup);
    cr_expect(strncmp(cup + 4, "cup ", 4) == 0, "%s", first);
    for (size_t i = 1; i < 100; i++)
        cr_expect(says(rest_of(sockets[i]), "200", cup + 4));
    cr_expect_str_eq(outside("turns"), "turn\n");
}

/* ----------------------------------------------------------------------- hanging up */

Test(waiting, who_hangs_up_harms_nothing_and_finds_its_cup_kept)
{
    for (int i = 0; i < 50; i++) {
        char target[100];
        snprintf(target, sizeof target, "/actors/sh_1/%s@%d",
                 i % 2 ? "execute" : "tasks", i % 10);
        close(begin("PUT", target, "Prefer: wait=300\r\n", "printf cup"));
        close(begin("GET", "/actors/sh_1/tasks@busy?wait=300s", "", NULL));
    }
    put_outside("go");
    ANSWERS("GET", "/actors/sh_1/tasks@busy?wait=60s", "", NULL, 200, "cup");
    for (int i = 0; i < 10; i++) {
        char target[100];
        snprintf(target, sizeof target, "/actors/sh_1/tasks@%d?wait=60s", i);
        ANSWERS("PUT", target, "", "printf cup", 200, "cup");
    }
    cr_expect_eq(number_of("sh_1", "done"), 11);
}

/* ------------------------------------------------------------------------- bounds */

Test(waiting, ends_when_its_time_is_over)
{
    long long start = now_ms();
    ANSWERS("GET", "/actors/sh_1/tasks@busy?wait=150ms", "", NULL, 202, "");
    cr_expect_geq(now_ms() - start, 150);
    const struct http_reply *reply = ask("GET", "/actors/sh_1/tasks@busy",
                                         "Prefer: handling=lenient, wait=1\r\n", NULL);
    cr_expect_eq(reply->code, 202);
    cr_expect_str_eq(field(reply, "Preference-Applied"), "wait=1");
    cr_expect_geq(now_ms() - start, 1150);
    put_outside("go");
}

Test(waiting, says_which_preference_it_followed)
{
    const char *execute = "/actors/sh_1/execute@later";
    const struct http_reply *reply =
        ask("PUT", execute, "Prefer: respond-async\r\n", "printf late");
    cr_expect_eq(reply->code, 202);
    cr_expect_str_eq(field(reply, "Preference-Applied"), "respond-async");
    reply = ask("PUT", execute, "Prefer: respond-async\r\nPrefer: wait=0\r\n",
                "printf late");
    cr_expect_eq(reply->code, 202);
    cr_expect_str_eq(field(reply, "Preference-Applied"), "wait=0");
    put_outside("go");
    reply = ask("PUT", execute, "Prefer: wait=4000\r\n", "printf late");
    cr_expect_eq(reply->code, 200);
    cr_expect_str_eq(field(reply, "Preference-Applied"), "wait=300");
}

Test(waiting, for_a_task_that_is_canceled_or_forgotten_ends)
{
    ANSWERS("PUT", "/actors/sh_1/tasks@a", "", "printf a", 202, "");
    ANSWERS("PUT", "/actors/sh_1/tasks@b", "", "printf b", 202, "");
    int canceled = begin("GET", "/actors/sh_1/tasks@a?wait=60s", "", NULL);
    int forgotten = begin("GET", "/actors/sh_1/tasks@b?wait=60s", "", NULL);
    int sender = begin("PUT", "/actors/sh_1/execute@b", "", "printf b");
    control("sh_1", "cancel a\nforget b\n");
    const char *answer = rest_of(canceled);
    cr_expect(strncmp(answer, "HTTP/1.1 410 ", 13) == 0, "%s", answer);
    answer = rest_of(forgotten);
    cr_expect(strncmp(answer, "HTTP/1.1 404 ", 13) == 0, "%s", answer);
    put_outside("go");
    rest_of(sender); /* it came before, or after and is a new one */
}

/* --------------------------------------------------------------------------- a stop */

Test(waiting, ends_with_503_at_the_daemons_stop)
{
    int sockets[200];
    for (size_t i = 0; i < 200; i++)
        sockets[i] = begin("GET", "/actors/sh_1/tasks@busy?wait=300s", "", NULL);
    for (size_t i = 0; i < 3; i++) /* what came before is waiting by now */
        ANSWERS("GET", "/actors/sh_1/tasks@busy", "", NULL, 202, "");
    served_tell_to_stop(&fixture);
    for (size_t i = 0; i < 200; i++) {
        const char *answer = rest_of(sockets[i]);
        cr_expect(strncmp(answer, "HTTP/1.1 503 ", 13) == 0, "%s", answer);
        cr_expect(strstr(answer, "Retry-After: "), "%s", answer);
    }
    cr_expect_eq(served_stop(&fixture), 0);
    put_outside("go");
    served_start(&fixture);
    ANSWERS("GET", "/actors/sh_1/tasks@busy?wait=60s", "", NULL, 200, "cup");
}

/* Its message was taken: 503 would have it sent again, maybe without a key. */
Test(waiting, of_a_sender_ends_with_202_at_the_daemons_stop)
{
    int sender = begin("POST", "/actors/sh_1/execute", "", "printf late");
    cr_assert(wait_number("sh_1", "pending", 1));
    served_tell_to_stop(&fixture);
    const char *answer = rest_of(sender);
    cr_expect(strncmp(answer, "HTTP/1.1 202 ", 13) == 0, "%s", answer);
    cr_expect(strstr(answer, "Location: /actors/sh_1/tasks@."), "%s", answer);
    put_outside("go");
}
