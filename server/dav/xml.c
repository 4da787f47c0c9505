/* SPDX-License-Identifier: MIT */
/*
 * expat hands out names as `uri SEPARATOR local SEPARATOR prefix`; the separator is a
 * byte that no XML document can hold.
 */
#include "server/dav/xml.h"

#include <expat.h>

#include "common/base/log.h"

#define SEPARATOR '\x01'

struct reading {
    XML_Parser parser;
    const struct xml_handler *handler;
    void *context;
    unsigned depth;
    enum status status;
    const char *why;
};

struct xml_name xml_name_of(const char *text)
{
    const char *first = strchr(text, SEPARATOR);
    if (!first)
        return (struct xml_name){.local = view_text(text)};
    const char *second = strchr(first + 1, SEPARATOR);
    struct xml_name name = {.ns = view_of(text, (size_t)(first - text))};
    name.local = second ? view_of(first + 1, (size_t)(second - first - 1))
                        : view_text(first + 1);
    if (second)
        name.prefix = view_text(second + 1);
    return name;
}

bool xml_is_dav(const struct xml_name *name, const char *local)
{
    return view_equal(name->ns, view_text("DAV:")) &&
           view_equal(name->local, view_text(local));
}

static void stop(struct reading *reading, enum status status, const char *why)
{
    if (status && !reading->status) {
        reading->status = status;
        reading->why = why;
        XML_StopParser(reading->parser, XML_FALSE);
    }
}

static void handle_start(void *context, const char *text, const char **attributes)
{
    struct reading *reading = context;
    struct xml_name name = xml_name_of(text);
    if (reading->status)
        return;
    if (reading->depth == XML_DEPTH_MAX) {
        stop(reading, STATUS_TOO_LARGE, "the XML is nested too deeply");
        return;
    }
    stop(reading,
         reading->handler->start(reading->context, reading->depth, &name,
                                 (const char *const *)attributes),
         NULL);
    reading->depth++;
}

static void handle_end(void *context, const char *text)
{
    struct reading *reading = context;
    struct xml_name name = xml_name_of(text);
    if (reading->status)
        return;
    reading->depth--;
    stop(reading, reading->handler->end(reading->context, reading->depth, &name), NULL);
}

static void handle_text(void *context, const char *text, int size)
{
    struct reading *reading = context;
    if (!reading->status)
        stop(reading,
             reading->handler->text(reading->context, view_of(text, (size_t)size)),
             NULL);
}

static void handle_declaration(void *context, const char *prefix, const char *uri)
{
    struct reading *reading = context;
    if (!reading->status)
        stop(reading,
             reading->handler->declare(reading->context,
                                       view_text(prefix ? prefix : ""),
                                       view_text(uri ? uri : "")),
             NULL);
}

static void handle_doctype(void *context, const char *name, const char *system,
                           const char *public, int has_subset)
{
    (void)name, (void)system, (void)public, (void)has_subset;
    stop(context, STATUS_PERMISSION, "XML with a DOCTYPE is not taken");
}

/* Where the handler stopped without a word. */
static const char *reason_of(enum status status)
{
    return status == STATUS_TOO_LARGE
               ? "the XML names too many properties, or is nested too deeply"
               : "the XML does not say what this method takes";
}

static enum status result_of(const struct reading *reading, enum XML_Status parsed,
                             struct bytes *why)
{
    if (reading->status) {
        bytes_append_text(why,
                          reading->why ? reading->why : reason_of(reading->status));
        return reading->status;
    }
    if (parsed == XML_STATUS_OK)
        return STATUS_OK;
    bytes_format(why, "the XML is broken in line %lu: %s",
                 (unsigned long)XML_GetCurrentLineNumber(reading->parser),
                 XML_ErrorString(XML_GetErrorCode(reading->parser)));
    return STATUS_INVALID;
}

enum status xml_read(struct view text, const struct xml_handler *handler, void *context,
                     struct bytes *why)
{
    struct reading reading = {.parser = XML_ParserCreateNS(NULL, SEPARATOR),
                              .handler = handler,
                              .context = context};
    ENSURE(reading.parser);
    XML_SetReturnNSTriplet(reading.parser, 1);
    XML_SetUserData(reading.parser, &reading);
    XML_SetElementHandler(reading.parser, handle_start, handle_end);
    XML_SetCharacterDataHandler(reading.parser, handle_text);
    XML_SetStartNamespaceDeclHandler(reading.parser, handle_declaration);
    XML_SetStartDoctypeDeclHandler(reading.parser, handle_doctype);
    enum XML_Status parsed =
        XML_Parse(reading.parser, text.data ? text.data : "", (int)text.size, 1);
    enum status status = result_of(&reading, parsed, why);
    XML_ParserFree(reading.parser);
    return status;
}

void xml_append_escaped(struct bytes *out, struct view text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        const char *escaped = byte == '&'    ? "&amp;"
                              : byte == '<'  ? "&lt;"
                              : byte == '>'  ? "&gt;"
                              : byte == '"'  ? "&quot;"
                              : byte == '\r' ? "&#13;"
                              : byte == '\n' ? "&#10;"
                              : byte == '\t' ? "&#9;"
                                             : NULL;
        if (!escaped)
            continue;
        bytes_append(out, view_of(text.data + from, i - from));
        bytes_append_text(out, escaped);
        from = i + 1;
    }
    if (text.size)
        bytes_append(out, view_of(text.data + from, text.size - from));
}
