/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "server/exposure.h"

static char *one(const char *text)
{
    return memory_text(view_text(text));
}

/* What the check says of one address to listen on, with users (u), TLS (t), --insecure
   (i), allow-other (o). */
static enum status check(const char *listen, const char *given, struct bytes *message)
{
    char *words[] = {one(listen)};
    struct options options = {.listen = {.list = words, .count = 1},
                              .insecure = strchr(given, 'i'),
                              .allow_other = strchr(given, 'o')};
    char *file = one("file");
    options.users = strchr(given, 'u') ? file : NULL;
    options.tls_cert = options.tls_key = strchr(given, 't') ? file : NULL;
    enum status status = exposure_check(&options, message);
    free(words[0]);
    free(file);
    return status;
}

static void expect(const char *listen, const char *given, enum status status)
{
    BYTES_AUTO(message);
    cr_expect_eq(check(listen, given, &message), status, "%s %s", listen, given);
    cr_expect_eq(message.size == 0, status == STATUS_OK);
}

Test(exposure, beyond_loopback_takes_users_and_tls_or_insecure_said_aloud)
{
    static const char *const addresses[] = {"0.0.0.0:80", "192.0.2.7:80", "[::]:80",
                                            "[2001:db8::1]:80"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        expect(addresses[i], "", STATUS_INVALID);
        expect(addresses[i], "u", STATUS_INVALID);
        expect(addresses[i], "t", STATUS_INVALID);
        expect(addresses[i], "ut", STATUS_OK);
        expect(addresses[i], "uto", STATUS_OK);
        expect(addresses[i], "i", STATUS_OK);
    }
}

Test(exposure, what_is_no_address_is_told_so)
{
    static const char *const words[] = {"here", "127.0.0.1", "127.0.0.1:99999",
                                        ":80",  "unix:",     "::1:80"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        BYTES_AUTO(message);
        cr_expect_eq(check(words[i], "", &message), STATUS_INVALID, "%s", words[i]);
        bytes_append(&message, view_of("", 1));
        cr_expect(strstr(message.data, "listen takes ADDR:PORT"), "%s", message.data);
    }
}

Test(exposure, loopback_is_for_the_daemon_s_own_unless_others_are_let_in)
{
    static const char *const addresses[] = {"127.0.0.1:80", "127.9.9.9:80", "[::1]:80",
                                            "localhost:80"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        expect(addresses[i], "", STATUS_OK);
        expect(addresses[i], "o", STATUS_INVALID);
        expect(addresses[i], "ou", STATUS_OK);
        expect(addresses[i], "oi", STATUS_OK);
    }
}

Test(exposure, a_unix_socket_is_guarded_by_its_mode)
{
    expect("unix:/run/actorfs", "", STATUS_OK);
    expect("unix:/run/actorfs", "o", STATUS_OK);
}

Test(exposure, one_bad_address_among_good_ones_is_found)
{
    BYTES_AUTO(message);
    char *words[] = {one("127.0.0.1:80"), one("0.0.0.0:80")};
    struct options options = {.listen = {.list = words, .count = 2}};
    cr_expect_eq(exposure_check(&options, &message), STATUS_INVALID);
    cr_expect(view_starts_with(view_bytes(&message), "0.0.0.0:80: "));
    free(words[0]);
    free(words[1]);
}

Test(exposure, files_that_serve_nothing_are_errors)
{
    BYTES_AUTO(message);
    char *file = one("file");
    struct options options = {.tls_cert = file};
    cr_expect_eq(exposure_check(&options, &message), STATUS_INVALID);
    options = (struct options){.users = file};
    cr_expect_eq(exposure_check(&options, &message), STATUS_INVALID);
    options = (struct options){0};
    cr_expect_eq(exposure_check(&options, &message), STATUS_OK);
    free(file);
}
