/* SPDX-License-Identifier: MIT */
#include "common/base/sorted.h"

#include <string.h>

static uint64_t number_at(const void *rows, size_t row_bytes, size_t position)
{
    uint64_t number;
    memcpy(&number, (const char *)rows + position * row_bytes, sizeof number);
    return number;
}

bool sorted_find(const void *rows, size_t count, size_t row_bytes, uint64_t number,
                 size_t *position_out)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (number_at(rows, row_bytes, middle) < number)
            low = middle + 1;
        else
            high = middle;
    }
    *position_out = low;
    return low < count && number_at(rows, row_bytes, low) == number;
}
