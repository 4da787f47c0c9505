/* SPDX-License-Identifier: MIT */
/*
 * What a program left in its outbox. Whatever the bytes are: they are refused with one
 * line that says why, or each send is one that the engine can take; and each message,
 * framed again, reads the same.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/behavior/outbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_frame(const struct turn_send *send)
{
    BYTES_AUTO(path);
    BYTES_AUTO(line);
    BYTES_AUTO(error);
    struct turn_output output = {0};
    if (send->target[0])
        percent_encode(&path, view_text(send->target));
    else
        bytes_append_text(&path, "ME");
    bytes_append_text(&path, "/tasks");
    ENSURE(outbox_check(view_bytes(&path), view_bytes(&send->text), &error) ==
           STATUS_OK);
    outbox_frame(&line, view_bytes(&path), view_bytes(&send->text));
    ENSURE(outbox_parse(view_bytes(&line), &output, &error) == STATUS_OK);
    ENSURE(output.send_count == 1 && output.sends[0].kind == SEND_MESSAGE);
    ENSURE(view_equal(view_bytes(&output.sends[0].text), view_bytes(&send->text)));
    turn_output_free(&output);
}

static void check_send(const struct turn_send *send)
{
    const struct parameters *parameters = &send->parameters;
    if (send->target[0])
        ENSURE(name_check_actor(view_text(send->target)) == STATUS_OK);
    if (send->kind == SEND_MESSAGE) {
        ENSURE(send->text.size > 0);
        ENSURE(parameters->wait_ms == -1 && parameters->part == PART_RESULT);
        ENSURE(parameters->key.size == 0 || parameters->key.text[0] != '.');
        check_frame(send);
    } else {
        ENSURE(!parameters->at);
        ENSURE(send->kind != SEND_CREATE || send->text.size == 0);
        ENSURE(send->kind != SEND_CONTROL || send->text.size > 0);
        ENSURE(!send->text.size || !memchr(send->text.data, '\n', send->text.size));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BYTES_AUTO(error);
    struct turn_output output = {0};
    enum status status = outbox_parse(view_of(data, size), &output, &error);
    if (status) {
        ENSURE(status == STATUS_INVALID && error.size > 0);
        ENSURE(!memchr(error.data, '\n', error.size));
    } else {
        ENSURE(error.size == 0 && !(output.defer && output.send_count));
        for (size_t i = 0; i < output.send_count; i++)
            check_send(&output.sends[i]);
    }
    turn_output_free(&output);
    return 0;
}
