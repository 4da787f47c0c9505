/* SPDX-License-Identifier: MIT */
/*
 * Orphans become children of the first thread of the subreaper, in practice of the main
 * thread; the children that helper threads started are in the lists of those threads
 * and are never looked at here.
 *
 * A pid is safe to be killed as long as only this file reaps it. A process that is not
 * our child may be gone and its pid given again between a look and a signal: there the
 * pidfd is taken first, and the look comes second.
 */
#include "common/behavior/strays.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"

enum {
    READ_BYTES = 4096,
    ENVIRONMENT_BYTES_MAX = 256 * 1024, /* a mark beyond is not found */
    LOOK_AGAIN_NS = 200000,
    LOOKS_MAX = 10,
};

void strays_open(struct strays *strays, strays_lives_fn *lives, void *context)
{
    char path[64];

    *strays = (struct strays){.lives = lives, .context = context};
    identity_self(strays->identity);
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    strays->children_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (strays->children_fd < 0)
        log_warning("%s cannot be read: a behavior that makes itself independent is "
                    "not ended with its turn",
                    path);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void strays_close(struct strays *strays)
{
    (void)prctl(PR_SET_CHILD_SUBREAPER, 0);
    if (strays->children_fd >= 0)
        close(strays->children_fd);
    bytes_free(&strays->list);
    bytes_free(&strays->environment);
}

/* Reads from the start to the end or `most`; what cannot be read is empty. */
static void read_all(int fd, struct bytes *out, size_t most)
{
    ssize_t got;

    bytes_clear(out);
    do {
        got = pread(fd, bytes_reserve(out, READ_BYTES), READ_BYTES, (off_t)out->size);
        out->size += got > 0 ? (size_t)got : 0;
    } while (got > 0 && out->size < most);
}

/* With a NUL behind it. False, with errno, when it cannot be opened. */
static bool read_environment(uint64_t pid, struct bytes *environment)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%" PRIu64 "/environ", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    read_all(fd, environment, ENVIRONMENT_BYTES_MAX);
    close(fd);
    bytes_append(environment, view_of("", 1));
    return true;
}

/* The value of the mark; empty when there is none. Points into `environment`. */
static struct view find_mark(const struct bytes *environment)
{
    const size_t name = strlen(STRAYS_MARK);

    for (size_t at = 0; at < environment->size;) {
        const char *entry = environment->data + at;
        size_t size = strlen(entry);

        if (size > name && memcmp(entry, STRAYS_MARK, name) == 0)
            return view_of(entry + name, size - name);
        at += size + 1;
    }
    return view_of(NULL, 0);
}

static struct view read_mark(uint64_t pid, struct bytes *environment)
{
    return read_environment(pid, environment) ? find_mark(environment)
                                              : view_of(NULL, 0);
}

/* Splits IDENTITY-ID. */
static struct view split_mark(struct view mark, uint64_t *id_out)
{
    const char *dash = mark.size ? memrchr(mark.data, '-', mark.size) : NULL;

    *id_out = 0;
    if (dash == NULL)
        return view_of(NULL, 0);
    *id_out = strtoull(dash + 1, NULL, 10);
    return view_of(mark.data, (size_t)(dash - mark.data));
}

/* A process has no environment while execve(2) gives it another one: one that seems to
   have none is looked at again, and meanwhile that is over. False when we lack what it
   takes to look. */
static bool look_surely(struct strays *strays, pid_t pid)
{
    const struct timespec pause = {.tv_nsec = LOOK_AGAIN_NS};
    bool is_read = read_environment((uint64_t)pid, &strays->environment);

    for (int i = 0; i < LOOKS_MAX && is_read && strays->environment.size <= 1; i++) {
        nanosleep(&pause, NULL);
        is_read = read_environment((uint64_t)pid, &strays->environment);
    }
    if (!is_read)
        bytes_clear(&strays->environment);
    return is_read || (errno != EMFILE && errno != ENFILE && errno != ENOMEM);
}

static bool mark_lives(const struct strays *strays)
{
    uint64_t id;
    struct view owner = split_mark(find_mark(&strays->environment), &id);

    return id != 0 && view_equal(owner, view_text(strays->identity)) &&
           strays->lives(strays->context, 0, id);
}

/* Whether it is to be gone, as far as can be seen, and is not yet. */
static bool clear_one(struct strays *strays, pid_t pid)
{
    pid_t session = getsid(pid);

    if (session < 0 || session == getsid(0))
        return false;
    bool session_lives = strays->lives(strays->context, session, 0);
    if (session_lives && session == pid)
        return false; /* a child of our own, that is told by its pidfd */
    bool is_seen = session_lives || look_surely(strays, pid);
    bool lives = session_lives || (is_seen && mark_lives(strays));
    if (is_seen && !lives)
        kill(pid, SIGKILL);
    return waitpid(pid, NULL, WNOHANG | __WALL) == 0 && !lives;
}

size_t strays_clear(struct strays *strays)
{
    size_t left = 0;

    if (strays->children_fd < 0)
        return 0;
    read_all(strays->children_fd, &strays->list, SIZE_MAX);
    if (strays->list.size == 0)
        return 0;
    bytes_append(&strays->list, view_of("", 1));
    char *at = strays->list.data;
    for (long pid = strtol(at, &at, 10); pid > 0; pid = strtol(at, &at, 10))
        left += clear_one(strays, (pid_t)pid);
    return left;
}

void strays_mark(const struct strays *strays, struct bytes *out, uint64_t id)
{
    bytes_format(out, "%s%s-%" PRIu64, STRAYS_MARK, strays->identity, id);
    bytes_append(out, view_of("", 1));
}

static void kill_if_orphaned(uint64_t pid, struct bytes *environment)
{
    uint64_t id;

    if (read_mark(pid, environment).size == 0)
        return;
    int pidfd = pidfd_open((pid_t)pid, 0);
    if (pidfd < 0)
        return;
    if (identity_is_dead(split_mark(read_mark(pid, environment), &id))) {
        log_warning("process %" PRIu64 " was left running by a daemon that is gone: "
                    "killed",
                    pid);
        (void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
    }
    close(pidfd);
}

void strays_kill_orphaned(void)
{
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    BYTES_AUTO(environment);

    while (processes && (entry = readdir(processes)))
        if (isdigit((unsigned char)entry->d_name[0]))
            kill_if_orphaned(strtoull(entry->d_name, NULL, 10), &environment);
    if (processes)
        closedir(processes);
}
