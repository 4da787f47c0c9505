/* SPDX-License-Identifier: MIT */
/*
 * MKCOL makes an actor, DELETE retires it; OPTIONS says what can be done.
 */
#include "server/methods.h"

#include <unistd.h>

static void made(struct http_request *request)
{
    if (request->result.status)
        answer_status(request, request->result.status, request->result.detail);
    else
        answer_code(request, 201);
}

void method_mkcol(struct http_request *request)
{
    struct engine_owner owner = {getuid(), getgid(), 0755};
    const struct http_target *target = &request->target;
    if (request->body.size) {
        answer_problem(request, 415, "MKCOL takes no body");
    } else if (request->found == STATUS_OK) {
        answer_problem(request, 405, "it is there already");
    } else if (request->missing > 1) {
        answer_problem(request, 409, "the folder that it would be in is not there");
    } else {
        http_request_suspend(request, made);
        tree_make_folder(request_tree(request), &request->parent,
                         target->segments[target->segment_count - 1], &owner,
                         http_request_done, request);
    }
}

static void removed(struct http_request *request)
{
    if (request->result.status)
        answer_status(request, request->result.status, request->result.detail);
    else
        answer_code(request, 204);
}

static void remove_actor(struct http_request *request)
{
    http_request_suspend(request, removed);
    tree_remove_folder(request_tree(request), &request->node, http_request_done,
                       request);
}

void method_delete(struct http_request *request)
{
    struct attributes attributes;
    BYTES_AUTO(tag);
    if (request->found ||
        tree_attributes(request_tree(request), &request->node, &attributes)) {
        answer_problem(request, 404, "there is nothing of that name");
        return;
    }
    method_tag(&tag, &request->node, &attributes);
    if (!method_check_conditions(request, true, view_bytes(&tag)))
        return;
    if (request->node.kind == NODE_ACTOR)
        remove_actor(request);
    else if (node_is_folder(&request->node) || !request->node.actor)
        answer_problem(request, 403, "it stays");
    else
        answer_code(request, 204); /* the store keeps it: contract, section 9 */
}

void method_options(struct http_request *request)
{
    answer_code(request, 200);
    answer_header(request, "Allow",
                  "OPTIONS, GET, HEAD, PUT, POST, DELETE, MKCOL, PROPFIND, PROPPATCH, "
                  "COPY, MOVE, LOCK, UNLOCK");
    answer_header(request, "DAV", "1, 2, 3");
    answer_header(request, "MS-Author-Via", "DAV");
}
