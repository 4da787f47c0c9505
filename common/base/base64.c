/* SPDX-License-Identifier: MIT */
/* Three bytes are four digits; what is missing in the last group is written `=`. */
#include "common/base/base64.h"

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct bytes *out, struct view bytes)
{
    const unsigned char *from = (const unsigned char *)bytes.data;
    char *to = bytes_reserve(out, (bytes.size + 2) / 3 * 4);
    for (size_t at = 0; at < bytes.size; at += 3, to += 4) {
        size_t left = bytes.size - at;
        uint32_t group = (uint32_t)from[at] << 16;
        group |= left > 1 ? (uint32_t)from[at + 1] << 8 : 0;
        group |= left > 2 ? from[at + 2] : 0;
        to[0] = digits[group >> 18];
        to[1] = digits[group >> 12 & 63];
        to[2] = left > 1 ? digits[group >> 6 & 63] : '=';
        to[3] = left > 2 ? digits[group & 63] : '=';
    }
    out->size += (bytes.size + 2) / 3 * 4;
}

/* 64: no digit. */
static uint32_t value_of(char digit)
{
    if (digit >= 'A' && digit <= 'Z')
        return (uint32_t)(digit - 'A');
    if (digit >= 'a' && digit <= 'z')
        return (uint32_t)(digit - 'a') + 26;
    if (digit >= '0' && digit <= '9')
        return (uint32_t)(digit - '0') + 52;
    return digit == '+' ? 62 : digit == '/' ? 63 : 64;
}

/* The bytes of four digits, of which `padding` are `=`. */
static bool take_group(const char *text, size_t padding, char *to)
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i < 4 - padding ? value_of(text[i]) : 0;
        if (value > 63)
            return false;
        group = group << 6 | value;
    }
    if (group & ((1u << (8 * padding)) - 1))
        return false;
    to[0] = (char)(group >> 16);
    if (padding < 2)
        to[1] = (char)(group >> 8);
    if (padding < 1)
        to[2] = (char)group;
    return true;
}

bool base64_decode(struct bytes *out, struct view text)
{
    if (text.size % 4)
        return false;
    if (text.size == 0)
        return true;
    size_t padding = text.data[text.size - 1] != '='   ? 0
                     : text.data[text.size - 2] != '=' ? 1
                                                       : 2;
    char *to = bytes_reserve(out, text.size / 4 * 3);
    for (size_t at = 0; at < text.size; at += 4, to += 3)
        if (!take_group(text.data + at, at + 4 == text.size ? padding : 0, to))
            return false;
    out->size += text.size / 4 * 3 - padding;
    return true;
}
