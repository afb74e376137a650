#include "lib/id.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "lib/bytes.h"

static bool is_label_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

bool agency_is_valid(const char *text)
{
    size_t size = strnlen(text, AGENCY_MAX + 1);

    if (size == 0 || size > AGENCY_MAX || text[0] < 'a' || text[0] > 'z')
        return false;
    for (size_t i = 1; i < size; i++) {
        bool dot_ends_label = text[i] == '.' && text[i - 1] != '.' && i + 1 < size;
        if (!is_label_char(text[i]) && !dot_ends_label)
            return false;
    }
    return true;
}

static void stamp(struct id *id, uint8_t version)
{
    id->bytes[6] = (uint8_t)((id->bytes[6] & 0x0f) | version << 4);
    id->bytes[8] = (uint8_t)((id->bytes[8] & 0x3f) | 0x80); /* RFC 9562 §4.1 */
}

struct id id_random(void)
{
    struct id id;

    if (RAND_bytes(id.bytes, sizeof id.bytes) != 1)
        abort(); /* without randomness nothing may go on */
    stamp(&id, 4);
    return id;
}

struct id id_from_random(const uint8_t random[static ID_SIZE], int64_t at_ms)
{
    uint64_t ms = at_ms < 0 ? 0 : (uint64_t)at_ms;
    struct id id;

    memcpy(id.bytes, random, sizeof id.bytes);
    if (at_ms == ID_WITHOUT_TIME) {
        stamp(&id, 4);
        return id;
    }
    for (int i = 5; i >= 0; i--, ms >>= 8)
        id.bytes[i] = (uint8_t)ms;
    stamp(&id, 7);
    return id;
}

struct id id_new(int64_t now_ms)
{
    return id_from_random(id_random().bytes, now_ms < 0 ? 0 : now_ms);
}

bool id_equal(const struct id *a, const struct id *b)
{
    return memcmp(a->bytes, b->bytes, ID_SIZE) == 0;
}

bool id_is_zero(const struct id *id)
{
    static const struct id zero;

    return id_equal(id, &zero);
}

int64_t id_time_ms(const struct id *id)
{
    int64_t ms = 0;

    if (id->bytes[6] >> 4 != 7)
        return -1;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id->bytes[i];
    return ms;
}

void id_print(const struct id *id, char out[static ID_TEXT_SIZE])
{
    static const uint8_t groups[] = {4, 2, 2, 2, 6};
    const uint8_t *next = id->bytes;

    for (size_t i = 0; i < sizeof groups; i++) {
        hex_print(next, groups[i], out);
        next += groups[i];
        out += 2 * groups[i];
        *out++ = '-';
    }
    out[-1] = '\0';
}

bool id_parse(const char *text, struct id *out)
{
    char digits[2 * ID_SIZE + 1];
    size_t count = 0;

    if (strnlen(text, ID_TEXT_SIZE) != ID_TEXT_SIZE - 1)
        return false;
    for (size_t i = 0; i < ID_TEXT_SIZE - 1; i++) {
        bool dash_here = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash_here != (text[i] == '-'))
            return false;
        if (!dash_here)
            digits[count++] = text[i];
    }
    digits[count] = '\0';
    return hex_parse(digits, out->bytes, ID_SIZE);
}
