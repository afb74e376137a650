/* client_id.c - ids as text and new ones. See client.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "agents/client.h"

void concordat_id_print(const struct concordat_id *id, char out[CONCORDAT_ID_TEXT])
{
    char *next = out;

    for (size_t i = 0; i < sizeof id->bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *next++ = '-';
        next += snprintf(next, 3, "%02x", id->bytes[i]);
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool concordat_id_parse(const char *text, struct concordat_id *out)
{
    struct concordat_id id;

    if (strlen(text) != CONCORDAT_ID_TEXT - 1)
        return false;
    for (size_t i = 0; i < sizeof id.bytes; i++) {
        int high, low;

        if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
            return false;
        high = hex_value(*text++);
        low = hex_value(*text++);
        if (high < 0 || low < 0)
            return false;
        id.bytes[i] = (uint8_t)(16 * high + low);
    }
    *out = id;
    return true;
}

bool concordat_id_is_none(const struct concordat_id *id)
{
    static const struct concordat_id none;

    return memcmp(id, &none, sizeof none) == 0;
}

struct concordat_id concordat_id_new(void)
{
    struct concordat_id id;
    struct timespec now;
    uint64_t ms;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    if (getrandom(id.bytes, sizeof id.bytes, 0) != (ssize_t)sizeof id.bytes)
        abort();                           /* two messages under one id would be worse */
    for (int i = 5; i >= 0; i--, ms >>= 8) /* RFC 9562 §5.7 */
        id.bytes[i] = (uint8_t)ms;
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x70);
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
    return id;
}
