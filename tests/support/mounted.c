/* SPDX-License-Identifier: MIT */
/*
 * The daemon is a child that dies with its parent; what must be undone even then (the
 * mount, the scratch folder) is the guard's. Its standard error goes to a file, shown
 * when something goes wrong.
 */
#include "tests/support/mounted.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"

#define OPTION_WORDS_MAX 24
#define MOUNTED_KILL_MS 15000

int file_read(const char *path, struct bytes *out)
{
    ssize_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    do {
        got = read(fd, bytes_reserve(out, 65536), 65536);
        if (got > 0)
            out->size += (size_t)got;
    } while (got > 0);
    int error = got < 0 ? errno : 0;
    close(fd);
    return error;
}

int file_write(const char *path, int flags, struct view content)
{
    int fd = open(path, flags | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno;
    ssize_t put = write(fd, content.data, content.size);
    int error = put < 0 ? errno : put != (ssize_t)content.size ? EIO : 0;
    if (close(fd) != 0 && error == 0)
        error = errno;
    return error;
}

void mounted_print_log(const struct mounted *mounted)
{
    BYTES_AUTO(text);
    if (file_read(mounted->log, &text) == 0)
        fprintf(stderr, "--- the daemon's log:\n%.*s---\n", (int)text.size, text.data);
}

static _Noreturn void give_up(const struct mounted *mounted, const char *what)
{
    fprintf(stderr, "%s\n", what);
    mounted_print_log(mounted);
    abort();
}

const char *mounted_path(const struct mounted *mounted, const char *format, ...)
{
    static _Thread_local char buffers[16][2 * MOUNTED_PATH_MAX];
    static _Thread_local unsigned turn;
    char *path = buffers[turn++ % 16];
    va_list arguments;
    int size = snprintf(path, sizeof buffers[0], "%s/", mounted->mountpoint);
    va_start(arguments, format);
    vsnprintf(path + size, sizeof buffers[0] - (size_t)size, format, arguments);
    va_end(arguments);
    return path;
}

/* Becomes the daemon. */
static _Noreturn void run_daemon(const struct mounted *mounted)
{
    static char words[1024];
    char store[MOUNTED_PATH_MAX], mountpoint[MOUNTED_PATH_MAX], *rest = NULL;
    char program[] = ACTORFS_BINARY, verb[] = "mount", foreground[] = "-f";
    char *argv[OPTION_WORDS_MAX + 6] = {program, verb, store, mountpoint, foreground};
    int count = 5;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(store, sizeof store, "%s", mounted->store);
    snprintf(mountpoint, sizeof mountpoint, "%s", mounted->mountpoint);
    snprintf(words, sizeof words, "%s", mounted->options);
    for (char *word = strtok_r(words, " ", &rest); word != NULL && count < 28;
         word = strtok_r(NULL, " ", &rest))
        argv[count++] = word;
    int log = open(mounted->log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    int null = open("/dev/null", O_RDONLY);
    if (log < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(126);
    close_range(3, ~0u, 0);
    execv(program, argv);
    _exit(127);
}

void mounted_launch(struct mounted *mounted)
{
    pid_t pid = fork();
    ENSURE(pid >= 0);
    if (pid == 0)
        run_daemon(mounted);
    mounted->daemon = pid;
    guard_watch(mounted->guard, pid);
}

static int reap(struct mounted *mounted, int flags)
{
    int status = 0;
    pid_t pid = 0;
    do {
        pid = waitpid(mounted->daemon, &status, flags);
    } while (pid < 0 && errno == EINTR);
    if (pid == 0)
        return -1;
    guard_reaped(mounted->guard, mounted->daemon);
    mounted->daemon = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void await_service(struct mounted *mounted)
{
    long long deadline = now_ms() + MOUNTED_START_MS;
    const char *readme = mounted_path(mounted, "README");
    BYTES_AUTO(text);
    while (file_read(readme, &text) != 0 || text.size == 0) {
        if (reap(mounted, WNOHANG) >= 0)
            give_up(mounted, "the daemon ended at its start");
        if (now_ms() > deadline)
            give_up(mounted, "the daemon does not serve");
        poll_pause();
    }
}

void mounted_start(struct mounted *mounted)
{
    mounted_launch(mounted);
    await_service(mounted);
}

int mounted_reap(struct mounted *mounted)
{
    long long deadline = now_ms() + MOUNTED_STOP_MS;
    int status = -1;
    while ((status = reap(mounted, WNOHANG)) < 0) {
        if (now_ms() > deadline)
            give_up(mounted, "the daemon does not end");
        poll_pause();
    }
    return status;
}

int mounted_stop(struct mounted *mounted)
{
    kill(mounted->daemon, SIGTERM);
    return mounted_reap(mounted);
}

/* Where the threads of a process wait, to standard error. */
static void print_threads(pid_t pid)
{
    char command[128];
    snprintf(command, sizeof command,
             "cd /proc/%d/task && for t in *; do echo $t $(cat $t/comm $t/wchan); done",
             (int)pid);
    struct command threads;
    command_run(&threads, command);
    fprintf(stderr, "%.*s\n", (int)threads.out.size, threads.out.data);
    command_free(&threads);
}

bool mounted_kill(struct mounted *mounted)
{
    long long deadline = now_ms() + MOUNTED_KILL_MS;
    kill(mounted->daemon, SIGKILL);
    while (reap(mounted, WNOHANG) < 0) {
        if (now_ms() > deadline) {
            fprintf(stderr, "the killed daemon does not end; its threads wait in\n");
            print_threads(mounted->daemon);
            umount2(mounted->mountpoint, MNT_FORCE);
            reap(mounted, 0);
            return false;
        }
        poll_pause();
    }
    return true;
}

static void set_environment(const struct mounted *mounted)
{
    setenv("S", guard_folder(mounted->guard), 1);
    setenv("M", mounted->mountpoint, 1);
    setenv("A", mounted_path(mounted, "actors"), 1);
    setenv("ACTORFS", ACTORFS_BINARY, 1);
    setenv("STORE", mounted->store, 1);
    unsetenv("PYTHONUNBUFFERED");
}

void mounted_open(struct mounted *mounted, const char *options, int guard_s)
{
    *mounted = (struct mounted){.options = options};
    mounted->guard = guard_open(guard_s);
    const char *folder = guard_folder(mounted->guard);
    snprintf(mounted->store, sizeof mounted->store, "%s/store", folder);
    snprintf(mounted->mountpoint, sizeof mounted->mountpoint, "%s/mnt", folder);
    snprintf(mounted->log, sizeof mounted->log, "%s/daemon.log", folder);
    ENSURE(mkdir(mounted->mountpoint, 0777) == 0);
    set_environment(mounted);
    mounted_start(mounted);
}

bool mounted_close(struct mounted *mounted)
{
    if (mounted->guard == NULL)
        return true;
    int status = mounted->daemon != 0 ? mounted_stop(mounted) : 0;
    if (status != 0) {
        fprintf(stderr, "the daemon ended with status %d\n", status);
        mounted_print_log(mounted);
    }
    guard_close(mounted->guard);
    mounted->guard = NULL;
    return status == 0;
}

bool line_value(struct view lines, const char *key, struct bytes *out)
{
    size_t key_size = strlen(key);
    for (size_t at = 0; at < lines.size;) {
        const char *line = lines.data + at;
        const char *end = memchr(line, '\n', lines.size - at);
        size_t size = end != NULL ? (size_t)(end - line) : lines.size - at;
        if (size > key_size && memcmp(line, key, key_size) == 0 &&
            line[key_size] == ':') {
            size_t skip = key_size + 1;
            while (skip < size && line[skip] == ' ')
                skip++;
            bytes_append(out, view_of(line + skip, size - skip));
            return true;
        }
        at += size + 1;
    }
    return false;
}

static long long number_in(const char *path, const char *key)
{
    BYTES_AUTO(text);
    BYTES_AUTO(value);
    if (file_read(path, &text) != 0 || !line_value(view_bytes(&text), key, &value))
        return -1;
    bytes_append(&value, view_of("", 1));
    return strtoll(value.data, NULL, 10);
}

long long mounted_number(const struct mounted *mounted, const char *path,
                         const char *key)
{
    return number_in(mounted_path(mounted, "%s", path), key);
}

long long process_number(pid_t pid, const char *key)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    return number_in(path, key);
}
