/* SPDX-License-Identifier: MIT */
/*
 * A real browser for tests: Chromium without a window, driven over the WebDriver
 * protocol (W3C) by chromedriver. What the browser does not do in time is a failed
 * step, which answers false and is told on standard error.
 */
#ifndef ACTORFS_TESTS_SUPPORT_BROWSER_H
#define ACTORFS_TESTS_SUPPORT_BROWSER_H

#include "tests/support/command.h"

#define BROWSER_WAIT_MS 60000

struct browser {
    struct command driver;
    char address[32]; /* of chromedriver */
    char session[96]; /* `/session/ID`; "": none */
};

/* Null when there is one; else why not. */
const char *browser_is_missing(void);
/* Starts it with what it keeps in `folder`, which the caller removes. */
bool browser_open(struct browser *browser, const char *folder, bool runs_scripts);
void browser_close(struct browser *browser);

bool browser_go(struct browser *browser, const char *url);
/* Clicks the first element that the CSS selector finds; types into it. */
bool browser_click(struct browser *browser, const char *selector);
bool browser_type(struct browser *browser, const char *selector, const char *text);
void browser_url(struct browser *browser, struct bytes *out);
/* Runs JavaScript in the page, `return ...;`, and appends what it returns as text. */
void browser_run(struct browser *browser, const char *script, struct bytes *out);
/* Waits until the element's text contains that. */
bool browser_shows(struct browser *browser, const char *selector, const char *text);

#endif
