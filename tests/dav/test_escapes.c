/* SPDX-License-Identifier: MIT */
/*
 * Ways out of an actor's folder over HTTP: dots in every encoding, and symbolic links
 * that lead to STORE/victim, used by every method that takes a path. What lies there is
 * neither read nor touched.
 */
#include "tests/dav/dav.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BASE "/actors/keep_1"

static void in_store(char path_out[512], const char *name)
{
    snprintf(path_out, 512, "%s/%s", fixture.store, name);
}

static void write_file(const char *name, const char *content)
{
    char path[512];
    in_store(path, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file, "%s", path);
    fputs(content, file);
    fclose(file);
}

/* Ids count from 1: it is the first actor. */
static void link_from_actor(const char *name, const char *target)
{
    char path[512];
    snprintf(path, sizeof path, "%s/files/1/%s", fixture.store, name);
    cr_assert_eq(symlink(target, path), 0, "%s", path);
}

static void open_with_victim(void)
{
    char path[512];
    fixture_open();
    make_actor("keep_1");
    ANSWERS("PUT", BASE "/mine", "", "mine", 201, NULL);
    in_store(path, "victim");
    cr_assert_eq(mkdir(path, 0700), 0);
    write_file("victim/f", "theirs");
    link_from_actor("folder", "../../victim");
    link_from_actor("file", "../../victim/f");
}

/* The victim is as it was, and there is nothing new beside it. */
static void expect_untouched(void)
{
    char command[1024];
    snprintf(command, sizeof command,
             "cd '%s' && cat victim/f && find victim -printf '%%P,' && "
             "! find . -name pwned | grep -v files/1/",
             fixture.store);
    struct command looked = {0};
    command_run(&looked, command);
    cr_expect(view_equal(view_bytes(&looked.out), view_text("theirs,f,")), "%.*s",
              (int)looked.out.size, looked.out.data);
    command_free(&looked);
}

static void close_untouched(void)
{
    expect_untouched();
    fixture_close();
}

TestSuite(dav_escapes, .init = open_with_victim, .fini = close_untouched);

static const char *const methods[] = {"GET",   "HEAD",     "PUT",       "DELETE",
                                      "MKCOL", "PROPFIND", "PROPPATCH", "COPY",
                                      "MOVE",  "LOCK",     "POST"};

/* Every method on the target, and to it: none succeeds at what is theirs. */
static void attack(const char *target)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        const struct http_reply *reply =
            ask(methods[i], target, "Depth: 0\r\nDestination: " BASE "/got\r\n",
                strcmp(methods[i], "PUT") == 0 ? "pwned" : NULL);
        cr_expect_null(strstr(reply->body.data, "theirs"), "%s %s", methods[i], target);
        cr_expect_neq(reply->code / 100, 5, "%s %s: %d", methods[i], target,
                      reply->code);
    }
    ask("COPY", BASE "/mine", line("Destination: %s\r\n", target), NULL);
    ask("MOVE", BASE "/mine", line("Destination: %s\r\n", target), NULL);
    ask("PUT", BASE "/mine", "", "mine");
    const struct http_reply *got = ask("GET", BASE "/got", "", NULL);
    cr_expect_null(strstr(got->body.data, "theirs"), "%s was copied", target);
    ask("DELETE", BASE "/got", "", NULL);
}

Test(dav_escapes, dots_in_every_encoding)
{
    static const char *const up[] = {"..",           "%2e%2e",
                                     "%2E.",         ".%2e",
                                     "%252e%252e",   "..%2f..",
                                     "%2e%2e%2f..",  "..%5c..",
                                     "..%c0%af..",   "%c0%ae%c0%ae",
                                     "..%00",        "..;",
                                     "%uff0e%uff0e", "%ef%bc%8e%ef%bc%8e",
                                     "..%e2%88%95",  "%2e%2e%00/x",
                                     "./..",         "folder/..",
                                     "mine/.."};
    for (size_t i = 0; i < sizeof up / sizeof *up; i++) {
        attack(line(BASE "/%s/%s/victim/f", up[i], up[i]));
        attack(line(BASE "/%s/%s/victim/pwned", up[i], up[i]));
        attack(line(BASE "/%s%%2f%s%%2fvictim%%2ff", up[i], up[i]));
        attack(line("/actors/%s/%s/%s/victim/f", up[i], up[i], up[i]));
    }
    expect_untouched();
}

Test(dav_escapes, links_on_the_way_and_at_the_end)
{
    ANSWERS("GET", BASE "/folder/f", "", NULL, 404, NULL);
    ANSWERS("GET", BASE "/file", "", NULL, 403, NULL);
    ANSWERS("PUT", BASE "/folder/pwned", "", "pwned", 409, NULL);
    ANSWERS("MKCOL", BASE "/folder/pwned", "", NULL, 409, NULL);
    attack(BASE "/folder/f");
    attack(BASE "/folder/pwned");
    ANSWERS("COPY", BASE "/folder", "Destination: " BASE "/copied\r\n", NULL, 201,
            NULL);
    ANSWERS("GET", BASE "/copied/f", "", NULL, 404, NULL);
    /* What is done to a link is done to the link. */
    ANSWERS("PUT", BASE "/file", "", "mine", 204, NULL);
    ANSWERS("GET", BASE "/file", "", NULL, 200, "mine");
    ANSWERS("DELETE", BASE "/folder", "", NULL, 204, NULL);
    ANSWERS("DELETE", BASE "/copied", "", NULL, 204, NULL);
}
