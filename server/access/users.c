/* SPDX-License-Identifier: MIT */
/*
 * The snapshot is two sorted arrays over one list: passwords by name, tokens by hash.
 * What a search by hash takes tells nothing: nobody can choose a token by its hash.
 */
#include "server/access/users.h"

#include <crypt.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/base/log.h"
#include "common/base/text.h"

#define NAME_BYTES_MAX 128
#define TOKEN_PREFIX "{sha256}"

struct users {
    atomic_uint holders;
    struct user **list;
    size_t count, capacity;
    size_t password_count; /* passwords by name come first, then tokens by hash */
};

/* ------------------------------------------------------------------------ passwords */

/* What libcrypt writes, and nothing shorter: a hash cut off would never be matched. */
static const struct {
    const char *prefix;
    size_t tail; /* bytes after the last `$` */
} methods[] = {{"$2a$", 53}, {"$2b$", 53}, {"$2y$", 53},
               {"$5$", 43},  {"$6$", 86},  {"$y$", 43}};

/* libcrypt calls $5$ legacy, which here is a matter of taste. */
static bool is_password(const char *text)
{
    int verdict = crypt_checksalt(text);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strncmp(text, methods[i].prefix, strlen(methods[i].prefix)) == 0)
            return strlen(strrchr(text, '$') + 1) == methods[i].tail &&
                   (verdict == CRYPT_SALT_OK || verdict == CRYPT_SALT_METHOD_LEGACY);
    return false;
}

static bool parse_token_hash(struct view text, uint8_t *hash)
{
    if (text.size != 2 * TOKEN_HASH_BYTES)
        return false;
    for (size_t i = 0; i < TOKEN_HASH_BYTES; i++) {
        int high = hex_digit(text.data[2 * i]), low = hex_digit(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        hash[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* -------------------------------------------------------------------------- parsing */

struct parse {
    struct users *users;
    const char *file;
    size_t line;
    unix_user_find_fn *find;
    struct bytes *message;
};

static enum status refuse(struct parse *parse, const char *what)
{
    bytes_clear(parse->message);
    bytes_format(parse->message, "%s:%zu: %s", parse->file, parse->line, what);
    return STATUS_INVALID;
}

/* The next column; the last one keeps its colons. */
static struct view take_column(struct view *rest, bool is_last)
{
    const char *colon =
        rest->size && !is_last ? memchr(rest->data, ':', rest->size) : NULL;
    struct view column = *rest;
    if (colon)
        column.size = (size_t)(colon - rest->data);
    size_t past = colon ? column.size + 1 : column.size;
    *rest = view_of(rest->data ? rest->data + past : NULL, rest->size - past);
    return column;
}

static enum status set_password(struct parse *parse, struct user *user,
                                struct view text)
{
    size_t prefix = strlen(TOKEN_PREFIX);
    if (view_starts_with(text, TOKEN_PREFIX))
        return parse_token_hash(view_of(text.data + prefix, text.size - prefix),
                                user->token)
                   ? STATUS_OK
                   : refuse(parse, "a token is {sha256} and 64 hexadecimal digits, as "
                                   "sha256sum prints them");
    user->password = memory_text(text);
    return is_password(user->password)
               ? STATUS_OK
               : refuse(parse, "the password must be hashed with bcrypt (htpasswd -B), "
                               "sha-crypt (mkpasswd -m sha-512) or yescrypt; plain "
                               "text, MD5, SHA-1 and DES are not accepted");
}

static enum status set_unix_user(struct parse *parse, struct user *user,
                                 struct view text)
{
    if (text.size == 0)
        return STATUS_OK;
    user->is_mapped = parse->find(text, &user->unix_user);
    return user->is_mapped ? STATUS_OK
                           : refuse(parse, "the third column is a user of this system, "
                                           "by name or number, or empty");
}

static enum status set_rules(struct parse *parse, struct user *user, struct view text)
{
    BYTES_AUTO(why);
    if (!rules_parse(text, &user->rules, &why))
        return STATUS_OK;
    bytes_append(&why, view_of("", 1));
    return refuse(parse, why.data);
}

static struct user *add_user(struct users *users, struct view name)
{
    struct user *user = memory_take_zeroed(1, sizeof *user);
    user->users = users;
    user->name = memory_text(name);
    if (users->count == users->capacity) {
        users->capacity = users->capacity ? 2 * users->capacity : 16;
        users->list =
            memory_resize(users->list, users->capacity * sizeof(*users->list));
    }
    users->list[users->count++] = user;
    return user;
}

static enum status take_line(struct parse *parse, struct view line)
{
    if (!text_is_plain(line))
        return refuse(parse, "the line is no UTF-8 text");
    struct view name = take_column(&line, false);
    if (name.size == 0 || name.size > NAME_BYTES_MAX ||
        memchr(name.data, '\\', name.size) || memchr(name.data, '"', name.size))
        return refuse(parse, "a line is NAME:PASSWORD[:UNIX USER[:RULES]], with a name "
                             "of 1 to 128 bytes without \\ and \"");
    struct user *user = add_user(parse->users, name);
    enum status status = set_password(parse, user, take_column(&line, false));
    if (!status)
        status = set_unix_user(parse, user, take_column(&line, false));
    if (!status)
        status = set_rules(parse, user, take_column(&line, true));
    return status;
}

static enum status take_lines(struct parse *parse, struct view text)
{
    enum status status = STATUS_OK;
    while (text.size && !status) {
        const char *end = memchr(text.data, '\n', text.size);
        struct view line = text;
        if (end)
            line.size = (size_t)(end - text.data);
        size_t past = end ? line.size + 1 : line.size;
        text = view_of(text.data + past, text.size - past);
        parse->line++;
        if (line.size && line.data[line.size - 1] == '\r')
            line.size--;
        if (line.size && line.data[0] != '#')
            status = take_line(parse, line);
    }
    return status;
}

/* --------------------------------------------------------------------------- lookup */

static int compare(const void *left_pointer, const void *right_pointer)
{
    const struct user *left = *(struct user *const *)left_pointer;
    const struct user *right = *(struct user *const *)right_pointer;
    if (!left->password != !right->password)
        return left->password ? -1 : 1;
    return left->password ? strcmp(left->name, right->name)
                          : memcmp(left->token, right->token, TOKEN_HASH_BYTES);
}

/* A second password of one name, or a second name of one token: which one is meant? */
static enum status index_users(struct users *users, const char *file,
                               struct bytes *message)
{
    if (users->count)
        qsort(users->list, users->count, sizeof(*users->list), compare);
    for (size_t i = 0; i < users->count; i++) {
        users->password_count += users->list[i]->password ? 1 : 0;
        if (i == 0 || compare(&users->list[i - 1], &users->list[i]) != 0)
            continue;
        bytes_clear(message);
        bytes_format(message, "%s: %s has two lines with %s", file,
                     users->list[i]->name,
                     users->list[i]->password ? "a password; keep one"
                                              : "the same token; keep one");
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

static const struct user *search(const struct users *users, size_t from, size_t count,
                                 const struct user *wanted)
{
    if (count == 0)
        return NULL;
    struct user *const *found =
        bsearch(&wanted, users->list + from, count, sizeof(*users->list), compare);
    return found ? *found : NULL;
}

const struct user *users_find(const struct users *users, struct view name)
{
    char copy[NAME_BYTES_MAX + 1];
    if (name.size == 0 || name.size >= sizeof copy || memchr(name.data, 0, name.size))
        return NULL;
    memcpy(copy, name.data, name.size);
    copy[name.size] = '\0';
    struct user wanted = {.name = copy, .password = copy};
    return search(users, 0, users->password_count, &wanted);
}

const struct user *users_find_token(const struct users *users, struct view name,
                                    struct view token)
{
    struct user wanted = {0};
    if (token.size < TOKEN_TEXT_BYTES_MIN || users->count == users->password_count)
        return NULL;
    ENSURE(gnutls_hash_fast(GNUTLS_DIG_SHA256, token.data, token.size, wanted.token) ==
           0);
    const struct user *user = search(users, users->password_count,
                                     users->count - users->password_count, &wanted);
    if (user && name.size && !view_equal(name, view_text(user->name)))
        return NULL;
    return user;
}

const char *users_decoy(const struct users *users)
{
    return users->password_count ? users->list[0]->password : NULL;
}

/* ----------------------------------------------------------------------------- life */

enum status users_parse(struct view text, const char *file, unix_user_find_fn *find,
                        struct users **users_out, struct bytes *message)
{
    struct users *users = memory_take_zeroed(1, sizeof *users);
    struct parse parse = {
        .users = users, .file = file, .find = find, .message = message};
    users->holders = 1;
    enum status status = take_lines(&parse, text);
    if (!status)
        status = index_users(users, file, message);
    if (status)
        users_release(users);
    else
        *users_out = users;
    return status;
}

static enum status read_file(FILE *stream, struct bytes *text)
{
    size_t got;
    do {
        got = fread(bytes_reserve(text, BUFSIZ), 1, BUFSIZ, stream);
        text->size += got;
    } while (got && text->size <= USERS_FILE_BYTES_MAX);
    if (text->size > USERS_FILE_BYTES_MAX)
        errno = EFBIG;
    return ferror(stream) || text->size > USERS_FILE_BYTES_MAX ? STATUS_IO : STATUS_OK;
}

enum status users_load(const char *file, struct users **users_out,
                       struct bytes *message)
{
    BYTES_AUTO(text);
    struct stat seen;
    FILE *stream = fopen(file, "re");
    enum status status = stream ? read_file(stream, &text) : STATUS_NOT_FOUND;
    if (status) {
        bytes_clear(message);
        bytes_format(message, "%s: cannot be read: %s", file, strerror(errno));
    } else {
        if (fstat(fileno(stream), &seen) == 0 && seen.st_mode & S_IWOTH)
            log_warning("%s: everybody may write to it", file);
        status =
            users_parse(view_bytes(&text), file, unix_user_find, users_out, message);
    }
    if (stream)
        fclose(stream);
    return status;
}

struct users *users_hold(struct users *users)
{
    atomic_fetch_add(&users->holders, 1);
    return users;
}

void users_release(struct users *users)
{
    if (atomic_fetch_sub(&users->holders, 1) > 1)
        return;
    for (size_t i = 0; i < users->count; i++) {
        struct user *user = users->list[i];
        free(user->name);
        free(user->password);
        unix_user_free(&user->unix_user);
        rules_free(&user->rules);
        free(user);
    }
    free(users->list);
    free(users);
}
