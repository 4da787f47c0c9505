/* SPDX-License-Identifier: MIT */
#include "server/dav/write.h"

#include "server/dav/xml.h"
#include "server/gate.h"

struct view dav_prefix(const struct http_request *request)
{
    const struct origins *origins =
        gate_origins(http_face_inside(request->loop->face)->options.gate);
    if (!origins_prefix(origins).size)
        return view_of("", 0); /* spares a look at the headers */
    const char *host = http_request_header(request, "Host");
    bool is_forwarded = http_request_header(request, "X-Forwarded-For") != NULL;
    return origins_prefix_for(origins, view_text(request->raw),
                              view_text(host ? host : ""), is_forwarded);
}

/* `tasks@a%20b` is held as it is typed. */
static bool is_typed(struct view segment)
{
    enum node_kind kind;
    const char *at = segment.size ? memchr(segment.data, '@', segment.size) : NULL;
    return at &&
           node_kind_of_file(view_of(segment.data, (size_t)(at - segment.data)), &kind);
}

static void append_segment(struct bytes *out, struct view segment, bool in_actor)
{
    bytes_append_text(out, "/");
    if (in_actor && is_typed(segment))
        bytes_append(out, segment);
    else
        http_target_append(out, segment);
}

void dav_append_target(struct bytes *out, const struct http_target *target,
                       bool is_folder)
{
    bool is_in_actors = target->segment_count > 2 &&
                        view_equal(target->segments[0], view_text("actors"));
    for (size_t i = 0; i < target->segment_count; i++)
        append_segment(out, target->segments[i], is_in_actors && i == 2);
    if (is_folder || !target->segment_count)
        bytes_append_text(out, "/");
}

void dav_append_place(struct bytes *out, struct tree *tree,
                      const struct dav_place *place)
{
    struct actor_info info;
    struct view rest = place->path;
    bool is_first = place->area != 0;
    if (place->area &&
        engine_actor(tree_engine(tree), place->area, &info) == STATUS_OK) {
        bytes_append_text(out, "/actors/");
        http_target_append(out, view_text(info.name));
    }
    if (!rest.size)
        bytes_append_text(out, "/");
    while (rest.size) {
        const char *slash = memchr(rest.data, '/', rest.size);
        size_t size = slash ? (size_t)(slash - rest.data) : rest.size;
        append_segment(out, view_of(rest.data, size), is_first);
        is_first = false;
        size_t past = slash ? size + 1 : size;
        rest = view_of(rest.data + past, rest.size - past);
    }
}

void dav_append_href(struct bytes *out, struct view path)
{
    bytes_append_text(out, "<D:href>");
    xml_append_escaped(out, path);
    bytes_append_text(out, "</D:href>");
}

void dav_answer_error(struct http_request *request, unsigned code,
                      const char *condition, struct view href)
{
    BYTES_AUTO(body);
    bytes_format(&body, DAV_XML_HEAD "<D:error xmlns:D=\"DAV:\"><D:%s>", condition);
    if (href.size)
        dav_append_href(&body, href);
    bytes_format(&body, "</D:%s></D:error>\n", condition);
    answer_body(request, code, DAV_XML_TYPE, &body);
}
