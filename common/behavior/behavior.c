/* SPDX-License-Identifier: MIT */
/* What all behaviors share: the life of a turn's output. */
#include "common/behavior/behavior.h"

void turn_output_free(struct turn_output *output)
{
    bytes_free(&output->result);
    bytes_free(&output->error);
    bytes_free(&output->state);
}
