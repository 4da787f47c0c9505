/* SPDX-License-Identifier: MIT */
#include "tests/mount/staged.h"
TestSuite(workers, .init = staged_open, .fini = staged_close);
