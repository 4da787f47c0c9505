/* SPDX-License-Identifier: MIT */
/*
 * A bulk load as programs do it: lines of 100 bytes appended to `tasks` in large
 * writes, one writer, round-robin over the actors.
 *
 *     bench_bulk --mount MNT [--actors N] [--lines N] [--write-lines N]
 *
 * Actors are bench_0 ..., made if they are missing; --write-lines is how many lines go
 * into one write(): 1310 fill the 128 KiB that FUSE takes at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scripts/bench.d/measure.h"

static int open_actor(const char *mount, uint64_t number)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/actors/bench_%llu", mount,
             (unsigned long long)number);
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        fail_errno(path);
    strcat(path, "/tasks");
    int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file < 0)
        fail_errno(path);
    return file;
}

static char *make_lines(uint64_t count)
{
    char *lines = malloc(count * MESSAGE_BYTES);
    char key[FRESH_KEY_BYTES];
    struct source source;

    if (!lines)
        fail("no memory");
    source_seed(&source);
    for (uint64_t i = 0; i < count; i++) {
        source_key(&source, key);
        message_fill(lines + i * MESSAGE_BYTES, key);
        lines[(i + 1) * MESSAGE_BYTES - 1] = '\n';
    }
    return lines;
}

static void load(const int *files, uint64_t actors, const char *lines, uint64_t count,
                 uint64_t at_once)
{
    for (uint64_t done = 0, turn = 0; done < count; done += at_once, turn++) {
        uint64_t now = count - done < at_once ? count - done : at_once;
        size_t bytes = now * MESSAGE_BYTES;
        if (write(files[turn % actors], lines, bytes) != (ssize_t)bytes)
            fail_errno("write");
    }
    for (uint64_t i = 0; i < actors; i++)
        if (close(files[i]) != 0)
            fail_errno("close");
}

int main(int argc, char **argv)
{
    const char *mount = option_text(argc, argv, "--mount", ".");
    uint64_t actors = option_number(argc, argv, "--actors", 1);
    uint64_t count = option_number(argc, argv, "--lines", 1000000);
    uint64_t at_once = option_number(argc, argv, "--write-lines", 1310);
    char *lines = make_lines(at_once);
    int *files = calloc(actors, sizeof(*files));

    if (!files)
        fail("no memory");
    for (uint64_t i = 0; i < actors; i++)
        files[i] = open_actor(mount, i);
    int64_t started = now_ns();
    load(files, actors, lines, count, at_once);
    double seconds = (double)(now_ns() - started) / 1e9;
    printf("{\"operations\": %llu, \"burst_rate\": %.1f}\n", (unsigned long long)count,
           (double)count / seconds);
    free(files);
    free(lines);
    return 0;
}
