/* SPDX-License-Identifier: MIT */
#include "server/access/rules.h"

#include <fnmatch.h>
#include <stdlib.h>

#include "common/base/limits.h"

/* The part before the first `sign`; what follows it stays in `rest`. */
static struct view cut(struct view *rest, char sign)
{
    const char *end = rest->size ? memchr(rest->data, sign, rest->size) : NULL;
    struct view part = *rest;
    if (end)
        part.size = (size_t)(end - rest->data);
    size_t past = end ? part.size + 1 : part.size;
    *rest = view_of(rest->data ? rest->data + past : NULL, rest->size - past);
    return part;
}

static unsigned right_of(struct view word)
{
    static const struct {
        const char *word;
        enum right right;
    } rights[] = {
        {"read", RIGHT_READ}, {"write", RIGHT_WRITE}, {"control", RIGHT_CONTROL}};
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
        if (view_equal(word, view_text(rights[i].word)))
            return rights[i].right;
    return 0;
}

static enum status refuse(struct bytes *why, const char *what, struct view word)
{
    bytes_format(why, "%s, not \"%.*s\"", what, (int)word.size, word.data);
    return STATUS_INVALID;
}

static void add(struct rules *rules, unsigned rights, struct view pattern)
{
    rules->list = memory_resize(rules->list, (rules->count + 1) * sizeof *rules->list);
    rules->list[rules->count++] = (struct rule){rights, memory_text(pattern)};
}

/* `read+write=shop_*,user_*` */
static enum status take_word(struct view word, struct rules *rules, struct bytes *why)
{
    struct view patterns = word;
    struct view names = cut(&patterns, '=');
    unsigned rights = 0;
    if (names.size == word.size)
        return refuse(why, "a rule is like read=*", word);
    do {
        struct view name = cut(&names, '+');
        unsigned right = right_of(name);
        if (!right)
            return refuse(why, "rights are read, write and control", name);
        rights |= right;
    } while (names.size);
    do {
        struct view pattern = cut(&patterns, ',');
        if (pattern.size == 0 || pattern.size > ACTOR_NAME_BYTES_MAX)
            return refuse(why, "a rule names patterns of actors, 1 to 128 bytes each",
                          word);
        add(rules, rights, pattern);
    } while (patterns.size);
    return STATUS_OK;
}

enum status rules_parse(struct view text, struct rules *rules_out, struct bytes *why)
{
    enum status status = STATUS_OK;
    *rules_out = (struct rules){0};
    while (text.size && !status) {
        struct view word = cut(&text, ' ');
        if (word.size && memchr(word.data, 0, word.size))
            status = refuse(why, "a rule is text", view_text(""));
        else if (word.size)
            status = take_word(word, rules_out, why);
    }
    if (status)
        rules_free(rules_out);
    return status;
}

void rules_free(struct rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        free(rules->list[i].pattern);
    free(rules->list);
    *rules = (struct rules){0};
}

static bool matches(const char *pattern, const char *name)
{
    return *name ? fnmatch(pattern, name, 0) == 0 : strcmp(pattern, "*") == 0;
}

static bool allow(const struct rules *rules, unsigned rights, struct view actor)
{
    char name[ACTOR_NAME_BYTES_MAX + 1];
    if (rules->count == 0)
        return true;
    if (actor.size >= sizeof name)
        return false;
    if (actor.size)
        memcpy(name, actor.data, actor.size);
    name[actor.size] = '\0';
    for (size_t i = 0; i < rules->count; i++)
        if (rules->list[i].rights & rights && matches(rules->list[i].pattern, name))
            return true;
    return false;
}

bool rules_allow(const struct rules *rules, enum right right, struct view actor)
{
    return allow(rules, right, actor);
}

bool rules_show(const struct rules *rules, struct view actor)
{
    return allow(rules, RIGHT_READ | RIGHT_WRITE | RIGHT_CONTROL, actor);
}
