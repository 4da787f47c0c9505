/* SPDX-License-Identifier: MIT */
/*
 * Reading over HTTP: ranges, folders, what the mount shows byte for byte, and a mount
 * and HTTP on one daemon that see the same.
 */
#include "tests/http/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/mounted.h"

TestSuite(reading, .init = fixture_open, .fini = fixture_close);

#define STATE "/actors/keep_1/state"

Test(reading, ranges_are_of_one_version)
{
    make_actor("keep_1");
    ANSWERS("PUT", STATE, "", "0123456789", 204, "");
    static const struct {
        const char *range, *body, *content_range;
        int code;
    } rows[] = {{"bytes=0-3", "0123", "bytes 0-3/10", 206},
                {"bytes=4-", "456789", "bytes 4-9/10", 206},
                {"bytes=-2", "89", "bytes 8-9/10", 206},
                {"bytes=-99", "0123456789", "bytes 0-9/10", 206},
                {"bytes=8-99", "89", "bytes 8-9/10", 206},
                {"bytes=10-", NULL, "bytes */10", 416},
                {"bytes=-0", NULL, "bytes */10", 416},
                {"bytes=3-1", "0123456789", "", 200},
                {"bytes=0-1,3-4", "0123456789", "", 200},
                {"lines=0-1", "0123456789", "", 200},
                {"bytes=x", "0123456789", "", 200}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char header[100];
        snprintf(header, sizeof header, "Range: %s\r\n", rows[i].range);
        const struct http_reply *reply = ask("GET", STATE, header, NULL);
        cr_expect_eq(reply->code, rows[i].code, "%s", rows[i].range);
        cr_expect_str_eq(field(reply, "Content-Range"), rows[i].content_range, "%s",
                         rows[i].range);
        if (rows[i].body)
            cr_expect_str_eq(reply->body.data, rows[i].body, "%s", rows[i].range);
    }
}

Test(reading, a_range_of_another_version_is_the_whole)
{
    make_actor("keep_1");
    ANSWERS("PUT", STATE, "", "0123456789", 204, "");
    char header[200];
    snprintf(header, sizeof header, "Range: bytes=0-1\r\nIf-Range: %s\r\n",
             field(ask("GET", STATE, "", NULL), "ETag"));
    ANSWERS("GET", STATE, header, NULL, 206, "01");
    ANSWERS("PUT", STATE, "", "abcdef", 204, "");
    ANSWERS("GET", STATE, header, NULL, 200, "abcdef");
}

Test(reading, results_have_ranges_as_well)
{
    make_actor("echo_1");
    ANSWERS("PUT", "/actors/echo_1/execute@1", "", "latte", 200, "latte");
    const struct http_reply *reply =
        ask("GET", "/actors/echo_1/tasks@1", "Range: bytes=1-2\r\n", NULL);
    cr_expect_eq(reply->code, 206);
    cr_expect_str_eq(reply->body.data, "at");
    cr_expect_str_eq(field(reply, "Task-State"), "done");
}

Test(reading, targets_are_decoded_once_and_go_nowhere_else)
{
    make_actor("a%20b@c");
    ANSWERS("GET", "/actors/a%20b@c/state", "", NULL, 200, "");
    ANSWERS("GET", "/actors/a%20b%40c/state", "", NULL, 200, "");
    ANSWERS("GET", "/actors/a%2520b@c/state", "", NULL, 404, NULL);
    ANSWERS("GET", "/./README", "", NULL, 400, NULL);
    ANSWERS("GET", "/actors/../README", "", NULL, 400, NULL);
    ANSWERS("GET", "/actors/%2e%2E/README", "", NULL, 400, NULL);
    ANSWERS("GET", "/actors%2Fa%20b@c/state", "", NULL, 400, NULL);
    ANSWERS("GET", "/README%00.txt", "", NULL, 400, NULL);
    ANSWERS("GET", "/README%", "", NULL, 400, NULL);
    ANSWERS("GET", "/README%zz", "", NULL, 400, NULL);
    ANSWERS("GET", "//README", "", NULL, 400, NULL);
    ANSWERS("GET", "README", "", NULL, 400, NULL);
    ANSWERS("GET", "/README#x", "", NULL, 400, NULL);
    ANSWERS("GET", "/README/x", "", NULL, 404, NULL);
    ANSWERS("GET", "*", "", NULL, 400, NULL);
    ANSWERS("OPTIONS", "*", "", NULL, 200, NULL);
    ANSWERS("GET", "http://localhost/README", "", NULL, 200, NULL);
}

/* ---------------------------------------------------------------------- two faces */

static struct mounted both;
static char both_address[64];

static void open_both(void)
{
    static char options[256];
    if (access("/dev/fuse", R_OK | W_OK) != 0)
        cr_skip_test("/dev/fuse cannot be opened here");
    snprintf(both_address, sizeof both_address, "unix:/tmp/actorfs-http-%d",
             (int)getpid());
    snprintf(options, sizeof options, "--listen %s", both_address);
    mounted_open(&both, options, FIXTURE_GUARD_S);
    while (!http_listens(both_address))
        poll_pause();
}

static void close_both(void)
{
    cr_expect(mounted_close(&both));
    unlink(both_address + 5);
}

/* The code; the body is compared where it is not null. */
static int ask_both(const char *method, const char *target, const char *body,
                    const char *answer)
{
    struct http_reply reply;
    http_exchange(both_address, method, target, "",
                  body ? view_text(body) : view_of(NULL, 0), &reply);
    int code = reply.code;
    if (answer)
        cr_expect(view_equal(view_bytes(&reply.body), view_text(answer)), "%s: %.*s",
                  target, (int)reply.body.size, reply.body.data);
    http_reply_free(&reply);
    return code;
}

static const char *read_mount(const char *path)
{
    static struct bytes text;
    bytes_clear(&text);
    if (file_read(mounted_path(&both, "%s", path), &text) != 0)
        return NULL;
    *bytes_reserve(&text, 1) = '\0';
    return text.data;
}

Test(faces, see_what_the_other_wrote, .init = open_both, .fini = close_both)
{
    cr_expect_eq(ask_both("MKCOL", "/actors/user_1", NULL, ""), 201);
    cr_expect_eq(ask_both("PUT", "/actors/user_1/execute@a%20b", "latte", "latte"),
                 200);
    cr_expect_str_eq(read_mount("actors/user_1/tasks@a%20b"), "latte");
    cr_assert_eq(mkdir(mounted_path(&both, "actors/user_2"), 0755), 0);
    cr_assert_eq(file_write(mounted_path(&both, "actors/user_2/tasks@k"),
                            O_WRONLY | O_CREAT, view_text("mocha\n")),
                 0);
    cr_expect_eq(ask_both("GET", "/actors/user_2/tasks@k?wait=60s", NULL, "mocha\n"),
                 200);
    cr_expect_eq(ask_both("PUT", "/actors/user_2/tasks@k", "mocha", "mocha\n"), 200);
    cr_expect_eq(ask_both("PUT", "/actors/user_2/tasks@k", "espresso", NULL), 422);
    cr_expect_eq(file_write(mounted_path(&both, "%s", "actors/user_1/tasks@a%20b"),
                            O_WRONLY, view_text("mocha")),
                 EEXIST);
    cr_expect_eq(ask_both("PUT", "/actors/user_1/state", "seven", ""), 204);
    cr_expect_str_eq(read_mount("actors/user_1/state"), "seven");
}

Test(faces, show_the_same_bytes, .init = open_both, .fini = close_both)
{
    static const char *const paths[] = {"README",
                                        "attention",
                                        "behaviors",
                                        "actors/user_1/tasks",
                                        "actors/user_1/state",
                                        "actors/user_1/status",
                                        "actors/user_1/mailbox",
                                        "actors/user_1/result",
                                        "actors/user_1/log",
                                        "actors/user_1/behavior",
                                        "actors/user_1/tasks@k",
                                        "actors/user_1/tasks@k,part=message"};
    cr_expect_eq(ask_both("MKCOL", "/actors/user_1", NULL, ""), 201);
    cr_expect_eq(ask_both("PUT", "/actors/user_1/execute@k", "latte", "latte"), 200);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char target[200];
        snprintf(target, sizeof target, "/%s", paths[i]);
        const char *shown = read_mount(paths[i]);
        cr_assert_not_null(shown, "%s", paths[i]);
        cr_expect_eq(ask_both("GET", target, NULL, shown), 200);
    }
}
