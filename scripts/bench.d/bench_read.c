/* SPDX-License-Identifier: MIT */
/*
 * Reading through the mount, a random actor each time: `--what state` and `--what
 * status` open, read and close that file, `--what stat` asks for its attributes.
 *
 *     bench_read --mount MNT --what NAME [--readers N] [--actors N] [--seconds N]
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scripts/bench.d/crew.h"
#include "scripts/bench.d/measure.h"

struct work {
    const char *mount;
    const char *what;
    uint64_t actors;
};

static void choose_path(struct member *member, const struct work *work,
                        const char *name, char path_out[4096])
{
    snprintf(path_out, 4096, "%s/actors/bench_%llu/%s", work->mount,
             (unsigned long long)source_below(&member->source, work->actors), name);
}

static void read_file(struct member *member, void *context)
{
    const struct work *work = context;
    char path[4096];
    char content[4096];

    choose_path(member, work, work->what, path);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, content, sizeof(content)) <= 0 || close(file) != 0)
        fail_errno(path);
}

static void stat_file(struct member *member, void *context)
{
    struct stat result;
    char path[4096];

    choose_path(member, context, "state", path);
    if (stat(path, &result) != 0)
        fail_errno(path);
}

int main(int argc, char **argv)
{
    struct work work = {.mount = option_text(argc, argv, "--mount", "."),
                        .what = option_text(argc, argv, "--what", "state"),
                        .actors = option_number(argc, argv, "--actors", 1000)};
    unsigned readers = (unsigned)option_number(argc, argv, "--readers", 4);

    crew_run(readers, strcmp(work.what, "stat") == 0 ? stat_file : read_file, &work,
             argc, argv);
    return 0;
}
