/* SPDX-License-Identifier: MIT */
/* Ordinary files over HTTP: PUT, GET, DELETE, MKCOL, COPY, MOVE (contract, section 9).
 */
#include "tests/dav/dav.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BASE "/actors/keep_1"

static void open_with_actor(void)
{
    fixture_open();
    make_actor("keep_1");
}

TestSuite(ordinary, .init = open_with_actor, .fini = fixture_close);

static const char *to(const char *target)
{
    return line("Destination: %s\r\n", target);
}

Test(ordinary, what_is_put_is_got)
{
    ANSWERS("PUT", BASE "/a.txt", "", "hello", 201, "");
    ANSWERS("GET", BASE "/a.txt", "", NULL, 200, "hello");
    ANSWERS("PUT", BASE "/a.txt", "", "", 204, "");
    ANSWERS("GET", BASE "/a.txt", "", NULL, 200, "");
    ANSWERS("PUT", BASE "/no/a.txt", "", "1", 409, NULL);
    ANSWERS("PUT", "/actors/nobody/a.txt", "", "1", 409, NULL);
    ANSWERS("PUT", "/actors/a.txt", "", "1", 403, NULL);
    ANSWERS("PUT", "/actors/.DS_Store", "", "1", 201, NULL);
}

Test(ordinary, parts_are_got_by_ranges)
{
    ANSWERS("PUT", BASE "/a", "", "0123456789", 201, NULL);
    ANSWERS("GET", BASE "/a", "Range: bytes=2-4\r\n", NULL, 206, "234");
    ANSWERS("GET", BASE "/a", "Range: bytes=-3\r\n", NULL, 206, "789");
    const struct http_reply *reply =
        ask("GET", BASE "/a", "Range: bytes=20-\r\n", NULL);
    cr_expect_eq(reply->code, 416);
    cr_expect_str_eq(field(reply, "Content-Range"), "bytes */10");
    ANSWERS("GET", BASE "/a", "Range: bytes=2-4\r\nIf-Range: \"no\"\r\n", NULL, 200,
            "0123456789");
    ANSWERS("PUT", BASE "/a", "Content-Range: bytes 0-0/1\r\n", "x", 400, NULL);
}

Test(ordinary, a_range_that_is_none_is_passed_over)
{
    static const char *const ranges[] = {"bytes=3-1", "bytes=3-x", "bytes=x-3",
                                         "bytes=3-18446744073709551616", "bytes=3"};
    ANSWERS("PUT", BASE "/a", "", "0123456789", 201, NULL);
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        ANSWERS("GET", BASE "/a", line("Range: %s\r\n", ranges[i]), NULL, 200,
                "0123456789");
}

Test(ordinary, conditions_are_obeyed_by_whatever_writes)
{
    ANSWERS("PUT", BASE "/a", "If-Match: *\r\n", "1", 412, NULL);
    ANSWERS("PUT", BASE "/a", "If-None-Match: *\r\n", "1", 201, NULL);
    ANSWERS("PUT", BASE "/a", "If-None-Match: *\r\n", "2", 412, NULL);
    ANSWERS("PUT", BASE "/a", "If-Match: \"no\"\r\n", "2", 412, NULL);
    ANSWERS("DELETE", BASE "/a", "If-Match: \"no\"\r\n", NULL, 412, NULL);
    ANSWERS("GET", BASE "/a", "", NULL, 200, "1");
    const char *tag = field(ask("GET", BASE "/a", "", NULL), "ETag");
    ANSWERS("GET", BASE "/a", line("If-None-Match: %s\r\n", tag), NULL, 304, "");
    ANSWERS("PUT", BASE "/a", line("If-Match: %s\r\n", tag), "2", 204, NULL);
    ANSWERS("PUT", BASE "/a", line("If-Match: %s\r\n", tag), "3", 412, NULL);
}

Test(ordinary, a_date_is_a_condition_where_there_is_no_tag)
{
    static const char *const files[] = {BASE "/a", BASE "/state"};
    const char *before = "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    const char *later = "If-Unmodified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n";
    ANSWERS("PUT", BASE "/a", before, "1", 201, NULL);
    for (size_t i = 0; i < 2; i++) {
        ANSWERS("PUT", files[i], later, "2", 204, NULL);
        const char *tag = field(ask("HEAD", files[i], "", NULL), "ETag");
        ANSWERS("PUT", files[i], before, "3", 412, NULL);
        ANSWERS("DELETE", files[i], before, NULL, 412, NULL);
        ANSWERS("GET", files[i], before, NULL, 412, NULL);
        ANSWERS("GET", files[i], later, NULL, 200, "2");
        ANSWERS("PUT", files[i], line("%sIf-Match: %s\r\n", before, tag), "4", 204, "");
    }
}

/* Of requests that come at once not exactly one is answered with that code. */
static bool has_no_winner(const char *method, const char *target, const char *headers,
                          const char *code)
{
    int sockets[8];
    unsigned winners = 0;
    for (size_t i = 0; i < 8; i++)
        sockets[i] = begin(method, target, headers, "1");
    for (size_t i = 0; i < 8; i++)
        winners += strncmp(rest_of(sockets[i]) + strlen("HTTP/1.1 "), code, 3) == 0;
    return winners != 1;
}

Test(ordinary, of_those_who_saw_the_same_version_one_wins)
{
    unsigned wrong = 0;
    ANSWERS("PUT", BASE "/a", "", "1", 201, NULL);
    for (int round = 0; round < 30; round++) {
        const char *tag = field(ask("HEAD", BASE "/a", "", NULL), "ETag");
        wrong += has_no_winner("PUT", BASE "/a", line("If-Match: %s\r\n", tag), "204");
    }
    cr_expect_eq(wrong, 0);
}

Test(ordinary, of_those_who_send_what_is_new_one_is_first)
{
    unsigned wrong = 0;
    for (int round = 0; round < 30; round++)
        wrong += has_no_winner("PUT", line(BASE "/tasks@%d", round),
                               "If-None-Match: *\r\n", "202");
    cr_expect_eq(wrong, 0);
}

Test(ordinary, what_is_refused_neither_makes_a_name_anew_nor_announces_one)
{
    const char *other = "If-Match: \"no\"\r\n";
    ANSWERS("DELETE", BASE "/state", "", NULL, 204, "");
    ANSWERS("PUT", BASE "/state", other, "1", 412, NULL);
    ANSWERS("GET", BASE "/state", "", NULL, 404, NULL);
    ANSWERS("PUT", BASE "/state", "", "1", 204, "");
    ANSWERS("GET", BASE "/state", "", NULL, 200, "1");
    ANSWERS("PUT", BASE "/tasks@k", "If: (<urn:x>)\r\n", "", 412, NULL);
    ANSWERS("GET", BASE "/tasks@k", "", NULL, 404, NULL);
    ANSWERS("PUT", BASE "/tasks@k", "", "", 204, "");
    ANSWERS("GET", BASE "/tasks@k", "", NULL, 200, "");
}

Test(ordinary, tags_may_stand_in_several_fields)
{
    static const char *const files[] = {BASE "/a", BASE "/state"};
    for (size_t i = 0; i < 2; i++) {
        ANSWERS("PUT", files[i], "", "1", i ? 204 : 201, NULL);
        const char *tag = field(ask("HEAD", files[i], "", NULL), "ETag");
        ANSWERS("GET", files[i],
                line("If-None-Match: \"a\"\r\nIf-None-Match: %s\r\n", tag), NULL, 304,
                "");
        ANSWERS("GET", files[i], line("If-Match: \"a\"\r\nIf-Match: %s\r\n", tag), NULL,
                200, "1");
    }
}

#define PATCH                                                                          \
    "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><x:p xmlns:x='u'>1</x:p>"         \
    "</D:prop></D:set></D:propertyupdate>"

static const struct {
    const char *method, *headers, *body;
    int code; /* where the condition holds */
} writes[] = {
    {"PROPPATCH", "", PATCH, 207}, {"COPY", "Destination: " BASE "/b\r\n", NULL, 201},
    {"PUT", "", "1", 204},         {"MOVE", "Destination: " BASE "/c\r\n", NULL, 201},
    {"PUT", "", "1", 201},         {"DELETE", "", NULL, 204},
    {"PUT", "", "1", 201},         {"LOCK", "", EXCLUSIVE, 200}};

Test(ordinary, each_writing_method_obeys_each_condition)
{
    ANSWERS("PUT", BASE "/a", "", "1", 201, NULL);
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        const char *method = writes[i].method, *headers = writes[i].headers;
        const char *tag = field(ask("HEAD", BASE "/a", "", NULL), "ETag");
        bool is_there = *tag;
        ANSWERS(method, BASE "/a", line("If-Match: \"no\"\r\n%s", headers),
                writes[i].body, 412, NULL);
        if (is_there)
            ANSWERS(method, BASE "/a", line("If-None-Match: *\r\n%s", headers),
                    writes[i].body, 412, NULL);
        ANSWERS(method, BASE "/a",
                is_there ? line("If-Match: %s\r\n%s", tag, headers)
                         : line("If-None-Match: *\r\n%s", headers),
                writes[i].body, writes[i].code, NULL);
    }
    ANSWERS("MKCOL", BASE "/new", "If-Match: *\r\n", NULL, 412, NULL);
    ANSWERS("MKCOL", BASE "/new", "If-None-Match: *\r\n", NULL, 201, NULL);
}

Test(ordinary, on_what_takes_messages_if_match_holds_if_the_file_is_there)
{
    static const char *const files[] = {BASE "/tasks", BASE "/execute", BASE "/status"};
    const char *other = "If-Match: \"no\"\r\n";
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        ANSWERS("PROPPATCH", files[i], other, PATCH, 207, NULL);
        ANSWERS("LOCK", files[i], "If-None-Match: *\r\n", EXCLUSIVE, 412, NULL);
        ANSWERS("DELETE", files[i], "If-None-Match: *\r\n", NULL, 412, NULL);
        ANSWERS("DELETE", files[i], other, NULL, 204, NULL);
    }
}

Test(ordinary, a_put_that_is_cut_off_harms_nothing)
{
    ANSWERS("PUT", BASE "/a", "", "old", 201, NULL);
    int socket = http_connect(fixture.address);
    const char *half =
        "PUT " BASE "/a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nnew";
    cr_assert_eq(send(socket, half, strlen(half), 0), (ssize_t)strlen(half));
    ANSWERS("GET", BASE "/a", "", NULL, 200, "old");
    close(socket);
    ANSWERS("GET", BASE "/a", "", NULL, 200, "old");
}

Test(ordinary, folders_are_made_and_removed_whole)
{
    ANSWERS("MKCOL", BASE "/f", "", NULL, 201, "");
    ANSWERS("MKCOL", BASE "/f", "", NULL, 405, NULL);
    ANSWERS("MKCOL", BASE "/no/f", "", NULL, 409, NULL);
    ANSWERS("MKCOL", BASE "/g", "", "body", 415, NULL);
    ANSWERS("PUT", BASE "/f/a", "", "1", 201, NULL);
    ANSWERS("PUT", BASE "/f", "", "1", 405, NULL);
    ANSWERS("MKCOL", BASE "/f/a/b", "", NULL, 409, NULL);
    ANSWERS("DELETE", BASE "/f", "", NULL, 204, "");
    ANSWERS("GET", BASE "/f/a", "", NULL, 404, NULL);
    ANSWERS("DELETE", BASE "/f", "", NULL, 404, NULL);
}

Test(ordinary, names_keep_their_signs)
{
    ANSWERS("PUT", BASE "/a%20b@c%25d", "", "1", 201, NULL);
    ANSWERS("GET", BASE "/a%20b%40c%25d", "", NULL, 200, "1");
    cr_expect(strstr(found(BASE, "Depth: 1\r\n", NULL), "/a%20b@c%25d<"));
    ANSWERS("COPY", BASE "/a%20b@c%25d", to(BASE "/%C3%BC"), NULL, 201, NULL);
    ANSWERS("GET", BASE "/%C3%BC", "", NULL, 200, "1");
}

Test(ordinary, copies_and_moves_tell_what_they_did)
{
    ANSWERS("PUT", BASE "/a", "", "1", 201, NULL);
    ANSWERS("COPY", BASE "/a", to(BASE "/b"), NULL, 201, "");
    ANSWERS("COPY", BASE "/a", to(BASE "/b"), NULL, 204, "");
    ANSWERS("COPY", BASE "/a", line("%sOverwrite: F\r\n", to(BASE "/b")), NULL, 412,
            NULL);
    ANSWERS("MOVE", BASE "/a", to(BASE "/a"), NULL, 403, NULL);
    ANSWERS("MOVE", BASE "/a", to(BASE "/no/a"), NULL, 409, NULL);
    ANSWERS("MOVE", BASE "/a", to("http://elsewhere.example/a"), NULL, 502, NULL);
    ANSWERS("MOVE", BASE "/a", to("nonsense"), NULL, 400, NULL);
    ANSWERS("MOVE", BASE "/a", "", NULL, 400, NULL);
    ANSWERS("MOVE", BASE "/a", line("%sOverwrite: X\r\n", to(BASE "/b")), NULL, 400,
            NULL);
    ANSWERS("MOVE", BASE "/a", to(BASE "/c"), NULL, 201, "");
    ANSWERS("GET", BASE "/a", "", NULL, 404, NULL);
    ANSWERS("GET", BASE "/c", "", NULL, 200, "1");
}

Test(ordinary, a_task_is_not_copied_before_it_is_finished)
{
    ANSWERS("PUT", BASE "/status", "", "suspend", 204, NULL);
    ANSWERS("PUT", BASE "/tasks@k", "", "latte", 202, NULL);
    ANSWERS("COPY", BASE "/tasks@k", to(BASE "/cup"), NULL, 409, NULL);
    ANSWERS("GET", BASE "/cup", "", NULL, 404, NULL);
    ANSWERS("COPY", BASE "/tasks@k", to(BASE "/state"), NULL, 409, NULL);
    ANSWERS("PUT", BASE "/status", "", "resume", 204, NULL);
    ANSWERS("GET", BASE "/tasks@k?wait=60", "", NULL, 200, NULL);
    ANSWERS("COPY", BASE "/tasks@k", to(BASE "/cup"), NULL, 201, NULL);
}

Test(ordinary, a_destination_may_name_the_port_that_its_scheme_means)
{
    const char *const ours[] = {"http://localhost:80", "http://LOCALHOST",
                                "https://localhost:443"};
    const char *const others[] = {"http://localhost:443", "https://localhost:80",
                                  "http://localhost:8", "http://host:80"};
    ANSWERS("PUT", BASE "/a", "", "1", 201, NULL);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        ANSWERS("COPY", BASE "/a", to(line("%s" BASE "/%zu", ours[i], i)), NULL, 201,
                "");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ANSWERS("COPY", BASE "/a", to(line("%s" BASE "/b", others[i])), NULL, 502,
                NULL);
}

Test(ordinary, a_folder_is_not_brought_into_itself)
{
    ANSWERS("MKCOL", BASE "/f", "", NULL, 201, NULL);
    ANSWERS("PUT", BASE "/f/a", "", "1", 201, NULL);
    ANSWERS("MOVE", BASE "/f", to(BASE "/f/g"), NULL, 409, NULL);
    ANSWERS("COPY", BASE "/f", to(BASE "/f/g"), NULL, 409, NULL);
    ANSWERS("COPY", BASE "/f", line("%sDepth: 0\r\n", to(BASE "/g")), NULL, 201, NULL);
    ANSWERS("GET", BASE "/g/a", "", NULL, 404, NULL);
    ANSWERS("COPY", BASE "/f", to(BASE "/h"), NULL, 201, NULL);
    ANSWERS("GET", BASE "/h/a", "", NULL, 200, "1");
}

/* ------------------------------------------------------- onto and from special files
 */

Test(ordinary, a_file_moved_onto_tasks_is_one_message)
{
    ANSWERS("PUT", BASE "/draft", "", "latte", 201, NULL);
    ANSWERS("COPY", BASE "/draft", to(BASE "/tasks"), NULL, 204, "");
    ANSWERS("MOVE", BASE "/draft", to(BASE "/tasks@k1"), NULL, 204, "");
    ANSWERS("GET", BASE "/draft", "", NULL, 404, NULL);
    ANSWERS("GET", BASE "/tasks@k1?part=message", "", NULL, 200, "latte");
    cr_expect(wait_number("keep_1", "done", 2));
}

Test(ordinary, a_file_moved_onto_a_known_key_is_a_repetition_or_refused)
{
    ANSWERS("PUT", BASE "/execute@k1", "", "true", 200, NULL);
    ANSWERS("PUT", BASE "/draft", "", "false", 201, NULL);
    ANSWERS("MOVE", BASE "/draft", to(BASE "/tasks@k1"), NULL, 422, NULL);
    ANSWERS("MOVE", BASE "/draft", line("%sOverwrite: F\r\n", to(BASE "/tasks@k1")),
            NULL, 412, NULL);
    ANSWERS("GET", BASE "/draft", "", NULL, 200, "false");
    ANSWERS("PUT", BASE "/draft", "", "true\n", 204, NULL);
    ANSWERS("MOVE", BASE "/draft", to(BASE "/tasks@k1"), NULL, 204, NULL);
    ANSWERS("GET", BASE "/draft", "", NULL, 404, NULL);
    cr_expect_eq(tasks_of("keep_1"), 1);
}

Test(ordinary, an_empty_file_moved_onto_tasks_sends_nothing)
{
    ANSWERS("PUT", BASE "/draft", "", "", 201, NULL);
    ANSWERS("MOVE", BASE "/draft", to(BASE "/tasks"), NULL, 204, NULL);
    ANSWERS("GET", BASE "/draft", "", NULL, 404, NULL);
    cr_expect_eq(tasks_of("keep_1"), 0);
}

Test(ordinary, a_state_moved_away_leaves_a_copy)
{
    ANSWERS("PUT", BASE "/state", "", "mine", 204, NULL);
    ANSWERS("MOVE", BASE "/state", to(BASE "/state~"), NULL, 201, "");
    ANSWERS("GET", BASE "/state~", "", NULL, 200, "mine");
    ANSWERS("GET", BASE "/state", "", NULL, 404, NULL);
    ANSWERS("PUT", BASE "/state", "If-None-Match: *\r\n", "new", 204, NULL);
    ANSWERS("GET", BASE "/state", "", NULL, 200, "new");
    ANSWERS("MOVE", BASE "/state~", to(BASE "/state"), NULL, 204, NULL);
    ANSWERS("GET", BASE "/state", "", NULL, 200, "mine");
    ANSWERS("MOVE", BASE "/log", to(BASE "/log~"), NULL, 403, NULL);
    ANSWERS("COPY", BASE "/status", to(BASE "/status~"), NULL, 201, NULL);
}

Test(ordinary, a_removed_special_file_is_back_when_it_is_written)
{
    ANSWERS("DELETE", BASE "/state", "", NULL, 204, "");
    ANSWERS("GET", BASE "/state", "", NULL, 404, NULL);
    cr_expect(!strstr(found(BASE, "Depth: 1\r\n", NULL), "/state<"));
    ANSWERS("DELETE", BASE "/state", "", NULL, 404, NULL);
    ANSWERS("PUT", BASE "/state", "If-None-Match: *\r\n", "1", 204, NULL);
    ANSWERS("GET", BASE "/state", "", NULL, 200, "1");
}

/* ------------------------------------------------------------------------- actors */

Test(ordinary, actors_are_copied_and_renamed_with_state_files_and_behavior)
{
    ANSWERS("PUT", BASE "/state", "Content-Type: text/x\r\n", "mine", 204, NULL);
    ANSWERS("PUT", BASE "/a", "", "1", 201, NULL);
    ANSWERS("PUT", BASE "/behavior", "", "sh", 204, NULL);
    ANSWERS("COPY", BASE, to("/actors/twin"), NULL, 201, "");
    ANSWERS("GET", "/actors/twin/state", "", NULL, 200, "mine");
    ANSWERS("GET", "/actors/twin/a", "", NULL, 200, "1");
    ANSWERS("GET", "/actors/twin/behavior", "", NULL, 200, "sh\n");
    ANSWERS("COPY", BASE, to("/actors/twin"), NULL, 412, NULL);
    ANSWERS("COPY", BASE, to(BASE "/twin"), NULL, 409, NULL);
    ANSWERS("MOVE", "/actors/twin", to("/actors/keep_1"), NULL, 412, NULL);
    ANSWERS("MOVE", "/actors/twin", to("/actors/other"), NULL, 201, "");
    ANSWERS("GET", "/actors/twin/a", "", NULL, 404, NULL);
    ANSWERS("GET", "/actors/other/a", "", NULL, 200, "1");
    ANSWERS("MOVE", "/actors", to("/elsewhere"), NULL, 403, NULL);
    ANSWERS("DELETE", "/actors", "", NULL, 403, NULL);
}
