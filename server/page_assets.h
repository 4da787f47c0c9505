/* SPDX-License-Identifier: MIT */
/* The files of server/page/, which are part of the program. */
#ifndef ACTORFS_SERVER_PAGE_ASSETS_H
#define ACTORFS_SERVER_PAGE_ASSETS_H

#include <stddef.h>

extern const unsigned char page_style[], page_live[];
extern const size_t page_style_size, page_live_size;

#endif
