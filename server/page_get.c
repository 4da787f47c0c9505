/* SPDX-License-Identifier: MIT */
/*
 * Who gets a page, and when: at once, or, for a browser that says which page it has and
 * `Prefer: wait=N`, when there is another one. The tag is of everything that is shown
 * of the actor, its files included, and of the program that shows it. Pages of folders
 * do not wait: their tag changes with every commit of the store, which the browser asks
 * for once a second.
 */
#include "server/page.h"

#include "server/methods.h"
#include "server/page_assets.h"
#include "server/page_html.h"

#define WAIT_MS_MOST 30000 /* a browser that is gone is noticed by then */

static bool is_browser(const struct http_request *request)
{
    const char *accept = http_request_header(request, "Accept");
    return accept && value_accepts(view_text(accept), "text/html") &&
           !value_accepts(view_text(accept), "application/json");
}

/* ------------------------------------------------------------------------- assets */

static void answer_asset(struct http_request *request, const char *type,
                         const unsigned char *data, size_t size)
{
    BYTES_AUTO(body);
    bytes_append(&body, view_of(data, size));
    answer_body(request, 200, type, &body);
    answer_header(request, "Cache-Control", "no-cache");
    answer_header(request, "Content-Security-Policy", "default-src 'none'");
}

static bool answer_if_asset(struct http_request *request)
{
    const struct http_target *target = &request->target;
    if (target->segment_count != 2 || target->is_folder_form ||
        !view_equal(target->segments[0], view_text("page")))
        return false;
    if (view_equal(target->segments[1], view_text("style.css")))
        answer_asset(request, "text/css; charset=utf-8", page_style, page_style_size);
    else if (view_equal(target->segments[1], view_text("live.js")))
        answer_asset(request, "text/javascript; charset=utf-8", page_live,
                     page_live_size);
    else
        return false;
    return true;
}

/* -------------------------------------------------------------------------- pages */

/* That a file comes or goes is no change of the actor itself, nor is it all that its
   status shows. */
static void add_shown(struct bytes *tag, struct http_request *request)
{
    struct tree *tree = request_tree(request);
    struct file_place place = {.area = request->node.actor};
    struct node status = tree_node(NODE_STATUS, request->node.actor);
    struct attributes shown;
    struct stat stat;
    if (tree_attributes(tree, &status, &shown) == STATUS_OK)
        bytes_format(tag, ".%llx", (unsigned long long)shown.version);
    if (tree_files(tree) && files_stat(tree_files(tree), &place, &stat) == STATUS_OK)
        bytes_format(tag, ".%llx", (unsigned long long)files_version(&stat));
}

static enum status take_tag(struct http_request *request, struct bytes *tag,
                            uint64_t *version_out)
{
    struct attributes attributes;
    struct engine_totals totals;
    enum status status =
        tree_attributes(request_tree(request), &request->node, &attributes);
    if (status)
        return status;
    engine_totals(tree_engine(request_tree(request)), &totals);
    *version_out = attributes.version;
    method_tag(tag, &request->node, &attributes);
    tag->size--; /* the quote */
    if (request->node.kind == NODE_ACTOR)
        add_shown(tag, request);
    if (!request->node.actor) /* commits are counted anew */
        bytes_format(tag, ".%llx", (unsigned long long)totals.started_ms);
    bytes_format(tag, ".html-%s\"", ACTORFS_VERSION);
    return STATUS_OK;
}

static void answer_page(struct http_request *request)
{
    BYTES_AUTO(tag);
    uint64_t version;
    if (take_tag(request, &tag, &version)) {
        page_answer_error(request, 404, "It is not there any more.");
        return;
    }
    if (method_is_known(request, view_bytes(&tag)))
        answer_code(request, 304);
    else if (request->node.kind == NODE_ACTOR)
        page_of_actor(request, &tag);
    else
        page_of_folder(request, &tag);
    answer_header(request, "ETag", "%.*s", (int)tag.size, tag.data);
}

static int64_t wait_of(const struct http_request *request)
{
    const char *text = http_request_header(request, "Prefer");
    struct prefer prefer = {.wait_ms = -1};
    if (text)
        value_prefer(view_text(text), &prefer);
    return prefer.wait_ms < WAIT_MS_MOST ? prefer.wait_ms : WAIT_MS_MOST;
}

/* The base of relative links is the folder only behind a slash. */
static void redirect(struct http_request *request)
{
    BYTES_AUTO(link);
    html_link(&link, request->target.segments[request->target.segment_count - 1], true);
    answer_code(request, 307);
    answer_header(request, "Location", "%.*s", (int)link.size, link.data);
    answer_header(request, "Vary", "Accept");
}

static void get_page(struct http_request *request)
{
    BYTES_AUTO(tag);
    uint64_t version = 0;
    int64_t wait_ms = wait_of(request);
    bool waits = wait_ms > 0 && request->node.kind == NODE_ACTOR &&
                 take_tag(request, &tag, &version) == STATUS_OK &&
                 method_is_known(request, view_bytes(&tag));
    if (!waits) {
        answer_page(request);
        return;
    }
    http_request_suspend(request, answer_page);
    request->wait = engine_wait_change_until(tree_engine(request_tree(request)),
                                             request->node.actor, version, wait_ms,
                                             http_request_wake, request);
}

bool page_get(struct http_request *request)
{
    if (request->found)
        return answer_if_asset(request);
    if (!node_is_folder(&request->node) || !is_browser(request))
        return false;
    if (request->target.segment_count && !request->target.is_folder_form)
        redirect(request);
    else
        get_page(request);
    return true;
}
