/* SPDX-License-Identifier: MIT */
/* The dead properties of a resource as one value. */
#include "server/dav/properties.h"

#include <criterion/criterion.h>

static struct bytes value;

static void forget(void)
{
    bytes_free(&value);
}

TestSuite(dav_properties, .fini = forget);

static void set(const char *ns, const char *local, const char *element)
{
    struct dav_property property = {view_text(ns), view_text(local),
                                    view_text(element)};
    dav_properties_set(&value, &property);
}

static bool holds(const char *ns, const char *local, const char *element)
{
    struct dav_property property;
    return dav_properties_find(view_bytes(&value), view_text(ns), view_text(local),
                               &property) &&
           view_equal(property.element, view_text(element));
}

static size_t count(void)
{
    struct view rest = view_bytes(&value);
    struct dav_property property;
    size_t properties = 0;
    while (dav_properties_next(&rest, &property))
        properties++;
    return properties;
}

Test(dav_properties, one_is_found_by_namespace_and_name)
{
    set("u", "a", "<1/>");
    set("v", "a", "<2/>");
    cr_expect(holds("u", "a", "<1/>"));
    cr_expect(holds("v", "a", "<2/>"));
    cr_expect(!holds("", "a", "<1/>"));
}

Test(dav_properties, a_new_value_takes_the_old_one_s_place)
{
    set("u", "a", "<1/>");
    set("u", "b", "<2/>");
    set("u", "a", "<3/>");
    cr_expect(holds("u", "a", "<3/>"));
    cr_expect(holds("u", "b", "<2/>"));
    cr_expect_eq(count(), 2);
}

Test(dav_properties, removing_leaves_the_others)
{
    set("u", "a", "<1/>");
    set("u", "b", "<2/>");
    set("u", "c", "<3/>");
    dav_properties_remove(&value, view_text("u"), view_text("b"));
    dav_properties_remove(&value, view_text("u"), view_text("none"));
    cr_expect_eq(count(), 2);
    cr_expect(holds("u", "a", "<1/>") && holds("u", "c", "<3/>"));
    dav_properties_remove(&value, view_text("u"), view_text("a"));
    dav_properties_remove(&value, view_text("u"), view_text("c"));
    cr_expect_eq(value.size, 0);
}

Test(dav_properties, what_is_no_value_ends)
{
    bytes_append_text(&value, "\xff\xff\xff\xffx");
    cr_expect_eq(count(), 0);
}
