/* SPDX-License-Identifier: MIT */
/* What the tests of WebDAV share, beyond those over HTTP. */
#ifndef ACTORFS_TESTS_DAV_DAV_H
#define ACTORFS_TESTS_DAV_DAV_H

#include "tests/http/fixture.h"

#define EXCLUSIVE                                                                      \
    "<?xml version=\"1.0\"?><D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/>"  \
    "</D:lockscope><D:locktype><D:write/></D:locktype><D:owner><D:href>me</D:href>"    \
    "</D:owner></D:lockinfo>"
#define SHARED                                                                         \
    "<?xml version=\"1.0\"?><D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:shared/>"     \
    "</D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>"

/* Takes an exclusive lock, which must be answered with that code; the token, without
   brackets, in one of 4 buffers used in turn. */
const char *lock(const char *target, const char *headers, int code);
/* A text from a format, in one of 16 buffers used in turn: for header lines. */
const char *line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Whether PROPFIND of depth 0 answers 207 and the body contains the text. */
bool finds(const char *target, const char *body, const char *text);
/* The body of that PROPFIND; "" unless 207. */
const char *found(const char *target, const char *headers, const char *body);
/* How many tasks the actor has ever taken. */
long long tasks_of(const char *actor);

#endif
