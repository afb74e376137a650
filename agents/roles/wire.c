#include "agents/roles/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *wire_made(json_t *json)
{
    if (json)
        return json;
    (void)fputs("out of memory, or a body that is not UTF-8\n", stderr);
    abort();
}

json_t *wire_at(const json_t *json, const char *path)
{
    while (json && *path) {
        size_t size = strcspn(path, ".");

        json = json_object_getn(json, path, size);
        path += size + (path[size] == '.');
    }
    return (json_t *)(uintptr_t)json;
}

const char *wire_text(const json_t *json, const char *path)
{
    const char *text = json_string_value(wire_at(json, path));

    return text ? text : "";
}

int64_t wire_number(const json_t *json, const char *path)
{
    const json_t *number = wire_at(json, path);

    return json_is_string(number) ? strtoll(json_string_value(number), NULL, 10)
                                  : json_integer_value(number);
}

bool wire_true(const json_t *json, const char *path)
{
    return json_is_true(wire_at(json, path));
}

void wire_copy(json_t *to, const char *key, const json_t *from, const char *path)
{
    const json_t *found = wire_at(from, path);

    if (found)
        (void)json_object_set_new(to, key, wire_made(json_deep_copy(found)));
}

json_t *wire_time(int64_t ms)
{
    return wire_made(json_sprintf("%" PRId64, ms));
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

json_t *wire_bytes(const uint8_t *bytes, size_t size)
{
    char text[89], *next = text;

    if (size > 64)
        return wire_made(NULL);
    for (size_t i = 0; i < size; i += 3) { /* RFC 4648 §4 */
        size_t left = size - i;
        uint32_t group = (uint32_t)bytes[i] << 16 | (uint32_t)(left > 1 ? bytes[i + 1] : 0) << 8
                       | (uint32_t)(left > 2 ? bytes[i + 2] : 0);

        *next++ = alphabet[group >> 18];
        *next++ = alphabet[group >> 12 & 63];
        *next++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *next++ = left > 2 ? alphabet[group & 63] : '=';
    }
    *next = '\0';
    return wire_made(json_string(text));
}

json_t *wire_id(const char *id)
{
    struct concordat_id parsed;

    return concordat_id_parse(id, &parsed) ? wire_bytes(parsed.bytes, sizeof parsed.bytes) : NULL;
}

bool wire_id_text(const json_t *bytes, char out[static CONCORDAT_ID_TEXT])
{
    const char *text = json_string_value(bytes);
    struct concordat_id id;
    uint32_t bits = 0;
    size_t held = 0, size = 0;

    if (!text || strlen(text) != 24)
        return false;
    for (; *text && *text != '='; text++) {
        const char *letter = strchr(alphabet, *text);

        if (!letter)
            return false;
        bits = bits << 6 | (uint32_t)(letter - alphabet);
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        if (size == sizeof id.bytes)
            return false;
        id.bytes[size++] = (uint8_t)(bits >> held);
    }
    if (size != sizeof id.bytes)
        return false;
    concordat_id_print(&id, out);
    return true;
}

json_t *wire_day(uint32_t day)
{
    return wire_made(json_pack("{s:i}", "ymd", (int)day));
}

json_t *wire_statement(const char *text, const char *basis)
{
    return wire_made(json_pack("{s:s, s:s}", "text", text, "basis", basis));
}

void wire_print_id(const struct concordat_id *id, char out[static CONCORDAT_ID_TEXT])
{
    out[0] = '\0';
    if (!concordat_id_is_none(id))
        concordat_id_print(id, out);
}
