/* SPDX-License-Identifier: MIT */
/*
 * The floor under every acknowledgement: one small append to a file that was written
 * ahead with zeros, and one fdatasync. Nothing durable answers sooner on this disk.
 *
 *     bench_disk --file PATH [--bytes N] [--seconds N]
 *
 * The file is written once before the clock starts and is begun again at its end, so
 * that fdatasync never has metadata to write.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "scripts/bench.d/measure.h"

#define FILE_BYTES (64 << 20)
#define CHUNK_BYTES (1 << 20)

static int open_zeroed(const char *path)
{
    static char zeros[CHUNK_BYTES];
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (file < 0)
        fail_errno(path);
    for (size_t done = 0; done < FILE_BYTES; done += sizeof(zeros))
        if (pwrite(file, zeros, sizeof(zeros), (off_t)done) != sizeof(zeros))
            fail_errno(path);
    if (fsync(file) != 0)
        fail_errno(path);
    return file;
}

int main(int argc, char **argv)
{
    char record[4096];
    size_t bytes = option_number(argc, argv, "--bytes", 200);
    int file = open_zeroed(option_text(argc, argv, "--file", ""));
    struct meter meter;
    off_t offset = 0;
    int64_t started;

    if (bytes > sizeof(record))
        fail("--bytes: at most %zu", sizeof(record));
    memset(record, 'r', bytes);
    meter_start(&meter, argc, argv);
    do {
        started = now_ns();
        if (pwrite(file, record, bytes, offset) != (ssize_t)bytes || fdatasync(file))
            fail_errno("write and sync");
        offset = (offset + (off_t)bytes) % (FILE_BYTES - (off_t)sizeof(record));
    } while (meter_count(&meter, started));
    meter_report(&meter);
    return 0;
}
