/* SPDX-License-Identifier: MIT */
#include "server/access/credentials.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/base/base64.h"

static bool has_control_characters(struct view text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
            return true;
    return false;
}

/* Cuts `scheme` and the spaces after it off. */
static bool take_scheme(struct view *field, const char *scheme)
{
    size_t size = strlen(scheme);
    if (field->size <= size || strncasecmp(field->data, scheme, size) != 0 ||
        field->data[size] != ' ')
        return false;
    while (size < field->size && field->data[size] == ' ')
        size++;
    *field = view_of(field->data + size, field->size - size);
    while (field->size && field->data[field->size - 1] == ' ')
        field->size--;
    return true;
}

/* Windows sends the domain that it thinks it is in. */
static struct view without_domain(struct view name)
{
    const char *end = name.size ? memrchr(name.data, '\\', name.size) : NULL;
    if (!end)
        return name;
    size_t past = (size_t)(end - name.data) + 1;
    return view_of(name.data + past, name.size - past);
}

static enum status parse_basic(struct view encoded, struct credentials *credentials)
{
    struct bytes *text = &credentials->text;
    bytes_reserve(text, encoded.size + 1); /* never moved: nothing is left behind */
    if (!base64_decode(text, encoded) || has_control_characters(view_bytes(text)))
        return STATUS_INVALID;
    const char *colon = text->size ? memchr(text->data, ':', text->size) : NULL;
    if (!colon)
        return STATUS_INVALID;
    size_t name_size = (size_t)(colon - text->data);
    credentials->name = without_domain(view_of(text->data, name_size));
    credentials->password = view_of(colon + 1, text->size - name_size - 1);
    text->data[text->size] = '\0';
    return credentials->name.size && credentials->password.size <= PASSWORD_BYTES_MAX
               ? STATUS_OK
               : STATUS_INVALID;
}

/* b64token: letters, digits, `-._~+/`, and `=` at the end. */
static bool is_token(struct view text)
{
    while (text.size && text.data[text.size - 1] == '=')
        text.size--;
    for (size_t i = 0; i < text.size; i++)
        if (!isalnum((unsigned char)text.data[i]) && !memchr("-._~+/", text.data[i], 6))
            return false;
    return text.size > 0;
}

static enum status parse_bearer(struct view token, struct credentials *credentials)
{
    if (!is_token(token))
        return STATUS_INVALID;
    credentials->is_bearer = true;
    bytes_append(&credentials->text, token);
    credentials->token = view_bytes(&credentials->text);
    return STATUS_OK;
}

enum status credentials_parse(struct view field, struct credentials *credentials)
{
    *credentials = (struct credentials){0};
    if (field.size > CREDENTIALS_BYTES_MAX)
        return STATUS_INVALID;
    if (take_scheme(&field, "Basic"))
        return parse_basic(field, credentials);
    if (take_scheme(&field, "Bearer"))
        return parse_bearer(field, credentials);
    return STATUS_INVALID;
}

void credentials_free(struct credentials *credentials)
{
    if (credentials->text.data)
        explicit_bzero(credentials->text.data, credentials->text.capacity);
    bytes_free(&credentials->text);
    *credentials = (struct credentials){0};
}
