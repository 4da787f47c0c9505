/* SPDX-License-Identifier: MIT */
/*
 * Key and parameters of a request to tasks or execute (contract, sections 2 and 5):
 * what the name says (`tasks@KEY,delay=30s`), then the query, then header fields. Where
 * two ways give a key, they must give the same one.
 */
#include "server/methods.h"

static bool refuse(struct http_request *request, const char *why)
{
    answer_problem(request, 400, "%s", why);
    return false;
}

static bool refuse_key(struct http_request *request)
{
    return refuse(request, "an idempotency key has 1 to 200 printable ASCII "
                           "characters and no dot first");
}

static bool set_key(struct http_request *request, struct parameters *parameters,
                    const struct key *key)
{
    struct key *held = &parameters->key;
    if (held->size && !view_equal(key_view(held), key_view(key)))
        return refuse(request, "the idempotency keys of this request differ");
    *held = *key;
    parameters->at = true;
    return true;
}

/* --------------------------------------------------------------------------- query */

static bool is_key(const struct target_argument *argument)
{
    return argument->name.size == 15 &&
           strncasecmp(argument->name.data, "Idempotency-Key", 15) == 0;
}

static bool take_key(struct http_request *request, struct parameters *parameters,
                     const struct target_argument *argument)
{
    struct key key;
    return key_from_raw(argument->value, &key) ? refuse_key(request)
                                               : set_key(request, parameters, &key);
}

static bool take_argument(struct http_request *request, struct parameters *parameters,
                          const struct target_argument *argument)
{
    if (is_key(argument))
        return take_key(request, parameters, argument);
    if (parameters_set(parameters, argument->name, argument->value))
        return refuse(request,
                      "the query takes Idempotency-Key, delay, at, timer, wait, "
                      "create, and of a reader part; each once, with a value that "
                      "fits");
    return true;
}

static bool take_query(struct http_request *request, struct parameters *parameters)
{
    for (size_t i = 0; i < request->target.argument_count; i++)
        if (!take_argument(request, parameters, &request->target.arguments[i]))
            return false;
    return true;
}

/* ------------------------------------------------------------------------- headers */

struct taking {
    struct http_request *request;
    struct parameters *parameters;
    const char *name;
    bool is_good;
};

static enum MHD_Result take_field(void *context, enum MHD_ValueKind kind,
                                  const char *name, const char *value)
{
    struct taking *taking = context;
    struct key key;
    (void)kind;
    if (strcasecmp(name, taking->name) != 0)
        return MHD_YES;
    taking->is_good = value_key(view_text(value ? value : ""), &key)
                          ? refuse_key(taking->request)
                          : set_key(taking->request, taking->parameters, &key);
    return taking->is_good ? MHD_YES : MHD_NO;
}

/* All fields of that name: a field sent twice may give two keys. */
static bool take_header(struct http_request *request, struct parameters *parameters,
                        const char *name)
{
    struct taking taking = {request, parameters, name, true};
    if (http_request_may_have(request, name))
        MHD_get_connection_values(request->connection, MHD_HEADER_KIND, take_field,
                                  &taking);
    return taking.is_good;
}

/* Those of webhooks say nothing where the client gave a key of its own. */
static bool take_webhook_headers(struct http_request *request,
                                 struct parameters *parameters)
{
    const struct http_words *more =
        &http_face_inside(request->loop->face)->options.key_headers;
    for (size_t i = 0; i < more->count && !parameters->key.size; i++)
        if (!take_header(request, parameters, more->list[i]))
            return false;
    return true;
}

bool method_take_parameters(struct http_request *request, struct parameters *parameters)
{
    bool reads = request->method == METHOD_GET || request->method == METHOD_HEAD;
    if (!take_query(request, parameters) ||
        !take_header(request, parameters, "Idempotency-Key"))
        return false;
    if (parameters->reply)
        return refuse(request, "reply=1 is for actors");
    if (!reads && parameters->part == PART_MESSAGE)
        return refuse(request, "part=message is for readers");
    return reads || take_webhook_headers(request, parameters);
}

bool method_take_key(struct http_request *request, struct key *key_out)
{
    struct parameters parameters;
    parameters_clear(&parameters);
    for (size_t i = 0; i < request->target.argument_count; i++) {
        const struct target_argument *argument = &request->target.arguments[i];
        if (is_key(argument) && !take_key(request, &parameters, argument))
            return false;
    }
    bool is_good = take_header(request, &parameters, "Idempotency-Key") &&
                   take_webhook_headers(request, &parameters);
    *key_out = parameters.key;
    return is_good;
}

/* --------------------------------------------------------------------------- waits */

static struct prefer prefer_of(const struct http_request *request)
{
    struct prefer prefer = {.wait_ms = -1};
    BYTES_AUTO(list);
    if (!http_request_header(request, "Prefer"))
        return prefer;
    http_request_list(request, "Prefer", &list);
    value_prefer(view_bytes(&list), &prefer);
    return prefer;
}

int64_t method_wait_ms(const struct http_request *request,
                       const struct parameters *parameters, int64_t default_ms)
{
    struct prefer prefer = prefer_of(request);
    int64_t wait_ms = prefer.respond_async ? -1 : default_ms;
    if (parameters->wait_ms >= 0)
        wait_ms = parameters->wait_ms;
    else if (prefer.wait_ms >= 0)
        wait_ms = prefer.wait_ms;
    return wait_ms < WAIT_MS_MAX ? wait_ms : WAIT_MS_MAX;
}

/* RFC 7240, section 3 */
void method_answer_preference(struct http_request *request,
                              const struct parameters *parameters)
{
    struct prefer prefer = prefer_of(request);
    if (parameters->wait_ms >= 0)
        return;
    if (prefer.wait_ms >= 0)
        answer_header(request, "Preference-Applied", "wait=%lld",
                      (long long)method_wait_ms(request, parameters, -1) / 1000);
    else if (prefer.respond_async)
        answer_header(request, "Preference-Applied", "respond-async");
}
