/* SPDX-License-Identifier: MIT */
/*
 * The users file. Whatever the bytes are: they are refused in one line that names the
 * file, or whoever is found by name has a strong password, no rule is without rights,
 * and a token that is too short finds nobody.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/base/log.h"
#include "server/access/users.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool find_unix_user(struct view text, struct unix_user *found)
{
    *found = (struct unix_user){.uid = 1000};
    return text.size % 2 == 0;
}

static void check_rules(const struct rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        ENSURE(rules->list[i].rights && rules->list[i].pattern[0]);
    rules_allow(rules, RIGHT_WRITE, view_text("user_1"));
}

/* Asks for every name that stands first in a line. */
static void check_users(const struct users *users, struct view text)
{
    while (text.size) {
        const char *end = memchr(text.data, '\n', text.size);
        size_t line = end ? (size_t)(end - text.data) : text.size;
        const char *colon = memchr(text.data, ':', line);
        struct view name = view_of(text.data, colon ? (size_t)(colon - text.data) : 0);
        const struct user *user = users_find(users, name);
        if (user) {
            ENSURE(user->users == users && user->password[0] == '$');
            ENSURE(view_equal(view_text(user->name), name));
            check_rules(&user->rules);
        }
        size_t past = end ? line + 1 : line;
        text = view_of(text.data + past, text.size - past);
    }
    ENSURE(!users_find_token(users, view_of(NULL, 0), view_text("short")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BYTES_AUTO(message);
    struct users *users = NULL;
    struct view text = view_of(size ? data : NULL, size);
    enum status status = users_parse(text, "users", find_unix_user, &users, &message);
    if (status) {
        ENSURE(status == STATUS_INVALID && !users);
        ENSURE(view_starts_with(view_bytes(&message), "users:"));
        ENSURE(!memchr(message.data, '\n', message.size));
    } else {
        ENSURE(message.size == 0);
        check_users(users, text);
        users_release(users);
    }
    return 0;
}
