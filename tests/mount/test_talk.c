/* SPDX-License-Identifier: MIT */
#include "tests/mount/staged.h"
TestSuite(talk, .init = staged_open, .fini = staged_close);
