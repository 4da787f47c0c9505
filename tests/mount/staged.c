/* SPDX-License-Identifier: MIT */
/* The stage is closed last: the daemon looks at its folder until it ends. */
#include "tests/mount/staged.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void staged_open_with(const char *options)
{
    static char words[1024];
    stage_open(BEHAVIORS, FIXTURE_GUARD_S);
    snprintf(words, sizeof words, "--behaviors %s %s", stage_behaviors(), options);
    fixture_open_with(words);
}

void staged_open(void)
{
    staged_open_with("");
}

void staged_close(void)
{
    fixture_close();
    stage_close();
}

void install(const char *name, const char *text)
{
    stage_install(name, view_text(text));
}

static bool log_has(const char *text, size_t after)
{
    BYTES_AUTO(log);
    cr_assert_eq(file_read(fixture.log, &log), 0);
    *bytes_reserve(&log, 1) = '\0';
    return log.size > after && strstr(log.data + after, text) != NULL;
}

static bool wait_log_after(const char *text, size_t after)
{
    long long deadline = now_ms() + FIXTURE_WAIT_MS;
    while (!log_has(text, after)) {
        if (now_ms() > deadline) {
            mounted_print_log(&fixture);
            return false;
        }
        poll_pause();
    }
    return true;
}

bool wait_log(const char *text)
{
    return wait_log_after(text, 0);
}

void change(const char *name, const char *text)
{
    char line[160];
    struct stat log;
    cr_assert_eq(stat(fixture.log, &log), 0);
    install(name, text);
    snprintf(line, sizeof line, "behavior %.*s is ", (int)strcspn(name, "."), name);
    cr_assert(wait_log_after(line, (size_t)log.st_size), "%s", line);
}

void tell(const char *actor, const char *key, const char *message)
{
    const char *path = mounted_path(&fixture, "actors/%s/tasks@%s", actor, key);
    int error = file_write(path, O_WRONLY | O_CREAT, view_text(message));
    cr_assert_eq(error, 0, "%s: %s", path, strerror(error));
}

const char *result_of(const char *actor, const char *key)
{
    return text_of("actors/%s/tasks@%s", actor, key);
}

bool fails_with(const char *actor, const char *key, const char *error)
{
    BYTES_AUTO(text);
    int code =
        file_read(mounted_path(&fixture, "actors/%s/tasks@%s", actor, key), &text);
    *bytes_reserve(&text, 1) = '\0';
    if (code == EREMOTEIO && strstr(text.data, error) != NULL)
        return true;
    fprintf(stderr, "%s of %s: %s, %s\n", key, actor, strerror(code), text.data);
    return false;
}

const char *ask(const char *actor, const char *key, const char *message)
{
    tell(actor, key, message);
    return result_of(actor, key);
}

const char *outside(const char *name)
{
    static struct bytes text;
    bytes_clear(&text);
    stage_read_outside(name, &text);
    *bytes_reserve(&text, 1) = '\0';
    return text.data;
}

bool wait_outside(const char *name, const char *text)
{
    long long deadline = now_ms() + FIXTURE_WAIT_MS;
    while (strcmp(outside(name), text) != 0) {
        if (now_ms() > deadline) {
            fprintf(stderr, "%s is '%s', not '%s'\n", name, outside(name), text);
            return false;
        }
        poll_pause();
    }
    return true;
}

void put_outside(const char *name)
{
    const struct command *got = shellf("touch $O/%s", name);
    cr_assert_eq(got->status, 0);
}

bool wait_gone(pid_t pid)
{
    long long deadline = now_ms() + FIXTURE_WAIT_MS;
    while (kill(pid, 0) == 0 && now_ms() < deadline)
        poll_pause();
    return kill(pid, 0) != 0 && errno == ESRCH;
}
