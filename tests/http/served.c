/* SPDX-License-Identifier: MIT */
#include "tests/http/served.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/support/command.h"
#include "tests/support/http.h"
#include "tests/support/mounted.h"

#define WORDS_MAX 40

static void print_log(const struct served *served)
{
    BYTES_AUTO(text);
    if (file_read(served->log, &text) == 0)
        fprintf(stderr, "--- the daemon's log\n%.*s---\n", (int)text.size, text.data);
}

static _Noreturn void give_up(const struct served *served, const char *why)
{
    fprintf(stderr, "%s\n", why);
    print_log(served);
    abort();
}

static size_t split_words(char *words, char **argv, size_t count)
{
    char *rest = NULL;
    for (char *word = strtok_r(words, " ", &rest);
         word != NULL && count < WORDS_MAX - 1; word = strtok_r(NULL, " ", &rest))
        argv[count++] = word;
    return count;
}

/* Becomes the daemon. */
static _Noreturn void run_daemon(const struct served *served)
{
    static char words[4096];
    char *argv[WORDS_MAX] = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(words, sizeof words, "%s serve %s -f --listen %s --listen 127.0.0.1:0 %s",
             ACTORFS_BINARY, served->store, served->address, served->options);
    split_words(words, argv, 0);
    int log = open(served->log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    int null = open("/dev/null", O_RDONLY);
    if (log < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(126);
    close_range(3, ~0u, 0);
    execv(argv[0], argv);
    _exit(127);
}

static int reap(struct served *served, int flags)
{
    int status = 0;
    pid_t pid = 0;
    do {
        pid = waitpid(served->daemon, &status, flags);
    } while (pid < 0 && errno == EINTR);
    if (pid == 0)
        return -1;
    guard_reaped(served->guard, served->daemon);
    served->daemon = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The log names the port that was bound; the last line is of this life. */
static bool find_port(struct served *served, size_t log_size)
{
    BYTES_AUTO(text);
    static const char before[] = "is served on 127.0.0.1:0 (port ";
    if (file_read(served->log, &text) != 0)
        return false;
    *bytes_reserve(&text, 1) = '\0';
    const char *found =
        text.size > log_size ? strstr(text.data + log_size, before) : NULL;
    if (!found)
        return false;
    snprintf(served->port_address, sizeof served->port_address, "127.0.0.1:%d",
             atoi(found + sizeof before - 1));
    return true;
}

void served_start(struct served *served)
{
    BYTES_AUTO(log);
    if (file_read(served->log, &log) != 0)
        bytes_clear(&log);
    long long deadline = now_ms() + SERVED_START_MS;
    pid_t pid = fork();
    ENSURE(pid >= 0);
    if (pid == 0)
        run_daemon(served);
    served->daemon = pid;
    guard_watch(served->guard, pid);
    while (!find_port(served, log.size) || !http_listens(served->address)) {
        if (reap(served, WNOHANG) >= 0)
            give_up(served, "the daemon ended at its start");
        if (now_ms() > deadline)
            give_up(served, "the daemon does not serve");
        poll_pause();
    }
}

void served_open(struct served *served, const char *options, int guard_s)
{
    *served = (struct served){.options = options};
    served->guard = guard_open(guard_s);
    const char *folder = guard_folder(served->guard);
    snprintf(served->store, sizeof served->store, "%s/store", folder);
    snprintf(served->log, sizeof served->log, "%s/daemon.log", folder);
    snprintf(served->address, sizeof served->address, "unix:%s/socket", folder);
    served_start(served);
}

void served_tell_to_stop(const struct served *served)
{
    kill(served->daemon, SIGTERM);
}

int served_stop(struct served *served)
{
    long long deadline = now_ms() + SERVED_STOP_MS;
    int status;
    served_tell_to_stop(served);
    while ((status = reap(served, WNOHANG)) < 0) {
        if (now_ms() > deadline)
            give_up(served, "the daemon does not end");
        poll_pause();
    }
    return status;
}

void served_kill(struct served *served)
{
    kill(served->daemon, SIGKILL);
    reap(served, 0);
}

bool served_close(struct served *served)
{
    if (served->guard == NULL)
        return true;
    int status = served->daemon != 0 ? served_stop(served) : 0;
    if (status != 0) {
        fprintf(stderr, "the daemon ended with status %d\n", status);
        print_log(served);
    }
    guard_close(served->guard);
    served->guard = NULL;
    return status == 0;
}
