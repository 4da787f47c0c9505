/* SPDX-License-Identifier: MIT */
/*
 * A file that is moved onto `tasks` is one message, exactly once, whatever happens in
 * the middle: the daemon is killed, the file cannot be removed, another client moves it
 * at the same time.
 */
#include <fcntl.h>
#include <ftw.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tests/dav/dav.h"

#define BASE "/actors/echo_1"
#define KILLS 24

static void open_suspended(void)
{
    fixture_open();
    make_suspended("echo_1");
}

TestSuite(killed, .init = open_suspended, .fini = fixture_close, .timeout = 500);

/* The keys of the mailbox, each after a space. */
static const char *keys(void)
{
    static char text[64 * 1024];
    char *out = text, *rest = NULL;
    static char rows[sizeof text];
    snprintf(rows, sizeof rows, "%s", ask("GET", BASE "/mailbox", "", NULL)->body.data);
    *out = '\0';
    for (char *row = strtok_r(rows, "\n", &rest); row;
         row = strtok_r(NULL, "\n", &rest))
        out += sprintf(out, " %s", strrchr(row, '\t') + 1);
    return text;
}

/* How many of the mailbox's messages are this one. */
static unsigned count_of(const char *message)
{
    unsigned count = 0;
    char *all = strdup(keys()), *rest = NULL;
    for (char *key = strtok_r(all, " ", &rest); key; key = strtok_r(NULL, " ", &rest)) {
        const struct http_reply *reply =
            ask("GET", line(BASE "/tasks@%s?part=message", key), "", NULL);
        count += strcmp(reply->body.data, message) == 0;
    }
    free(all);
    return count;
}

/* ------------------------------------------------------------------------- kills */

/* With a key, or without. */
static const char *target_of(unsigned n)
{
    return n % 2 ? line(BASE "/tasks@k%u", n) : BASE "/tasks";
}

static void kill_after(unsigned microseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = microseconds * 1000}, NULL);
    served_kill(&fixture);
}

/* Each time a little later in the middle of it. */
static void move_and_kill(unsigned n)
{
    const char *draft = line(BASE "/draft%u", n);
    ANSWERS("PUT", draft, "", line("message %u", n), 201, NULL);
    int socket = begin("MOVE", draft, line("Destination: %s\r\n", target_of(n)), NULL);
    kill_after(n * 150);
    close(socket);
    served_start(&fixture);
}

/* What a client does that was told nothing. */
static void move_again(unsigned n)
{
    const char *draft = line(BASE "/draft%u", n);
    if (ask("GET", draft, "", NULL)->code == 200)
        ANSWERS("MOVE", draft, line("Destination: %s\r\n", target_of(n)), NULL, 204,
                NULL);
    ANSWERS("GET", draft, "", NULL, 404, NULL);
}

Test(killed, a_file_moved_onto_tasks_is_sent_once)
{
    for (unsigned n = 0; n < KILLS; n++) {
        move_and_kill(n);
        move_again(n);
    }
    cr_expect_eq(tasks_of("echo_1"), KILLS);
    for (unsigned n = 0; n < KILLS; n++) {
        char message[32];
        snprintf(message, sizeof message, "message %u", n);
        cr_expect_eq(count_of(message), 1, "%s", message);
    }
}

/* --------------------------------------------------- a file that cannot be removed */

static char source[512]; /* its folder's path */

static int look(const char *path, const struct stat *stat, int type, struct FTW *place)
{
    (void)stat;
    bool is_source = type == FTW_F && strcmp(path + place->base, "draft") == 0;
    if (is_source)
        snprintf(source, sizeof source, "%.*s", place->base - 1, path);
    return is_source;
}

/* Whether names may come and go in the folder. */
static bool freeze(bool is_frozen)
{
    int flags = 0, folder = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_done = ioctl(folder, FS_IOC_GETFLAGS, &flags) == 0;
    flags = is_frozen ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
    is_done = is_done && ioctl(folder, FS_IOC_SETFLAGS, &flags) == 0;
    close(folder);
    return is_done;
}

/* No assertion may end the test before it is let go. */
static void put_a_file_that_stays(void)
{
    ANSWERS("PUT", BASE "/draft", "", "latte", 201, NULL);
    cr_assert_eq(nftw(line("%s/files", fixture.store), look, 8, FTW_PHYS), 1);
    if (!freeze(true))
        cr_skip_test("needs the right to make a folder immutable");
}

static int move_draft(const char *target)
{
    return ask("MOVE", BASE "/draft", line("Destination: " BASE "/%s\r\n", target),
               NULL)
        ->code;
}

Test(killed, between_the_message_and_the_removal_the_next_start_goes_on)
{
    put_a_file_that_stays();
    cr_expect_geq(move_draft("tasks"), 400);
    cr_expect_eq(count_of("latte"), 1);
    served_kill(&fixture);
    cr_expect(freeze(false));
    served_start(&fixture);
    ANSWERS("GET", BASE "/draft", "", NULL, 404, NULL);
    cr_expect_eq(count_of("latte"), 1);
}

Test(killed, what_was_sent_and_not_removed_is_not_sent_again)
{
    put_a_file_that_stays();
    cr_expect_geq(move_draft("tasks"), 400);
    cr_expect_geq(move_draft("tasks"), 400);
    cr_expect(freeze(false));
    cr_expect_eq(move_draft("tasks"), 204);
    ANSWERS("GET", BASE "/draft", "", NULL, 404, NULL);
    cr_expect_eq(tasks_of("echo_1"), 1);
    ANSWERS("PUT", BASE "/draft", "", "latte", 201, NULL);
    cr_expect_eq(move_draft("tasks"), 204);
    cr_expect_eq(tasks_of("echo_1"), 2, "another file, though of the same bytes");
}

Test(killed, two_who_move_a_file_at_once_send_it_once)
{
    const char *headers = "Destination: " BASE "/tasks\r\n";
    for (unsigned n = 1; n <= 20; n++) {
        ANSWERS("PUT", BASE "/draft", "", "latte", 201, NULL);
        int first = begin("MOVE", BASE "/draft", headers, NULL);
        int second = begin("MOVE", BASE "/draft", headers, NULL);
        bool one = strstr(rest_of(first), "HTTP/1.1 204") != NULL;
        bool two = strstr(rest_of(second), "HTTP/1.1 204") != NULL;
        cr_expect_neq(one, two);
        cr_expect_eq(tasks_of("echo_1"), n);
    }
}
