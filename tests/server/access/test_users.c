/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/access/users.h"
#include "server/access/verifier.h"

/* The passwords are latte, mocha, tea and cocoa. */
#define BCRYPT "$2y$04$abcdefghijklmnopqrstuuSysjSGmssGCid0pJo6fF42A9ZKT8yX6"
#define SHA512                                                                         \
    "$6$rounds=1000$salt$UC6nk75gKzC50j1mp1enXUKXBmZ4M1Em9BiXIMjjTb7dsoDimT3N0MKFWcJ"  \
    "lTgwixjMnrWyvmyfOYd7ExI1fb0"
#define SHA256 "$5$rounds=1000$salt$CobVp4IlCYJqjJxaVfxdopDrd/flArWixLjBxnYR7h."
#define YESCRYPT                                                                       \
    "$y$j75$V7qMYJaNbVKOeh4PhtqPk3bQnFLRqR5Std5$"                                      \
    "oiTfoICyrEy8Yzi2DgMHVvGRKqJ2UZqj1YnqXKPQQyD"
#define TOKEN_TEXT "ci-0123456789abcdefghijklmn"
#define TOKEN "{sha256}6a1ea3769370b9666bf50cc0c0e7abce9b11a06e0775c644b5c8f8f1f4cf2dd4"

static bool find_unix_user(struct view text, struct unix_user *found)
{
    *found = (struct unix_user){.uid = 1000, .gid = 1000};
    return view_equal(text, view_text("anna"));
}

static struct users *parse(const char *text)
{
    BYTES_AUTO(message);
    struct users *users = NULL;
    cr_assert_eq(
        users_parse(view_text(text), "users", find_unix_user, &users, &message),
        STATUS_OK, "%.*s", (int)message.size, message.data);
    return users;
}

static void expect_fault(const char *text, const char *said)
{
    BYTES_AUTO(message);
    struct users *users = NULL;
    cr_expect_eq(
        users_parse(view_text(text), "users", find_unix_user, &users, &message),
        STATUS_INVALID, "%s", text);
    cr_expect_null(users);
    cr_expect(view_starts_with(view_bytes(&message), said), "%s: %.*s", text,
              (int)message.size, message.data);
}

Test(users, every_strong_method_is_taken_and_verified)
{
    static const struct {
        const char *line, *password;
    } cases[] = {{"anna:" BCRYPT, "latte"},
                 {"anna:" SHA512, "mocha"},
                 {"anna:" SHA256, "tea"},
                 {"anna:" YESCRYPT, "cocoa"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct users *users = parse(cases[i].line);
        const struct user *anna = users_find(users, view_text("anna"));
        cr_assert(anna);
        cr_expect(password_is_right(cases[i].password, anna->password));
        cr_expect(!password_is_right("wrong", anna->password));
        cr_expect(!password_is_right("", anna->password));
        users_release(users);
    }
}

Test(users, comments_empty_lines_and_dos_line_ends_are_fine)
{
    struct users *users = parse("# who\n\nanna:" BCRYPT "\r\nbob:" SHA512);
    cr_expect(users_find(users, view_text("anna")));
    cr_expect(users_find(users, view_text("bob")));
    cr_expect_null(users_find(users, view_text("Bob")));
    cr_expect_null(users_find(users, view_text("")));
    cr_expect_null(users_find(users, view_of("anna\0x", 6)));
    users_release(users);
}

Test(users, columns_map_to_a_unix_user_and_to_rules)
{
    struct users *users =
        parse("anna:" BCRYPT ":anna:read=* write=a:b\nbob:" SHA512 "::read=user_*");
    const struct user *anna = users_find(users, view_text("anna"));
    const struct user *bob = users_find(users, view_text("bob"));
    cr_expect(anna->is_mapped && anna->unix_user.uid == 1000);
    cr_expect(rules_allow(&anna->rules, RIGHT_WRITE, view_text("a:b")));
    cr_expect(!bob->is_mapped);
    cr_expect(!rules_allow(&bob->rules, RIGHT_READ, view_text("order_1")));
    users_release(users);
}

Test(users, a_token_is_found_by_its_text)
{
    struct users *users = parse("ci:" TOKEN "::write=mail_*\nanna:" BCRYPT);
    const struct user *ci =
        users_find_token(users, view_of(NULL, 0), view_text(TOKEN_TEXT));
    cr_assert(ci);
    cr_expect_str_eq(ci->name, "ci");
    cr_expect_eq(users_find_token(users, view_text("ci"), view_text(TOKEN_TEXT)), ci);
    cr_expect_null(users_find_token(users, view_text("anna"), view_text(TOKEN_TEXT)));
    cr_expect_null(
        users_find_token(users, view_of(NULL, 0), view_text(TOKEN_TEXT "o")));
    cr_expect_null(users_find(users, view_text("ci")), "a token is no password");
    users_release(users);
}

Test(users, a_short_token_is_none)
{
    /* of `short` */
    struct users *users = parse(
        "ci:{sha256}f9b0078b5df596d2ea19010c001bbd009e651de2c57e8fb7e355f31eb9d3f739");
    cr_expect_null(users_find_token(users, view_of(NULL, 0), view_text("short")));
    users_release(users);
}

Test(users, there_is_a_decoy_where_anybody_has_a_password)
{
    struct users *users = parse("ci:" TOKEN);
    cr_expect_null(users_decoy(users));
    users_release(users);
    users = parse("ci:" TOKEN "\nanna:" BCRYPT);
    cr_expect_str_eq(users_decoy(users), BCRYPT);
    users_release(users);
}

Test(users, weak_passwords_are_refused_by_file_and_line)
{
    const char *said = "users:2: the password must be hashed with bcrypt";
    expect_fault("\nanna:latte", said);
    expect_fault("\nanna:", said);
    expect_fault("\nanna", said);
    expect_fault("\nanna:$1$salt$9GHNWvCB1UrDZjPi7uags0", said);
    expect_fault("\nanna:$apr1$abcdefgh$9GHNWvCB1UrDZjPi7uags0", said);
    expect_fault("\nanna:abiQ6Ep3EYTHc", said);
    expect_fault("\nanna:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", said);
}

Test(users, a_hash_cut_off_is_refused)
{
    const char *said = "users:1: the password must be hashed with bcrypt";
    expect_fault("anna:$2y$04$abcdefghijklmnopqrstuuSysjSGmssGCid0pJo6fF42A9ZKT8yX",
                 said);
    expect_fault("anna:$6$salt$UC6nk75gKzC50j1mp1enX", said);
    expect_fault("anna:$5$", said);
}

Test(users, other_faults_are_named)
{
    expect_fault("anna:" BCRYPT ":nobody-here", "users:1: the third column is a user");
    expect_fault("anna:" BCRYPT "::raed=*", "users:1: rights are read, write and");
    expect_fault(":" BCRYPT, "users:1: a line is NAME:PASSWORD");
    expect_fault("SHOP\\anna:" BCRYPT, "users:1: a line is NAME:PASSWORD");
    expect_fault("an\x01na:" BCRYPT, "users:1: the line is no UTF-8 text");
    expect_fault("ci:{sha256}6a1e", "users:1: a token is {sha256} and 64");
    expect_fault("anna:" BCRYPT "\nbob:" BCRYPT "\nanna:" SHA512,
                 "users: anna has two lines with a password");
    expect_fault("a:" TOKEN "\nb:" TOKEN, "users: ");
}

Test(users, a_file_that_cannot_be_read_is_named)
{
    BYTES_AUTO(message);
    struct users *users = NULL;
    cr_expect_eq(users_load("/nonexistent/users", &users, &message), STATUS_NOT_FOUND);
    cr_expect(view_starts_with(view_bytes(&message), "/nonexistent/users: cannot"));
    cr_expect_eq(users_load("/tmp", &users, &message), STATUS_IO);
}

Test(users, a_snapshot_lives_as_long_as_somebody_holds_it)
{
    struct users *users = parse("anna:" BCRYPT);
    cr_expect_eq(users_hold(users), users);
    users_release(users);
    cr_expect(users_find(users, view_text("anna")));
    users_release(users);
}
