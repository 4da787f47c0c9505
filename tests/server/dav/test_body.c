/* SPDX-License-Identifier: MIT */
/* What the bodies of WebDAV's methods say. */
#include "server/dav/body.h"

#include <criterion/criterion.h>

static struct dav_body body;
static struct bytes why;

static void forget(void)
{
    dav_body_free(&body);
    bytes_free(&why);
}

TestSuite(dav_body, .fini = forget);

static enum status read_body(enum dav_document document, const char *text)
{
    forget();
    return dav_body_read(document, view_text(text), &body, &why);
}

#define SET(inside)                                                                    \
    "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop>" inside                        \
    "</D:prop></D:set></D:propertyupdate>"

static void expect_kept(const char *document, const char *element)
{
    cr_assert_eq(read_body(DAV_PROPERTYUPDATE, document), STATUS_OK, "%s", document);
    cr_assert_eq(body.change_count, 1);
    cr_expect(view_equal(view_bytes(&body.changes[0].value), view_text(element)),
              "%.*s", (int)body.changes[0].value.size, body.changes[0].value.data);
}

Test(dav_body, no_body_asks_for_all)
{
    cr_assert_eq(read_body(DAV_PROPFIND, ""), STATUS_OK);
    cr_expect_eq(body.asks, ASKS_ALL);
}

Test(dav_body, names_come_with_their_namespaces)
{
    cr_assert_eq(read_body(DAV_PROPFIND, "<propfind xmlns='DAV:'><prop><a/><b "
                                         "xmlns='u'/><c xmlns=''/></prop></propfind>"),
                 STATUS_OK);
    cr_expect_eq(body.asks, ASKS_SOME);
    cr_assert_eq(body.name_count, 3);
    cr_expect_str_eq(body.names[0].ns, "DAV:");
    cr_expect_str_eq(body.names[1].ns, "u");
    cr_expect_str_eq(body.names[2].ns, "");
}

Test(dav_body, what_is_not_known_is_passed_over)
{
    cr_assert_eq(read_body(DAV_PROPFIND, "<D:propfind xmlns:D='DAV:' xmlns:E='e'>"
                                         "<E:prop><D:a/></E:prop><D:propname/>"
                                         "</D:propfind>"),
                 STATUS_OK);
    cr_expect_eq(body.asks, ASKS_NAMES);
    cr_expect_eq(body.name_count, 0);
}

Test(dav_body, a_value_declares_what_it_takes_from_outside)
{
    expect_kept("<D:propertyupdate xmlns:D='DAV:' xmlns:x='u' xmlns:y='v'><D:set>"
                "<D:prop><x:a y:b='1'><y:c/></x:a></D:prop></D:set></D:propertyupdate>",
                "<x:a xmlns:x=\"u\" xmlns:y=\"v\" y:b=\"1\"><y:c/></x:a>");
}

Test(dav_body, a_value_keeps_its_mixture_and_its_spaces)
{
    expect_kept(SET("<a xmlns='u'> t <b>&lt;&amp;</b>\tu </a>"),
                "<a xmlns=\"u\"> t <b>&lt;&amp;</b>&#9;u </a>");
    expect_kept(SET("<a xmlns='u'><b xmlns=''/></a>"),
                "<a xmlns=\"u\"><b xmlns=\"\"/></a>");
    expect_kept(SET("<D:a/>"), "<D:a xmlns:D=\"DAV:\"/>");
}

Test(dav_body, the_language_in_scope_goes_along)
{
    expect_kept("<D:propertyupdate xmlns:D='DAV:' xml:lang='de'><D:set><D:prop>"
                "<a/></D:prop></D:set></D:propertyupdate>",
                "<a xml:lang=\"de\"/>");
    expect_kept("<D:propertyupdate xmlns:D='DAV:' xml:lang='de'><D:set><D:prop>"
                "<a xml:lang='fr'/></D:prop></D:set></D:propertyupdate>",
                "<a xml:lang=\"fr\"/>");
}

Test(dav_body, changes_stand_in_order)
{
    cr_assert_eq(read_body(DAV_PROPERTYUPDATE,
                           "<D:propertyupdate xmlns:D='DAV:'><D:remove><D:prop><a/>"
                           "</D:prop></D:remove><D:set><D:prop><b>1</b><c/></D:prop>"
                           "</D:set></D:propertyupdate>"),
                 STATUS_OK);
    cr_assert_eq(body.change_count, 3);
    cr_expect(body.changes[0].is_removal);
    cr_expect_str_eq(body.changes[1].name.local, "b");
    cr_expect_str_eq(body.changes[2].name.local, "c");
}

Test(dav_body, a_lock_says_its_scope_and_its_owner)
{
    cr_assert_eq(read_body(DAV_LOCKINFO,
                           "<D:lockinfo xmlns:D='DAV:'><D:lockscope><D:shared/>"
                           "</D:lockscope><D:locktype><D:write/></D:locktype><D:owner>"
                           "me</D:owner></D:lockinfo>"),
                 STATUS_OK);
    cr_expect(body.is_shared && !body.is_exclusive);
    cr_expect(view_equal(view_bytes(&body.owner),
                         view_text("<D:owner xmlns:D=\"DAV:\">me</D:owner>")));
    cr_expect_eq(read_body(DAV_LOCKINFO, "<D:lockinfo xmlns:D='DAV:'/>"),
                 STATUS_INVALID);
}

Test(dav_body, entities_of_the_document_s_own_are_refused)
{
    cr_expect_eq(read_body(DAV_PROPFIND, "<!DOCTYPE a [<!ENTITY l 'l'>]><D:propfind "
                                         "xmlns:D='DAV:'>&l;</D:propfind>"),
                 STATUS_PERMISSION);
    cr_expect_eq(read_body(DAV_PROPFIND, "<!DOCTYPE a SYSTEM 'file:///etc/passwd'>"
                                         "<D:propfind xmlns:D='DAV:'/>"),
                 STATUS_PERMISSION);
}

Test(dav_body, another_document_is_refused)
{
    static const char *const texts[] = {
        "<a/>",        "<D:propertyupdate xmlns:D='DAV:'/>",
        "<propfind/>", "x",
        "<a",          "<D:propfind xmlns:D='DAV:'><x:a/></D:propfind>"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_expect_eq(read_body(DAV_PROPFIND, texts[i]), STATUS_INVALID, "%s", texts[i]);
    cr_expect_gt(why.size, 0);
}
