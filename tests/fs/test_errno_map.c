/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>

#include "fs/errno_map.h"

Test(errno_map, success_is_no_error)
{
    cr_assert_eq(errno_of_status(STATUS_OK), 0);
}

Test(errno_map, every_status_has_an_errno_of_its_own_meaning)
{
    static const struct {
        enum status status;
        int number;
    } rows[] = {
        {STATUS_INVALID, EINVAL},
        {STATUS_NOT_FOUND, ENOENT},
        {STATUS_EXISTS, EEXIST},
        {STATUS_CONFLICT, EEXIST},
        {STATUS_TOO_LARGE, EFBIG},
        {STATUS_NAME_TOO_LONG, ENAMETOOLONG},
        {STATUS_FULL, EDQUOT},
        {STATUS_NO_SPACE, ENOSPC},
        {STATUS_IO, EIO},
        {STATUS_BUSY, EBUSY},
        {STATUS_TIMEOUT, ETIMEDOUT},
        {STATUS_STALE, ESTALE},
        {STATUS_SHUTDOWN, ESHUTDOWN},
        {STATUS_PERMISSION, EPERM},
        {STATUS_ACCESS, EACCES},
        {STATUS_NOT_EMPTY, ENOTEMPTY},
        {STATUS_FAILED, EREMOTEIO},
        {STATUS_CANCELED, ECANCELED},
        {STATUS_AGAIN, EAGAIN},
        {STATUS_DEADLOCK, EDEADLK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(errno_of_status(rows[i].status), rows[i].number, "%s",
                     status_text(rows[i].status));
}

Test(errno_map, no_refusal_of_a_write_makes_programs_write_for_ever)
{
    static const enum status refusals[] = {
        STATUS_INVALID, STATUS_NOT_FOUND, STATUS_CONFLICT, STATUS_TOO_LARGE,
        STATUS_FULL,    STATUS_NO_SPACE,  STATUS_IO,       STATUS_BUSY,
        STATUS_STALE,   STATUS_SHUTDOWN};
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        int number = errno_of_status(refusals[i]);
        cr_expect(number != EINTR && number != EPIPE && number != EAGAIN, "%s",
                  status_text(refusals[i]));
    }
}
