/* SPDX-License-Identifier: MIT */
/*
 * What libfuse 3.14 cannot say when it greets the kernel: HANDLE_KILLPRIV_V2, that
 * set-id bits and capabilities are looked after here. (There are none: they are
 * refused.) Where extended attributes are kept, the kernel otherwise asks before every
 * single write to an ordinary file whether it has the attribute security.capability;
 * told so, it asks once and remembers (before Linux 5.12 it does not know the word, and
 * goes on asking). The word is added to libfuse's own answer to INIT on its way out.
 */
#ifndef ACTORFS_FS_GREETING_H
#define ACTORFS_FS_GREETING_H

#include <stdbool.h>

#include "fs/fuse_lib.h"

/* Once the session is mounted, before it serves. Its userdata is the face. False when
   libfuse will not have it. */
bool greeting_amend(struct fuse_session *session);

#endif
