/* SPDX-License-Identifier: MIT */
/*
 * PROPFIND (RFC 4918, section 9.1). A folder of many is sent as it is listed: a piece
 * at a time, made when the client has taken the last one, so that the first byte comes
 * at once and a million actors take no memory.
 */
#include "server/dav.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "server/dav/gate.h"
#include "server/dav/propstat.h"
#include "server/dav/recent.h"
#include "server/dav/values.h"
#include "server/dav/write.h"
#include "server/methods.h"

#define PIECE_BYTES (32u * 1024)

struct finding {
    struct tree *tree;
    struct dav *dav;
    struct dav_body asked;
    bool is_brief;
    char *login;
    const struct user *user; /* held */

    /* The folder, by value: the answer outlives the request. */
    struct node folder;
    struct bytes path; /* of an ordinary folder */
    uint64_t area;
    struct bytes prefix;      /* see dav_prefix */
    struct bytes place, href; /* of the entries: begin so */
    size_t place_size, href_size;

    uint64_t after; /* where the listing goes on */
    bool is_complete;
    struct bytes piece;
    size_t sent; /* of the piece */
};

static void free_finding(void *context)
{
    struct finding *finding = context;
    dav_body_free(&finding->asked);
    bytes_free(&finding->path);
    bytes_free(&finding->prefix);
    bytes_free(&finding->place);
    bytes_free(&finding->href);
    bytes_free(&finding->piece);
    free(finding->login);
    access_release_user(finding->user);
    free(finding);
}

/* -------------------------------------------------------------------------- entries */

/* An actor is a place of its own; all else is beneath its folder's. */
static struct dav_place place_of(struct finding *finding,
                                 const struct tree_entry *entry)
{
    if (entry->node.kind == NODE_ACTOR)
        return (struct dav_place){entry->node.actor, view_of("", 0)};
    finding->place.size = finding->place_size;
    bytes_append_text(&finding->place, entry->name);
    return (struct dav_place){finding->area, view_bytes(&finding->place)};
}

static bool append_entry(void *context, const struct tree_entry *entry)
{
    struct finding *finding = context;
    struct dav_resource resource = {.tree = finding->tree,
                                    .dav = finding->dav,
                                    .node = &entry->node,
                                    .attributes = &entry->attributes,
                                    .place = place_of(finding, entry),
                                    .prefix = view_bytes(&finding->prefix),
                                    .login = finding->login};
    finding->after = entry->next;
    if (dav_is_hidden(finding->dav, &resource.place) ||
        (entry->node.kind == NODE_ACTOR &&
         !access_shows(finding->user, view_text(entry->name))))
        return true;
    finding->href.size = finding->href_size;
    http_target_append(&finding->href, view_text(entry->name));
    if (entry->attributes.is_folder)
        bytes_append_text(&finding->href, "/");
    dav_append_response(&finding->piece, view_bytes(&finding->href), &resource,
                        &finding->asked, finding->is_brief);
    return finding->piece.size < PIECE_BYTES;
}

/* Appends the next piece. A folder that is gone meanwhile ends the list. */
static void list_more(struct finding *finding)
{
    size_t before = finding->piece.size;
    uint64_t after = finding->after;
    if (tree_list(finding->tree, &finding->folder, after, append_entry, finding) ||
        finding->piece.size < PIECE_BYTES || finding->piece.size == before) {
        bytes_append_text(&finding->piece, DAV_MULTISTATUS_TAIL);
        finding->is_complete = true;
    }
}

static ssize_t read_piece(void *context, uint64_t position, char *buffer, size_t size)
{
    struct finding *finding = context;
    (void)position;
    if (finding->sent == finding->piece.size) {
        if (finding->is_complete)
            return MHD_CONTENT_READER_END_OF_STREAM;
        bytes_clear(&finding->piece);
        finding->sent = 0;
        list_more(finding);
    }
    size_t rest = finding->piece.size - finding->sent;
    size_t taken = rest < size ? rest : size;
    memcpy(buffer, finding->piece.data + finding->sent, taken);
    finding->sent += taken;
    return (ssize_t)taken;
}

/* ------------------------------------------------------------------------- request */

static bool is_brief(struct http_request *request)
{
    const char *text = http_request_header(request, "Prefer");
    const char *brief = http_request_header(request, "Brief"); /* Microsoft's */
    struct prefer prefer = {0};
    if (text)
        value_prefer(view_text(text), &prefer);
    return prefer.minimal || (brief && strcasecmp(brief, "t") == 0);
}

static struct finding *begin(struct http_request *request, struct dav_body *asked)
{
    struct finding *finding = memory_take_zeroed(1, sizeof *finding);
    finding->tree = request_tree(request);
    finding->dav = request_dav(request);
    finding->user = access_hold_user(request->user);
    finding->asked = *asked;
    *asked = (struct dav_body){0};
    finding->is_brief = is_brief(request);
    finding->login = memory_text(view_text(dav_login(request)));
    bytes_append(&finding->prefix, dav_prefix(request));
    finding->folder = request->node;
    bytes_append(&finding->path, request->node.path);
    finding->folder.path = view_bytes(&finding->path);
    finding->area = request->resolved.place.area;
    bytes_append(&finding->place, request->resolved.place.path);
    if (finding->place.size)
        bytes_append_text(&finding->place, "/");
    finding->place_size = finding->place.size;
    return finding;
}

static void append_itself(struct http_request *request, struct finding *finding,
                          const struct attributes *attributes)
{
    struct dav_resource resource = {.tree = finding->tree,
                                    .dav = finding->dav,
                                    .node = &request->node,
                                    .attributes = attributes,
                                    .place = request->resolved.place,
                                    .prefix = view_bytes(&finding->prefix),
                                    .login = finding->login};
    bytes_append(&finding->href, resource.prefix);
    dav_append_target(&finding->href, &request->target, attributes->is_folder);
    finding->href_size = finding->href.size;
    bytes_append_text(&finding->piece, DAV_MULTISTATUS_HEAD);
    dav_append_response(&finding->piece, view_bytes(&finding->href), &resource,
                        &finding->asked, finding->is_brief);
}

static void answer(struct http_request *request, struct finding *finding)
{
    if (finding->is_complete) {
        answer_body(request, 207, DAV_XML_TYPE, &finding->piece);
        free_finding(finding);
        return;
    }
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, PIECE_BYTES, read_piece, finding, free_finding);
    ENSURE(response);
    answer_response(request, 207, DAV_XML_TYPE, response);
}

static void find(struct http_request *request, enum dav_depth depth,
                 struct dav_body *asked)
{
    struct attributes attributes;
    enum status status =
        tree_attributes(request_tree(request), &request->node, &attributes);
    if (status) {
        answer_status(request, status, NULL);
        return;
    }
    if (request->node.kind == NODE_TASKS || request->node.kind == NODE_EXECUTE)
        (void)dav_recent_find(request_dav(request), &request->resolved.place,
                              &attributes.size);
    struct finding *finding = begin(request, asked);
    append_itself(request, finding, &attributes);
    if (depth == DEPTH_ONE && attributes.is_folder) {
        list_more(finding);
    } else {
        bytes_append_text(&finding->piece, DAV_MULTISTATUS_TAIL);
        finding->is_complete = true;
    }
    answer(request, finding);
}

void dav_propfind(struct http_request *request)
{
    const char *text = http_request_header(request, "Depth");
    enum dav_depth depth = DEPTH_INFINITY;
    struct dav_body asked = {0};
    if (request->found)
        answer_problem(request, 404, "there is nothing of that name");
    else if (text && dav_value_depth(view_text(text), &depth))
        answer_problem(request, 400, "Depth is 0 or 1 here");
    else if (depth == DEPTH_INFINITY)
        dav_answer_error(request, 403, "propfind-finite-depth", view_of("", 0));
    else if (dav_read_body(request, DAV_PROPFIND, &asked))
        find(request, depth, &asked);
    dav_body_free(&asked);
}
