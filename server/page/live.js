/* SPDX-License-Identifier: MIT */
/*
 * Keeps the page up to date. It asks for the page again, saying which one it has, and
 * the server answers when there is another, or after half a minute. Only what is marked
 * data-live is put in place, so that a form being filled in is left alone. A page that
 * is not looked at asks nothing: a browser has six connections to a server for all of
 * its tabs together.
 */
'use strict';

(() => {
    const WAIT_S = 30;
    const PAUSE_MS = 1000; /* where the server does not wait */
    const TROUBLE_MS = 5000;
    const main = document.querySelector('main[data-tag]');
    if (!main)
        return;
    let tag = main.dataset.tag;
    let asking = null;

    const pause = (ms) => new Promise((done) => setTimeout(done, ms));

    const visible = () => new Promise((done) => {
        const look = () => {
            if (document.hidden)
                return;
            document.removeEventListener('visibilitychange', look);
            done();
        };
        document.addEventListener('visibilitychange', look);
        look();
    });

    /* A button that has the focus keeps it, if it is still there. */
    const replace = (part, fresh) => {
        const focused = part.contains(document.activeElement) && document.activeElement;
        part.replaceWith(fresh);
        if (focused && focused.value)
            for (const button of fresh.querySelectorAll('button'))
                if (button.value === focused.value)
                    button.focus();
    };

    const show = (html) => {
        const page = new DOMParser().parseFromString(html, 'text/html');
        for (const part of document.querySelectorAll('[data-live]')) {
            const fresh = page.getElementById(part.id);
            if (fresh && !fresh.isEqualNode(part))
                replace(part, document.adoptNode(fresh));
        }
        tag = page.querySelector('main').dataset.tag;
    };

    const ask = async () => {
        asking = new AbortController();
        const answer = await fetch(location.href, {
            headers: {
                'Accept': 'text/html',
                'If-None-Match': tag,
                'Prefer': `wait=${WAIT_S}`
            },
            cache: 'no-store',
            signal: asking.signal
        });
        if (answer.status === 200)
            show(await answer.text());
        return answer.status;
    };

    document.addEventListener('visibilitychange', () => {
        if (document.hidden && asking)
            asking.abort();
    });

    const follow = async () => {
        for (;;) {
            await visible();
            const code = await ask().catch(() => 0);
            if (code === 404 || code === 401 || code === 403)
                return;
            await pause(code === 200 || code === 304 ? PAUSE_MS : TROUBLE_MS);
        }
    };
    follow();
})();
