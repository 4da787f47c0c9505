/* SPDX-License-Identifier: MIT */
/*
 * The program leads a session whose terminal is the far side of a pseudoterminal. Our
 * side is read whenever we wait, also for the end: a program that cannot write does not
 * end.
 */
#include "tests/mount/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/support/command.h"

#define LOOK_MS 20

extern char **environ;

static pid_t spawn_on(const char *far, const char *command)
{
    char *argv[] = {memory_text(view_text("bash")), memory_text(view_text("-c")),
                    memory_text(view_text(command)), NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    pid_t pid = 0;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, far, O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&files, 0, 1);
    posix_spawn_file_actions_adddup2(&files, 0, 2);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    ENSURE(posix_spawnp(&pid, "bash", &files, &attributes, argv, environ) == 0);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    for (char **word = argv; *word != NULL; word++)
        free(*word);
    return pid;
}

void terminal_open(struct terminal *terminal, const char *command)
{
    char far[64];
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ENSURE(fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0);
    ENSURE(ptsname_r(fd, far, sizeof far) == 0);
    ENSURE(ioctl(fd, TIOCSWINSZ, &size) == 0);
    setenv("TERM", "vt100", 1);
    setenv("LC_ALL", "C", 1);
    *terminal = (struct terminal){.fd = fd};
    terminal->pid = spawn_on(far, command);
}

/* Reads what is there, waiting for it a moment; false when nobody is at the far side.
 */
static bool take(struct terminal *terminal)
{
    struct pollfd ready = {.fd = terminal->fd, .events = POLLIN};
    if (poll(&ready, 1, LOOK_MS) <= 0)
        return true;
    char *room = bytes_reserve(&terminal->seen, 4096);
    ssize_t got = read(terminal->fd, room, 4096);
    if (got > 0)
        terminal->seen.size += (size_t)got;
    return got > 0 || errno == EINTR;
}

static bool find(struct terminal *terminal, const char *text)
{
    if (terminal->seen.size == terminal->expected)
        return false;
    const char *from = terminal->seen.data + terminal->expected;
    const char *found =
        memmem(from, terminal->seen.size - terminal->expected, text, strlen(text));
    if (found)
        terminal->expected = (size_t)(found - terminal->seen.data) + strlen(text);
    return found != NULL;
}

static void tell(const struct terminal *terminal, const char *wanted)
{
    fprintf(stderr, "  the terminal never showed: %s\n  but: %.*s\n", wanted,
            (int)(terminal->seen.size - terminal->expected),
            terminal->seen.size ? terminal->seen.data + terminal->expected : "");
}

bool terminal_expect(struct terminal *terminal, const char *text)
{
    long long deadline = now_ms() + TERMINAL_DEADLINE_MS;
    bool goes_on = true;
    while (!find(terminal, text)) {
        if (!goes_on || now_ms() > deadline) {
            tell(terminal, text);
            return false;
        }
        goes_on = take(terminal);
    }
    return true;
}

void terminal_type(struct terminal *terminal, const char *keys)
{
    size_t size = strlen(keys);
    ENSURE(write(terminal->fd, keys, size) == (ssize_t)size);
}

bool terminal_ends(struct terminal *terminal, int deadline_ms)
{
    long long deadline = now_ms() + deadline_ms;
    while (!terminal->has_ended &&
           waitpid(terminal->pid, &terminal->status, WNOHANG) == 0) {
        if (now_ms() > deadline)
            return false;
        if (!take(terminal))
            poll_pause();
    }
    terminal->has_ended = true;
    return true;
}

int terminal_close(struct terminal *terminal)
{
    bool ended = terminal_ends(terminal, TERMINAL_DEADLINE_MS);
    if (!ended) {
        tell(terminal, "its end");
        kill(-terminal->pid, SIGKILL);
        waitpid(terminal->pid, &terminal->status, 0);
    }
    close(terminal->fd); /* hangs up on whoever is left */
    bytes_free(&terminal->seen);
    int status = terminal->status;
    return !ended              ? -1
           : WIFEXITED(status) ? WEXITSTATUS(status)
                               : 128 + WTERMSIG(status);
}
