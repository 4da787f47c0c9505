/* SPDX-License-Identifier: MIT */
/*
 * A descriptor of ours is told by device and inode, through statx() on its link in
 * /proc: that holds through bind mounts and in other mount namespaces, where mnt_id
 * differs and paths do too. AT_STATX_DONT_SYNC takes what the kernel has, so that no
 * request comes back to us. Before that the link's mode and text are looked at, which
 * touches no filesystem but /proc: terminals, pipes and other files drop out there.
 */
#include "fs/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/base/bytes.h"

#define ENTRIES_BYTES 4096 /* about 160 descriptors a call */
#define SYSCALL_TRIES 20u
#define SYSCALL_PAUSE_NS 50000

/* tgkill with a leader's id as both finds it; another thread's id is no process's. */
static bool is_leader(pid_t thread)
{
    return syscall(SYS_tgkill, thread, thread, 0) == 0 || errno == EPERM;
}

static ssize_t read_small(int folder, const char *path, char *buffer, size_t size)
{
    int file = openat(folder, path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    ssize_t got = read(file, buffer, size - 1);
    buffer[got < 0 ? 0 : got] = '\0';
    close(file);
    return got;
}

pid_t process_of_thread(pid_t thread)
{
    if (thread == 0 || is_leader(thread))
        return thread;
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/status", (int)thread);
    if (read_small(AT_FDCWD, path, text, sizeof text) < 0)
        return thread;
    const char *line = strstr(text, "\nTgid:");
    return line ? (pid_t)strtol(line + strlen("\nTgid:"), NULL, 10) : thread;
}

static bool link_may_lead_to(int folder, const char *descriptor, const char *name_part)
{
    char target[PATH_MAX];
    ssize_t size = readlinkat(folder, descriptor, target, sizeof target);
    if (size < 0)
        return errno == ENAMETOOLONG;
    return target[0] == '/' &&
           memmem(target, (size_t)size, name_part, strlen(name_part)) != NULL;
}

/* The link's own mode tells how the descriptor was opened. */
static bool is_opened_alike(int folder, const char *descriptor,
                            const struct open_file *file)
{
    struct stat link;
    if (fstatat(folder, descriptor, &link, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    return !!(link.st_mode & S_IRUSR) == file->readable &&
           !!(link.st_mode & S_IWUSR) == file->writable;
}

static bool leads_to(int folder, const char *descriptor, const struct open_file *file)
{
    if (!is_opened_alike(folder, descriptor, file) ||
        !link_may_lead_to(folder, descriptor, file->name_part))
        return false;
    struct statx found;
    if (statx(folder, descriptor, AT_STATX_DONT_SYNC, STATX_INO, &found) != 0)
        return false;
    return found.stx_ino == file->inode && found.stx_dev_major == file->device_major &&
           found.stx_dev_minor == file->device_minor;
}

/* -1 when the folder cannot be read. */
static int count_in(int folder, const struct open_file *file, int enough)
{
    char entries[ENTRIES_BYTES] __attribute__((aligned(8)));
    int count = 0;
    for (;;) {
        ssize_t size = getdents64(folder, entries, sizeof entries);
        if (size <= 0)
            return size < 0 && errno != ENOENT && errno != ESRCH ? -1 : count;
        for (ssize_t at = 0; at < size;) {
            const struct dirent64 *entry = (const void *)(entries + at);
            at += entry->d_reclen;
            if (entry->d_name[0] != '.' && leads_to(folder, entry->d_name, file) &&
                ++count == enough)
                return count;
        }
    }
}

int process_descriptors(pid_t process, const struct open_file *file, int enough)
{
    char path[64];
    if (process == 0)
        return -1;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)process);
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        /* With hidepid, what is not ours to see looks as if it were gone. */
        bool gone = (errno == ENOENT || errno == ESRCH) && kill(process, 0) != 0 &&
                    errno == ESRCH;
        return gone ? 0 : -1;
    }
    int count = count_in(folder, file, enough);
    close(folder);
    return count;
}

/* -1: none, or not to be told. The request may be here before the thread sleeps, and
   until then it is only said to be running. */
static long flags_of_open(pid_t thread)
{
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/%d/syscall", (int)thread);
    for (unsigned tries = 0; tries < SYSCALL_TRIES; tries++) {
        unsigned long words[3];
        long number;
        if (read_small(AT_FDCWD, path, text, sizeof text) <= 0)
            return -1;
        if (sscanf(text, "%ld %lx %lx %lx", &number, &words[0], &words[1], &words[2]) ==
            4)
            return number == SYS_openat ? (int)words[2]
#ifdef SYS_open
                   : number == SYS_open ? (int)words[1]
#endif
                                        : -1;
        nanosleep(&(struct timespec){.tv_nsec = SYSCALL_PAUSE_NS}, NULL);
    }
    return -1;
}

bool process_creates_anew(pid_t thread)
{
    const int anew = O_CREAT | O_EXCL;
    long flags = thread > 0 ? flags_of_open(thread) : -1;
    return flags >= 0 && (flags & anew) == anew;
}

/* The children that this thread of the process made. */
static bool thread_has_heir(int threads, const char *thread,
                            const struct open_file *file)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "%s/children", thread);
    ssize_t size = read_small(threads, path, text, sizeof text);
    if (size < 0 || size == sizeof text - 1)
        return true;
    char *rest = text;
    for (const char *child; (child = strsep(&rest, " "));)
        if (*child && process_descriptors(atoi(child), file, 1) != 0)
            return true;
    return false;
}

bool process_has_heir(pid_t process, const struct open_file *file)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)process);
    DIR *threads = opendir(path);
    if (!threads)
        return true;
    bool found = false;
    for (const struct dirent *entry; !found && (entry = readdir(threads));)
        found = entry->d_name[0] != '.' &&
                thread_has_heir(dirfd(threads), entry->d_name, file);
    closedir(threads);
    return found;
}
