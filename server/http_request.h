/* SPDX-License-Identifier: MIT */
/*
 * One request's life: begun with its target, checked with its headers, collected,
 * handled by its method, maybe suspended while the engine works, answered. It belongs
 * to the thread of its loop, but between http_request_suspend and the call of `then`,
 * when the engine has it.
 *
 * A method's handler fills in `answer` (http_answer.h) and returns, or it suspends the
 * request, asks the engine, and fills in `answer` in `then`.
 */
#ifndef ACTORFS_SERVER_HTTP_REQUEST_H
#define ACTORFS_SERVER_HTTP_REQUEST_H

#include <microhttpd.h>

#include "common/tree/tree.h"
#include "server/access/access.h"
#include "server/http_answer.h"
#include "server/http_check.h"
#include "server/http_loop.h"
#include "server/http_resolve.h"
#include "server/http_target.h"
#include "server/http_values.h"

enum http_method {
    METHOD_OPTIONS,
    METHOD_GET,
    METHOD_HEAD,
    METHOD_PUT,
    METHOD_POST,
    METHOD_DELETE,
    METHOD_MKCOL,
    METHOD_PROPFIND,
    METHOD_PROPPATCH,
    METHOD_COPY,
    METHOD_MOVE,
    METHOD_LOCK,
    METHOD_UNLOCK,
    METHOD_COUNT
};

struct http_request {
    struct http_loop *loop;
    struct MHD_Connection *connection;
    char *raw; /* the target as it came */
    enum http_method method;
    struct http_target target;
    /* What the target names: OK, or NOT_FOUND with the deepest folder there is in
       `parent` and the number of segments that are missing. */
    enum status found;
    struct node node, parent;
    size_t missing;
    struct http_resolved
        resolved; /* the same with its place, and what paths point to */
    struct tree_seen
        *seen;         /* of GET and HEAD of a task: what resolving saw; else null */
    bool is_hidden;    /* it was removed here, so it counts as not there */
    bool is_announced; /* it is not there, but counts as an empty file (dav/places.h) */
    bool announces;    /* and if it is taken, it counts as one from now on */
    bool has_seen;     /* its conditions name a version, and this one was there */
    uint64_t seen_version;
    struct bytes body;
    struct file_upload *upload; /* null: the body is collected */
    struct http_framing framing;
    uint64_t received; /* bytes of the body */
    bool is_going_in;  /* it was suspended, and the gate has judged */
    bool is_begun, is_large, is_suspended, is_queued;
    bool is_handled; /* its method's handler runs: nothing else can happen to it */

    /* Who asks, as the gate found; `user` is null where there are no users. */
    struct address client;
    const struct user *user;
    struct access_answer admission;

    /* While it is suspended. */
    void (*then)(struct http_request *request);
    void (*work)(struct http_request *request); /* of offload.h */
    struct http_request *next_woken;
    struct engine_answer result; /* of what was asked last; its detail is in `detail` */
    struct bytes detail;
    struct engine_wait *wait;
    enum status woken; /* by a wait */

    struct page_form *form; /* null: it is none, see page_form.h */
    struct http_answer answer;
    /* Called when the answer is filled in, before it is sent; may take it back and go
       on. Cleared first. Null: nothing. */
    void (*finish)(struct http_request *request);
    void *finish_extra; /* its own; freed by free_finish_extra */
    void (*free_finish_extra)(void *extra);
    struct engine_note note; /* kept in one commit with what is put; key empty: none */
    void *extra;             /* of the method's own; freed by free_extra */
    void (*free_extra)(void *extra);
};

static inline struct tree *request_tree(const struct http_request *request);

/* As it stands in a request; "other" for METHOD_COUNT. */
const char *http_method_name(enum http_method method);
/* Whether there may be a field of that name. */
static inline bool http_request_may_have(const struct http_request *request,
                                         const char *name)
{
    return request->framing.names & http_name_bit(name, strlen(name));
}
/* The value of a header field; null when it was not sent. */
static inline const char *http_request_header(const struct http_request *request,
                                              const char *name)
{
    return http_request_may_have(request, name)
               ? MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name)
               : NULL;
}
/* Appends the value of a field that is a list, however many fields it is spread over;
   false when there is none. */
bool http_request_list(const struct http_request *request, const char *name,
                       struct bytes *out);
/* Resolves the target's segments; see above. INVALID where a name is malformed: the
   request is answered then. */
enum status http_request_resolve(struct http_request *request);

/* Whether nobody else waits for this thread: the engine may be asked in person. */
bool http_request_is_alone(const struct http_request *request);
/* Leaves the request to the engine; `then` goes on with it. Call it first, then ask. */
void http_request_suspend(struct http_request *request,
                          void (*then)(struct http_request *request));
/* The same for the outcome of a task; `woken` says why it goes on. */
void http_request_wait(struct http_request *request, const struct node *task,
                       int64_t wait_ms, void (*then)(struct http_request *request));
/* An engine_done_fn and an engine_wake_fn whose context is the suspended request. */
void http_request_done(void *context, const struct engine_answer *answer);
void http_request_wake(void *context, enum status status);

/* For http_loop.c: libmicrohttpd's callbacks, and what goes on after a wake-up. */
void http_request_go_on(struct http_request *request);
void *http_request_begin(void *loop, const char *uri,
                         struct MHD_Connection *connection);
size_t http_request_keep_escapes(void *context, struct MHD_Connection *connection,
                                 char *text);
enum MHD_Result http_request_handle(void *loop, struct MHD_Connection *connection,
                                    const char *url, const char *method,
                                    const char *version, const char *upload,
                                    size_t *upload_size, void **context);
void http_request_completed(void *loop, struct MHD_Connection *connection,
                            void **context, enum MHD_RequestTerminationCode code);
/* Frees a request that is not or no longer the library's; its memory is kept for the
   next one. */
void http_request_drop(struct http_request *request);
/* When no request is left. */
void http_request_free_spare(struct http_loop *loop);
void http_request_log(void *context, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

struct exclusion;
struct offload;

struct http_face_inside {
    struct tree *tree;
    struct metrics *metrics;
    struct offload *offload;
    struct exclusion *exclusion;
    struct http_face_options options;
};
const struct http_face_inside *http_face_inside(const struct http_face *face);

static inline struct tree *request_tree(const struct http_request *request)
{
    return http_face_inside(request->loop->face)->tree;
}

static inline struct exclusion *request_exclusion(const struct http_request *request)
{
    return http_face_inside(request->loop->face)->exclusion;
}

static inline struct offload *request_offload(const struct http_request *request)
{
    return http_face_inside(request->loop->face)->offload;
}

#endif
