/* SPDX-License-Identifier: MIT */
/*
 * The tale that actors tell each other in the crash test of behaviors. A message is a
 * token, and everything about it follows from the token: who handles it, whether that
 * fails, and which tokens come of it. So the behavior (actor.c) and the auditor
 * (verdict.c) agree on the whole tale without a word between them.
 *
 * A writer's token is `ROUND-WRITER-NUMBER`; each generation adds `.` and a letter that
 * says how it was sent, and a digit:
 *
 *   p  to another actor's tasks
 *   r  the same with reply=1, keyed by the token
 *   d  delayed by some milliseconds
 *   t  as a named timer, to the sender itself
 *   m  to an actor that is missing, with reply=1, keyed by the token
 */
#ifndef ACTORFS_TESTS_CRASH_TALE_H
#define ACTORFS_TESTS_CRASH_TALE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TALE_ACTORS 9
#define TALE_ACTOR_NOBODY (-1)
#define TOKEN_BYTES_MAX 48
#define TALE_CHILDREN_MAX 2

/* Handled by programs, by workers, or by workers that run ahead, in turn. */
void tale_actor_name(int actor, char *name_out, size_t size);

struct token {
    char text[TOKEN_BYTES_MAX];
};

void tale_root(int round, int writer, int number, struct token *token_out);
/* How it was sent; 0 for a writer's. */
char tale_letter(const struct token *token);
/* Its place among what its parent sent. */
int tale_place(const struct token *token);
/* The actor that handles it. */
int tale_actor(const struct token *token);
bool tale_fails(const struct token *token);
/* Before this attempt it asks to be tried again. */
unsigned tale_attempt(const struct token *token);
int tale_turn_ms(const struct token *token);
/* Whether its program leaves a process of its own behind. */
bool tale_leaves_stray(const struct token *token);
int tale_delay_ms(const struct token *token);
size_t tale_padding(const struct token *token);
/* What a turn that succeeds sends; how many. */
int tale_children(const struct token *token, struct token *children_out);

#endif
