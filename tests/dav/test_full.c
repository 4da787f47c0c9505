/* SPDX-License-Identifier: MIT */
/*
 * A disk that is full, and one that fails. On a full one whatever writes is refused
 * with 507, reading goes on, and it ends when there is room. After a failed write
 * nothing more is acknowledged until the daemon is started again, and /healthz says so.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/dav/dav.h"
#include "tests/support/mounted.h"

#define BASE "/actors/keep_1"
#define TRIES 20000
#define PATCH                                                                          \
    "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><x:p xmlns:x='u'>kept</x:p>"      \
    "</D:prop></D:set></D:propertyupdate>"

static void fill_store(void)
{
    make_suspended("keep_1");
    ANSWERS("PUT", BASE "/a.txt", "", "mine", 201, NULL);
    ANSWERS("PUT", BASE "/note", "", "mine", 201, NULL);
    ANSWERS("PUT", BASE "/draft", "", "sent", 201, NULL);
    ANSWERS("PUT", BASE "/state", "", "mine", 204, NULL);
    ANSWERS("PROPPATCH", BASE "/a.txt", "", PATCH, 207, NULL);
    ANSWERS("PUT", BASE "/tasks@k", "", "latte", 202, NULL);
}

/* ------------------------------------------------------------------------ a full one
 */

static char ballast[SERVED_PATH_MAX + 32];

static void open_on_a_small_disk(void)
{
    static char disk[SERVED_PATH_MAX];
    fixture_open();
    cr_assert_eq(served_stop(&fixture), 0);
    snprintf(disk, sizeof disk, "%.200s/disk", guard_folder(fixture.guard));
    cr_assert_eq(mkdir(disk, 0700), 0);
    if (mount("tmpfs", disk, "tmpfs", 0, "size=256m") != 0)
        cr_skip_test("needs the right to mount a tmpfs");
    snprintf(fixture.store, sizeof fixture.store, "%.200s/disk/store",
             guard_folder(fixture.guard));
    snprintf(ballast, sizeof ballast, "%s/ballast", disk);
    served_start(&fixture);
    fill_store();
}

/* Takes all room that is left. */
static void fill_disk(void)
{
    static const char block[1 << 20];
    size_t size = sizeof block;
    int file = open(ballast, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    cr_assert_geq(file, 0);
    while (size)
        if (write(file, block, size) < 0)
            size /= 2; /* however little */
    close(file);
}

/* What the journal has set aside is used up by messages of that size. */
static void use_up(size_t size)
{
    static char body[100000];
    memset(body, 'x', size);
    body[size] = '\0';
    for (int i = 0; i < TRIES; i++)
        if (ask("PUT", BASE "/tasks", "", body)->code == 507)
            return;
    cr_assert_fail("the disk never fills");
}

static void expect_reading_goes_on(void)
{
    ANSWERS("GET", BASE "/a.txt", "", NULL, 200, "mine");
    ANSWERS("GET", BASE "/state", "", NULL, 200, "mine");
    ANSWERS("GET", BASE "/tasks@k?part=message", "", NULL, 200, "latte");
    ANSWERS("GET", BASE "/status", "", NULL, 200, NULL);
    cr_expect(finds(BASE "/a.txt", NULL, ">kept<"));
}

/* A number follows names that end in a hyphen, another one each time. */
static const struct {
    const char *method, *target, *headers, *body;
    int code; /* when there is room */
} writes[] = {
    {"PUT", BASE "/tasks@new-", "", "latte", 202},
    {"POST", BASE "/tasks@other-", "", "latte", 202},
    {"PUT", BASE "/a.txt", "", "mine", 204},
    {"PUT", BASE "/b-", "", "new", 201},
    {"COPY", BASE "/a.txt", "Destination: " BASE "/tasks\r\n", NULL, 204},
    {"COPY", BASE "/a.txt", "Destination: " BASE "/c.txt\r\n", NULL, 0},
    {"PUT", BASE "/state", "", "mine", 204},
    {"PUT", BASE "/behavior", "", "echo", 204},
    {"LOCK", BASE "/note", "Timeout: Second-1\r\n", SHARED, 200},
    {"LOCK", BASE "/new-", "Timeout: Second-1\r\n", EXCLUSIVE, 201},
    {"PROPPATCH", BASE "/state", "", PATCH, 207},
    {"MKCOL", "/actors/keep-", "", NULL, 201},
};
#define WRITES (sizeof writes / sizeof *writes)

static int code_of(size_t i)
{
    static unsigned number;
    const char *target = writes[i].target;
    if (target[strlen(target) - 1] == '-')
        target = line("%s%u", target, number++);
    return ask(writes[i].method, target, writes[i].headers, writes[i].body)->code;
}

/* The journal uses its own files again, so there may be room once more for a while. */
static void expect_refused(size_t i)
{
    int code = 0;
    for (int n = 0; n < TRIES; n++) {
        fill_disk();
        code = code_of(i);
        if (code / 100 != 2)
            break;
        use_up(50000);
    }
    cr_expect_eq(code, 507, "%s %s: %d", writes[i].method, writes[i].target, code);
}

static int move_draft(void)
{
    return ask("MOVE", BASE "/draft", "Destination: " BASE "/tasks@moved\r\n", NULL)
        ->code;
}

static bool is_moved(void *context)
{
    (void)context;
    return move_draft() == 204;
}

static bool is_taken(void *context)
{
    size_t i = *(size_t *)context;
    int code = code_of(i);
    return writes[i].code ? code == writes[i].code : code / 100 == 2;
}

Test(full, refuses_whatever_writes_and_goes_on_reading, .init = open_on_a_small_disk,
     .fini = fixture_close, .timeout = 500)
{
    for (size_t i = 0; i < WRITES; i++)
        expect_refused(i);
    expect_reading_goes_on();
    bool moved = move_draft() == 204; /* into the last of the journal's room */
    ANSWERS("GET", BASE "/draft", "", NULL, moved ? 404 : 200, moved ? NULL : "sent");
    ANSWERS("GET", "/healthz", "", NULL, 200, "ok\n");
}

Test(full, uses_the_room_that_is_made, .init = open_on_a_small_disk,
     .fini = fixture_close, .timeout = 500)
{
    expect_refused(0);
    expect_refused(3);
    cr_assert_eq(unlink(ballast), 0);
    for (size_t i = 0; i < WRITES; i++)
        cr_expect(poll_until(is_taken, &i, FIXTURE_WAIT_MS), "%s %s: %d",
                  writes[i].method, writes[i].target, code_of(i));
    cr_expect(poll_until(is_moved, NULL, FIXTURE_WAIT_MS));
    expect_reading_goes_on();
    ANSWERS("GET", BASE "/tasks@moved?part=message", "", NULL, 200, "sent");
}

/* ------------------------------------------------------------------ one that fails */

/* From now on each of its writes to a file is an error. */
static void fail_disk(void)
{
    struct rlimit none = {0, 0};
    cr_assert_eq(prlimit(fixture.daemon, RLIMIT_FSIZE, &none, NULL), 0);
}

static void open_and_fill(void)
{
    fixture_open();
    fill_store();
}

Test(failed, is_said_by_healthz_and_ends_with_the_next_start, .init = open_and_fill,
     .fini = fixture_close, .timeout = 300)
{
    ANSWERS("GET", "/healthz", "", NULL, 200, "ok\n");
    fail_disk();
    int code = ask("PUT", BASE "/tasks@new", "", "latte")->code;
    cr_expect(code >= 500, "%d", code);
    ANSWERS("GET", "/healthz", "", NULL, 503, "the journal failed: read-only\n");
    cr_expect(
        strstr(ask("GET", "/metrics", "", NULL)->body.data, "actorfs_journal_ok 0"));
    cr_expect_geq(ask("PUT", BASE "/tasks@new", "", "latte")->code, 500);
    cr_expect_geq(ask("LOCK", BASE "/a.txt", "", EXCLUSIVE)->code, 500);
    cr_expect_geq(ask("PROPPATCH", BASE "/a.txt", "", PATCH)->code, 500);
    expect_reading_goes_on();
    served_kill(&fixture);
    served_start(&fixture);
    ANSWERS("GET", "/healthz", "", NULL, 200, "ok\n");
    ANSWERS("PUT", BASE "/tasks@new", "", "latte", 202, NULL);
    expect_reading_goes_on();
}
