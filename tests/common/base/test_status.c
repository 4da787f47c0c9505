/* SPDX-License-Identifier: MIT */
#include "common/base/status.h"

#include <criterion/criterion.h>

Test(status, every_code_has_a_name_of_its_own)
{
    for (int i = STATUS_OK; i <= STATUS_DEADLOCK; i++) {
        cr_assert_not_null(status_text((enum status)i));
        cr_assert_str_neq(status_text((enum status)i), "unknown status", "%d", i);
        for (int j = STATUS_OK; j < i; j++)
            cr_assert_str_neq(status_text((enum status)i), status_text((enum status)j));
    }
    cr_assert_str_eq(status_text((enum status)(STATUS_DEADLOCK + 1)), "unknown status");
}
