/* SPDX-License-Identifier: MIT */
/*
 * Output is caught in memory files rather than pipes: there is nothing to pump, no tool
 * ever blocks on a full pipe, and a background process that keeps standard output open
 * cannot delay the end. The end is waited for through a pidfd, which poll() takes with
 * a timeout.
 */
#include "tests/support/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"

extern char **environ;

long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void poll_pause(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

bool poll_until(bool (*holds)(void *context), void *context, int deadline_ms)
{
    long long deadline = now_ms() + deadline_ms;
    while (!holds(context)) {
        if (now_ms() > deadline)
            return false;
        poll_pause();
    }
    return true;
}

static void set_default_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP |
                                             POSIX_SPAWN_SETSIGMASK |
                                             POSIX_SPAWN_SETSIGDEF);
}

static pid_t spawn_shell(const struct command *command, const char *text)
{
    char *argv[] = {memory_text(view_text("bash")), memory_text(view_text("-c")),
                    memory_text(view_text(text)), NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    pid_t pid = 0;

    setenv("LC_ALL", "C", 1);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, command->out_fd, 1);
    posix_spawn_file_actions_adddup2(&files, command->err_fd, 2);
    posix_spawnattr_init(&attributes);
    set_default_signals(&attributes);
    ENSURE(posix_spawnp(&pid, argv[0], &files, &attributes, argv, environ) == 0);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    for (char **word = argv; *word != NULL; word++)
        free(*word);
    return pid;
}

void command_start(struct command *command, const char *text)
{
    *command = (struct command){0};
    command->out_fd = memfd_create("out", MFD_CLOEXEC);
    command->err_fd = memfd_create("err", MFD_CLOEXEC);
    ENSURE(command->out_fd >= 0 && command->err_fd >= 0);
    command->pid = spawn_shell(command, text);
}

bool command_has_ended(const struct command *command)
{
    siginfo_t info = {0};
    if (command->pid == 0)
        return true;
    waitid(P_PID, (id_t)command->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    return info.si_pid != 0;
}

void command_signal(const struct command *command, int signal)
{
    kill(-command->pid, signal);
}

static bool wait_for_end(pid_t pid, int deadline_ms)
{
    int fd = pidfd_open(pid, 0);
    ENSURE(fd >= 0);
    long long deadline = now_ms() + deadline_ms;
    int ready = 0;
    do {
        long long left = deadline - now_ms();
        ready = poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1,
                     left > 0 ? (int)left : 0);
    } while (ready < 0 && errno == EINTR);
    close(fd);
    return ready == 1;
}

static void read_memory_file(int fd, struct bytes *out)
{
    off_t size = lseek(fd, 0, SEEK_END);
    if (size > 0) {
        char *room = bytes_reserve(out, (size_t)size);
        ssize_t got = pread(fd, room, (size_t)size, 0);
        ENSURE(got == size);
        out->size += (size_t)got;
    }
    close(fd);
}

void command_finish(struct command *command, int deadline_ms)
{
    if (command->pid == 0)
        return;
    int status = 0;
    bool ended = wait_for_end(command->pid, deadline_ms);
    /* The group lives as long as the unreaped shell does: nobody else can be hit. */
    kill(-command->pid, SIGKILL);
    ENSURE(waitpid(command->pid, &status, 0) == command->pid);
    command->pid = 0;
    command->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (!ended)
        command->status = COMMAND_TIMED_OUT;
    read_memory_file(command->out_fd, &command->out);
    read_memory_file(command->err_fd, &command->err);
}

void command_free(struct command *command)
{
    if (command->pid != 0)
        command_finish(command, 0);
    bytes_free(&command->out);
    bytes_free(&command->err);
}

void command_run(struct command *command, const char *text)
{
    command_start(command, text);
    command_finish(command, COMMAND_DEADLINE_MS);
}
