/* SPDX-License-Identifier: MIT */
#include "server/page_form.h"

#include <jansson.h>
#include <stdlib.h>

#include "common/base/text.h"
#include "server/page.h"
#include "server/page_html.h"
#include "server/shown.h"

/* ------------------------------------------------------------------------- fields */

static bool decode(struct view text, struct bytes *out)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i] == '+' ? ' ' : text.data[i];
        if (byte == '%') {
            int high = i + 2 < text.size ? hex_digit(text.data[i + 1]) : -1;
            int low = i + 2 < text.size ? hex_digit(text.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            byte = (char)(high * 16 + low);
            i += 2;
        }
        bytes_append(out, view_of(&byte, 1));
    }
    return true;
}

bool page_form_field(struct view body, const char *name, struct bytes *out)
{
    struct view pair, found;
    while (shown_take(&body, '&', &pair))
        if (shown_take(&pair, '=', &found) && view_equal(found, view_text(name)))
            return decode(pair, out);
    return false;
}

static void undo_newlines(struct bytes *text)
{
    size_t kept = 0;
    for (size_t i = 0; i < text->size; i++)
        if (!(text->data[i] == '\r' && i + 1 < text->size && text->data[i + 1] == '\n'))
            text->data[kept++] = text->data[i];
    text->size = kept;
}

/* ------------------------------------------------------------------------- taking */

static struct target_argument *form_argument(struct http_request *request)
{
    struct http_target *target = &request->target;
    for (size_t i = 0; i < target->argument_count; i++)
        if (view_equal(target->arguments[i].name, view_text("form")))
            return &target->arguments[i];
    return NULL;
}

/* The argument that said it is a form becomes the key, or goes. */
static void give_key(struct http_request *request, struct target_argument *argument)
{
    struct http_target *target = &request->target;
    struct view key = view_bytes(&request->form->key);
    if (key.size)
        *argument = (struct target_argument){view_text("Idempotency-Key"), key};
    else
        *argument = target->arguments[--target->argument_count];
}

bool page_form_take(struct http_request *request)
{
    struct target_argument *argument = form_argument(request);
    BYTES_AUTO(field);
    if (request->method != METHOD_POST || !argument)
        return true;
    struct view body = view_bytes(&request->body);
    request->form = memory_take_zeroed(1, sizeof *request->form);
    if (!page_form_field(body, "message", &field) &&
        !page_form_field(body, "words", &field)) {
        answer_problem(request, 400, "a form has a field `message` or `words`");
        return false;
    }
    page_form_field(body, "key", &request->form->key);
    give_key(request, argument);
    undo_newlines(&field);
    bytes_free(&request->body);
    request->body = field;
    field = (struct bytes){0};
    return true;
}

/* ---------------------------------------------------------------------- answering */

/* What the answer's `Location: .../tasks@KEY` names. */
static void append_task(struct http_request *request, struct bytes *out)
{
    const char *location = answer_find_header(&request->answer, "Location");
    const char *key = location ? strrchr(location, '@') : NULL;
    if (!key)
        return;
    bytes_append_text(out, "?sent=");
    html_query(out, view_text(key + 1));
}

static void answer_problem_page(struct http_request *request)
{
    const struct http_answer *answer = &request->answer;
    unsigned code = answer->code;
    json_t *problem = json_loadb(answer->body.size ? answer->body.data : "",
                                 answer->body.size, 0, NULL);
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    char *text = memory_text(view_text(detail ? detail : "It was refused."));
    json_decref(problem);
    bytes_clear(&request->answer.headers);
    page_answer_error(request, code, text);
    free(text);
}

void page_form_answer(struct http_request *request)
{
    BYTES_AUTO(location);
    if (!request->form)
        return;
    if (request->answer.code >= 400) {
        answer_problem_page(request);
        return;
    }
    bytes_append_text(&location, "./");
    append_task(request, &location);
    bytes_clear(&request->answer.headers);
    bytes_free(&request->answer.body);
    answer_code(request, 303);
    answer_header(request, "Location", "%.*s", (int)location.size, location.data);
}

void page_form_free(struct page_form *form)
{
    if (!form)
        return;
    bytes_free(&form->key);
    free(form);
}
