/* SPDX-License-Identifier: MIT */
/*
 * A worker in C without a JSON library, as fast as one can be: the result of a turn is
 * its message, a state that is not empty is kept as it is. It copies the message's JSON
 * string as it stands between its quotes, which is right for every text (and for
 * base64), and answers all lines of a read with one write.
 *
 * Given an argument it only copies lines back: the bare pipe, to compare with.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_BYTES = 64 << 20, READ_BYTES = 256 << 10 };

static char input[BUFFER_BYTES], output[BUFFER_BYTES];
static size_t input_size, output_size;

static void put(const char *bytes, size_t size)
{
    memcpy(output + output_size, bytes, size);
    output_size += size;
}

static void flush(void)
{
    size_t written = 0;
    while (written < output_size) {
        ssize_t size = write(STDOUT_FILENO, output + written, output_size - written);
        if (size < 0 && errno != EINTR)
            _exit(1);
        written += size > 0 ? (size_t)size : 0;
    }
    output_size = 0;
}

/* The end of a JSON string: its closing quote. */
static const char *end_of_string(const char *at)
{
    while (*at != '"')
        at += *at == '\\' ? 2 : 1;
    return at;
}

/* The member's value with its quotes; null when the line has none. */
static const char *find_value(const char *line, size_t size, const char *member,
                              size_t *size_out)
{
    const char *found = memmem(line, size, member, strlen(member));
    if (!found)
        return NULL;
    found += strlen(member);
    *size_out = (size_t)(end_of_string(found + 1) + 1 - found);
    return found;
}

static void answer(const char *line, size_t size)
{
    static const char id[] = "{\"id\":";
    const char *digits = line + sizeof id - 1;
    size_t value_size;
    const char *value = find_value(line, size, ",\"message\":", &value_size);
    put(id, sizeof id - 1);
    put(digits, strspn(digits, "0123456789"));
    if (value) {
        put(",\"result\":", 10);
    } else {
        value = find_value(line, size, ",\"message_base64\":", &value_size);
        put(",\"result_base64\":", 17);
    }
    put(value, value_size);
    put("}\n", 2);
}

static void take_lines(bool is_bare)
{
    size_t begin = 0;
    const char *newline;
    while ((newline = memchr(input + begin, '\n', input_size - begin))) {
        size_t size = (size_t)(newline - input) - begin;
        if (output_size + size + 64 > READ_BYTES)
            flush();
        if (is_bare)
            put(input + begin, size + 1);
        else
            answer(input + begin, size);
        begin += size + 1;
    }
    memmove(input, input + begin, input_size - begin);
    input_size -= begin;
    flush();
}

int main(int argc, char **argv)
{
    ssize_t size;
    (void)argv;
    while ((size = read(STDIN_FILENO, input + input_size, READ_BYTES)) > 0) {
        input_size += (size_t)size;
        if (input_size > BUFFER_BYTES - READ_BYTES)
            return 1;
        take_lines(argc > 1);
    }
    return 0;
}
