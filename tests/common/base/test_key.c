/* SPDX-License-Identifier: MIT */
#include "common/base/key.h"

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char longest[] = /* 200 bytes */
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
    "234"
    "5678901234567890123456789012345678901234567890123456789012345678901234567890123456"
    "789"
    "012345678901234567890123456789";

static struct key raw(const char *text)
{
    struct key key;

    cr_assert_eq(key_from_raw(view_text(text), &key), STATUS_OK, "%s", text);
    return key;
}

static bool equal(const struct key *left, const struct key *right)
{
    return view_equal(key_view(left), key_view(right));
}

/* A key is what it was after it was typed and read again. */
static void assert_round_trip(const struct key *key)
{
    BYTES_AUTO(encoded);
    struct key back;

    key_append_encoded(&encoded, key);
    cr_assert_eq(key_from_name(view_bytes(&encoded), &back), STATUS_OK, "%.*s",
                 (int)encoded.size, encoded.data);
    cr_assert(equal(key, &back), "%.*s", (int)encoded.size, encoded.data);
}

Test(key, a_raw_key_is_held_as_it_came)
{
    struct key key = raw("a/b c~d,e@f%20");

    cr_assert(view_equal(key_view(&key), view_text("a/b c~d,e@f%20")));
    key = raw(longest);
    cr_assert_eq(key.size, KEY_BYTES_MAX);
}

Test(key, a_raw_key_is_printable_and_not_the_servers_own)
{
    struct key key = raw("before");
    char too_long[KEY_BYTES_MAX + 1];

    memset(too_long, 'k', sizeof(too_long));
    cr_assert_eq(key_from_raw(view_text(""), &key), STATUS_INVALID);
    cr_assert_eq(key_from_raw(view_text(".7"), &key), STATUS_INVALID);
    cr_assert_eq(key_from_raw(view_text(".hidden"), &key), STATUS_INVALID);
    cr_assert_eq(key_from_raw(view_text("a\tb"), &key), STATUS_INVALID);
    cr_assert_eq(key_from_raw(view_text("a\0012"), &key), STATUS_INVALID);
    cr_assert_eq(key_from_raw(view_text("caf\xc3\xa9"), &key), STATUS_INVALID);
    cr_assert_eq(key_from_raw(view_of("a\0b", 3), &key), STATUS_INVALID);
    cr_assert_eq(key_from_raw(view_of(too_long, sizeof(too_long)), &key),
                 STATUS_INVALID);
    cr_assert(view_equal(key_view(&key), view_text("before")),
              "the output is left alone");
}

static const struct {
    const char *typed;
    const char *held;
} names[] = {
    {"abc123", "abc123"},
    {"a%2Fb", "a/b"},
    {"a%2fb", "a/b"},
    {"%61bc", "abc"},
    {"a%252Fb", "a%2Fb"}, /* once, not twice */
    {"a%20b", "a b"},
    {"a%7E2", "a~2"},
    {"a~2", "a\0012"},
    {"a%7E2~3", "a~2\0013"},
    {"a~18446744073709551615", "a\00118446744073709551615"},
    {"a+b=c:d;e", "a+b=c:d;e"},
    {"a.b", "a.b"},
    {".7", ".7"},
    {"%2E7", ".7"},
    {".18446744073709551615", ".18446744073709551615"},
    {longest, longest},
};

Test(key, a_typed_key_is_decoded_exactly_once)
{
    for (size_t i = 0; i < COUNT(names); i++) {
        struct key key;

        cr_assert_eq(key_from_name(view_text(names[i].typed), &key), STATUS_OK, "%s",
                     names[i].typed);
        cr_assert(view_equal(key_view(&key), view_text(names[i].held)), "%s",
                  names[i].typed);
        assert_round_trip(&key);
    }
}

Test(key, what_is_no_key_is_refused)
{
    static const char *const texts[] = {
        "",
        "a/b",
        "a b",
        "a?b",
        "a&b",
        "a#b",
        "a,b",
        "a@b",
        "%",
        "a%2",
        "a%2g",
        "a%0A",
        "a%00",
        "a%80",
        "caf\xc3\xa9",
        "a\nb",
        "a\0012",
        /* numbers have one form, and the first line is the key itself */
        "~",
        "~2",
        "a~",
        "a~0",
        "a~1",
        "a~02",
        "a~-2",
        "a~2a",
        "a~2~3",
        "a~%32",
        "a~18446744073709551616",
        /* the server's own */
        ".",
        ".0",
        ".07",
        ".a",
        "..",
        ".7a",
        ".7~2",
        "%2E",
        "%2Ea",
        ".18446744073709551616",
    };
    struct key key = raw("before");

    for (size_t i = 0; i < COUNT(texts); i++)
        cr_assert_eq(key_from_name(view_text(texts[i]), &key), STATUS_INVALID, "%s",
                     texts[i]);
    cr_assert(view_equal(key_view(&key), view_text("before")),
              "the output is left alone");
}

Test(key, a_typed_key_is_at_most_200_bytes_when_decoded)
{
    BYTES_AUTO(typed);
    struct key key;

    for (int i = 0; i < KEY_BYTES_MAX; i++)
        bytes_append_text(&typed, "%2F");
    cr_assert_eq(key_from_name(view_bytes(&typed), &key), STATUS_OK);
    cr_assert_eq(key.size, KEY_BYTES_MAX);
    bytes_append_text(&typed, "x");
    cr_assert_eq(key_from_name(view_bytes(&typed), &key), STATUS_INVALID);
}

Test(key, the_first_line_has_the_key_itself_and_the_others_a_number)
{
    struct key key = raw("load");
    struct key line;
    BYTES_AUTO(encoded);

    key_of_line(&key, 1, &line);
    cr_assert(equal(&line, &key));
    key_of_line(&key, 2, &line);
    key_append_encoded(&encoded, &line);
    cr_assert(view_equal(view_bytes(&encoded), view_text("load~2")));
}

Test(key, a_tilde_of_the_key_is_no_line)
{
    struct key key = raw("load~2");
    struct key load = raw("load");
    struct key line;

    key_of_line(&load, 2, &line);
    cr_assert_not(equal(&key, &line));
}

Test(key, the_longest_key_has_room_for_the_last_line)
{
    struct key key = raw(longest);
    struct key line;

    key_of_line(&key, UINT64_MAX, &line);
    cr_assert_eq(line.size, FULL_KEY_BYTES_MAX);
    assert_round_trip(&line);
}

Test(key, a_keyless_task_is_named_by_its_sequence_number)
{
    static const uint64_t sequences[] = {1, 42, UINT64_MAX};
    struct key key;
    uint64_t sequence;

    for (size_t i = 0; i < COUNT(sequences); i++) {
        key_of_sequence(sequences[i], &key);
        cr_assert(key_is_sequence(&key, &sequence));
        cr_assert_eq(sequence, sequences[i]);
        assert_round_trip(&key);
    }
    key = raw("7");
    cr_assert_not(key_is_sequence(&key, &sequence));
    key = (struct key){0};
    cr_assert_not(key_is_sequence(&key, &sequence));
}

/* Every byte a key may have, at every place that could matter. */
Test(key, every_key_survives_typing_and_reading)
{
    for (char byte = 0x20; byte < 0x7F; byte++) {
        const char texts[][4] = {
            {byte, 'x', 'y', 0},   {'x', byte, 'y', 0}, {'x', 'y', byte, 0},
            {byte, byte, byte, 0}, {'x', byte, '2', 0}, {'%', byte, '1', 0},
        };

        for (size_t i = 0; i < COUNT(texts); i++) {
            struct key key, line;

            if (texts[i][0] == '.')
                continue;
            key = raw(texts[i]);
            assert_round_trip(&key);
            key_of_line(&key, 10, &line);
            assert_round_trip(&line);
        }
    }
}

/* Whatever is typed is refused or has one meaning: typing that again gives the same. */
Test(key, random_names_are_refused_or_mean_one_key)
{
    static const char letters[] = "ab012.~%%%,@/ EF7\x01-";
    uint32_t random = 20261224;
    unsigned taken = 0;

    for (int round = 0; round < 200000; round++) {
        char typed[12];
        size_t size = 1 + (random >> 8) % sizeof(typed);
        struct key key;

        for (size_t i = 0; i < size; i++) {
            random = random * 1664525u + 1013904223u;
            typed[i] = letters[(random >> 16) % (sizeof(letters) - 1)];
        }
        if (key_from_name(view_of(typed, size), &key) != STATUS_OK)
            continue;
        taken++;
        assert_round_trip(&key);
    }
    cr_assert_gt(taken, 1000);
}
