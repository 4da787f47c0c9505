/* SPDX-License-Identifier: MIT */
/* What whoever starts the daemon hands down to it, and what the machine denies it for a
   while: no turn may be taken for one that went well because of it, nor fail for good.
 */
#include "common/behavior/program.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/common/behavior/program_rig.h"

#define SH "#!/bin/sh\n"

TestSuite(program_world, .init = rig_open, .fini = rig_end, .timeout = 240);

Test(program_world, a_failure_is_seen_although_sigchld_was_ignored)
{
    rig_close();
    signal(SIGCHLD, SIG_IGN);
    rig_reopen();
    assert_verdict(rig_run(SH "echo x > \"$ACTOR_STATE\"; exit 3\n", "x", ""),
                   TURN_FAILED, "exit status 3");
    assert_verdict(rig_run(SH "kill -9 $$\n", "x", ""), TURN_RETRY, "signal 9");
}
