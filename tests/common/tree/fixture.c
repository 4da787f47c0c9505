/* SPDX-License-Identifier: MIT */
#include "tests/common/tree/fixture.h"

struct rig rig;
struct tree *tree;
uint64_t actor;

void fixture_open(void)
{
    rig_init(&rig);
    fixture_open_initialized();
}

void fixture_open_initialized(void)
{
    struct engine_owner owner = {.uid = 7, .gid = 8, .mode = 0755};
    rig_open(&rig);
    tree = tree_open(rig.engine, &owner);
    actor = rig_create(&rig, "counter_1");
}

void fixture_close(void)
{
    tree_close(tree);
    rig_close(&rig);
}
