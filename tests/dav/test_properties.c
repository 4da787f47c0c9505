/* SPDX-License-Identifier: MIT */
/* PROPFIND and PROPPATCH (RFC 4918, sections 9.1 and 9.2; RFC 4331; RFC 5397). */
#include "tests/dav/dav.h"

#include <stdio.h>
#include <string.h>

#define FILE_A "/actors/keep_1/a.txt"

static void open_with_file(void)
{
    fixture_open();
    make_actor("keep_1");
    cr_assert(answers("PUT", FILE_A, "", "one", 201, NULL));
}

TestSuite(properties, .init = open_with_file, .fini = fixture_close);

#define PROP(inside)                                                                   \
    "<?xml version='1.0'?><D:propfind xmlns:D='DAV:'><D:prop>" inside                  \
    "</D:prop></D:propfind>"
#define SET(inside)                                                                    \
    "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop>" inside                          \
    "</D:prop></D:set></D:propertyupdate>"

Test(properties, a_type_of_strange_bytes_spoils_no_listing)
{
    ANSWERS("PUT", "/actors/keep_1/state", "Content-Type: text/x\x01y\r\n", "1", 204,
            "");
    cr_expect(finds("/actors/keep_1/state", "",
                    "<D:getcontenttype>text/plain; charset=utf-8</D:getcontenttype>"));
    ANSWERS("PUT", "/actors/keep_1/state", "Content-Type: \xff\xfe\r\n", "2", 204, "");
    cr_expect(finds("/actors/keep_1/state", "",
                    "<D:getcontenttype>text/plain; charset=utf-8</D:getcontenttype>"));
}

Test(properties, infinity_is_refused_with_a_reason)
{
    static const char *const depths[] = {"", "Depth: infinity\r\n"};
    for (size_t i = 0; i < 2; i++) {
        const struct http_reply *reply = ask("PROPFIND", "/actors/", depths[i], NULL);
        cr_expect_eq(reply->code, 403);
        cr_expect(strstr(reply->body.data, "propfind-finite-depth"));
    }
    ANSWERS("PROPFIND", "/actors/", "Depth: 2\r\n", NULL, 400, NULL);
    ANSWERS("PROPFIND", "/actors/nobody", "Depth: 0\r\n", NULL, 404, NULL);
}

Test(properties, the_tag_is_the_same_everywhere)
{
    const struct http_reply *put = ask("PUT", FILE_A, "", "two");
    const char *tag = field(put, "ETag");
    cr_expect(tag[0] == '"');
    cr_expect_str_eq(field(ask("GET", FILE_A, "", NULL), "ETag"), tag);
    cr_expect_str_eq(field(ask("HEAD", FILE_A, "", NULL), "ETag"), tag);
    cr_expect(finds(FILE_A, PROP("<D:getetag/>"), tag));
    ANSWERS("PUT", "/actors/keep_1/state", "", "1", 204, NULL);
    tag = field(ask("HEAD", "/actors/keep_1/state", "", NULL), "ETag");
    cr_expect(finds("/actors/keep_1/state", NULL, tag));
}

Test(properties, sizes_and_kinds_are_true)
{
    cr_expect(finds(FILE_A, NULL, "<D:getcontentlength>3<"));
    cr_expect(finds("/actors/keep_1", NULL, "<D:collection/>"));
    cr_expect(finds("/actors/keep_1", NULL, "<D:href>/actors/keep_1/</D:href>"));
    ANSWERS("PUT", "/actors/keep_1/state", "", "12345", 204, NULL);
    cr_expect(finds("/actors/keep_1/state", NULL, "<D:getcontentlength>5<"));
}

Test(properties, a_folder_lists_what_is_in_it)
{
    const char *list = found("/actors/keep_1", "Depth: 1\r\n", NULL);
    static const char *const names[] = {"tasks", "execute", "state",    "status",
                                        "log",   "mailbox", "behavior", "a.txt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_expect(strstr(list, line(">/actors/keep_1/%s<", names[i])), "%s", names[i]);
}

Test(properties, a_long_list_is_whole)
{
    char name[32];
    for (unsigned i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "keep_9%u", i);
        make_actor(name);
    }
    const char *list = found("/actors", "Depth: 1\r\n", NULL);
    size_t count = 0;
    for (const char *at = list; (at = strstr(at, "<D:response>")); at++)
        count++;
    cr_expect_eq(count, 302, "%zu", count);
    cr_expect(strstr(list, "</D:multistatus>"));
}

Test(properties, space_is_told_of_folders_to_who_asks)
{
    const char *asked = PROP("<D:quota-available-bytes/><D:quota-used-bytes/>");
    cr_expect(finds("/actors", asked, "</D:quota-available-bytes>"));
    cr_expect(finds("/actors", asked, "</D:quota-used-bytes>"));
    cr_expect(!strstr(found("/actors", "Depth: 0\r\n", NULL), "quota"));
    cr_expect(finds("/", PROP("<D:current-user-principal/>"), "unauthenticated"));
}

Test(properties, what_is_not_there_is_404_unless_the_client_wants_it_short)
{
    const char *asked = PROP("<D:getetag/><x:no xmlns:x='u'/><D:displayname/>");
    cr_expect(finds(FILE_A, asked, "404 Not Found"));
    cr_expect(!strstr(found(FILE_A, "Depth: 0\r\nBrief: t\r\n", asked), "404"));
    cr_expect(
        !strstr(found(FILE_A, "Depth: 0\r\nPrefer: return=minimal\r\n", asked), "404"));
}

Test(properties, names_are_told_without_values)
{
    const char *names = found(FILE_A, "Depth: 0\r\n",
                              "<D:propfind xmlns:D='DAV:'><D:propname/></D:propfind>");
    cr_expect(strstr(names, "<D:getetag/>"));
}

Test(properties, dead_ones_mean_the_same_afterward)
{
    ANSWERS("PROPPATCH", FILE_A, "",
            "<D:propertyupdate xmlns:D='DAV:' xmlns:x='http://x/' xml:lang='de'><D:set>"
            "<D:prop><x:a x:b='1&lt;'>t <c xmlns='v'>&amp;</c> u</x:a></D:prop></D:set>"
            "</D:propertyupdate>",
            207, NULL);
    cr_expect(finds(FILE_A, PROP("<y:a xmlns:y='http://x/'/>"),
                    "<x:a xmlns:x=\"http://x/\" x:b=\"1&lt;\" xml:lang=\"de\">t "
                    "<c xmlns=\"v\">&amp;</c> u</x:a>"));
}

Test(properties, all_are_changed_or_none)
{
    const struct http_reply *reply =
        ask("PROPPATCH", FILE_A, "",
            SET("<x:a xmlns:x='u'>1</x:a><D:getetag>2</D:getetag>"));
    cr_expect_eq(reply->code, 207);
    cr_expect(strstr(reply->body.data, "424 Failed Dependency"));
    cr_expect(strstr(reply->body.data, "403 Forbidden"));
    cr_expect(strstr(reply->body.data, "cannot-modify-protected-property"));
    cr_expect(finds(FILE_A, PROP("<x:a xmlns:x='u'/>"), "404 Not Found"));
}

/* PROPPATCH with a property of that name and so many bytes; the answer. */
static const struct http_reply *set_large(const char *name, size_t size)
{
    BYTES_AUTO(body);
    bytes_format(
        &body, "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><%s xmlns='u'>", name);
    memset(bytes_reserve(&body, size), 'x', size);
    body.size += size;
    bytes_format(&body, "</%s></D:prop></D:set></D:propertyupdate>%c", name, 0);
    return ask("PROPPATCH", FILE_A, "", body.data);
}

Test(properties, a_file_keeps_so_many_and_not_more)
{
    cr_expect(strstr(set_large("a", 120000)->body.data, "200 OK"));
    cr_expect(strstr(set_large("b", 120000)->body.data, "200 OK"));
    const struct http_reply *reply = set_large("c", 10000);
    cr_expect_eq(reply->code, 207);
    cr_expect(strstr(reply->body.data, "<D:status>HTTP/1.1 507 Insufficient Storage<"));
    cr_expect(strstr(reply->body.data, "a file keeps 245760 bytes of properties"));
    cr_expect(finds(FILE_A, PROP("<c xmlns='u'/>"), "404 Not Found"));
    ANSWERS("PROPPATCH", FILE_A, "",
            "<D:propertyupdate xmlns:D='DAV:'><D:remove><D:prop><a xmlns='u'/></D:prop>"
            "</D:remove></D:propertyupdate>",
            207, NULL);
    cr_expect(strstr(set_large("c", 10000)->body.data, "200 OK"));
    cr_expect_eq(set_large("d", 200000)->code, 413, "more than one request may bring");
}

Test(properties, they_go_where_the_file_goes)
{
    ANSWERS("PROPPATCH", FILE_A, "", SET("<x:a xmlns:x='u'>mine</x:a>"), 207, NULL);
    ANSWERS("COPY", FILE_A, "Destination: /actors/keep_1/b\r\n", NULL, 201, NULL);
    ANSWERS("MOVE", FILE_A, "Destination: /actors/keep_1/c\r\n", NULL, 201, NULL);
    cr_expect(finds("/actors/keep_1/b", NULL, ">mine<"));
    cr_expect(finds("/actors/keep_1/c", NULL, ">mine<"));
    ANSWERS("PUT", FILE_A, "", "new", 201, NULL);
    cr_expect(!strstr(found(FILE_A, "Depth: 0\r\n", NULL), ">mine<"));
    ANSWERS("DELETE", "/actors/keep_1/c", "", NULL, 204, NULL);
    ANSWERS("PUT", "/actors/keep_1/c", "", "new", 201, NULL);
    cr_expect(!strstr(found("/actors/keep_1/c", "Depth: 0\r\n", NULL), ">mine<"));
}

Test(properties, explorer_s_are_taken)
{
    const struct http_reply *reply = ask(
        "PROPPATCH", FILE_A, "",
        SET("<Z:Win32CreationTime xmlns:Z='urn:schemas-microsoft-com:'>Thu, 26 Nov "
            "2026 "
            "10:00:00 GMT</Z:Win32CreationTime><Z:Win32FileAttributes "
            "xmlns:Z='urn:schemas-microsoft-com:'>00000020</Z:Win32FileAttributes>"));
    cr_expect_eq(reply->code, 207);
    cr_expect(strstr(reply->body.data, "200 OK"));
    cr_expect(!strstr(reply->body.data, "403"));
}

Test(properties, hostile_xml_is_refused_at_once)
{
    char deep[16384] = "<D:propfind xmlns:D='DAV:'><D:prop>";
    const struct http_reply *reply =
        ask("PROPFIND", FILE_A, "Depth: 0\r\n",
            "<!DOCTYPE a [<!ENTITY l 'lol'>]><D:propfind xmlns:D='DAV:'>&l;"
            "</D:propfind>");
    cr_expect_eq(reply->code, 403);
    cr_expect(strstr(reply->body.data, "no-external-entities"));
    for (int i = 0; i < 1000; i++)
        strcat(deep, "<a>");
    ANSWERS("PROPFIND", FILE_A, "Depth: 0\r\n", deep, 413, NULL);
    ANSWERS("PROPFIND", FILE_A, "Depth: 0\r\n", "<a", 400, NULL);
    ANSWERS("PROPFIND", FILE_A, "Depth: 0\r\n", "<a/>", 400, NULL);
    ANSWERS("PROPFIND", FILE_A, "Depth: 0\r\n", PROP("<x:a/>"), 400, NULL);
    ANSWERS("PROPFIND", FILE_A, "Depth: 0\r\n", PROP("<b:a xmlns:b=''/>"), 400, NULL);
}

/* 200,000 names in 9 MiB: not a byte of it is kept. */
Test(properties, a_document_of_megabytes_is_refused)
{
    BYTES_AUTO(body);
    bytes_format(&body, "<D:propfind xmlns:D='DAV:'><D:prop>");
    for (int i = 0; i < 200000; i++)
        bytes_format(&body, "<x:property%06d xmlns:x='u:%06d'/>", i, i);
    bytes_format(&body, "</D:prop></D:propfind>%c", 0);
    ANSWERS("PROPFIND", FILE_A, "Depth: 0\r\n", body.data, 413, NULL);
    cr_expect(finds(FILE_A, NULL, "<D:getcontentlength>3<"));
}

Test(properties, more_names_than_anybody_asks_for_are_refused)
{
    static char many[9000] = "<D:propfind xmlns:D='DAV:'><D:prop>";
    for (int i = 0; i < 300; i++)
        sprintf(many + strlen(many), "<p%d/>", i);
    strcat(many, "</D:prop></D:propfind>");
    const struct http_reply *reply = ask("PROPFIND", FILE_A, "Depth: 0\r\n", many);
    cr_expect_eq(reply->code, 413);
    cr_expect(strstr(reply->body.data, "too many properties"), "%s", reply->body.data);
}
