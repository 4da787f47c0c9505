/* SPDX-License-Identifier: MIT */
#include "common/base/crc32c.h"

#include <criterion/criterion.h>

enum { DATA_BYTES = 4096 };

static void fill(unsigned char *data, size_t size)
{
    uint32_t random = 1;

    for (size_t i = 0; i < size; i++) {
        random = random * 1103515245u + 12345u;
        data[i] = (unsigned char)(random >> 16);
    }
}

/* The vectors of RFC 3720, appendix B.4, and the usual check value. */
Test(crc32c, known_checksums_come_out)
{
    unsigned char zeros[32] = {0}, ones[32], rising[32], falling[32];

    for (unsigned i = 0; i < 32; i++) {
        ones[i] = 0xFF;
        rising[i] = (unsigned char)i;
        falling[i] = (unsigned char)(31 - i);
    }
    cr_assert_eq(crc32c(0, "123456789", 9), 0xE3069283u);
    cr_assert_eq(crc32c(0, zeros, 32), 0x8A9136AAu);
    cr_assert_eq(crc32c(0, ones, 32), 0x62A8AB43u);
    cr_assert_eq(crc32c(0, rising, 32), 0x46DD794Eu);
    cr_assert_eq(crc32c(0, falling, 32), 0x113FDB5Cu);
    cr_assert_eq(crc32c(0, "", 0), 0);
}

Test(crc32c, the_table_and_the_instruction_agree_at_every_size_and_alignment)
{
    unsigned char data[DATA_BYTES];

    fill(data, sizeof(data));
    for (size_t start = 0; start < 16; start++)
        for (size_t size = 0; size < 200; size++)
            cr_assert_eq(crc32c(7, data + start, size),
                         crc32c_by_table(7, data + start, size), "start %zu size %zu",
                         start, size);
}

Test(crc32c, a_checksum_may_be_taken_in_pieces)
{
    unsigned char data[DATA_BYTES];
    uint32_t whole;

    fill(data, sizeof(data));
    whole = crc32c(0, data, sizeof(data));
    for (size_t cut = 0; cut <= sizeof(data); cut += 37)
        cr_assert_eq(crc32c(crc32c(0, data, cut), data + cut, sizeof(data) - cut),
                     whole);
}

Test(crc32c, every_flipped_bit_is_noticed)
{
    unsigned char data[64];
    uint32_t before;

    fill(data, sizeof(data));
    before = crc32c(0, data, sizeof(data));
    for (unsigned bit = 0; bit < sizeof(data) * 8; bit++) {
        data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        cr_assert_neq(crc32c(0, data, sizeof(data)), before);
        data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
}
