/* SPDX-License-Identifier: MIT */
/*
 * A prefix is declared where the document declares it, and once more where the excerpt
 * begins if that lies outside. Declarations are kept in a list that shrinks as elements
 * end; the last one of a prefix holds.
 */
#include "server/dav/excerpt.h"

struct binding {
    unsigned depth;
    const char *prefix, *uri;
    size_t end; /* of its bytes in scopes */
};

void excerpt_free(struct excerpt *excerpt)
{
    bytes_free(&excerpt->text);
    bytes_free(&excerpt->scopes);
}

/* The binding at an offset. */
static struct binding binding_at(const struct excerpt *excerpt, size_t at)
{
    struct binding binding;
    const char *data = excerpt->scopes.data;
    memcpy(&binding.depth, data + at, sizeof binding.depth);
    binding.prefix = data + at + sizeof binding.depth;
    binding.uri = binding.prefix + strlen(binding.prefix) + 1;
    binding.end = (size_t)(binding.uri + strlen(binding.uri) + 1 - data);
    return binding;
}

/* What the prefix stands for at this place of the excerpt. */
static struct view uri_of(const struct excerpt *excerpt, struct view prefix)
{
    struct view uri = view_of("", 0);
    struct binding binding;
    for (size_t at = 0; at < excerpt->scopes.size; at = binding.end) {
        binding = binding_at(excerpt, at);
        if (view_equal(view_text(binding.prefix), prefix))
            uri = view_text(binding.uri);
    }
    return uri;
}

static void leave_scope(struct excerpt *excerpt)
{
    struct binding binding;
    for (size_t at = 0; at < excerpt->scopes.size; at = binding.end) {
        binding = binding_at(excerpt, at);
        if (binding.depth > excerpt->depth) {
            excerpt->scopes.size = at;
            return;
        }
    }
}

static enum status bind(struct excerpt *excerpt, struct view prefix, struct view uri)
{
    unsigned depth = excerpt->depth + 1; /* of the element that begins */
    if (excerpt->scopes.size > EXCERPT_SCOPE_BYTES_MAX)
        return STATUS_TOO_LARGE;
    bytes_append(&excerpt->scopes, view_of(&depth, sizeof depth));
    bytes_append(&excerpt->scopes, prefix);
    bytes_append(&excerpt->scopes, view_of("", 1));
    bytes_append(&excerpt->scopes, uri);
    bytes_append(&excerpt->scopes, view_of("", 1));
    return STATUS_OK;
}

enum status excerpt_declare(struct excerpt *excerpt, struct view prefix,
                            struct view uri)
{
    return bind(excerpt, prefix, uri);
}

/* ----------------------------------------------------------------------- elements */

static void close_tag(struct excerpt *excerpt)
{
    if (excerpt->is_tag_open)
        bytes_append_text(&excerpt->text, ">");
    excerpt->is_tag_open = false;
}

static void append_name(struct excerpt *excerpt, const struct xml_name *name)
{
    bytes_append(&excerpt->text, name->prefix);
    if (name->prefix.size)
        bytes_append_text(&excerpt->text, ":");
    bytes_append(&excerpt->text, name->local);
}

static bool is_reserved(struct view prefix)
{
    return view_equal(prefix, view_text("xml"));
}

/* Where the name's prefix was declared outside the excerpt. */
static enum status bind_missing(struct excerpt *excerpt, const struct xml_name *name)
{
    if (is_reserved(name->prefix) ||
        view_equal(uri_of(excerpt, name->prefix), name->ns))
        return STATUS_OK;
    return bind(excerpt, name->prefix, name->ns);
}

/* All that the new element declares; the last of a prefix holds. */
static void append_declarations(struct excerpt *excerpt)
{
    struct binding binding;
    for (size_t at = 0; at < excerpt->scopes.size; at = binding.end) {
        binding = binding_at(excerpt, at);
        if (binding.depth <= excerpt->depth)
            continue;
        bytes_format(&excerpt->text, " xmlns%s%s=\"", *binding.prefix ? ":" : "",
                     binding.prefix);
        xml_append_escaped(&excerpt->text, view_text(binding.uri));
        bytes_append_text(&excerpt->text, "\"");
    }
}

static void append_attribute(struct excerpt *excerpt, const struct xml_name *name,
                             struct view value)
{
    bytes_append_text(&excerpt->text, " ");
    append_name(excerpt, name);
    bytes_append_text(&excerpt->text, "=\"");
    xml_append_escaped(&excerpt->text, value);
    bytes_append_text(&excerpt->text, "\"");
}

static bool append_attributes(struct excerpt *excerpt, const char *const *attributes)
{
    bool has_language = false;
    for (size_t i = 0; attributes[i]; i += 2) {
        struct xml_name name = xml_name_of(attributes[i]);
        append_attribute(excerpt, &name, view_text(attributes[i + 1]));
        has_language |=
            is_reserved(name.prefix) && view_equal(name.local, view_text("lang"));
    }
    return has_language;
}

enum status excerpt_start(struct excerpt *excerpt, const struct xml_name *name,
                          const char *const *attributes, struct view language)
{
    enum status status = bind_missing(excerpt, name);
    for (size_t i = 0; attributes[i] && !status; i += 2) {
        struct xml_name attribute = xml_name_of(attributes[i]);
        if (attribute.prefix.size)
            status = bind_missing(excerpt, &attribute);
    }
    if (status)
        return status;
    close_tag(excerpt);
    bytes_append_text(&excerpt->text, "<");
    append_name(excerpt, name);
    append_declarations(excerpt);
    if (!append_attributes(excerpt, attributes) && excerpt->depth == 0 && language.size)
        append_attribute(
            excerpt,
            &(struct xml_name){.prefix = view_text("xml"), .local = view_text("lang")},
            language);
    excerpt->is_tag_open = true;
    excerpt->depth++;
    return STATUS_OK;
}

void excerpt_text(struct excerpt *excerpt, struct view text)
{
    close_tag(excerpt);
    xml_append_escaped(&excerpt->text, text);
}

bool excerpt_end(struct excerpt *excerpt, const struct xml_name *name)
{
    excerpt->depth--;
    leave_scope(excerpt);
    if (excerpt->is_tag_open) {
        bytes_append_text(&excerpt->text, "/>");
        excerpt->is_tag_open = false;
        return excerpt->depth == 0;
    }
    bytes_append_text(&excerpt->text, "</");
    append_name(excerpt, name);
    bytes_append_text(&excerpt->text, ">");
    return excerpt->depth == 0;
}
