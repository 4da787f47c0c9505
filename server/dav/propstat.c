/* SPDX-License-Identifier: MIT */
#include "server/dav/propstat.h"

#include "server/dav/properties.h"
#include "server/dav/write.h"
#include "server/dav/xml.h"

void dav_append_name(struct bytes *out, struct view ns, struct view local)
{
    if (view_equal(ns, view_text("DAV:"))) {
        bytes_append_text(out, "<D:");
        bytes_append(out, local);
    } else {
        bytes_append_text(out, ns.size ? "<p:" : "<");
        bytes_append(out, local);
        bytes_append_text(out, ns.size ? " xmlns:p=\"" : "");
        xml_append_escaped(out, ns);
        bytes_append_text(out, ns.size ? "\"" : "");
    }
    bytes_append_text(out, "/>");
}

/* A copy, so that nothing else happens under the lock. */
static void copy_dead(const struct dav_resource *resource, struct bytes *out)
{
    dav_enter(resource->dav);
    const struct dav_entry *entry = dav_entry_find(resource->dav, &resource->place);
    if (entry)
        bytes_append(out, view_bytes(&entry->properties));
    dav_leave(resource->dav);
}

/* Live ones win: a dead one of that name cannot be set. */
static bool append_asked(struct bytes *out, const struct dav_resource *resource,
                         struct view dead, const struct dav_name *name)
{
    const char *ns, *local;
    struct dav_property property;
    for (size_t n = 0; dav_live_name(n, &ns, &local); n++)
        if (strcmp(local, name->local) == 0 && strcmp(ns, name->ns) == 0)
            return dav_live_append(n, resource, out);
    if (!dav_properties_find(dead, view_text(name->ns), view_text(name->local),
                             &property))
        return false;
    bytes_append(out, property.element);
    return true;
}

static void append_all(struct bytes *out, const struct dav_resource *resource,
                       struct view dead)
{
    const char *ns, *local;
    struct dav_property property;
    for (size_t n = 0; dav_live_name(n, &ns, &local); n++)
        if (dav_live_is_usual(n, resource))
            dav_live_append(n, resource, out);
    while (dav_properties_next(&dead, &property))
        bytes_append(out, property.element);
}

static void append_names(struct bytes *out, const struct dav_resource *resource,
                         struct view dead)
{
    const char *ns, *local;
    struct dav_property property;
    BYTES_AUTO(unused);
    for (size_t n = 0; dav_live_name(n, &ns, &local); n++)
        if (dav_live_append(n, resource, &unused))
            dav_append_name(out, view_text(ns), view_text(local));
    while (dav_properties_next(&dead, &property))
        dav_append_name(out, property.ns, property.local);
}

static void append_group(struct bytes *out, struct view properties, const char *status)
{
    bytes_append_text(out, "<D:propstat><D:prop>");
    bytes_append(out, properties);
    bytes_append_text(out, "</D:prop><D:status>HTTP/1.1 ");
    bytes_append_text(out, status);
    bytes_append_text(out, "</D:status></D:propstat>");
}

void dav_append_response(struct bytes *out, struct view href,
                         const struct dav_resource *resource,
                         const struct dav_body *asked, bool is_brief)
{
    BYTES_AUTO(dead);
    BYTES_AUTO(found);
    BYTES_AUTO(missing);
    copy_dead(resource, &dead);
    if (asked->asks == ASKS_NAMES)
        append_names(&found, resource, view_bytes(&dead));
    else if (asked->asks == ASKS_ALL)
        append_all(&found, resource, view_bytes(&dead));
    for (size_t i = 0; i < asked->name_count; i++) {
        const struct dav_name *name = &asked->names[i];
        if (!append_asked(&found, resource, view_bytes(&dead), name))
            dav_append_name(&missing, view_text(name->ns), view_text(name->local));
    }
    bytes_append_text(out, "<D:response>");
    dav_append_href(out, href);
    if (found.size || !missing.size || is_brief)
        append_group(out, view_bytes(&found), "200 OK");
    if (missing.size && !is_brief)
        append_group(out, view_bytes(&missing), "404 Not Found");
    bytes_append_text(out, "</D:response>\n");
}
