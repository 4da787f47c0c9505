/* SPDX-License-Identifier: MIT */
/*
 * The XML of PROPFIND, PROPPATCH and LOCK; the first byte chooses. Whatever the bytes
 * are: the body is read or refused with a reason; and an element that is kept reads
 * again on its own, under the name it was kept by, as itself.
 */
#include <stdint.h>

#include "common/base/log.h"
#include "server/dav/body.h"
#include "server/dav/properties.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_back(struct view element, struct dav_body *body_out)
{
    BYTES_AUTO(document);
    BYTES_AUTO(why);
    bytes_append_text(&document, "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop>");
    bytes_append(&document, element);
    bytes_append_text(&document, "</D:prop></D:set></D:propertyupdate>");
    ENSURE(dav_body_read(DAV_PROPERTYUPDATE, view_bytes(&document), body_out, &why) ==
           STATUS_OK);
    ENSURE(body_out->change_count == 1);
}

/* What a client sees of a property it set, it may set again. */
static void check_change(const struct dav_change *change)
{
    struct dav_body once, twice;
    read_back(view_bytes(&change->value), &once);
    ENSURE(strcmp(once.changes[0].name.ns, change->name.ns) == 0);
    ENSURE(strcmp(once.changes[0].name.local, change->name.local) == 0);
    read_back(view_bytes(&once.changes[0].value), &twice);
    ENSURE(view_equal(view_bytes(&once.changes[0].value),
                      view_bytes(&twice.changes[0].value)));
    dav_body_free(&once);
    dav_body_free(&twice);
}

static void check_set(const struct dav_body *body)
{
    BYTES_AUTO(set);
    struct dav_property found;
    for (size_t i = 0; i < body->change_count; i++) {
        const struct dav_change *change = &body->changes[i];
        struct dav_property property = {view_text(change->name.ns),
                                        view_text(change->name.local),
                                        view_bytes(&change->value)};
        if (change->is_removal)
            dav_properties_remove(&set, property.ns, property.local);
        else
            dav_properties_set(&set, &property);
        ENSURE(dav_properties_find(view_bytes(&set), property.ns, property.local,
                                   &found) == !change->is_removal);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dav_body body;
    BYTES_AUTO(why);
    if (size == 0)
        return 0;
    enum dav_document document = (enum dav_document)(data[0] % 3);
    enum status status =
        dav_body_read(document, view_of(data + 1, size - 1), &body, &why);
    ENSURE(status == STATUS_OK || why.size > 0);
    ENSURE(body.name_count <= DAV_NAMES_MAX && body.change_count <= DAV_NAMES_MAX);
    if (status == STATUS_OK) {
        for (size_t i = 0; i < body.change_count; i++)
            if (!body.changes[i].is_removal)
                check_change(&body.changes[i]);
        check_set(&body);
    }
    dav_body_free(&body);
    return 0;
}
