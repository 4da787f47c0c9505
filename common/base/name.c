/* SPDX-License-Identifier: MIT */
/*
 * A name is cut at its bare `@`, `,` and `=` first and each piece is decoded after
 * that, exactly once: an encoded separator never separates, and nothing is decoded
 * twice.
 */
#include "common/base/name.h"

static bool contains_any(struct view text, const char *bytes)
{
    for (; *bytes != '\0'; bytes++)
        if (memchr(text.data, *bytes, text.size))
            return true;
    return false;
}

enum status name_check_actor(struct view name)
{
    if (name.size > FILE_NAME_BYTES_MAX)
        return STATUS_NAME_TOO_LONG;
    if (name.size == 0 || name.size > ACTOR_NAME_BYTES_MAX || !text_is_plain(name) ||
        contains_any(name, "/?#%,"))
        return STATUS_INVALID;
    if (strchr(".- ", name.data[0]) || name.data[name.size - 1] == ' ')
        return STATUS_INVALID;
    return STATUS_OK;
}

/* Cuts `text` at the first `mark`, which belongs to neither side; false without one. */
static bool cut(struct view text, char mark, struct view *before, struct view *after)
{
    const char *found = text.size > 0 ? memchr(text.data, mark, text.size) : NULL;
    size_t size;

    if (!found)
        return false;
    size = (size_t)(found - text.data);
    *before = view_of(text.data, size);
    *after = view_of(found + 1, text.size - size - 1);
    return true;
}

static enum status read_parameter(struct parameters *parameters, struct view text)
{
    BYTES_AUTO(value);
    struct view name, encoded;

    if (!cut(text, '=', &name, &encoded) || !percent_decode(&value, encoded))
        return STATUS_INVALID;
    return parameters_set(parameters, name, view_bytes(&value));
}

/* `KEY`, `KEY,name=value...` or `,name=value...`. */
static enum status read_after_at(struct parameters *parameters, struct view text)
{
    struct view piece = text;
    struct view rest = {0};
    bool more = cut(text, ',', &piece, &rest);
    enum status status = STATUS_OK;

    if (piece.size > 0 || !more)
        status = key_from_name(piece, &parameters->key);
    while (more && status == STATUS_OK) {
        piece = rest;
        more = cut(rest, ',', &piece, &rest);
        status = read_parameter(parameters, piece);
    }
    return status;
}

enum status name_parse(struct view name, struct view *base_out,
                       struct parameters *parameters_out)
{
    struct parameters parameters;
    struct view base = name;
    struct view rest;
    enum status status = STATUS_OK;

    if (name.size > FILE_NAME_BYTES_MAX)
        return STATUS_NAME_TOO_LONG;
    parameters_clear(&parameters);
    parameters.at = cut(name, '@', &base, &rest);
    if (parameters.at)
        status = read_after_at(&parameters, rest);
    if (status != STATUS_OK)
        return status;
    *base_out = base;
    *parameters_out = parameters;
    return STATUS_OK;
}
