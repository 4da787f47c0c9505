/* SPDX-License-Identifier: MIT */
/*
 * Ordinary files in a folder, on whatever filesystem it is. One operation is, by
 * `--what`:
 *
 *     write    a mebibyte more in a file of 256, from its start again and again
 *     read     a mebibyte of such a file; the kernel forgets the file for each round
 *     small    a file of 1,000 bytes made, written, read back and removed
 *     stat     the attributes of one of 1,000 files
 *     readdir  a folder of 1,000 files listed
 *
 *     bench_files --folder DIR --what NAME [--members N] [--seconds N]
 *
 * What it needs it makes there first, a folder for each member, and leaves there.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scripts/bench.d/crew.h"
#include "scripts/bench.d/measure.h"

#define CHUNK_BYTES (1 << 20)
#define CHUNKS 256
#define SMALL_BYTES 1000
#define FILES 1000

static char chunk[CHUNK_BYTES];

struct place {
    char path[64];
};

static struct place place_of(unsigned member, const char *kind, uint64_t number)
{
    struct place place;
    snprintf(place.path, sizeof place.path, "%u/%s%llu", member, kind,
             (unsigned long long)number);
    return place;
}

static int open_place(const struct place *place, int flags)
{
    int file = open(place->path, flags | O_CLOEXEC, 0600);
    if (file < 0)
        fail_errno(place->path);
    return file;
}

static void write_all(const struct place *place, int file, size_t size)
{
    if (write(file, chunk, size) != (ssize_t)size)
        fail_errno(place->path);
}

static void close_place(const struct place *place, int file)
{
    if (close(file) != 0)
        fail_errno(place->path);
}

/* ------------------------------------------------------------------------ to begin */

static void make_big(unsigned member)
{
    struct place place = place_of(member, "big", 0);
    struct stat made;
    int file = open_place(&place, O_WRONLY | O_CREAT);
    if (fstat(file, &made) == 0 && made.st_size == (off_t)CHUNKS * CHUNK_BYTES) {
        close_place(&place, file);
        return; /* by an earlier run */
    }
    for (unsigned n = 0; n < CHUNKS; n++)
        write_all(&place, file, CHUNK_BYTES);
    close_place(&place, file);
}

static void make_many(unsigned member)
{
    for (unsigned n = 0; n < FILES; n++) {
        struct place place = place_of(member, "many/", n);
        close_place(&place, open_place(&place, O_RDONLY | O_CREAT));
    }
}

static void make_folders(unsigned members)
{
    for (unsigned member = 0; member < members; member++) {
        struct place place;
        snprintf(place.path, sizeof place.path, "%u", member);
        mkdir(place.path, 0700);
        snprintf(place.path, sizeof place.path, "%u/many", member);
        mkdir(place.path, 0700);
        make_big(member);
        make_many(member);
    }
}

/* ---------------------------------------------------------------------- operations */

/* A member is a process of its own, which keeps its file open from one to the next. */
static int big = -1;
static unsigned chunk_number;

static void begin_round(const struct place *place, int flags)
{
    if (big >= 0 && chunk_number < CHUNKS)
        return;
    if (big >= 0)
        close_place(place, big);
    big = open_place(place, flags);
    if (flags == O_RDONLY)
        posix_fadvise(big, 0, 0, POSIX_FADV_DONTNEED);
    chunk_number = 0;
}

static void write_chunk(struct member *member, void *context)
{
    (void)context;
    struct place place = place_of(member->number, "big", 0);
    begin_round(&place, O_WRONLY);
    write_all(&place, big, CHUNK_BYTES);
    chunk_number++;
}

static void read_chunk(struct member *member, void *context)
{
    (void)context;
    struct place place = place_of(member->number, "big", 0);
    begin_round(&place, O_RDONLY);
    if (read(big, chunk, CHUNK_BYTES) != CHUNK_BYTES)
        fail_errno(place.path);
    chunk_number++;
}

static void handle_small(struct member *member, void *context)
{
    (void)context;
    struct place place = place_of(member->number, "small", chunk_number++);
    int file = open_place(&place, O_WRONLY | O_CREAT | O_EXCL);
    write_all(&place, file, SMALL_BYTES);
    close_place(&place, file);
    file = open_place(&place, O_RDONLY);
    if (read(file, chunk, SMALL_BYTES + 1) != SMALL_BYTES)
        fail_errno(place.path);
    close_place(&place, file);
    if (unlink(place.path) != 0)
        fail_errno(place.path);
}

static void stat_file(struct member *member, void *context)
{
    (void)context;
    struct stat result;
    struct place place =
        place_of(member->number, "many/", source_below(&member->source, FILES));
    if (stat(place.path, &result) != 0)
        fail_errno(place.path);
}

static void list_folder(struct member *member, void *context)
{
    (void)context;
    struct place place;
    unsigned count = 0;
    snprintf(place.path, sizeof place.path, "%u/many", member->number);
    DIR *listed = opendir(place.path);
    if (!listed)
        fail_errno(place.path);
    while (readdir(listed))
        count++;
    closedir(listed);
    if (count != FILES + 2)
        fail("%s: %u entries", place.path, count);
}

static operate_fn *operation_called(const char *what)
{
    static const struct {
        const char *name;
        operate_fn *operate;
    } known[] = {{"write", write_chunk},
                 {"read", read_chunk},
                 {"small", handle_small},
                 {"stat", stat_file},
                 {"readdir", list_folder}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, what) == 0)
            return known[i].operate;
    fail("--what: write, read, small, stat or readdir");
}

int main(int argc, char **argv)
{
    unsigned members = (unsigned)option_number(argc, argv, "--members", 1);
    operate_fn *operate = operation_called(option_text(argc, argv, "--what", "read"));
    const char *folder = option_text(argc, argv, "--folder", ".");
    if (chdir(folder) != 0) /* how deep it lies is not asked */
        fail_errno(folder);
    memset(chunk, 'c', sizeof chunk);
    make_folders(members);
    crew_run(members, operate, NULL, argc, argv);
    return 0;
}
