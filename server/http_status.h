/* SPDX-License-Identifier: MIT */
/*
 * Status codes: the one place where what a call said becomes what HTTP says (contract,
 * sections 3 to 5). Pure functions, any thread.
 */
#ifndef ACTORFS_SERVER_HTTP_STATUS_H
#define ACTORFS_SERVER_HTTP_STATUS_H

#include "common/base/status.h"

/* The code for a refusal; 200 for OK. */
unsigned http_status_of(enum status status);
/* The code's standard phrase (RFC 9110, RFC 4918), for problem+json titles. */
const char *http_status_phrase(unsigned code);

#endif
