/* SPDX-License-Identifier: MIT */
/*
 * What a folder lists is the same whoever asks: the mount, PROPFIND, JSON, plain text.
 * A special file that was removed is hidden on the face that removed it, in each of its
 * listings, and on no other.
 */
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/dav/dav.h"
#include "tests/support/mounted.h"

#define NAMES_MAX 64

struct names {
    char list[NAMES_MAX][64];
    size_t count;
};

static struct mounted both;

static void open_both(void)
{
    static char options[300];
    if (access("/dev/fuse", R_OK | W_OK) != 0)
        cr_skip_test("/dev/fuse cannot be opened here");
    snprintf(fixture.address, sizeof fixture.address, "unix:/tmp/actorfs-dav-%d",
             (int)getpid());
    snprintf(options, sizeof options, "--listen %s", fixture.address);
    mounted_open(&both, options, FIXTURE_GUARD_S);
    while (!http_listens(fixture.address))
        poll_pause();
    make_actor("keep_1");
    ANSWERS("PUT", "/actors/keep_1/a.txt", "", "1", 201, NULL);
    ANSWERS("PUT", "/actors/keep_1/.hidden", "", "1", 201, NULL);
    ANSWERS("MKCOL", "/actors/keep_1/folder", "", NULL, 201, NULL);
    ANSWERS("PUT", "/actors/keep_1/folder/b", "", "1", 201, NULL);
    ANSWERS("PUT", "/actors/keep_1/tasks@k", "", "1", 202, NULL);
    ANSWERS("PUT", "/actors/.DS_Store", "", "1", 201, NULL);
    ANSWERS("PUT", "/desktop.ini", "", "1", 201, NULL);
}

static void close_both(void)
{
    cr_expect(mounted_close(&both));
    unlink(fixture.address + strlen("unix:"));
}

TestSuite(listings, .init = open_both, .fini = close_both, .timeout = 300);

/* ------------------------------------------------------------------------- asking */

static void add(struct names *names, const char *name, size_t size)
{
    cr_assert_lt(names->count, NAMES_MAX);
    snprintf(names->list[names->count++], sizeof names->list[0], "%.*s", (int)size,
             name);
}

static int compare(const void *left, const void *right)
{
    return strcmp(left, right);
}

/* The names, sorted, a space before each; in one of 8 buffers used in turn. */
static const char *joined(struct names *names)
{
    static char ring[8][NAMES_MAX * 64];
    static unsigned turn;
    char *out = ring[turn++ % 8];
    size_t used = 0;
    out[0] = '\0';
    qsort(names->list, names->count, sizeof names->list[0], compare);
    for (size_t i = 0; i < names->count; i++)
        used +=
            (size_t)snprintf(out + used, sizeof ring[0] - used, " %s", names->list[i]);
    return out;
}

static const char *by_mount(const char *folder)
{
    struct names names = {0};
    const struct dirent *entry;
    DIR *open = opendir(mounted_path(&both, "%s", folder));
    cr_assert_not_null(open, "%s", folder);
    while ((entry = readdir(open)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            add(&names, entry->d_name, strlen(entry->d_name));
    closedir(open);
    return joined(&names);
}

/* The folder comes first, then what is in it. */
static const char *by_propfind(const char *folder)
{
    struct names names = {0};
    const char *at = found(folder, "Depth: 1\r\n", NULL);
    bool is_itself = true;
    while ((at = strstr(at, "<D:response><D:href>"))) {
        const char *path = at += strlen("<D:response><D:href>"), *name;
        size_t size = strcspn(path, "<");
        if (size > 1 && path[size - 1] == '/')
            size--;
        name = memrchr(path, '/', size);
        cr_assert_not_null(name);
        if (!is_itself)
            add(&names, name + 1, size - (size_t)(name + 1 - path));
        is_itself = false;
    }
    return joined(&names);
}

static const char *by_json(const char *folder)
{
    struct names names = {0};
    const struct http_reply *reply =
        ask("GET", folder, "Accept: application/json\r\n", NULL);
    json_t *json = json_loads(reply->body.data, 0, NULL);
    const json_t *entries = json_object_get(json, "entries");
    cr_assert(entries, "%s", reply->body.data);
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const char *name =
            json_string_value(json_object_get(json_array_get(entries, i), "name"));
        add(&names, name, strlen(name));
    }
    json_decref(json);
    return joined(&names);
}

static const char *by_text(const char *folder)
{
    struct names names = {0};
    const char *at = ask("GET", folder, "", NULL)->body.data;
    for (; *at; at += strcspn(at, "\n") + 1) {
        size_t size = strcspn(at, "\n");
        add(&names, at, size - (at[size - 1] == '/'));
    }
    return joined(&names);
}

/* ------------------------------------------------------------------------ comparing */

Test(listings, are_the_same_whoever_asks)
{
    static const char *const folders[] = {"/", "/actors/", "/actors/keep_1/",
                                          "/actors/keep_1/folder/"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        const char *names = by_mount(folders[i]);
        cr_expect_gt(strlen(names), 1);
        cr_expect_str_eq(by_propfind(folders[i]), names, "%s", folders[i]);
        cr_expect_str_eq(by_json(folders[i]), names, "%s", folders[i]);
        cr_expect_str_eq(by_text(folders[i]), names, "%s", folders[i]);
    }
}

static void expect_state(const char *folder, bool on_mount, bool over_http)
{
    cr_expect_eq(strstr(by_mount(folder), " state ") != NULL, on_mount);
    cr_expect_eq(strstr(by_propfind(folder), " state ") != NULL, over_http);
    cr_expect_eq(strstr(by_json(folder), " state ") != NULL, over_http);
    cr_expect_eq(strstr(by_text(folder), " state ") != NULL, over_http);
}

Test(listings, hide_what_was_removed_where_it_was_removed)
{
    expect_state("/actors/keep_1/", true, true);
    ANSWERS("DELETE", "/actors/keep_1/state", "", NULL, 204, NULL);
    expect_state("/actors/keep_1/", true, false);
    ANSWERS("PUT", "/actors/keep_1/state", "", "1", 204, NULL);
    expect_state("/actors/keep_1/", true, true);
    cr_assert_eq(unlink(mounted_path(&both, "actors/keep_1/state")), 0);
    expect_state("/actors/keep_1/", false, true);
    cr_expect_eq(file_write(mounted_path(&both, "actors/keep_1/state"),
                            O_WRONLY | O_CREAT | O_EXCL, view_text("2")),
                 0);
    expect_state("/actors/keep_1/", true, true);
    ANSWERS("GET", "/actors/keep_1/state", "", NULL, 200, "2");
}
