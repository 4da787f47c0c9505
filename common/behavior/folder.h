/* SPDX-License-Identifier: MIT */
/*
 * What lies in the folder that --behaviors names: executables NAME (programs) and
 * NAME.worker, and NAME.conf. Everything else is passed over, for a reason that is
 * told. A listing is a value: two of them are compared to see what changed.
 *
 * Any thread.
 */
#ifndef ACTORFS_BEHAVIOR_FOLDER_H
#define ACTORFS_BEHAVIOR_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/status.h"

enum file_kind { FILE_PROGRAM, FILE_WORKER, FILE_CONF, FILE_PASSED_OVER };

/* Changes whenever the file does. All zero: there is none. */
struct file_mark {
    dev_t device;
    ino_t inode;
    off_t size;
    mode_t mode;
    uid_t owner;
    struct timespec modified, changed;
};
bool file_mark_equal(const struct file_mark *left, const struct file_mark *right);

struct folder_file {
    char *file;  /* its name in the folder */
    size_t name; /* so many bytes of it are the behavior's name */
    enum file_kind kind;
    const char *why; /* of FILE_PASSED_OVER: "is not executable" */
    bool is_noise;   /* of FILE_PASSED_OVER: nobody meant it to be a behavior */
    bool is_written; /* somebody has it open for writing: it is not to be used yet */
    struct file_mark mark;
};

struct folder {
    struct folder_file *files; /* sorted by file name, bytewise */
    size_t count;
};

/* Lists the folder open as `descriptor`. IO (errno). Free it with folder_free. */
MUST_CHECK enum status folder_list(int descriptor, struct folder *folder_out);
void folder_free(struct folder *folder);
/* Null when there is none of that name. */
const struct folder_file *folder_find(const struct folder *folder, struct view file);

/* Appends a file's content. TOO_LARGE above `bytes_max`, NOT_FOUND, IO. */
MUST_CHECK enum status folder_read(int descriptor, const char *file, size_t bytes_max,
                                   struct bytes *out);

#endif
