/* SPDX-License-Identifier: MIT */
/*
 * `>` of one message under a fresh key, by processes that each wait until it is kept:
 * open(O_WRONLY | O_CREAT | O_TRUNC), write, close.
 *
 *     bench_write --mount MNT [--writers N] [--actors N] [--keys 0|1]
 *                 [--seconds N] [--burst N]
 *
 * Writer i writes to actor bench_(i modulo N), which is made if it is missing; with
 * --keys 0 to plain `tasks`, whose name the kernel may know already.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scripts/bench.d/crew.h"
#include "scripts/bench.d/measure.h"

struct work {
    const char *mount;
    unsigned actors;
    bool keys;
};

static void make_actors(const struct work *work)
{
    char path[4096];

    for (unsigned i = 0; i < work->actors; i++) {
        snprintf(path, sizeof(path), "%s/actors/bench_%u", work->mount, i);
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            fail_errno(path);
    }
}

static void write_message(struct member *member, void *context)
{
    const struct work *work = context;
    char key[FRESH_KEY_BYTES];
    char message[MESSAGE_BYTES];
    char path[4096];

    source_key(&member->source, key);
    message_fill(message, key);
    snprintf(path, sizeof(path), "%s/actors/bench_%u/tasks%s%.*s", work->mount,
             member->number % work->actors, work->keys ? "@" : "",
             work->keys ? FRESH_KEY_BYTES : 0, key);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0 || write(file, message, sizeof(message)) != sizeof(message) ||
        close(file) != 0)
        fail_errno(path);
}

int main(int argc, char **argv)
{
    unsigned writers = (unsigned)option_number(argc, argv, "--writers", 64);
    struct work work = {.mount = option_text(argc, argv, "--mount", "."),
                        .actors =
                            (unsigned)option_number(argc, argv, "--actors", writers),
                        .keys = option_number(argc, argv, "--keys", 1) != 0};

    make_actors(&work);
    crew_run(writers, write_message, &work, argc, argv);
    return 0;
}
