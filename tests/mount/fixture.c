/* SPDX-License-Identifier: MIT */
/*
 * Comparisons report the command, both statuses and both outputs, shortened: a failing
 * row of a table must be understood from the test's output alone.
 */
#include "tests/mount/fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct mounted fixture;
static struct command last_command;

void fixture_open_with(const char *options)
{
    if (access("/dev/fuse", R_OK | W_OK) != 0)
        cr_skip_test("/dev/fuse cannot be opened here");
    mounted_open(&fixture, options, FIXTURE_GUARD_S);
}

void fixture_open(void)
{
    fixture_open_with("");
}

void fixture_close(void)
{
    command_free(&last_command);
    cr_expect(mounted_close(&fixture), "the daemon must end cleanly");
}

void need(const char *command, const char *package)
{
    if (shell(command)->status == 0)
        return;
    fixture_close(); /* skipping does not */
    cr_skip_test("%s is not installed", package);
}

void need_program(const char *name)
{
    char command[64];
    snprintf(command, sizeof command, "command -v %s", name);
    need(command, name);
}

const struct command *shell(const char *text)
{
    command_free(&last_command);
    command_run(&last_command, text);
    /* A terminator behind the end, for those who compare text. */
    *bytes_reserve(&last_command.out, 1) = '\0';
    *bytes_reserve(&last_command.err, 1) = '\0';
    return &last_command;
}

void fixture_crash(void)
{
    cr_expect(mounted_kill(&fixture), "the daemon must end when it is killed");
    mounted_start(&fixture);
}

pid_t fixture_fork(void)
{
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0)
        guard_leave(fixture.guard);
    return pid;
}

__attribute__((format(printf, 1, 0))) static char *format_text(const char *format,
                                                               va_list arguments)
{
    char *text = NULL;
    cr_assert(vasprintf(&text, format, arguments) >= 0);
    return text;
}

const struct command *shellf(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = format_text(format, arguments);
    va_end(arguments);
    const struct command *result = shell(text);
    free(text);
    return result;
}

static void tell(const char *text, const struct command *got, const char *wanted)
{
    fprintf(stderr, "  command: %s\n  wanted:  %.500s\n  status:  %d\n", text, wanted,
            got->status);
    fprintf(stderr, "  out:     %.500s\n  err:     %.500s\n", got->out.data,
            got->err.data);
}

bool shell_gives(const char *text, int status, const char *out)
{
    const struct command *got = shell(text);
    if (got->status == status && view_equal(view_bytes(&got->out), view_text(out)))
        return true;
    tell(text, got, out);
    return false;
}

bool shell_fails(const char *text, int status, const char *error)
{
    const struct command *got = shell(text);
    if (got->status == status && strstr(got->err.data, error) != NULL)
        return true;
    fprintf(stderr, "  wanted status %d\n", status);
    tell(text, got, error);
    return false;
}

void make_actor(const char *name)
{
    const struct command *got = shellf("mkdir \"$A/%s\"", name);
    cr_assert_eq(got->status, 0, "mkdir %s: %s", name, got->err.data);
}

static void suspend(const char *name)
{
    const struct command *got = shellf("echo suspend >> \"$A/%s/status\"", name);
    cr_assert_eq(got->status, 0, "suspend %s: %s", name, got->err.data);
}

void make_suspended(const char *name)
{
    make_actor(name);
    suspend(name);
}

void make_keep(void)
{
    make_actor("keep_1");
    setenv("K", mounted_path(&fixture, "actors/keep_1"), 1);
}

const char *in_keep(const char *name)
{
    return mounted_path(&fixture, "actors/keep_1/%s", name);
}

void fixture_open_with_keep(void)
{
    fixture_open();
    make_keep();
}

void fixture_open_for_others(void)
{
    fixture_open_with("-o allow_other");
    WORKS("chmod 755 $S");
    setenv("AS", "setpriv --reuid 65534 --regid 65534 --clear-groups bash -c", 1);
}

void fixture_open_for_tools(void)
{
    fixture_open_with_keep();
    suspend("keep_1");
    setenv("HOME", guard_folder(fixture.guard), 1);
}

__attribute__((format(printf, 1, 0))) static int
read_below(const char *format, va_list arguments, struct bytes *out)
{
    char *path = format_text(format, arguments);
    int error = file_read(mounted_path(&fixture, "%s", path), out);
    free(path);
    return error;
}

const char *text_of(const char *format, ...)
{
    static struct bytes ring[8];
    static unsigned turn;
    struct bytes *out = &ring[turn++ % 8];
    va_list arguments;
    bytes_clear(out);
    va_start(arguments, format);
    int error = read_below(format, arguments, out);
    va_end(arguments);
    *bytes_reserve(out, 1) = '\0';
    return error == 0 ? out->data : NULL;
}

const char *word_of(const char *actor, const char *key)
{
    static struct bytes value;
    const char *status = text_of("actors/%s/status", actor);
    bytes_clear(&value);
    if (status != NULL)
        line_value(view_text(status), key, &value);
    *bytes_reserve(&value, 1) = '\0';
    return value.data;
}

long long number_of(const char *actor, const char *key)
{
    const char *word = word_of(actor, key);
    return *word != '\0' ? strtoll(word, NULL, 10) : -1;
}

bool wait_number(const char *actor, const char *key, long long value)
{
    long long deadline = now_ms() + FIXTURE_WAIT_MS;
    while (number_of(actor, key) != value) {
        if (now_ms() > deadline) {
            fprintf(stderr, "%s of %s is %lld, not %lld\n", key, actor,
                    number_of(actor, key), value);
            return false;
        }
        poll_pause();
    }
    return true;
}

bool wait_word(const char *actor, const char *key, const char *value)
{
    long long deadline = now_ms() + FIXTURE_WAIT_MS;
    while (strcmp(word_of(actor, key), value) != 0) {
        if (now_ms() > deadline) {
            fprintf(stderr, "%s of %s is '%s', not '%s'\n", key, actor,
                    word_of(actor, key), value);
            return false;
        }
        poll_pause();
    }
    return true;
}

/* Cuts a line at its tabs, in place; how many fields there are. */
static size_t split_fields(char *line, char **fields, size_t max)
{
    size_t count = 0;
    for (char *field = strsep(&line, "\t"); field != NULL;
         field = strsep(&line, "\t")) {
        if (count < max)
            fields[count] = field;
        count++;
    }
    return count;
}

static void parse_row(char *line, struct mailbox_row *row)
{
    char *fields[6];
    size_t count = split_fields(line, fields, 6);
    cr_assert_eq(count, 6, "a mailbox line of %zu fields: %.100s", count, line);
    row->sequence = strtoull(fields[0], NULL, 10);
    row->attempts = (unsigned)strtoul(fields[2], NULL, 10);
    snprintf(row->state, sizeof row->state, "%s", fields[1]);
    snprintf(row->accepted, sizeof row->accepted, "%s", fields[3]);
    snprintf(row->due, sizeof row->due, "%s", fields[4]);
    snprintf(row->key, sizeof row->key, "%s", fields[5]);
}

size_t mailbox_rows(const char *actor, struct mailbox_row *rows, size_t max)
{
    const char *shown = text_of("actors/%s/mailbox", actor);
    size_t count = 0;
    cr_assert_not_null(shown, "the mailbox of %s cannot be read", actor);
    char *text = memory_text(view_text(shown)), *rest = text;
    for (char *line = strsep(&rest, "\n"); rest != NULL && count < max;
         line = strsep(&rest, "\n"))
        parse_row(line, &rows[count++]);
    free(text);
    return count;
}

size_t mailbox_count(const char *actor)
{
    const char *text = text_of("actors/%s/mailbox", actor);
    size_t count = 0;
    cr_assert_not_null(text, "the mailbox of %s cannot be read", actor);
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

int message_of(const char *actor, const char *key, struct bytes *out)
{
    return file_read(
        mounted_path(&fixture, "actors/%s/tasks@%s,part=message", actor, key), out);
}
