/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/access/slow.h"

static struct slow slow;
static int ends[2];
static struct slow_connection *connection;

static void open_pair(void)
{
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    slow_init(&slow);
    connection = slow_begin(&slow, ends[0], 0);
}

static void close_pair(void)
{
    slow_end(connection);
    cr_expect_eq(slow.count, 0);
    close(ends[0]);
    close(ends[1]);
}

TestSuite(slow, .init = open_pair, .fini = close_pair);

static bool is_cut_off(void)
{
    char byte;
    return read(ends[1], &byte, 1) == 0;
}

Test(slow, headers_have_ten_seconds)
{
    cr_expect_eq(slow_reap(&slow, SLOW_FIRST_HEADERS_MS - 1), 0);
    cr_expect(!is_cut_off());
    cr_expect_eq(slow_reap(&slow, SLOW_FIRST_HEADERS_MS), 1);
    cr_expect(is_cut_off());
    cr_expect_eq(slow_reap(&slow, SLOW_FIRST_HEADERS_MS + 1), 0, "once");
}

Test(slow, a_body_that_flows_may_take_long)
{
    int64_t now_ms = 5000;
    slow_expect_body(connection, now_ms);
    for (uint64_t bytes = 2048; bytes < 1u << 20; bytes += 2048) {
        now_ms += 1000;
        slow_got_body(connection, bytes);
        cr_assert_eq(slow_reap(&slow, now_ms), 0);
    }
}

Test(slow, a_body_that_drips_is_cut_off)
{
    int64_t now_ms = 0;
    slow_expect_body(connection, now_ms);
    for (uint64_t bytes = 1; now_ms < 2 * SLOW_GRACE_MS; bytes++) {
        now_ms += 1000;
        slow_got_body(connection, bytes);
        if (slow_reap(&slow, now_ms))
            break;
    }
    cr_expect_eq(now_ms, SLOW_GRACE_MS);
    cr_expect(is_cut_off());
}

Test(slow, a_request_that_is_handled_has_all_the_time)
{
    slow_be_patient(connection);
    cr_expect_eq(slow_reap(&slow, INT64_MAX - 1), 0);
}

Test(slow, an_answer_must_be_read_at_some_rate)
{
    slow_expect_reading(connection, 100 * SLOW_BYTES_PER_SECOND, 0);
    cr_expect_eq(slow_reap(&slow, SLOW_GRACE_MS + 99999), 0);
    cr_expect_eq(slow_reap(&slow, SLOW_GRACE_MS + 100000), 1);
}

Test(slow, the_next_request_must_begin_some_time)
{
    slow_expect_headers(connection, 1000);
    cr_expect_eq(slow_reap(&slow, 1000 + SLOW_NEXT_HEADERS_MS - 1), 0);
    cr_expect_eq(slow_reap(&slow, 1000 + SLOW_NEXT_HEADERS_MS), 1);
}

Test(slow, one_that_is_late_does_not_hide_another)
{
    int others[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, others), 0);
    struct slow_connection *other = slow_begin(&slow, others[0], 5000);
    cr_expect_eq(slow_reap(&slow, SLOW_FIRST_HEADERS_MS), 1);
    cr_expect_eq(slow_reap(&slow, 5000 + SLOW_FIRST_HEADERS_MS), 1);
    slow_end(other);
    close(others[0]);
    close(others[1]);
}
