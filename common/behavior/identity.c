/* SPDX-License-Identifier: MIT */
/*
 * An identity of another namespace says nothing about the processes here: two
 * containers may share a tmpfs, and a host sees the processes of its containers. Such a
 * one is never called dead.
 */
#include "common/behavior/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define START_UNKNOWN UINT64_C(0)
#define START_OF_NONE UINT64_MAX

/* Of `pid:[4026531836]`; 0 where /proc cannot tell. */
static uint64_t read_namespace(void)
{
    char link[64] = "";
    ssize_t size = readlink("/proc/self/ns/pid", link, sizeof(link) - 1);

    return size > 5 ? strtoull(link + 5, NULL, 10) : 0;
}

/* Of /proc/PID/stat; the fields are counted from the last `)`, because a command's name
   may hold anything. Null when there are not so many. */
static const char *find_field(const char *stat, int number)
{
    const char *at = strrchr(stat, ')');

    for (int field = 2; at && field < number; field++)
        at = strchr(at + 1, ' ');
    return at ? at + 1 : NULL;
}

/* Of one whose stat cannot be read: with no descriptor or memory left, or with hidepid,
   a process that lives looks as if it were gone. */
static uint64_t start_of_unread(uint64_t pid)
{
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH ? START_OF_NONE : START_UNKNOWN;
}

/* START_OF_NONE where there is no such process. A zombie is none, as not everybody
   reaps: one without a thread, that is, for a process may go on without its first. */
static uint64_t read_start(uint64_t pid)
{
    char path[64], text[1024];

    snprintf(path, sizeof(path), "/proc/%" PRIu64 "/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    if (size <= 0)
        return start_of_unread(pid);
    text[size] = '\0';
    const char *state = find_field(text, 3), *threads = find_field(text, 20),
               *start = find_field(text, 22);
    if (start == NULL)
        return START_UNKNOWN;
    if (*state == 'Z' && strtoull(threads, NULL, 10) <= 1)
        return START_OF_NONE;
    return strtoull(start, NULL, 10);
}

void identity_self(char identity_out[IDENTITY_BYTES_MAX])
{
    uint64_t pid = (uint64_t)getpid();

    snprintf(identity_out, IDENTITY_BYTES_MAX, "%" PRIu64 "-%" PRIu64 "-%" PRIu64,
             read_namespace(), pid, read_start(pid));
}

bool identity_is_dead(struct view text)
{
    char copy[IDENTITY_BYTES_MAX];
    uint64_t namespace, pid, start;
    int end = 0;

    if (text.size == 0 || text.size >= sizeof(copy))
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (sscanf(copy, "%" SCNu64 "-%" SCNu64 "-%" SCNu64 "%n", &namespace, &pid, &start,
               &end) != 3 ||
        (size_t)end != text.size)
        return false;
    if (namespace != read_namespace() || start == START_UNKNOWN)
        return false;
    uint64_t now = read_start(pid);
    return now != START_UNKNOWN && now != start;
}
