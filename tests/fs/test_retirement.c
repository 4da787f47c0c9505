/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "fs/retirement.h"

Test(retirement, only_the_word_itself_retires)
{
    static const char *const retire[] = {"retire\n", "retire", " retire \r\n",
                                         "suspend\nretire\nresume\n"};
    static const char *const other[] = {"", "\n", "retired\n", "cancel retire\n",
                                        "activity: retire\n"};
    for (size_t i = 0; i < sizeof retire / sizeof *retire; i++)
        cr_expect(retirement_is_asked(view_text(retire[i])), "%s", retire[i]);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        cr_expect_not(retirement_is_asked(view_text(other[i])), "%s", other[i]);
}
