/* SPDX-License-Identifier: MIT */
/*
 * The three documents are shallow and alike, so one reader knows where it is by the
 * names of the elements that are open (a path such as `propertyupdate/set/prop`); below
 * a property, and below an owner, an excerpt takes over.
 */
#include "server/dav/body.h"

#include <stdlib.h>

#include "server/dav/excerpt.h"

#define LANGUAGE_BYTES_MAX 64

static const char *const roots[] = {[DAV_PROPFIND] = "propfind",
                                    [DAV_PROPERTYUPDATE] = "propertyupdate",
                                    [DAV_LOCKINFO] = "lockinfo"};

struct level {
    char name[20]; /* in DAV:, as far as it matters; "" for others */
    char language[LANGUAGE_BYTES_MAX];
};

struct reader {
    enum dav_document document;
    struct dav_body *body;
    struct level levels[DAV_DEPTH_MAX];
    unsigned depth;
    struct excerpt excerpt;
    bool has_excerpt;      /* one is being read */
    struct bytes declared; /* for the next element: `prefix\0uri\0` */
};

static bool is_at(const struct reader *reader, const char *path)
{
    char here[DAV_DEPTH_MAX * sizeof reader->levels[0].name + 1] = "";
    for (unsigned i = 0; i < reader->depth; i++) {
        strcat(here, i ? "/" : "");
        strcat(here, reader->levels[i].name[0] ? reader->levels[i].name : "?");
    }
    return strcmp(here, path) == 0;
}

static struct dav_name copy_name(const struct xml_name *name)
{
    return (struct dav_name){memory_text(name->ns), memory_text(name->local)};
}

static enum status add_name(struct reader *reader, const struct xml_name *name)
{
    struct dav_body *body = reader->body;
    if (body->name_count == DAV_NAMES_MAX)
        return STATUS_TOO_LARGE;
    body->names[body->name_count++] = copy_name(name);
    return STATUS_OK;
}

static enum status add_change(struct reader *reader, const struct xml_name *name,
                              bool is_removal)
{
    struct dav_body *body = reader->body;
    if (body->change_count == DAV_NAMES_MAX)
        return STATUS_TOO_LARGE;
    if (!body->changes)
        body->changes = memory_take_zeroed(DAV_NAMES_MAX, sizeof *body->changes);
    body->changes[body->change_count++] =
        (struct dav_change){.name = copy_name(name), .is_removal = is_removal};
    return STATUS_OK;
}

/* ----------------------------------------------------------------------- excerpts */

static enum status start_excerpt(struct reader *reader, const struct xml_name *name,
                                 const char *const *attributes)
{
    const char *at = reader->declared.data;
    const char *end = at ? at + reader->declared.size : at;
    const char *language =
        reader->depth ? reader->levels[reader->depth - 1].language : "";
    enum status status = STATUS_OK;
    while (at < end && !status) {
        const char *uri = at + strlen(at) + 1;
        status = excerpt_declare(&reader->excerpt, view_text(at), view_text(uri));
        at = uri + strlen(uri) + 1;
    }
    bytes_clear(&reader->declared);
    if (!status)
        status = excerpt_start(&reader->excerpt, name, attributes, view_text(language));
    reader->has_excerpt = true;
    return status;
}

static void end_excerpt(struct reader *reader)
{
    struct dav_body *body = reader->body;
    struct bytes *to = reader->document == DAV_LOCKINFO
                           ? &body->owner
                           : &body->changes[body->change_count - 1].value;
    bytes_free(to);
    *to = reader->excerpt.text;
    reader->excerpt.text = (struct bytes){0};
    excerpt_free(&reader->excerpt);
    reader->excerpt = (struct excerpt){0};
    reader->has_excerpt = false;
}

/* ----------------------------------------------------------------------- documents */

static enum status start_in_propfind(struct reader *reader, const struct xml_name *name)
{
    struct dav_body *body = reader->body;
    if (is_at(reader, "propfind")) {
        if (xml_is_dav(name, "prop"))
            body->asks = ASKS_SOME;
        else if (xml_is_dav(name, "propname"))
            body->asks = ASKS_NAMES;
    } else if (is_at(reader, "propfind/prop") || is_at(reader, "propfind/include")) {
        return add_name(reader, name);
    }
    return STATUS_OK;
}

static enum status start_in_update(struct reader *reader, const struct xml_name *name,
                                   const char *const *attributes)
{
    bool removes = is_at(reader, "propertyupdate/remove/prop");
    if (!removes && !is_at(reader, "propertyupdate/set/prop"))
        return STATUS_OK;
    enum status status = add_change(reader, name, removes);
    return status || removes ? status : start_excerpt(reader, name, attributes);
}

static enum status start_in_lockinfo(struct reader *reader, const struct xml_name *name,
                                     const char *const *attributes)
{
    struct dav_body *body = reader->body;
    if (is_at(reader, "lockinfo") && xml_is_dav(name, "owner"))
        return start_excerpt(reader, name, attributes);
    if (is_at(reader, "lockinfo/lockscope")) {
        body->is_exclusive |= xml_is_dav(name, "exclusive");
        body->is_shared |= xml_is_dav(name, "shared");
    } else if (is_at(reader, "lockinfo/locktype")) {
        body->is_write |= xml_is_dav(name, "write");
    }
    return STATUS_OK;
}

static enum status start_in_document(struct reader *reader, const struct xml_name *name,
                                     const char *const *attributes)
{
    switch (reader->document) {
    case DAV_PROPFIND:
        return start_in_propfind(reader, name);
    case DAV_PROPERTYUPDATE:
        return start_in_update(reader, name, attributes);
    case DAV_LOCKINFO:
        return start_in_lockinfo(reader, name, attributes);
    }
    return STATUS_INVALID;
}

/* ------------------------------------------------------------------------ reading */

static enum status handle_declaration(void *context, struct view prefix,
                                      struct view uri)
{
    struct reader *reader = context;
    if (reader->has_excerpt)
        return excerpt_declare(&reader->excerpt, prefix, uri);
    bytes_append(&reader->declared, prefix);
    bytes_append(&reader->declared, view_of("", 1));
    bytes_append(&reader->declared, uri);
    bytes_append(&reader->declared, view_of("", 1));
    return STATUS_OK;
}

static void copy_text(char *to, size_t capacity, struct view text)
{
    size_t size = text.size < capacity ? text.size : 0;
    if (size)
        memcpy(to, text.data, size);
    to[size] = '\0';
}

static enum status enter(struct reader *reader, const struct xml_name *name,
                         const char *const *attributes)
{
    if (reader->depth == DAV_DEPTH_MAX)
        return STATUS_TOO_LARGE;
    struct level *level = &reader->levels[reader->depth];
    *level = (struct level){0};
    if (reader->depth)
        memcpy(level->language, level[-1].language, sizeof level->language);
    for (size_t i = 0; attributes[i]; i += 2) {
        struct xml_name attribute = xml_name_of(attributes[i]);
        if (view_equal(attribute.prefix, view_text("xml")) &&
            view_equal(attribute.local, view_text("lang")))
            copy_text(level->language, sizeof level->language,
                      view_text(attributes[i + 1]));
    }
    if (view_equal(name->ns, view_text("DAV:")))
        copy_text(level->name, sizeof level->name, name->local);
    reader->depth++;
    return STATUS_OK;
}

static enum status handle_start(void *context, unsigned depth,
                                const struct xml_name *name,
                                const char *const *attributes)
{
    struct reader *reader = context;
    if (reader->has_excerpt)
        return excerpt_start(&reader->excerpt, name, attributes, view_of("", 0));
    if (depth == 0 && !xml_is_dav(name, roots[reader->document]))
        return STATUS_INVALID;
    enum status status = start_in_document(reader, name, attributes);
    bytes_clear(&reader->declared);
    return status || reader->has_excerpt ? status : enter(reader, name, attributes);
}

static enum status handle_text(void *context, struct view text)
{
    struct reader *reader = context;
    if (reader->has_excerpt)
        excerpt_text(&reader->excerpt, text);
    return STATUS_OK;
}

static enum status handle_end(void *context, unsigned depth,
                              const struct xml_name *name)
{
    struct reader *reader = context;
    (void)depth;
    if (!reader->has_excerpt)
        reader->depth--;
    else if (excerpt_end(&reader->excerpt, name))
        end_excerpt(reader);
    return STATUS_OK;
}

/* What the document must have beyond its name. */
static enum status check(enum dav_document document, const struct dav_body *body,
                         struct bytes *why)
{
    if (document == DAV_PROPERTYUPDATE && !body->change_count) {
        bytes_append_text(why, "propertyupdate sets or removes no property");
        return STATUS_INVALID;
    }
    if (document == DAV_LOCKINFO &&
        (body->is_exclusive == body->is_shared || !body->is_write)) {
        bytes_append_text(why, "lockinfo says exclusive or shared, and write");
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

enum status dav_body_read(enum dav_document document, struct view text,
                          struct dav_body *body, struct bytes *why)
{
    static const struct xml_handler handler = {handle_declaration, handle_start,
                                               handle_text, handle_end};
    struct reader reader = {.document = document, .body = body};
    *body = (struct dav_body){.asks = ASKS_ALL};
    if (text.size == 0 && document == DAV_PROPFIND)
        return STATUS_OK;
    enum status status = xml_read(text, &handler, &reader, why);
    excerpt_free(&reader.excerpt);
    bytes_free(&reader.declared);
    return status ? status : check(document, body, why);
}

static void free_name(struct dav_name *name)
{
    free(name->ns);
    free(name->local);
}

void dav_body_free(struct dav_body *body)
{
    for (size_t i = 0; i < body->name_count; i++)
        free_name(&body->names[i]);
    for (size_t i = 0; i < body->change_count; i++) {
        free_name(&body->changes[i].name);
        bytes_free(&body->changes[i].value);
    }
    free(body->changes);
    bytes_free(&body->owner);
    *body = (struct dav_body){0};
}
