/* SPDX-License-Identifier: MIT */
/*
 * Stories through the mount: a code is an errno.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/story/face.h"
#include "tests/support/mounted.h"

#define STORY_GUARD_S 300

static struct mounted mounted;

/* As the contract has it, written down once more: the face's own table is under test.
 */
static int code_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return 0;
    case STATUS_INVALID:
        return EINVAL;
    case STATUS_NOT_FOUND:
        return ENOENT;
    case STATUS_EXISTS:
    case STATUS_CONFLICT:
        return EEXIST;
    case STATUS_TOO_LARGE:
        return EFBIG;
    case STATUS_NAME_TOO_LONG:
        return ENAMETOOLONG;
    case STATUS_FULL:
        return EDQUOT;
    case STATUS_NO_SPACE:
        return ENOSPC;
    case STATUS_IO:
        return EIO;
    case STATUS_BUSY:
        return EBUSY;
    case STATUS_TIMEOUT:
        return ETIMEDOUT;
    case STATUS_STALE:
        return ESTALE;
    case STATUS_SHUTDOWN:
        return ESHUTDOWN;
    case STATUS_PERMISSION:
        return EPERM;
    case STATUS_ACCESS:
        return EACCES;
    case STATUS_NOT_EMPTY:
        return ENOTEMPTY;
    case STATUS_FAILED:
        return EREMOTEIO;
    case STATUS_CANCELED:
        return ECANCELED;
    case STATUS_AGAIN:
        return EAGAIN;
    case STATUS_DEADLOCK:
        return EDEADLK;
    }
    return -1;
}

static const char *text_of(int code)
{
    return code == 0 ? "ok" : strerror(code);
}

static void open_mount(const char *options)
{
    mounted_open(&mounted, options, STORY_GUARD_S);
}

static bool close_mount(void)
{
    return mounted_close(&mounted);
}

static void restart(bool kills)
{
    if (kills)
        mounted_kill(&mounted);
    else
        mounted_stop(&mounted);
    mounted_start(&mounted);
}

static const char *path_of(const char *path)
{
    return path[0] == '/' ? mounted_path(&mounted, "%s", path + 1)
                          : mounted_path(&mounted, "actors/%s", path);
}

static int make(const char *actor)
{
    return mkdir(path_of(actor), 0755) == 0 ? 0 : errno;
}

static int remove_actor(const char *actor)
{
    return rmdir(path_of(actor)) == 0 ? 0 : errno;
}

static int send_message(const char *path, struct view content)
{
    return file_write(path_of(path), O_WRONLY | O_CREAT | O_TRUNC, content);
}

static int append_lines(const char *path, struct view content)
{
    return file_write(path_of(path), O_WRONLY | O_CREAT | O_APPEND, content);
}

static int read_all(int fd, struct bytes *out)
{
    ssize_t got = 0;
    while ((got = read(fd, bytes_reserve(out, 65536), 65536)) > 0)
        out->size += (size_t)got;
    return got < 0 ? errno : 0;
}

static int call(const char *path, struct view content, struct bytes *out)
{
    int fd = open(path_of(path), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno;
    int error = write(fd, content.data, content.size) < 0 ? errno : read_all(fd, out);
    if (close(fd) != 0 && error == 0)
        error = errno;
    return error;
}

static int read_path(const char *path, bool waits, struct bytes *out)
{
    int fd = open(path_of(path), O_RDONLY | O_CLOEXEC | (waits ? 0 : O_NONBLOCK));
    if (fd < 0)
        return errno;
    int error = read_all(fd, out);
    close(fd);
    return error;
}

static int list(const char *path, struct bytes *out)
{
    struct dirent **entries = NULL;
    int count = scandir(path_of(path), &entries, NULL, alphasort);
    if (count < 0)
        return errno;
    for (int i = 0; i < count; i++) {
        if (strcmp(entries[i]->d_name, ".") != 0 &&
            strcmp(entries[i]->d_name, "..") != 0)
            bytes_format(out, "%s\n", entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return 0;
}

static bool exists(const char *path)
{
    return access(path_of(path), F_OK) == 0;
}

const struct face face_mount = {.name = "mount",
                                .code_of = code_of,
                                .text_of = text_of,
                                .open = open_mount,
                                .close = close_mount,
                                .restart = restart,
                                .make = make,
                                .remove = remove_actor,
                                .send = send_message,
                                .append = append_lines,
                                .call = call,
                                .read = read_path,
                                .list = list,
                                .exists = exists};
