/* SPDX-License-Identifier: MIT */
/*
 * The owner's end is seen through a pipe: the guard holds its read end, the owner its
 * write end (close-on-exec, so that no tool under test keeps it open). What the guard
 * must know lies in a page shared by both. With ACTORFS_TEST_KEEP set the scratch
 * folder stays for a look at it.
 */
#include "tests/support/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/support/command.h"

struct guard {
    char folder[64];
    pid_t processes[GUARD_PROCESSES];
    bool keeps;
    pid_t pid;   /* of the guard, for its owner */
    int life_fd; /* the owner's end of the pipe */
};

/* Unmounts the last mount that lies below the folder; false when there is none. */
static bool unmount_one(const char *folder)
{
    char line[2 * PATH_MAX], path[PATH_MAX], last[PATH_MAX] = "";
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    if (mounts == NULL)
        return false;
    while (fgets(line, sizeof line, mounts) != NULL) {
        if (sscanf(line, "%*d %*d %*s %*s %4095s", path) == 1 &&
            strncmp(path, folder, strlen(folder)) == 0 && path[strlen(folder)] == '/')
            memcpy(last, path, sizeof last);
    }
    fclose(mounts);
    if (last[0] == '\0')
        return false;
    /* Ends requests that nobody will answer; without it a client may be stuck for good.
     */
    umount2(last, MNT_FORCE);
    return umount2(last, MNT_DETACH) == 0 || errno == EINVAL;
}

static void remove_folder(const char *folder)
{
    pid_t child = fork();
    if (child == 0) {
        execlp("rm", "rm", "-rf", "--one-file-system", folder, (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
}

static void clean_up(struct guard *guard)
{
    for (int i = 0; i < GUARD_PROCESSES; i++)
        if (guard->processes[i] != 0)
            kill(guard->processes[i], SIGKILL);
    for (int mounts = 0; mounts < 100 && unmount_one(guard->folder);)
        mounts++;
    if (!guard->keeps)
        remove_folder(guard->folder);
}

static void wait_for_owner(int fd, int deadline_s)
{
    long long deadline = now_ms() + deadline_s * 1000LL;
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    while (now_ms() < deadline) {
        if (poll(&poll_fd, 1, (int)(deadline - now_ms())) > 0)
            return;
    }
    fprintf(stderr, "guard: the test did not end in %d s\n", deadline_s);
}

static _Noreturn void stand_guard(struct guard *guard, int fd, int deadline_s)
{
    setpgid(0, 0);
    for (int signal_number = 1; signal_number < NSIG; signal_number++)
        if (signal_number != SIGCHLD)
            signal(signal_number, SIG_IGN);
    dup2(fd, 3);
    close_range(4, ~0u, 0);
    wait_for_owner(3, deadline_s);
    clean_up(guard);
    _exit(0);
}

struct guard *guard_open(int deadline_s)
{
    int pipe_fds[2];
    struct guard *guard = mmap(NULL, sizeof *guard, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ENSURE(guard != MAP_FAILED);
    memcpy(guard->folder, "/tmp/actorfs-test-XXXXXX", 25);
    ENSURE(mkdtemp(guard->folder) != NULL);
    ENSURE(pipe2(pipe_fds, O_CLOEXEC) == 0);
    guard->keeps = getenv("ACTORFS_TEST_KEEP") != NULL;
    pid_t pid = fork();
    ENSURE(pid >= 0);
    if (pid == 0)
        stand_guard(guard, pipe_fds[0], deadline_s);
    guard->pid = pid;
    close(pipe_fds[0]);
    guard->life_fd = pipe_fds[1];
    return guard;
}

const char *guard_folder(const struct guard *guard)
{
    return guard->folder;
}

void guard_watch(struct guard *guard, pid_t pid)
{
    for (int i = 0; i < GUARD_PROCESSES; i++) {
        if (guard->processes[i] == 0) {
            guard->processes[i] = pid;
            return;
        }
    }
    panic_at(__FILE__, __LINE__, "too many processes under one guard");
}

void guard_reaped(struct guard *guard, pid_t pid)
{
    for (int i = 0; i < GUARD_PROCESSES; i++)
        if (guard->processes[i] == pid)
            guard->processes[i] = 0;
}

void guard_leave(const struct guard *guard)
{
    close(guard->life_fd);
}

void guard_keep(struct guard *guard)
{
    guard->keeps = true;
}

void guard_close(struct guard *guard)
{
    close(guard->life_fd);
    while (waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    munmap(guard, sizeof *guard);
}
