#include "agents/base64.h"

#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_print(const uint8_t *data, size_t size, char *out)
{
    for (size_t i = 0; i < size; i += 3) {
        uint32_t group = (uint32_t)data[i] << 16 | (i + 1 < size ? (uint32_t)data[i + 1] << 8 : 0)
                       | (i + 2 < size ? data[i + 2] : 0);

        *out++ = letters[group >> 18];
        *out++ = letters[group >> 12 & 63];
        *out++ = i + 1 < size ? letters[group >> 6 & 63] : '=';
        *out++ = i + 2 < size ? letters[group & 63] : '=';
    }
    *out = '\0';
}

bool base64_parse(const char *text, size_t size, uint8_t *out, size_t *out_size)
{
    size_t used = 0;

    if (size % 4 != 0)
        return false;
    for (size_t i = 0; i < size; i += 4) {
        bool last = i + 4 == size;
        size_t padding = last && text[i + 3] == '=' ? 1u + (text[i + 2] == '=') : 0;
        uint32_t group = 0;

        for (size_t j = 0; j < 4 - padding; j++) {
            const char *letter = text[i + j] ? strchr(letters, text[i + j]) : NULL;
            if (!letter)
                return false;
            group |= (uint32_t)(letter - letters) << (18 - 6 * j);
        }
        if (group & ((1u << 8 * padding) - 1)) /* bits that no byte would hold */
            return false;
        for (size_t j = 0; j < 3 - padding; j++)
            out[used++] = (uint8_t)(group >> (16 - 8 * j));
    }
    *out_size = used;
    return true;
}
