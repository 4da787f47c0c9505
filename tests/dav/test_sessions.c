/* SPDX-License-Identifier: MIT */
/*
 * What file managers, mounts and editors send when somebody saves a file, request by
 * request. Each session is played onto mailboxes, with and without a key, onto a
 * `state` and onto an ordinary file. Every answer must be one that this client takes
 * for success, what it reads back in between must be there, and in the end exactly one
 * message, one new state, one file has come of it.
 *
 * In what is sent $FILE stands for the path, $NAME for its last part, $TOKEN for the
 * lock's, $TAG for the last ETag, $HOST for this server.
 */
#include "tests/dav/dav.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT "latte\n"
#define APPLE_DOUBLE "\x5\x16\x7Mac OS X"

struct step {
    const char *method, *path, *headers, *body; /* body null: none */
    const char *takes; /* codes: `2` for all of 2xx, or some in full */
    const char *shows; /* must stand in the answer's body; null: nothing */
};

/* What a session is played onto. */
enum { KEYED = 1, MAILBOX = 2, STATE = 4, ORDINARY = 8, ANY = 15 };

struct session {
    const char *name;
    unsigned onto;
    const struct step *steps;
};

#define END                                                                            \
    {                                                                                  \
        0                                                                              \
    }
#define PROP(inside)                                                                   \
    "<?xml version='1.0' encoding='utf-8'?><D:propfind xmlns:D='DAV:'><D:prop>" inside \
    "</D:prop></D:propfind>"
#define HELD "If: (<$TOKEN>)\r\n"
#define RELEASE "Lock-Token: <$TOKEN>\r\n"
#define SIZE(n) "<D:getcontentlength>" #n "<"

/* ------------------------------------------------------------------------- clients */

#define MAC                                                                            \
    PROP("<D:getlastmodified/><D:getcontentlength/><D:creationdate/><D:resourcetype/"  \
         ">")
#define CHUNKED "Transfer-Encoding: chunked\r\nX-Expected-Entity-Length: 6\r\n"

/* webdavfs makes a file by an empty PUT, and Finder one beside it for what else a
   file of its own has. */
static const struct step finder[] = {
    {"OPTIONS", "$FILE", "", NULL, "200", NULL},
    {"PROPFIND", "$FOLDER", "Depth: 0\r\n", MAC, "207", "<D:collection/>"},
    {"PROPFIND", "$FOLDER/._$NAME", "Depth: 0\r\n", MAC, "404", NULL},
    {"PROPFIND", "$FOLDER/.DS_Store", "Depth: 0\r\n", MAC, "207 404", NULL},
    {"PUT", "$FILE", "", "", "2", NULL},
    {"PROPFIND", "$FILE", "Depth: 0\r\n", MAC, "207", SIZE(0)},
    {"LOCK", "$FILE", "Depth: 0\r\nTimeout: Second-600\r\n", EXCLUSIVE, "200", NULL},
    {"GET", "$FILE", "", NULL, "200", NULL},
    {"PUT", "$FOLDER/._$NAME", "", "", "201", NULL},
    {"PUT", "$FOLDER/._$NAME", "", APPLE_DOUBLE, "204", NULL},
    {"GET", "$FOLDER/._$NAME", "", NULL, "200", APPLE_DOUBLE},
    {"PUT", "$FILE", CHUNKED HELD, TEXT, "2", NULL},
    {"LOCK", "$FILE", HELD "Timeout: Second-600\r\n", NULL, "200", "$TOKEN"},
    {"PROPFIND", "$FILE", "Depth: 0\r\n", MAC, "207", SIZE(6)},
    {"UNLOCK", "$FILE", RELEASE, NULL, "204", NULL},
    {"PUT", "$FOLDER/.DS_Store", "", "Bud1", "2", NULL},
    END};

/* The same onto a name that it has removed first. */
static const struct step finder_replaces[] = {
    {"PROPFIND", "$FILE", "Depth: 0\r\n", MAC, "207 404", NULL},
    {"DELETE", "$FILE", "", NULL, "204 404", NULL},
    {"DELETE", "$FOLDER/._$NAME", "", NULL, "204 404", NULL},
    {"PROPFIND", "$FILE", "Depth: 0\r\n", MAC, "404", NULL},
    {"PUT", "$FILE", "", "", "2", NULL},
    {"LOCK", "$FILE", "Depth: 0\r\nTimeout: Second-600\r\n", EXCLUSIVE, "200", NULL},
    {"PUT", "$FILE", CHUNKED HELD, TEXT, "2", NULL},
    {"UNLOCK", "$FILE", RELEASE, NULL, "204", NULL},
    {"PROPFIND", "$FILE", "Depth: 0\r\n", MAC, "207", SIZE(6)},
    END};

#define WIN32(name, value) "<Z:Win32" name ">" value "</Z:Win32" name ">"
#define WIN32_TIME "Thu, 26 Nov 2026 10:00:00 GMT"
#define WIN32_SET                                                                      \
    "<?xml version='1.0' encoding='utf-8' ?><D:propertyupdate xmlns:D='DAV:' "         \
    "xmlns:Z='urn:schemas-microsoft-com:'><D:set><D:prop>" WIN32("CreationTime",       \
                                                                 WIN32_TIME)           \
        WIN32("LastAccessTime", WIN32_TIME) WIN32("LastModifiedTime", WIN32_TIME)      \
            WIN32("FileAttributes", "00000020") "</D:prop></D:set></D:propertyupdate>"
#define NO_FEATURES "Translate: f\r\n"

/* LOCK says nothing of Depth, UNLOCK nothing of brackets. */
static const struct step explorer[] = {
    {"OPTIONS", "/", NO_FEATURES, NULL, "200", NULL},
    {"PROPFIND", "$FOLDER", "Depth: 0\r\n" NO_FEATURES, NULL, "207", "<D:collection/>"},
    {"PROPFIND", "$FOLDER/desktop.ini", "Depth: 0\r\n" NO_FEATURES, NULL, "207 404",
     NULL},
    {"PROPFIND", "$FILE", "Depth: 0\r\n" NO_FEATURES, NULL, "207 404", NULL},
    {"PUT", "$FILE", NO_FEATURES, "", "2", NULL},
    {"LOCK", "$FILE", "Timeout: Second-3600\r\n" NO_FEATURES, EXCLUSIVE, "200 201",
     "$TOKEN"},
    {"PROPPATCH", "$FILE", NO_FEATURES HELD, WIN32_SET, "207", "200 OK"},
    {"HEAD", "$FILE", NO_FEATURES, NULL, "200", NULL},
    {"PUT", "$FILE", NO_FEATURES HELD, TEXT, "2", NULL},
    {"PROPPATCH", "$FILE", NO_FEATURES HELD, WIN32_SET, "207", "200 OK"},
    {"UNLOCK", "$FILE", "Lock-Token: $TOKEN\r\n", NULL, "204", NULL},
    {"PROPFIND", "$FILE", "Depth: 0\r\n" NO_FEATURES, NULL, "207", SIZE(6)},
    {"PUT", "$FOLDER/desktop.ini", NO_FEATURES, "[.ShellClassInfo]", "201 204", NULL},
    END};

static const struct step explorer_copies[] = {
    {"LOCK", "$FILE", "", EXCLUSIVE, "200 201", "$TOKEN"},
    {"PUT", "$FILE", HELD, "", "2", NULL},
    {"DELETE", "$FILE", HELD, NULL, "204", NULL},
    {"PROPFIND", "$FILE", "Depth: 0\r\n", NULL, "404", NULL},
    {"PUT", "$FILE", "", TEXT, "2", NULL},
    END};

static const struct step explorer_copies_anew[] = {
    {"PUT", "$FILE", "", "", "2", NULL},
    {"LOCK", "$FILE", "", EXCLUSIVE, "200 201", "$TOKEN"},
    {"DELETE", "$FILE", HELD, NULL, "204", NULL},
    {"PUT", "$FILE", "", TEXT, "2", NULL},
    {"PROPPATCH", "$FILE", "", WIN32_SET, "207", "200 OK"},
    END};

#define DAVFS2                                                                         \
    "<?xml version=\"1.0\" encoding=\"utf-8\"?><propfind xmlns=\"DAV:\"><prop>"        \
    "<getetag xmlns=\"DAV:\"/><getcontentlength xmlns=\"DAV:\"/>"                      \
    "<getlastmodified xmlns=\"DAV:\"/><resourcetype xmlns=\"DAV:\"/>"                  \
    "<executable xmlns=\"http://apache.org/dav/props/\"/></prop></propfind>"
#define TAGGED "If: <http://$HOST$FILE> (<$TOKEN>)\r\n"

/* It tells a lock that made the file (201) from one that did not, and goes on by it. */
static const struct step davfs2_makes[] = {
    {"PROPFIND", "$FILE", "Depth: 0\r\n", DAVFS2, "404", NULL},
    {"LOCK", "$FILE", "Depth: 0\r\nTimeout: Second-1800\r\nIf-None-Match: *\r\n",
     EXCLUSIVE, "201", "$TOKEN"},
    {"HEAD", "$FILE", "", NULL, "200", NULL},
    {"PUT", "$FILE", TAGGED "If-Match: $TAG\r\n", TEXT, "2", NULL},
    {"HEAD", "$FILE", "", NULL, "200 202", NULL},
    {"UNLOCK", "$FILE", RELEASE, NULL, "204", NULL},
    {"PROPFIND", "$FILE", "Depth: 0\r\n", DAVFS2, "207", SIZE(6)},
    END};

static const struct step davfs2[] = {
    {"OPTIONS", "/", "", NULL, "200", NULL},
    {"PROPFIND", "$FOLDER/", "Depth: 1\r\n", DAVFS2, "207", "</D:multistatus>"},
    {"PROPFIND", "/", "Depth: 0\r\n",
     PROP("<D:quota-available-bytes/><D:quota-used-bytes/>"), "207", "available-bytes"},
    {"LOCK", "$FILE", "Depth: 0\r\nTimeout: Second-1800\r\n", EXCLUSIVE, "200 201",
     "$TOKEN"},
    {"HEAD", "$FILE", "", NULL, "200", NULL},
    {"PUT", "$FILE", TAGGED "If-Match: $TAG\r\n", TEXT, "2", NULL},
    {"HEAD", "$FILE", "", NULL, "200 202", NULL},
    {"PROPFIND", "$FILE", "Depth: 0\r\n", PROP("<D:lockdiscovery/><D:supportedlock/>"),
     "207", "$TOKEN"},
    {"UNLOCK", "$FILE", RELEASE, NULL, "204", NULL},
    {"PROPFIND", "$FILE", "Depth: 0\r\n", DAVFS2, "207", SIZE(6)},
    END};

#define GVFS                                                                           \
    PROP("<D:creationdate/><D:displayname/><D:getcontentlength/><D:getcontenttype/>"   \
         "<D:getetag/><D:getlastmodified/><D:resourcetype/>")

static const struct step gvfs[] = {
    {"OPTIONS", "/", "", NULL, "200", NULL},
    {"PROPFIND", "$FOLDER", "Depth: 0\r\n", GVFS, "207", "<D:collection/>"},
    {"PROPFIND", "$FILE", "Depth: 0\r\n", GVFS, "207 404", NULL},
    {"HEAD", "$FILE", "", NULL, "200 404", NULL},
    {"PUT", "$FILE", "", TEXT, "2", NULL},
    {"PROPFIND", "$FILE", "Depth: 0\r\n", GVFS, "207", SIZE(6)},
    {"PROPFIND", "$FOLDER", "Depth: 1\r\n", GVFS, "207", "</D:multistatus>"},
    END};

/* Whatever saves beside the file first, on a mount of davfs2, as GLib and rsync do. */
static const struct step saved_beside[] = {
    {"PROPFIND", "$FILE", "Depth: 0\r\n", NULL, "207 404", NULL},
    {"LOCK", "$FOLDER/.goutputstream-A1B2C3",
     "Depth: 0\r\nTimeout: Second-1800\r\nIf-None-Match: *\r\n", EXCLUSIVE, "201",
     "$TOKEN"},
    {"PUT", "$FOLDER/.goutputstream-A1B2C3", HELD, TEXT, "204", NULL},
    {"PROPFIND", "$FOLDER/.goutputstream-A1B2C3", "Depth: 0\r\n", NULL, "207", SIZE(6)},
    {"MOVE", "$FOLDER/.goutputstream-A1B2C3",
     HELD "Destination: http://$HOST$FILE\r\nOverwrite: T\r\nDepth: infinity\r\n", NULL,
     "201 204", NULL},
    {"PROPFIND", "$FOLDER/.goutputstream-A1B2C3", "Depth: 0\r\n", NULL, "404", NULL},
    {"PROPFIND", "$FILE", "Depth: 0\r\n", NULL, "207", SIZE(6)},
    END};

static const struct step kde[] = {
    {"OPTIONS", "$FOLDER", "", NULL, "200", NULL},
    {"PROPFIND", "$FILE", "Depth: 0\r\n", NULL, "207 404", NULL},
    {"PUT", "$FILE", "Overwrite: T\r\n", TEXT, "2", NULL},
    {"PROPFIND", "$FILE", "Depth: 0\r\n", NULL, "207", "<D:supportedlock>"},
    END};

/* It sends no bodies of PROPFIND, no slashes of folders, and looks at sizes. */
static const struct step rclone[] = {
    {"PROPFIND", "$FILE", "Depth: 1\r\n", NULL, "207 404", NULL},
    {"PROPFIND", "$FOLDER", "Depth: 1\r\n", NULL, "207", "</D:multistatus>"},
    {"MKCOL", "$FOLDER/", "", NULL, "405", NULL},
    {"PUT", "$FILE", "", TEXT, "2", NULL},
    {"PROPFIND", "$FILE", "Depth: 1\r\n", NULL, "207", SIZE(6)},
    END};

/* ------------------------------------------------------------------------- editors */

#define LIBRE_OFFICE                                                                   \
    PROP(                                                                              \
        "<D:resourcetype/><D:getcontentlength/><D:getlastmodified/><D:lockdiscovery/>" \
        "<D:getetag/>")

/* Locks while the document is open, and saves under the lock. */
static const struct step libre_office[] = {
    {"OPTIONS", "$FILE", "", NULL, "200", NULL},
    {"PROPFIND", "$FILE", "Depth: 0\r\n", LIBRE_OFFICE, "207", "<D:getetag>"},
    {"LOCK", "$FILE", "Depth: 0\r\nTimeout: Second-180\r\n", EXCLUSIVE, "200",
     "$TOKEN"},
    {"GET", "$FILE", "", NULL, "200", NULL},
    {"LOCK", "$FILE", HELD "Timeout: Second-180\r\n", NULL, "200", "$TOKEN"},
    {"PROPFIND", "$FILE", "Depth: 0\r\n", LIBRE_OFFICE, "207", "$TOKEN"},
    {"PUT", "$FILE", HELD, TEXT, "2", NULL},
    {"PROPFIND", "$FILE", "Depth: 0\r\n", LIBRE_OFFICE, "207", SIZE(6)},
    {"UNLOCK", "$FILE", RELEASE, NULL, "204", NULL},
    END};

/* On a mount of davfs2: a swap file, a probe, the old file out of the way, the new one
   in its place. */
static const struct step vim[] = {
    {"LOCK", "$FOLDER/.$NAME.swp", "Depth: 0\r\nIf-None-Match: *\r\n", EXCLUSIVE, "201",
     "$TOKEN"},
    {"PUT", "$FOLDER/.$NAME.swp", HELD, "b0VIM 9.0", "204", NULL},
    {"GET", "$FILE", "", NULL, "200", NULL},
    {"PUT", "$FOLDER/4913", "If-None-Match: *\r\n", "", "201", NULL},
    {"DELETE", "$FOLDER/4913", "", NULL, "204", NULL},
    {"MOVE", "$FILE", "Destination: http://$HOST$FILE~\r\nOverwrite: T\r\n", NULL,
     "201 204", NULL},
    {"PROPFIND", "$FILE", "Depth: 0\r\n", NULL, "404", NULL},
    {"PUT", "$FILE", "If-None-Match: *\r\n", TEXT, "2", NULL},
    {"HEAD", "$FILE", "", NULL, "200", NULL},
    {"DELETE", "$FOLDER/$NAME~", "", NULL, "204", NULL},
    {"DELETE", "$FOLDER/.$NAME.swp", "If: (<$TOKEN>)\r\n", NULL, "204", NULL},
    END};

static const struct session sessions[] = {
    {"finder", ANY, finder},
    {"finder-replaces", ANY, finder_replaces},
    {"explorer", ANY, explorer},
    {"explorer-copies", ANY, explorer_copies},
    {"explorer-copies-anew", ANY, explorer_copies_anew},
    {"davfs2-makes", KEYED | ORDINARY, davfs2_makes},
    {"davfs2", ANY, davfs2},
    {"gvfs", ANY, gvfs},
    {"saved-beside", ANY, saved_beside},
    {"kde", ANY, kde},
    {"rclone", ANY, rclone},
    {"libre-office", STATE | ORDINARY, libre_office},
    {"vim", STATE | ORDINARY, vim}};
#define SESSIONS (sizeof sessions / sizeof *sessions)

/* ------------------------------------------------------------------------- playing */

struct play {
    const struct session *session;
    char folder[64], name[64];
    char token[80], tag[80];
};

static const char *value_of(const struct play *play, const char *at, size_t *size)
{
    static char path[160];
    const struct {
        const char *name, *value;
    } values[] = {{"$FOLDER", play->folder}, {"$FILE", path},
                  {"$NAME", play->name},     {"$TOKEN", play->token},
                  {"$TAG", play->tag},       {"$HOST", "localhost"}};
    snprintf(path, sizeof path, "%s/%s", play->folder, play->name);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        *size = strlen(values[i].name);
        if (strncmp(at, values[i].name, *size) == 0)
            return values[i].value;
    }
    *size = 1;
    return NULL;
}

/* In one of 4 buffers used in turn. */
static const char *filled(const struct play *play, const char *text)
{
    static char ring[4][1024];
    static unsigned turn;
    char *out = ring[turn++ % 4];
    size_t used = 0, size;
    for (; *text; text += size) {
        const char *value = value_of(play, text, &size);
        used += (size_t)snprintf(out + used, sizeof ring[0] - used, "%.*s",
                                 value ? (int)strlen(value) : 1, value ? value : text);
        cr_assert_lt(used, sizeof ring[0]);
    }
    out[used] = '\0';
    return out;
}

static bool is_taken(const char *codes, int code)
{
    char text[8];
    if (strcmp(codes, "2") == 0)
        return code / 100 == 2;
    snprintf(text, sizeof text, "%d", code);
    return strstr(codes, text) != NULL;
}

static void remember(struct play *play, const struct http_reply *reply)
{
    const char *token = field(reply, "Lock-Token"), *tag = field(reply, "ETag");
    if (*token)
        snprintf(play->token, sizeof play->token, "%.*s", (int)strlen(token) - 2,
                 token + 1);
    if (*tag)
        snprintf(play->tag, sizeof play->tag, "%s", tag);
}

/* The code. */
static int send_in_chunks(const char *path, const char *headers, const char *body)
{
    const char *request = line("PUT %s HTTP/1.1\r\nHost: localhost\r\n"
                               "Connection: close\r\n%s\r\n%zx\r\n%s\r\n0\r\n\r\n",
                               path, headers, strlen(body), body);
    return atoi(raw(request, strlen(request)) + strlen("HTTP/1.1 "));
}

static void ask_step(struct play *play, const struct step *step, const char *path,
                     const char *headers)
{
    const struct http_reply *reply = ask(step->method, path, headers, step->body);
    remember(play, reply);
    const char *shown = step->shows ? filled(play, step->shows) : "";
    cr_expect(is_taken(step->takes, reply->code) && strstr(reply->body.data, shown),
              "%s: %s %s: %d, wanted %s %s\n%s%s", play->session->name, step->method,
              path, reply->code, step->takes, shown, reply->head.data,
              reply->body.data);
}

static void take_step(struct play *play, const struct step *step)
{
    const char *path = filled(play, step->path);
    const char *headers = filled(play, step->headers);
    if (!strstr(headers, "chunked")) {
        ask_step(play, step, path, headers);
        return;
    }
    int code = send_in_chunks(path, headers, step->body);
    cr_expect(is_taken(step->takes, code), "%s: %s: %d", play->session->name, path,
              code);
}

static void play(const struct session *session, const char *actor, const char *name)
{
    struct play play = {.session = session};
    snprintf(play.folder, sizeof play.folder, "/actors/%s", actor);
    snprintf(play.name, sizeof play.name, "%s", name);
    for (const struct step *step = session->steps; step->method; step++)
        take_step(&play, step);
}

/* --------------------------------------------------------------------------- tests */

static void open_with_actor(void)
{
    fixture_open();
    make_actor("echo_1");
}

TestSuite(sessions, .init = open_with_actor, .fini = fixture_close, .timeout = 500);

/* Each session sends its own keys, and must leave one message more. */
static void expect_one_message(const struct session *session, const char *file)
{
    const char *name = strchr(file, '@') ? line("%s%s", file, session->name) : file;
    long long before = tasks_of("echo_1");
    play(session, "echo_1", name);
    cr_expect_eq(tasks_of("echo_1"), before + 1, "%s onto %s: %lld messages",
                 session->name, name, tasks_of("echo_1") - before);
    cr_expect(wait_number("echo_1", "done", before + 1));
    ANSWERS("GET", "/actors/echo_1/result", "", NULL, 200, TEXT);
    if (name != file)
        ANSWERS("GET", line("/actors/echo_1/%s?part=message", name), "", NULL, 200,
                TEXT);
}

static void play_onto(unsigned kind, const char *file)
{
    for (size_t i = 0; i < SESSIONS; i++)
        if (sessions[i].onto & kind)
            expect_one_message(&sessions[i], file);
}

Test(sessions, onto_tasks_with_a_key_send_one_message)
{
    play_onto(KEYED, "tasks@");
}

Test(sessions, onto_tasks_send_one_message)
{
    play_onto(MAILBOX, "tasks");
}

Test(sessions, onto_execute_with_a_key_send_one_message)
{
    play_onto(KEYED, "execute@");
}

Test(sessions, onto_execute_send_one_message)
{
    play_onto(MAILBOX, "execute");
}

#define NEW_VERSION 1 /* of the state of an actor that has just been made */

/* An actor for each. */
static const char *play_alone(size_t i, const char *file)
{
    static char actor[16];
    snprintf(actor, sizeof actor, "keep_%zu", i);
    make_actor(actor);
    if (strcmp(file, "state") != 0 && !(sessions[i].onto & KEYED))
        ANSWERS("PUT", line("/actors/%s/%s", actor, file), "", "old", 201, NULL);
    play(&sessions[i], actor, file);
    ANSWERS("GET", line("/actors/%s/%s", actor, file), "", NULL, 200, TEXT);
    cr_expect_eq(tasks_of(actor), 0, "%s", sessions[i].name);
    return actor;
}

Test(sessions, onto_a_state_set_it_once)
{
    for (size_t i = 0; i < SESSIONS; i++)
        if (sessions[i].onto & STATE)
            cr_expect_eq(number_of(play_alone(i, "state"), "state-version"),
                         NEW_VERSION + 1, "%s", sessions[i].name);
}

Test(sessions, onto_an_ordinary_file_leave_it_and_nothing_else)
{
    for (size_t i = 0; i < SESSIONS; i++)
        if (sessions[i].onto & ORDINARY)
            cr_expect_eq(number_of(play_alone(i, "note.txt"), "state-version"),
                         NEW_VERSION, "%s", sessions[i].name);
}

/* In `/` and `/actors`, too, what desktops insist on is kept. */
Test(sessions, what_desktops_leave_in_every_folder_is_kept)
{
    static const char *const folders[] = {"", "/actors", "/actors/echo_1"};
    static const char *const names[] = {".DS_Store", "._echo_1", "desktop.ini",
                                        "Thumbs.db"};
    for (size_t i = 0; i < 12; i++) {
        const char *path = line("%s/%s", folders[i / 4], names[i % 4]);
        ANSWERS("PUT", path, "", "", 201, NULL);
        ANSWERS("PUT", path, "", "mine", 204, NULL);
        ANSWERS("GET", path, "", NULL, 200, "mine");
        ANSWERS("PROPPATCH", path, "", WIN32_SET, 207, NULL);
        ANSWERS("DELETE", path, "", NULL, 204, NULL);
    }
}

Test(sessions, only_put_and_post_are_answered_202)
{
    make_suspended("echo_2");
    ANSWERS("PUT", "/actors/echo_2/draft", "", TEXT, 201, NULL);
    ANSWERS("COPY", "/actors/echo_2/draft", "Destination: /actors/echo_2/tasks\r\n",
            NULL, 204, NULL);
    ANSWERS("MOVE", "/actors/echo_2/draft", "Destination: /actors/echo_2/tasks\r\n",
            NULL, 204, NULL);
    ANSWERS("DELETE", "/actors/echo_2/tasks", "", NULL, 204, NULL);
    ANSWERS("PUT", "/actors/echo_2/tasks", "", TEXT, 202, NULL);
    ANSWERS("POST", "/actors/echo_2/tasks", "", TEXT, 202, NULL);
}
