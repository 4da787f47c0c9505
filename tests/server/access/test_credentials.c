/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "common/base/base64.h"
#include "server/access/credentials.h"

static void expect_basic(const char *field, const char *name, const char *password)
{
    struct credentials got;
    cr_assert_eq(credentials_parse(view_text(field), &got), STATUS_OK, "%s", field);
    cr_expect(!got.is_bearer);
    cr_expect(view_equal(got.name, view_text(name)));
    cr_expect(view_equal(got.password, view_text(password)));
    cr_expect_eq(got.password.data[got.password.size], '\0');
    credentials_free(&got);
}

static void expect_plain(const char *plain, const char *name, const char *password)
{
    BYTES_AUTO(field);
    bytes_append_text(&field, "Basic ");
    base64_encode(&field, view_text(plain));
    bytes_append(&field, view_of("", 1));
    expect_basic(field.data, name, password);
}

Test(credentials, basic_as_the_rfc_shows_it)
{
    expect_basic("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame");
    expect_basic("basic  dGVzdDoxMjPCow== ", "test", "123\xc2\xa3");
}

Test(credentials, a_password_may_hold_colons_and_be_empty)
{
    expect_plain("anna:a:b:", "anna", "a:b:");
    expect_plain("anna:", "anna", "");
}

Test(credentials, the_domain_that_windows_sends_is_left_out)
{
    expect_plain("SHOP\\anna:x", "anna", "x");
    expect_plain("anna:a\\b", "anna", "a\\b");
}

Test(credentials, bearer_as_the_rfc_shows_it)
{
    struct credentials got;
    cr_assert_eq(credentials_parse(view_text("Bearer mF_9.B5f-4.1JqM"), &got),
                 STATUS_OK);
    cr_expect(got.is_bearer && view_equal(got.token, view_text("mF_9.B5f-4.1JqM")));
    credentials_free(&got);
}

static void expect_invalid(struct view field)
{
    struct credentials got;
    cr_expect_eq(credentials_parse(field, &got), STATUS_INVALID, "%.*s",
                 (int)field.size, field.data);
    credentials_free(&got);
}

Test(credentials, what_is_malformed_is_refused)
{
    static const char *const bad[] = {"",
                                      "Basic",
                                      "Basic ",
                                      "Basic !!!!",
                                      "Basic YW5uYQ==",     /* anna: no colon */
                                      "Basic Ong=",         /* :x, no name */
                                      "Basic U0hPUFw6eA==", /* SHOP\:x */
                                      "Basic YW5uYTp4AHk=", /* a NUL in the password */
                                      "Basic YW5uYQo6eA==", /* a newline in the name */
                                      "Bearer ",
                                      "Bearer a b",
                                      "Bearer a=b",
                                      "Bearer ==",
                                      "Digest username=\"Mufasa\"",
                                      "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_invalid(view_text(bad[i]));
    expect_invalid(view_of(NULL, 0));
}

Test(credentials, are_bounded)
{
    BYTES_AUTO(plain);
    BYTES_AUTO(field);
    bytes_append_text(&plain, "anna:");
    for (int i = 0; i < PASSWORD_BYTES_MAX + 1; i++)
        bytes_append_text(&plain, "x");
    bytes_append_text(&field, "Basic ");
    base64_encode(&field, view_bytes(&plain));
    expect_invalid(view_bytes(&field));
    bytes_clear(&field);
    bytes_append_text(&field, "Bearer ");
    for (int i = 0; i < CREDENTIALS_BYTES_MAX; i++)
        bytes_append_text(&field, "x");
    expect_invalid(view_bytes(&field));
}
