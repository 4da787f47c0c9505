/* SPDX-License-Identifier: MIT */
#include "common/base/text.h"

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

Test(utf8, well_formed_text_is_taken)
{
    static const char *const texts[] = {
        "",
        "latte",
        "caf\xc3\xa9",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf", /* U+D7FF, the last before the surrogates */
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf", /* U+10FFFF */
        "\xf0\x9f\x98\x80x",
    };

    for (size_t i = 0; i < COUNT(texts); i++)
        cr_assert(utf8_is_valid(view_text(texts[i])), "text %zu", i);
    cr_assert(utf8_is_valid(view_of("a\0b", 3)));
}

Test(utf8, malformed_text_is_refused)
{
    static const char *const texts[] = {
        "\x80",             /* a follower alone */
        "\xc3",             /* cut short */
        "\xe2\x82",         /* cut short */
        "\xf0\x9f\x98",     /* cut short */
        "\xc3(",            /* no follower */
        "\xe2\x82(",        /* no second follower */
        "\xf0\x9f\x98(",    /* no third follower */
        "\xc0\xaf",         /* overlong / */
        "\xc1\xbf",         /* overlong */
        "\xe0\x9f\xbf",     /* overlong */
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xed\xa0\x80",     /* U+D800, a surrogate */
        "\xed\xbf\xbf",     /* U+DFFF, a surrogate */
        "\xf4\x90\x80\x80", /* U+110000 */
        "\xf5\x80\x80\x80",
        "\xfe",
        "\xff",
        "ok\xff",
    };

    for (size_t i = 0; i < COUNT(texts); i++)
        cr_assert_not(utf8_is_valid(view_text(texts[i])), "text %zu", i);
}

Test(utf8, one_bad_byte_is_found_wherever_it_stands)
{
    char text[] = "twenty-one bytes here";
    for (size_t i = 0; i < sizeof text - 1; i++) {
        char kept = text[i];
        cr_assert(utf8_is_valid(view_text(text)));
        text[i] = '\xff';
        cr_assert_not(utf8_is_valid(view_text(text)), "at %zu", i);
        text[i] = kept;
    }
}

Test(utf8, a_character_cut_by_the_end_of_the_view_is_not_read_past_it)
{
    cr_assert_not(utf8_is_valid(view_of("\xc3\xa9", 1)));
    cr_assert_not(utf8_is_valid(view_of("\xf0\x9f\x98\x80", 3)));
}

Test(text, control_characters_are_not_plain)
{
    cr_assert(text_is_plain(view_text("caf\xc3\xa9 au lait \xc2\xa0")));
    cr_assert_not(text_is_plain(view_text("a\nb")));
    cr_assert_not(text_is_plain(view_text("a\x1f")));
    cr_assert_not(text_is_plain(view_text("\x7f")));
    cr_assert_not(text_is_plain(view_of("a\0b", 3)));
    cr_assert_not(text_is_plain(view_text("\xc2\x80")));
    cr_assert_not(text_is_plain(view_text("\xc2\x9f")));
}

Test(text, printable_ascii_goes_from_space_to_tilde)
{
    for (int byte = 0; byte < 256; byte++) {
        char text = (char)byte;

        cr_assert_eq(text_is_printable_ascii(view_of(&text, 1)),
                     byte >= 0x20 && byte <= 0x7E, "%d", byte);
    }
}

Test(text, a_column_holds_no_tab_and_no_newline)
{
    BYTES_AUTO(out);

    append_column(&out, view_text("a\tb\nc\\d\re"));
    cr_assert(view_equal(view_bytes(&out), view_text("a\\tb\\nc\\\\d\re")));
    bytes_clear(&out);
    append_column(&out, view_text("\t\t"));
    append_column(&out, view_of(NULL, 0));
    append_column(&out, view_text("plain"));
    cr_assert(view_equal(view_bytes(&out), view_text("\\t\\tplain")));
}

Test(text, is_trimmed_of_blanks_at_both_ends_only)
{
    static const char blanks[] = " \t";
    cr_expect(
        view_equal(text_trimmed(view_text(" \t a b\t "), blanks), view_text("a b")));
    cr_expect(view_equal(text_trimmed(view_text("\na "), blanks), view_text("\na")));
    cr_expect_eq(text_trimmed(view_text(" \t "), blanks).size, 0);
    cr_expect_eq(text_trimmed(view_of("a\0", 2), blanks).size, 2, "NUL is no blank");
}

Test(text, hexadecimal_digits_have_a_value_in_either_case)
{
    static const char digits[] = "0123456789abcdefABCDEF", others[] = "/:@G`g xX";
    for (int i = 0; i < 22; i++)
        cr_expect_eq(hex_digit(digits[i]), i < 16 ? i : i - 6, "%c", digits[i]);
    for (size_t i = 0; i < sizeof others; i++)
        cr_expect_eq(hex_digit(others[i]), -1, "%c", others[i]);
}

static const struct {
    const char *encoded;
    const char *decoded;
} encodings[] = {
    {"", ""},
    {"abc", "abc"},
    {"a%20b", "a b"},
    {"%2f%2F", "//"},
    {"%2525", "%25"},
    {"%41", "A"},
    {"caf\xc3\xa9", "caf\xc3\xa9"},
    {"a+b", "a+b"},
    {"%7E%40%2C", "~@,"},
    {"a=b:c", "a=b:c"},
};

Test(text, a_counted_word_agrees_with_its_number)
{
    cr_expect_str_eq(text_plural(0), "s");
    cr_expect_str_eq(text_plural(1), "");
    cr_expect_str_eq(text_plural(2), "s");
}

Test(percent, text_is_decoded_exactly_once)
{
    for (size_t i = 0; i < COUNT(encodings); i++) {
        BYTES_AUTO(out);

        cr_assert(percent_decode(&out, view_text(encodings[i].encoded)));
        cr_assert(view_equal(view_bytes(&out), view_text(encodings[i].decoded)), "%s",
                  encodings[i].encoded);
    }
}

Test(percent, what_must_be_encoded_is_refused_bare_and_nothing_is_appended)
{
    static const char *const texts[] = {
        "a/b", "a?", "a&b", "#",  "a,b", "~",   "a@b",
        "a b", "%",  "a%",  "%4", "%4g", "%g4", "%%41",
    };
    /* alone in memory, so that the sanitizer sees a byte read past it */
    const char cut[] = {'%', '4'};
    BYTES_AUTO(out);

    bytes_append_text(&out, "before");
    for (size_t i = 0; i < COUNT(texts); i++)
        cr_assert_not(percent_decode(&out, view_text(texts[i])), "%s", texts[i]);
    cr_assert_not(percent_decode(&out, view_of(cut, sizeof(cut))));
    cr_assert(view_equal(view_bytes(&out), view_text("before")));
}

Test(percent, every_byte_survives_the_round_trip)
{
    for (int byte = 0; byte < 256; byte++) {
        BYTES_AUTO(encoded);
        BYTES_AUTO(decoded);
        char text[3] = {'x', (char)byte, 'y'};

        percent_encode(&encoded, view_of(text, 3));
        cr_assert(percent_decode(&decoded, view_bytes(&encoded)), "%d", byte);
        cr_assert(view_equal(view_bytes(&decoded), view_of(text, 3)), "%d", byte);
    }
}
