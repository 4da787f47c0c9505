/* SPDX-License-Identifier: MIT */
/* What all behaviors share: the life of a turn's output, and what they do by default.
 */
#include "common/behavior/behavior.h"

#include <stdlib.h>

const char *message_kind_text(enum message_kind kind)
{
    static const char *const texts[] = {[KIND_MESSAGE] = "message",
                                        [KIND_REPLY] = "reply",
                                        [KIND_FAILED] = "failed",
                                        [KIND_RETIRED] = "retired"};
    return texts[kind];
}

struct turn_send *turn_output_add_send(struct turn_output *output)
{
    if (output->send_count == output->send_capacity) {
        output->send_capacity = output->send_capacity * 2 + 4;
        output->sends =
            memory_resize(output->sends, output->send_capacity * sizeof *output->sends);
    }
    struct turn_send *send = &output->sends[output->send_count++];
    *send = (struct turn_send){.kind = SEND_MESSAGE};
    parameters_clear(&send->parameters);
    return send;
}

void turn_output_free(struct turn_output *output)
{
    bytes_free(&output->result);
    bytes_free(&output->error);
    bytes_free(&output->state);
    for (size_t i = 0; i < output->send_count; i++)
        bytes_free(&output->sends[i].text);
    free(output->sends);
    output->sends = NULL;
    output->send_count = output->send_capacity = 0;
}
