/* SPDX-License-Identifier: MIT */
/*
 * What the tests over HTTP share: one daemon a test, with the behaviors of
 * tests/story/behaviors (above all `sh`, whose messages are programs), and requests
 * that are compared by code, fields and body.
 */
#ifndef ACTORFS_TESTS_HTTP_FIXTURE_H
#define ACTORFS_TESTS_HTTP_FIXTURE_H

#include <criterion/criterion.h>

#include "tests/http/served.h"
#include "tests/support/command.h"
#include "tests/support/http.h"
#include "tests/support/stage.h"

#define FIXTURE_GUARD_S 600
#define FIXTURE_WAIT_MS 60000

extern struct served fixture;

/* For .init and .fini. */
void fixture_open(void);
void fixture_open_with(const char *options);
void fixture_close(void);

/* One request over the Unix socket; body null: none. The reply is good until the 16th
   after it; body and head end in NUL. `headers`: lines that end in \r\n. */
const struct http_reply *ask(const char *method, const char *target,
                             const char *headers, const char *body);
/* The value of a field; "" when there is none. */
const char *field(const struct http_reply *reply, const char *name);

/* Whether the answer has that code, and, unless null, that body; tells if not. */
bool answers(const char *method, const char *target, const char *headers,
             const char *body, int code, const char *answer);
#define ANSWERS(method, target, headers, body, code, answer)                           \
    cr_expect(answers(method, target, headers, body, code, answer), "%s %s", method,   \
              target)

/* MKCOL; MKCOL and `suspend`; a word to `status`. */
void make_actor(const char *name);
void make_suspended(const char *name);
void control(const char *name, const char *words);
/* A number of the actor's status; -1: none. */
long long number_of(const char *actor, const char *key);
/* Polls until it is that. */
bool wait_number(const char *actor, const char *key, long long value);
/* The bytes of a file outside of the store that behaviors left; "" for none. */
const char *outside(const char *name);
/* Lets behaviors that wait for that file go on. */
void put_outside(const char *name);

/* Sends the request and does not wait for the answer; the socket. */
int begin(const char *method, const char *target, const char *headers,
          const char *body);
/* Sends bytes as they are; answers what came until the server closed, NUL at the end.
   A ring of 4. */
const char *raw(const char *request, size_t size);
/* The rest that comes on a socket until the server closes it; closes it. */
const char *rest_of(int socket);

#endif
