/* SPDX-License-Identifier: MIT */
#include "common/base/base64.h"

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

Test(base64, the_vectors_of_the_rfc_hold_both_ways)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "+//+"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        BYTES_AUTO(encoded);
        BYTES_AUTO(decoded);
        base64_encode(&encoded, view_text(rows[i][0]));
        cr_assert(view_equal(view_bytes(&encoded), view_text(rows[i][1])), "%zu", i);
        cr_assert(base64_decode(&decoded, view_text(rows[i][1])));
        cr_assert(view_equal(view_bytes(&decoded), view_text(rows[i][0])), "%zu", i);
    }
}

Test(base64, every_byte_comes_back)
{
    char all[256];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (char)i;
    for (size_t size = 0; size <= sizeof all; size++) {
        BYTES_AUTO(encoded);
        BYTES_AUTO(decoded);
        base64_encode(&encoded, view_of(all, size));
        cr_assert(base64_decode(&decoded, view_bytes(&encoded)));
        cr_assert(view_equal(view_bytes(&decoded), view_of(all, size)));
    }
}

Test(base64, what_is_not_canonical_is_refused_and_nothing_is_appended)
{
    static const char *const bad[] = {
        "Z",    "Zg",   "Zg=",      "Zg=\n", "Zh==", "Zm9=",  "====",
        "Z===", "=Zg=", "Zg==Zg==", "Zm-v",  "Zm_v", "Zm 9v", "Zm9v\n"};

    for (size_t i = 0; i < COUNT(bad); i++) {
        BYTES_AUTO(out);
        bytes_append_text(&out, "kept");
        cr_assert_not(base64_decode(&out, view_text(bad[i])), "%s", bad[i]);
        cr_assert(view_equal(view_bytes(&out), view_text("kept")));
    }
}
