/* SPDX-License-Identifier: MIT */
/* Locks (RFC 4918, sections 6, 7, 9.10, 9.11). */
#include "tests/dav/dav.h"

#include <string.h>

#define FILE_A "/actors/keep_1/a.txt"
#define FOLDER "/actors/keep_1/folder"
#define ACTOR "/actors/keep_1"

static void open_with_file(void)
{
    fixture_open();
    make_actor("keep_1");
    cr_assert(answers("PUT", FILE_A, "", "one", 201, NULL));
    cr_assert(answers("MKCOL", FOLDER, "", NULL, 201, NULL));
}

TestSuite(locks, .init = open_with_file, .fini = fixture_close);

static const char *with(const char *token)
{
    return line("If: (<%s>)\r\n", token);
}

Test(locks, only_the_holder_of_the_token_writes)
{
    const char *token = lock(FILE_A, "", 200);
    ANSWERS("PUT", FILE_A, "", "two", 423, NULL);
    ANSWERS("DELETE", FILE_A, "", NULL, 423, NULL);
    ANSWERS("MOVE", FILE_A, "Destination: /actors/keep_1/b\r\n", NULL, 423, NULL);
    ANSWERS("GET", FILE_A, "", NULL, 200, "one");
    ANSWERS("COPY", FILE_A, "Destination: /actors/keep_1/b\r\n", NULL, 201, NULL);
    ANSWERS("PUT", FILE_A, with(token), "two", 204, NULL);
    ANSWERS("UNLOCK", FILE_A, line("Lock-Token: <%s>\r\n", token), NULL, 204, NULL);
    ANSWERS("PUT", FILE_A, "", "three", 204, NULL);
}

Test(locks, a_refusal_says_which_lock_is_in_the_way)
{
    lock(FOLDER, "", 200);
    const struct http_reply *reply = ask("PUT", FOLDER "/x", "", "1");
    cr_expect_eq(reply->code, 423);
    cr_expect(strstr(reply->body.data, "lock-token-submitted"));
    cr_expect(strstr(reply->body.data, FOLDER));
    reply = ask("LOCK", FOLDER "/x", "", EXCLUSIVE);
    cr_expect_eq(reply->code, 423);
    cr_expect(strstr(reply->body.data, "no-conflicting-lock"));
}

/* RFC 4918, section 9.10.6. */
Test(locks, a_folder_with_a_locked_file_is_locked_as_a_whole_or_not_at_all)
{
    ANSWERS("PUT", FOLDER "/x", "", "1", 201, NULL);
    const char *token = lock(FOLDER "/x", "", 200);
    const struct http_reply *reply =
        ask("LOCK", FOLDER, "Depth: infinity\r\n", EXCLUSIVE);
    cr_expect_eq(reply->code, 207);
    cr_expect_str_eq(field(reply, "Lock-Token"), "");
    cr_expect(strstr(reply->body.data,
                     "<D:href>" FOLDER "/x</D:href><D:status>HTTP/1.1 423 Locked<"));
    cr_expect(strstr(reply->body.data,
                     "<D:href>" FOLDER
                     "/</D:href><D:status>HTTP/1.1 424 Failed Dependency<"));
    ANSWERS("PUT", FOLDER "/y", "", "free", 201, NULL);
    lock(FOLDER, "Depth: 0\r\n", 200);
    ANSWERS("UNLOCK", FOLDER "/x", line("Lock-Token: <%s>\r\n", token), NULL, 204,
            NULL);
}

Test(locks, tokens_cannot_be_guessed)
{
    const char *one = lock(FILE_A, "", 200), *two = lock(FOLDER, "", 200);
    cr_expect_eq(strlen(one), strlen("urn:uuid:") + 36);
    cr_expect(strncmp(one, "urn:uuid:", 9) == 0);
    cr_expect_neq(strncmp(one + 9, two + 9, 8), 0);
    cr_expect_eq(one[9 + 14], '4', "random by its version");
}

Test(locks, they_and_dead_properties_survive_a_kill)
{
    const char *token = lock(FILE_A, "", 200);
    ANSWERS("PROPPATCH", FILE_A, with(token),
            "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><x:p "
            "xmlns:x='u'>kept</x:p></D:prop></D:set></D:propertyupdate>",
            207, NULL);
    served_kill(&fixture);
    served_start(&fixture);
    ANSWERS("PUT", FILE_A, "", "two", 423, NULL);
    cr_expect(finds(FILE_A, NULL, token));
    cr_expect(finds(FILE_A, NULL, ">kept<"));
    ANSWERS("PUT", FILE_A, with(token), "two", 204, NULL);
}

Test(locks, an_unlocked_one_does_not_come_back_after_a_kill)
{
    const char *token = lock(FILE_A, "", 200);
    ANSWERS("UNLOCK", FILE_A, line("Lock-Token: <%s>\r\n", token), NULL, 204, NULL);
    served_kill(&fixture);
    served_start(&fixture);
    ANSWERS("PUT", FILE_A, "", "two", 204, NULL);
}

Test(locks, unlock_wants_the_right_token)
{
    const char *token = lock(FILE_A, "", 200);
    ANSWERS("UNLOCK", FILE_A, "", NULL, 400, NULL);
    ANSWERS("UNLOCK", FILE_A, "Lock-Token: <>\r\n", NULL, 400, NULL);
    ANSWERS("UNLOCK", FILE_A, "Lock-Token: <urn:uuid:0>\r\n", NULL, 409, NULL);
    ANSWERS("UNLOCK", FOLDER, line("Lock-Token: <%s>\r\n", token), NULL, 409, NULL);
    ANSWERS("UNLOCK", FILE_A, line("Lock-Token: %s\r\n", token), NULL, 204, NULL);
}

Test(locks, times_are_a_list_and_capped)
{
    cr_expect(strstr(
        ask("LOCK", FILE_A, "Timeout: Infinite, Second-4100000000\r\n", EXCLUSIVE)
            ->body.data,
        "Second-86400<"));
    cr_expect(strstr(
        ask("LOCK", FOLDER, "Timeout: Extended-3, Second-17\r\n", EXCLUSIVE)->body.data,
        "Second-17<"));
}

static bool is_writable(void *context)
{
    (void)context;
    return ask("PUT", FILE_A, "", "two")->code == 204;
}

Test(locks, a_lock_ends_by_itself)
{
    lock(FILE_A, "Timeout: Second-1\r\n", 200);
    cr_expect(poll_until(is_writable, NULL, FIXTURE_WAIT_MS));
}

Test(locks, refreshing_gives_no_new_token)
{
    const char *token = lock(FILE_A, "Timeout: Second-10\r\n", 200);
    const struct http_reply *reply =
        ask("LOCK", FILE_A, line("Timeout: Second-20\r\nIf: (<%s>)\r\n", token), NULL);
    cr_expect_eq(reply->code, 200);
    cr_expect_str_eq(field(reply, "Lock-Token"), "");
    cr_expect(strstr(reply->body.data, "Second-20<"));
    ANSWERS("LOCK", FILE_A, "", NULL, 400, NULL);
    ANSWERS("LOCK", FILE_A, "If: (<urn:uuid:1>)\r\n", NULL, 412, NULL);
}

Test(locks, a_locked_name_that_is_not_there_becomes_an_empty_file)
{
    const char *token = lock("/actors/keep_1/new", "If-None-Match: *\r\n", 201);
    ANSWERS("GET", "/actors/keep_1/new", "", NULL, 200, "");
    ANSWERS("PUT", "/actors/keep_1/new", with(token), "1", 204, NULL);
    ANSWERS("LOCK", "/actors/keep_1/no/new", "", EXCLUSIVE, 409, NULL);
    ANSWERS("LOCK", FILE_A, "If-None-Match: *\r\n", EXCLUSIVE, 412, NULL);
}

Test(locks, a_shared_lock_keeps_out_who_has_none)
{
    const struct http_reply *one = ask("LOCK", FILE_A, "", SHARED);
    cr_expect_eq(one->code, 200);
    const char *token = line("If: (%s)\r\n", field(one, "Lock-Token"));
    ANSWERS("LOCK", FILE_A, "", SHARED, 200, NULL);
    ANSWERS("LOCK", FILE_A, "", EXCLUSIVE, 423, NULL);
    ANSWERS("PUT", FILE_A, "", "two", 423, NULL);
    ANSWERS("PUT", FILE_A, token, "two", 204, NULL);
}

Test(locks, a_folder_s_lock_of_depth_0_protects_its_names_only)
{
    ANSWERS("PUT", FOLDER "/old", "", "1", 201, NULL);
    const char *token = lock(FOLDER, "Depth: 0\r\n", 200);
    ANSWERS("PUT", FOLDER "/old", "", "2", 204, NULL);
    ANSWERS("PUT", FOLDER "/new", "", "1", 423, NULL);
    ANSWERS("DELETE", FOLDER "/old", "", NULL, 423, NULL);
    ANSWERS("PUT", FOLDER "/new", line("If: <%s> (<%s>)\r\n", FOLDER, token), "1", 201,
            NULL);
    ANSWERS("LOCK", FOLDER, "Depth: 1\r\n", EXCLUSIVE, 400, NULL);
}

Test(locks, a_lock_of_an_actor_keeps_others_out_of_all_that_is_in_it)
{
    static const char *const names[] = {"tasks", "tasks@k", "execute",
                                        "state", "status",  "behavior"};
    const char *token = lock(ACTOR, "", 200);
    const char *held = line("If: (<%s>)\r\n", token);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ANSWERS("PUT", line(ACTOR "/%s", names[i]), "", "keep", 423, NULL);
    ANSWERS("PUT", ACTOR "/new", "", "1", 423, NULL);
    ANSWERS("PUT", ACTOR "/tasks@k", held, "1", 202, NULL);
    ANSWERS("PUT", ACTOR "/new", held, "1", 201, NULL);
    ANSWERS("LOCK", ACTOR "/state", "", EXCLUSIVE, 423, NULL);
    cr_expect(finds(ACTOR "/state", "", token));
}

Test(locks, a_true_list_without_the_lock_s_token_is_423)
{
    lock(FILE_A, "", 200);
    const char *tag = field(ask("GET", FILE_A, "", NULL), "ETag");
    ANSWERS("PUT", FILE_A, line("If: ([%s])\r\n", tag), "two", 423, NULL);
    ANSWERS("PUT", FILE_A, "If: ([\"other\"])\r\n", "two", 412, NULL);
    ANSWERS("PUT", FILE_A, "If: (<urn:x>) (Not <DAV:no-lock>)\r\n", "two", 423, NULL);
    ANSWERS("PUT", FILE_A, "If: nonsense\r\n", "two", 400, NULL);
}

Test(locks, moving_a_locked_file_leaves_the_lock_behind)
{
    const char *token = lock(FILE_A, "", 200);
    ANSWERS("MOVE", FILE_A,
            line("If: (<%s>)\r\nDestination: /actors/keep_1/b\r\n", token), NULL, 201,
            NULL);
    ANSWERS("PUT", "/actors/keep_1/b", "", "free", 204, NULL);
    ANSWERS("PUT", FILE_A, "", "free", 201, NULL);
}

Test(locks, a_state_that_a_turn_changed_is_not_overwritten_unseen)
{
    ANSWERS("PUT", "/actors/keep_1/state", "", "mine", 204, NULL);
    const char *token = lock("/actors/keep_1/state", "", 200);
    ANSWERS("PUT", "/actors/keep_1/state", with(token), "mine 2", 204, NULL);
    ANSWERS("PUT", "/actors/keep_1/execute", "", "of a turn", 200, NULL);
    ANSWERS("PUT", "/actors/keep_1/state", with(token), "mine 3", 412, NULL);
    ANSWERS("GET", "/actors/keep_1/state", "", NULL, 200, "of a turn");
}

Test(locks, what_belongs_to_everybody_is_not_locked)
{
    ANSWERS("LOCK", "/", "", EXCLUSIVE, 403, NULL);
    ANSWERS("LOCK", "/actors", "Depth: 0\r\n", EXCLUSIVE, 403, NULL);
}

/* `actorfs unlock STORE WHICH`: its exit status, and whether it shows the text. */
static int unlock(const char *which, const char *shown)
{
    struct command command;
    command_run(&command,
                line("'%s' unlock '%s' %s", ACTORFS_BINARY, fixture.store, which));
    cr_expect(!shown ||
              memmem(command.out.data, command.out.size, shown, strlen(shown)));
    int status = command.status;
    command_free(&command);
    return status;
}

Test(locks, the_administrator_sees_and_breaks_them)
{
    const char *token = lock(FILE_A, "", 200);
    cr_expect_eq(unlock("", token), 0);
    cr_expect_eq(unlock("", FILE_A), 0);
    cr_expect_eq(unlock(token, token), 0);
    ANSWERS("PUT", FILE_A, "", "two", 204, NULL);
    cr_expect_eq(unlock(token, NULL), 1);
    lock(FILE_A, "", 200);
    cr_expect_eq(unlock(FILE_A, FILE_A), 0);
    ANSWERS("PUT", FILE_A, "", "two", 204, NULL);
}
