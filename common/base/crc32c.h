/* SPDX-License-Identifier: MIT */
/*
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4), by the processor's instruction where it
 * has one, else by table. crc32c(0, "123456789", 9) is 0xE3069283. Any thread.
 */
#ifndef ACTORFS_BASE_CRC32C_H
#define ACTORFS_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continues `crc` (0 to start) over the bytes and returns the new checksum. */
uint32_t crc32c(uint32_t crc, const void *data, size_t size);
/* The same by table on every machine: so that the tests can hold the two together. */
uint32_t crc32c_by_table(uint32_t crc, const void *data, size_t size);

#endif
