/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>

#include "server/access/verified.h"

static struct verified *verified;
static struct proof_key key;
static const struct user anna;

static void open_verified(void)
{
    verified = verified_open();
    proof_key_make(&key);
}

static void close_verified(void)
{
    verified_close(verified);
}

TestSuite(verified, .init = open_verified, .fini = close_verified);

static struct proof proof(const char *name, const char *password)
{
    return proof_of(&key, view_text(name), view_text(password));
}

Test(verified, a_password_is_known_for_a_minute)
{
    struct proof right = proof("anna", "latte"), wrong = proof("anna", "Latte");
    verified_add(verified, &right, &anna, 1000);
    cr_expect_eq(verified_find(verified, &right, 1000), &anna);
    cr_expect_eq(verified_find(verified, &right, 1000 + VERIFIED_MS - 1), &anna);
    cr_expect_null(verified_find(verified, &right, 1000 + VERIFIED_MS));
    cr_expect_null(verified_find(verified, &wrong, 1000));
}

Test(verified, where_the_name_ends_is_part_of_the_proof)
{
    struct proof one = proof("ann", "alatte"), two = proof("anna", "latte");
    cr_expect(!proof_equal(&one, &two));
}

Test(verified, another_key_makes_another_proof)
{
    struct proof one = proof("anna", "latte");
    proof_key_make(&key);
    struct proof two = proof("anna", "latte");
    cr_expect(!proof_equal(&one, &two));
}

Test(verified, verifying_again_renews_it)
{
    struct proof right = proof("anna", "latte");
    verified_add(verified, &right, &anna, 0);
    verified_add(verified, &right, &anna, VERIFIED_MS);
    cr_expect_eq(verified_find(verified, &right, 2 * VERIFIED_MS - 1), &anna);
}

Test(verified, forgets_all_when_the_users_change)
{
    struct proof right = proof("anna", "latte");
    verified_add(verified, &right, &anna, 0);
    verified_clear(verified);
    cr_expect_null(verified_find(verified, &right, 0));
}

Test(verified, has_a_fixed_size)
{
    char password[16];
    for (int i = 0; i < 10000; i++) {
        snprintf(password, sizeof password, "%d", i);
        struct proof some = proof("anna", password);
        verified_add(verified, &some, &anna, i);
        cr_assert_eq(verified_find(verified, &some, i), &anna);
    }
}
