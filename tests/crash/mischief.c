/* SPDX-License-Identifier: MIT */
/*
 * A pid may be given to another process at any moment, so a victim is held by a pidfd
 * first and looked at afterwards. Whether it is ours to touch is told by its program:
 * nobody else runs one of a scratch folder.
 */
#include "tests/crash/mischief.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/log.h"
#include "tests/crash/load.h"
#include "tests/support/mounted.h"

#define STEP_MS 10

/* ------------------------------------------------------------------------- looking */

static bool runs_ours(pid_t pid, const char *folder)
{
    char link[64], program[PATH_MAX];
    snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
    ssize_t size = readlink(link, program, sizeof program - 1);
    size_t prefix = strlen(folder);
    return size > (ssize_t)prefix && memcmp(program, folder, prefix) == 0;
}

/* Fields of /proc/PID/stat after the command's name; the process is gone: 0. */
static unsigned long long stat_field(pid_t pid, int field)
{
    char path[64];
    BYTES_AUTO(text);
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (file_read(path, &text) != 0)
        return 0;
    bytes_append(&text, view_of("", 1));
    char *rest = strrchr(text.data, ')'), *word = NULL;
    for (int at = 2; rest != NULL && at <= field; at++)
        word = strsep(&rest, " ");
    return word != NULL ? strtoull(word, NULL, 10) : 0;
}

enum { FIELD_PARENT = 4, FIELD_START = 22 };

typedef bool visit_fn(void *context, pid_t pid);

static void each_process(visit_fn *visit, void *context)
{
    DIR *processes = opendir("/proc");
    ENSURE(processes != NULL);
    for (struct dirent *entry; (entry = readdir(processes)) != NULL;)
        if (isdigit((unsigned char)entry->d_name[0]) &&
            !visit(context, (pid_t)atoi(entry->d_name)))
            break;
    closedir(processes);
}

struct older {
    const char *folder;
    unsigned long long before;
    int count;
};

static bool count_if_older(void *context, pid_t pid)
{
    struct older *older = context;
    if (runs_ours(pid, older->folder) && stat_field(pid, FIELD_START) < older->before)
        older->count++;
    return true;
}

int mischief_count_older(const char *folder, pid_t process)
{
    struct older older = {.folder = folder,
                          .before = process != 0 ? stat_field(process, FIELD_START)
                                                 : ULLONG_MAX};
    each_process(count_if_older, &older);
    return older.count;
}

/* ------------------------------------------------------------------------ touching */

struct choice {
    struct mischief *mischief;
    unsigned seen;
    int pidfd;
};

/* Every child is as likely as any other. */
static bool choose(void *context, pid_t pid)
{
    struct choice *choice = context;
    struct mischief *mischief = choice->mischief;
    if (stat_field(pid, FIELD_PARENT) != (unsigned long long)mischief->daemon)
        return true;
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0)
        return true;
    bool is_ours =
        runs_ours(pid, mischief->folder) &&
        stat_field(pid, FIELD_PARENT) == (unsigned long long)mischief->daemon;
    if (is_ours && random_below(&mischief->random, ++choice->seen) == 0) {
        int previous = choice->pidfd;
        choice->pidfd = pidfd;
        pidfd = previous;
    }
    if (pidfd >= 0)
        close(pidfd);
    return true;
}

/* A child at random, to be closed; -1: there is none. */
static int choose_child(struct mischief *mischief)
{
    struct choice choice = {.mischief = mischief, .pidfd = -1};
    each_process(choose, &choice);
    return choice.pidfd;
}

static void tell(int pidfd, int signal)
{
    syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

static void kill_one(struct mischief *mischief)
{
    int child = choose_child(mischief);
    if (child < 0)
        return;
    tell(child, SIGKILL);
    close(child);
    mischief->kills++;
}

static void let_go_on(struct mischief *mischief)
{
    if (mischief->stopped < 0)
        return;
    tell(mischief->stopped, SIGCONT);
    close(mischief->stopped);
    mischief->stopped = -1;
}

static void stop_one(struct mischief *mischief)
{
    let_go_on(mischief);
    mischief->stopped = choose_child(mischief);
    if (mischief->stopped < 0)
        return;
    tell(mischief->stopped, SIGSTOP);
    mischief->stops++;
}

static void limit_processes(struct mischief *mischief, bool is_limited)
{
    struct rlimit limit;
    if (prlimit(mischief->daemon, RLIMIT_NPROC, NULL, &limit) != 0)
        return;
    limit.rlim_cur = is_limited ? 0 : limit.rlim_max;
    prlimit(mischief->daemon, RLIMIT_NPROC, &limit, NULL);
}

/* No more programs can be started: fork(2) fails with EAGAIN, but for root; execve(2)
   of a file that is open for writing fails with ETXTBSY for everybody. While one runs
   its file cannot be opened so. */
static void squeeze(struct mischief *mischief)
{
    char program[PATH_MAX];
    if (mischief->held >= 0)
        return;
    snprintf(program, sizeof program, "%s/program", mischief->folder);
    mischief->held = open(program, O_WRONLY | O_CLOEXEC);
    if (mischief->held < 0)
        return;
    limit_processes(mischief, true);
    mischief->squeezes++;
}

static void release(struct mischief *mischief)
{
    if (mischief->held < 0)
        return;
    close(mischief->held);
    mischief->held = -1;
    limit_processes(mischief, false);
}

static void do_something(struct mischief *mischief)
{
    uint32_t dice = random_below(&mischief->random, 100);
    if (dice < 8)
        kill_one(mischief);
    else if (dice < 12)
        stop_one(mischief);
    else if (dice < 24)
        let_go_on(mischief);
    else if (dice < 36)
        squeeze(mischief);
    else if (dice < 48)
        release(mischief);
}

void mischief_for(struct mischief *mischief, uint32_t ms)
{
    long long deadline = now_ms() + ms;
    for (long long left; (left = deadline - now_ms()) > 0;) {
        do_something(mischief);
        left = left < STEP_MS ? left : STEP_MS;
        nanosleep(&(struct timespec){.tv_nsec = left * 1000000}, NULL);
    }
    let_go_on(mischief);
    release(mischief);
}
