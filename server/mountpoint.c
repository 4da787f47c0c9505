/* SPDX-License-Identifier: MIT */
#include "server/mountpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"

#define WAIT_MS 2000
#define PAUSE_MS 20

extern char **environ;

char *path_make_absolute(const char *path)
{
    if (path[0] == '/')
        return memory_text(view_text(path));
    char *folder = getcwd(NULL, 0);
    char *absolute = NULL;
    if (!folder)
        return NULL;
    ENSURE(asprintf(&absolute, "%s/%s", folder, path) > 0);
    free(folder);
    return absolute;
}

static void unmount_as_user(const char *path)
{
    char name[] = "fusermount3", options[] = "-uzq", separator[] = "--";
    char *copy = memory_text(view_text(path));
    char *arguments[] = {name, options, separator, copy, NULL};
    pid_t child;
    if (posix_spawnp(&child, name, NULL, NULL, arguments, environ) == 0)
        waitpid(child, NULL, 0);
    free(copy);
}

/* Whoever still holds files in a dead mount keeps getting ENOTCONN: detach it. Opening
   tells; stat() may be answered from what the kernel remembers of a living daemon. A
   daemon that died while it started a child is dead for good when that is, too: who
   asked before is told ECONNABORTED. */
static void replace_stale(const char *path)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0)
        close(folder);
    if (folder >= 0 || (errno != ENOTCONN && errno != ECONNABORTED))
        return;
    log_warning("%s is a mount without a daemon: replacing it", path);
    if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
        unmount_as_user(path);
}

static bool is_empty(DIR *folder)
{
    for (const struct dirent *entry; (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            return false;
    return true;
}

static enum status refuse(enum status status, const char *path, const char *why,
                          struct bytes *message)
{
    bytes_format(message, "%s: %s", path, why);
    return status;
}

/* A daemon that was just told to stop is mounted for a moment yet; its store is waited
   for as well. */
static bool may_go_by_itself(DIR *folder)
{
    struct statfs found;
    return fstatfs(dirfd(folder), &found) == 0 && found.f_type == FUSE_SUPER_MAGIC;
}

/* Null (errno) when it cannot be opened. */
static DIR *open_settled(const char *path, bool *empty_out)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    for (int waited_ms = 0;; waited_ms += PAUSE_MS) {
        replace_stale(path);
        DIR *folder = opendir(path);
        if (!folder)
            return NULL;
        *empty_out = is_empty(folder);
        if (*empty_out || waited_ms >= WAIT_MS || !may_go_by_itself(folder))
            return folder;
        closedir(folder);
        nanosleep(&pause, NULL);
    }
}

enum status mountpoint_prepare(const char *path, bool may_be_nonempty,
                               char **absolute_out, struct bytes *message)
{
    bool empty;
    DIR *folder = open_settled(path, &empty);
    if (!folder)
        return refuse(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, path,
                      strerror(errno), message);
    closedir(folder);
    if (!empty && !may_be_nonempty)
        return refuse(STATUS_NOT_EMPTY, path,
                      "the folder is not empty (-o nonempty mounts over it)", message);
    *absolute_out = realpath(path, NULL);
    if (!*absolute_out)
        return refuse(STATUS_IO, path, strerror(errno), message);
    return STATUS_OK;
}
