/* SPDX-License-Identifier: MIT */
/*
 * Headers that differ only in what a variable's name cannot show (case, punctuation)
 * and those that were sent twice become one variable, their values joined by commas
 * (RFC 9110, section 5.3): of two variables with one name, shells and C see different
 * ones.
 */
#include "common/behavior/environment.h"

#include <ctype.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/text.h"

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static bool is_named(const char *entry, struct view name)
{
    return strncmp(entry, name.data, name.size) == 0 && entry[name.size] == '=';
}

/* The entry of that name, or the place for a new one. */
static char **find(struct environment *environment, struct view name)
{
    for (size_t i = 0; i < environment->count; i++)
        if (is_named(environment->entries[i], name))
            return &environment->entries[i];
    if (environment->count + 1 >= environment->capacity) {
        environment->capacity = environment->capacity * 2 + 24;
        environment->entries = memory_resize(
            environment->entries, environment->capacity * sizeof *environment->entries);
    }
    environment->entries[environment->count + 1] = NULL;
    environment->entries[environment->count] = NULL;
    return &environment->entries[environment->count++];
}

void environment_set(struct environment *environment, struct view name,
                     struct view value)
{
    char **entry = find(environment, name);
    char *text = memory_take(name.size + 1 + value.size + 1);
    char *end = text + name.size;

    memcpy(text, name.data, name.size);
    *end++ = '=';
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] != '\0')
            *end++ = value.data[i];
    *end = '\0';
    free(*entry);
    *entry = text;
}

static void set_text(struct environment *environment, const char *name,
                     struct view value)
{
    environment_set(environment, view_text(name), value);
}

static void set_number(struct environment *environment, const char *name,
                       uint64_t number)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, number);
    set_text(environment, name, view_text(text));
}

static void set_path(struct environment *environment)
{
    char self[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
    BYTES_AUTO(path);

    if (size > 0) {
        self[size] = '\0';
        bytes_format(&path, "%s:", dirname(self));
    }
    bytes_append_text(&path, PATH_DEFAULT);
    set_text(environment, "PATH", view_bytes(&path));
}

static void set_entry(struct environment *environment, const char *entry)
{
    struct view name = view_of(entry, strcspn(entry, "="));

    if (entry[name.size] == '=')
        environment_set(environment, name, view_text(entry + name.size + 1));
}

void environment_set_defaults(struct environment *environment, char *const *own)
{
    set_path(environment);
    set_text(environment, "LANG", view_text("C.UTF-8"));
    set_text(environment, "HOME", view_text("/"));
    for (; own && *own; own++)
        set_entry(environment, *own);
}

void environment_copy(struct environment *to, const struct environment *from)
{
    for (size_t i = 0; i < from->count; i++)
        set_entry(to, from->entries[i]);
}

static void set_key(struct environment *environment, struct view held)
{
    struct key key = {.size = (uint8_t)held.size};
    BYTES_AUTO(typed);

    memcpy(key.text, held.data, held.size);
    key_append_encoded(&typed, &key);
    set_text(environment, "IDEMPOTENCY_KEY", view_bytes(&typed));
}

static struct view trim(struct view text)
{
    return text_trimmed(text, " \t\r");
}

static void set_header(struct environment *environment, struct view name,
                       struct view value)
{
    BYTES_AUTO(variable);
    BYTES_AUTO(joined);

    bytes_append_text(&variable, "HEADER_");
    for (size_t i = 0; i < name.size; i++) {
        unsigned char byte = (unsigned char)name.data[i];
        char letter = isascii(byte) && isalnum(byte) ? (char)toupper(byte) : '_';

        bytes_append(&variable, view_of(&letter, 1));
    }
    char **entry = find(environment, view_bytes(&variable));
    if (*entry == NULL)
        environment->count--;
    else
        bytes_format(&joined, "%s, ", *entry + variable.size + 1);
    bytes_append(&joined, value);
    environment_set(environment, view_bytes(&variable), view_bytes(&joined));
}

static void set_headers(struct environment *environment, struct view headers)
{
    while (headers.size) {
        const char *newline = memchr(headers.data, '\n', headers.size);
        size_t size = newline ? (size_t)(newline - headers.data) : headers.size;
        const char *colon = memchr(headers.data, ':', size);

        if (colon && colon > headers.data) {
            size_t name = (size_t)(colon - headers.data);
            set_header(environment, trim(view_of(headers.data, name)),
                       trim(view_of(colon + 1, size - name - 1)));
        }
        size += newline != NULL;
        headers = view_of(headers.data + size, headers.size - size);
    }
}

void environment_set_turn(struct environment *environment,
                          const struct turn_input *input)
{
    set_headers(environment, input->headers);
    set_text(environment, "ACTOR", input->actor);
    set_number(environment, "TASK", input->sequence);
    set_key(environment, input->key);
    set_number(environment, "ATTEMPT", input->attempt);
    set_text(environment, "KIND", view_text(message_kind_text(input->kind)));
    set_text(environment, "SENDER", input->sender);
    set_text(environment, "CALLER", input->caller);
    set_text(environment, "REPLY_TO", input->reply_to);
    set_text(environment, "OUTCOME", input->outcome);
}

void environment_free(struct environment *environment)
{
    for (size_t i = 0; i < environment->count; i++)
        free(environment->entries[i]);
    free(environment->entries);
    *environment = (struct environment){0};
}
