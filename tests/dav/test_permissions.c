/* SPDX-License-Identifier: MIT */
/*
 * Owner and mode over HTTP, for a login that is mapped to a Unix user: by whatever
 * method and path it comes, it may what it might on the mount. The files are those of
 * who runs the tests, made through the mount; the guest is a user whom nobody knows.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/dav/dav.h"
#include "tests/support/mounted.h"

#define GUEST "Authorization: Bearer guest-0123456789-abcdefgh\r\n"
#define OWNER "Authorization: Bearer owner-0123456789-abcdefgh\r\n"
#define BAR "/actors/keep_1"

static const char users[] =
    "owner:{sha256}510116e7498bae0cd509620ca4bd3c63797137f80eeb3427f3f1fbd8c3e022d5\n"
    "guest:{sha256}30697292bf59589f51b2a8fb73606a9bc3bb6f072b411464e180936993abe326"
    ":1234567\n";

static struct mounted both;
static char users_path[64];

static void make_folder(const char *path, mode_t mode)
{
    const char *folder = mounted_path(&both, "actors/%s", path);
    cr_assert_eq(mkdir(folder, 0700), 0, "%s", folder);
    cr_assert_eq(chmod(folder, mode), 0);
}

static void make_file(const char *path, mode_t mode)
{
    const char *file = mounted_path(&both, "actors/%s", path);
    cr_assert_eq(file_write(file, O_WRONLY | O_CREAT, view_text("mine")), 0);
    cr_assert_eq(chmod(file, mode), 0);
}

static void make_tree(void)
{
    make_folder("keep_1", 0777);
    make_file("keep_1/state", 0600);
    make_file("keep_1/open", 0644);
    make_file("keep_1/secret", 0600);
    make_folder("keep_1/shown", 0755);
    make_file("keep_1/shown/secret", 0600);
    make_folder("keep_1/closed", 0700);
    make_folder("keep_1/closed/open", 0777);
    make_file("keep_1/closed/open/a", 0666);
    make_folder("keep_2", 0700);
    make_folder("keep_2/open", 0777);
    make_folder("keep_3", 01777);
    make_file("keep_3/open", 0644);
}

static void open_both(void)
{
    static char options[512];
    if (access("/dev/fuse", R_OK | W_OK) != 0)
        cr_skip_test("/dev/fuse cannot be opened here");
    int id = (int)getpid();
    snprintf(users_path, sizeof users_path, "/tmp/actorfs-users-%d", id);
    snprintf(fixture.address, sizeof fixture.address, "unix:/tmp/actorfs-dav-%d", id);
    snprintf(options, sizeof options, "--listen %s --users %s", fixture.address,
             users_path);
    cr_assert_eq(file_write(users_path, O_WRONLY | O_CREAT, view_text(users)), 0);
    mounted_open(&both, options, FIXTURE_GUARD_S);
    while (!http_listens(fixture.address))
        poll_pause();
    make_tree();
}

static void close_both(void)
{
    cr_expect(mounted_close(&both));
    unlink(fixture.address + strlen("unix:"));
    unlink(users_path);
}

TestSuite(permissions, .init = open_both, .fini = close_both, .timeout = 300);

static void expect(const char *method, const char *target, const char *destination,
                   int code)
{
    const char *to = destination ? line("Destination: %s\r\n", destination) : "";
    bool writes = strcmp(method, "PUT") == 0;
    ANSWERS(method, target, line(GUEST "%s", to), writes ? "theirs" : NULL, code, NULL);
}

static void expect_mine(const char *target)
{
    ANSWERS("GET", target, OWNER, NULL, 200, "mine");
}

Test(permissions, what_may_not_be_written_is_no_destination_either)
{
    expect("PUT", BAR "/state", NULL, 403);
    expect("COPY", BAR "/open", BAR "/state", 403);
    expect("MOVE", BAR "/open", BAR "/state", 403);
    expect("COPY", BAR "/open", BAR "/secret", 403);
    expect_mine(BAR "/state");
    expect_mine(BAR "/secret");
    expect("COPY", BAR "/open", BAR "/tasks@1", 204);
}

Test(permissions, in_a_sticky_folder_nothing_of_others_is_replaced_or_controlled)
{
    static const char *const files[] = {"open", "state", "status", "behavior"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        expect("COPY", BAR "/open", line("/actors/keep_3/%s", files[i]), 403);
        expect("MOVE", BAR "/open", line("/actors/keep_3/%s", files[i]), 403);
    }
    expect("MOVE", "/actors/keep_3/open", BAR "/taken", 403);
    expect("COPY", BAR "/open", "/actors/keep_3/tasks@1", 204);
    expect_mine("/actors/keep_3/open");
}

Test(permissions, what_may_not_be_read_is_not_read_by_copying_or_moving)
{
    expect("COPY", BAR "/secret", BAR "/taken", 403);
    expect("COPY", BAR "/shown", BAR "/taken", 403);
    expect("MOVE", BAR "/state", BAR "/taken", 403);
    ANSWERS("GET", BAR "/taken", OWNER, NULL, 404, NULL);
}

Test(permissions, a_folder_is_not_removed_past_what_is_in_it)
{
    expect("DELETE", BAR "/shown", NULL, 403);
    expect("COPY", BAR "/open", BAR "/shown", 403);
    expect("MOVE", BAR "/open", BAR "/shown", 403);
    expect_mine(BAR "/shown/secret");
}

Test(permissions, a_closed_folder_closes_all_beneath_it)
{
    expect("GET", BAR "/closed/open/a", NULL, 403);
    expect("PUT", BAR "/closed/open/a", NULL, 403);
    expect("PUT", BAR "/closed/open/b", NULL, 403);
    expect("COPY", BAR "/closed/open/a", BAR "/taken", 403);
    expect("COPY", BAR "/open", BAR "/closed/open/b", 403);
    expect("COPY", BAR "/open", "/actors/keep_2/open/b", 403);
    expect("COPY", BAR "/open", "/actors/keep_2/tasks", 403);
    expect_mine(BAR "/closed/open/a");
}

Test(permissions, who_may_make_no_actor_makes_none_by_a_message)
{
    expect("MKCOL", "/actors/keep_4", NULL, 403);
    expect("PUT", "/actors/keep_4/tasks?create=1", NULL, 403);
    ANSWERS("GET", "/actors/keep_4", OWNER, NULL, 404, NULL);
}
