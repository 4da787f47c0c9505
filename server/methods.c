/* SPDX-License-Identifier: MIT */
#include "server/methods.h"

#include "server/dav.h"
#include "server/dav/gate.h"
#include "server/page_form.h"
#include "server/permission.h"

#define XML_BYTES_MAX (128u * 1024)
#define LINES_BYTES_MAX (64u << 20) /* of a POST of many messages */

static void (*const handlers[METHOD_COUNT])(struct http_request *request) = {
    [METHOD_OPTIONS] = method_options,  [METHOD_GET] = method_get,
    [METHOD_HEAD] = method_get,         [METHOD_PUT] = method_put,
    [METHOD_POST] = method_post,        [METHOD_DELETE] = method_delete,
    [METHOD_MKCOL] = method_mkcol,      [METHOD_PROPFIND] = dav_propfind,
    [METHOD_PROPPATCH] = dav_proppatch, [METHOD_COPY] = dav_copy,
    [METHOD_MOVE] = dav_move,           [METHOD_LOCK] = dav_lock,
    [METHOD_UNLOCK] = dav_unlock};

void methods_handle(struct http_request *request)
{
    if (request->target.is_asterisk && request->method != METHOD_OPTIONS)
        answer_problem(request, 400, "only OPTIONS is asked of *");
    else if (http_request_resolve(request) == STATUS_OK &&
             permission_by_modes(request) && page_form_take(request) &&
             dav_gate(request))
        handlers[request->method](request);
}

size_t methods_body_bytes_max(const struct http_request *request)
{
    const struct engine_options *limits =
        engine_limits(tree_engine(request_tree(request)));
    size_t largest = limits->message_bytes_max > limits->state_bytes_max
                         ? limits->message_bytes_max
                         : limits->state_bytes_max;
    if (request->upload)
        return SIZE_MAX;
    if (method_has_lines(request))
        return LINES_BYTES_MAX;
    if (request->method == METHOD_PUT || request->method == METHOD_POST)
        return largest;
    return XML_BYTES_MAX;
}
