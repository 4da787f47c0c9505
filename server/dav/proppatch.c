/* SPDX-License-Identifier: MIT */
/*
 * PROPPATCH (RFC 4918, section 9.2): in document order, all or nothing.
 */
#include "server/dav.h"

#include <stdlib.h>

#include "server/dav/dead.h"
#include "server/dav/gate.h"
#include "server/dav/live.h"
#include "server/dav/properties.h"
#include "server/dav/propstat.h"
#include "server/dav/write.h"

struct patching {
    struct dav_body body;
    unsigned refusal; /* of some; the others' is then 424. 0: none */
    enum dead_room room;
};

static void free_patching(void *context)
{
    struct patching *patching = context;
    dav_body_free(&patching->body);
    free(patching);
}

static bool is_protected(const struct dav_change *change)
{
    return dav_live_is(view_text(change->name.ns), view_text(change->name.local));
}

static void append_limit(struct bytes *out, enum dead_room room)
{
    bytes_append_text(out, "<D:responsedescription>");
    if (room == DEAD_TOO_LARGE)
        bytes_format(out, "a file keeps %u bytes of properties at most",
                     DEAD_BYTES_MAX);
    else
        bytes_append_text(out, "the store has no room for more properties");
    bytes_append_text(out, "</D:responsedescription>");
}

static void append_change(struct bytes *out, const struct dav_change *change,
                          unsigned refusal, enum dead_room room)
{
    bool is_culprit = refusal == 507 || is_protected(change);
    bytes_append_text(out, "<D:propstat><D:prop>");
    dav_append_name(out, view_text(change->name.ns), view_text(change->name.local));
    bytes_append_text(out, "</D:prop><D:status>HTTP/1.1 ");
    if (!refusal)
        bytes_append_text(out, "200 OK");
    else if (!is_culprit)
        bytes_append_text(out, "424 Failed Dependency");
    else
        bytes_append_text(out, refusal == 507 ? "507 Insufficient Storage"
                                              : "403 Forbidden");
    bytes_append_text(out, "</D:status>");
    if (refusal == 507)
        append_limit(out, room);
    if (refusal == 403 && is_culprit)
        bytes_append_text(out,
                          "<D:error><D:cannot-modify-protected-property/></D:error>");
    bytes_append_text(out, "</D:propstat>\n");
}

static void answer_changes(struct http_request *request)
{
    const struct patching *patching = request->extra;
    BYTES_AUTO(path);
    BYTES_AUTO(out);
    bytes_append(&path, dav_prefix(request));
    dav_append_target(&path, &request->target, node_is_folder(&request->node));
    bytes_append_text(&out, DAV_MULTISTATUS_HEAD "<D:response>");
    dav_append_href(&out, view_bytes(&path));
    for (size_t i = 0; i < patching->body.change_count; i++)
        append_change(&out, &patching->body.changes[i], patching->refusal,
                      patching->room);
    bytes_append_text(&out, "</D:response>\n" DAV_MULTISTATUS_TAIL);
    answer_body(request, 207, DAV_XML_TYPE, &out);
}

static void kept(struct http_request *request)
{
    if (request->result.status)
        answer_status(request, request->result.status, request->result.detail);
    else
        answer_changes(request);
}

static void apply(const struct dav_body *body, struct bytes *value)
{
    for (size_t i = 0; i < body->change_count; i++) {
        const struct dav_change *change = &body->changes[i];
        struct dav_property property = {view_text(change->name.ns),
                                        view_text(change->name.local),
                                        view_bytes(&change->value)};
        if (change->is_removal)
            dav_properties_remove(value, property.ns, property.local);
        else
            dav_properties_set(value, &property);
    }
}

/* Under one lock from the old value to the new one, so that none is lost. */
static enum dead_room keep(struct http_request *request, const struct dav_body *body)
{
    struct dav *dav = request_dav(request);
    const struct dav_place *place = &request->resolved.place;
    BYTES_AUTO(value);
    dav_enter(dav);
    const struct dav_entry *entry = dav_entry_find(dav, place);
    if (entry)
        bytes_append(&value, view_bytes(&entry->properties));
    apply(body, &value);
    enum dead_room room = dav_dead_room(dav, place, value.size);
    if (room == DEAD_FITS) {
        http_request_suspend(request, kept);
        dav_dead_keep(dav, place, view_bytes(&value), http_request_done, request);
        dav_entry_tidy(dav, place);
    }
    dav_leave(dav);
    return room;
}

static bool refuses(const struct dav_body *body)
{
    for (size_t i = 0; i < body->change_count; i++)
        if (is_protected(&body->changes[i]))
            return true;
    return false;
}

void dav_proppatch(struct http_request *request)
{
    struct patching *patching = memory_take_zeroed(1, sizeof *patching);
    request->extra = patching;
    request->free_extra = free_patching;
    if (request->found) {
        answer_problem(request, 404, "there is nothing of that name");
        return;
    }
    if (!dav_conditions_hold(request) ||
        !dav_read_body(request, DAV_PROPERTYUPDATE, &patching->body))
        return;
    patching->refusal = refuses(&patching->body) ? 403 : 0;
    /* A task's name is forgotten with its task: what Explorer notes there as a matter
       of course is taken, and not kept. */
    bool is_task = request->is_announced || request->node.parameters.key.size;
    if (!patching->refusal && !is_task) {
        patching->room = keep(request, &patching->body);
        if (patching->room == DEAD_FITS)
            return;
        patching->refusal = 507;
    }
    answer_changes(request);
}
