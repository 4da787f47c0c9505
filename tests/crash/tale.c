/* SPDX-License-Identifier: MIT */
/*
 * Different questions take different bits of one hash, so that the answers do not hang
 * together. A token of the third generation has no children: with one child on average
 * a tale has about four tasks.
 */
#include "tests/crash/tale.h"

#include <stdio.h>
#include <string.h>

#define GENERATIONS_MAX 3

static uint64_t hash_of(const struct token *token, unsigned question)
{
    uint64_t hash = 0xcbf29ce484222325u ^ question;
    for (const char *at = token->text; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 0x100000001b3u;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
    return hash ^ (hash >> 31);
}

static unsigned dice(const struct token *token, unsigned question, unsigned sides)
{
    return (unsigned)(hash_of(token, question) % sides);
}

void tale_actor_name(int actor, char *name_out, size_t size)
{
    static const char *const behaviors[] = {"program", "worker", "ahead"};
    snprintf(name_out, size, "%s_%d", behaviors[actor % 3], actor);
}

void tale_root(int round, int writer, int number, struct token *token_out)
{
    snprintf(token_out->text, sizeof token_out->text, "%d-%d-%d", round, writer,
             number);
}

char tale_letter(const struct token *token)
{
    const char *dot = strrchr(token->text, '.');
    return dot != NULL ? dot[1] : '\0';
}

int tale_place(const struct token *token)
{
    const char *dot = strrchr(token->text, '.');
    return dot != NULL ? dot[2] - '0' : 0;
}

int tale_actor(const struct token *token)
{
    struct token at = *token;
    while (tale_letter(&at) == 't')
        *strrchr(at.text, '.') = '\0';
    return tale_letter(&at) == 'm' ? TALE_ACTOR_NOBODY : (int)dice(&at, 1, TALE_ACTORS);
}

bool tale_fails(const struct token *token)
{
    return dice(token, 2, 16) == 0;
}

unsigned tale_attempt(const struct token *token)
{
    return dice(token, 3, 8) == 0 ? 2 + dice(token, 4, 2) : 1;
}

int tale_turn_ms(const struct token *token)
{
    return dice(token, 5, 3) == 0 ? (int)dice(token, 6, 40) : 0;
}

bool tale_leaves_stray(const struct token *token)
{
    return dice(token, 7, 16) == 0;
}

int tale_delay_ms(const struct token *token)
{
    return 1 + (int)dice(token, 8, 300);
}

size_t tale_padding(const struct token *token)
{
    return dice(token, 9, 4) == 0 ? dice(token, 10, 20000) : 0;
}

static int generation(const struct token *token)
{
    int dots = 0;
    for (const char *at = token->text; *at != '\0'; at++)
        dots += *at == '.';
    return dots;
}

int tale_children(const struct token *token, struct token *children_out)
{
    if (generation(token) >= GENERATIONS_MAX)
        return 0;
    int count = (int)(dice(token, 11, 4) + 1) / 2;
    for (int i = 0; i < count; i++)
        snprintf(children_out[i].text, sizeof children_out[i].text, "%.*s.%c%c",
                 TOKEN_BYTES_MAX - 4, token->text,
                 "pppprrdtm"[dice(token, 12 + (unsigned)i, 9)], (char)('0' + i));
    return count;
}
