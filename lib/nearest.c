#include "lib/nearest.h"

#include <ctype.h>
#include <string.h>

#define WORD_MAX 63 /* bytes: bounds the rows below */

struct nearest nearest_to(const char *word)
{
    return (struct nearest){word, NULL, (unsigned)(strlen(word) / 3 + 1)};
}

static char folded(char c)
{
    return c == '_' ? '-' : (char)tolower((unsigned char)c);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Edits and neighbour swaps from `a` to `b`, by three rolling rows; a letter is swapped once. */
static unsigned distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    unsigned rows[3][WORD_MAX + 1];

    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_size; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *higher = rows[(i + 1) % 3];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_size; j++) {
            char x = folded(a[i - 1]), y = folded(b[j - 1]);

            row[j] = least(above[j - 1] + (x != y), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && x == folded(b[j - 2]) && y == folded(a[i - 2]))
                row[j] = least(row[j], higher[j - 2] + 1);
        }
    }
    return rows[a_size % 3][b_size];
}

void nearest_offer(struct nearest *nearest, const char *name)
{
    size_t word_size = strlen(nearest->word), name_size = strlen(name);

    if (word_size > WORD_MAX || name_size > WORD_MAX)
        return;

    unsigned d = distance(nearest->word, word_size, name, name_size);
    if (d < nearest->distance) {
        nearest->name = name;
        nearest->distance = d;
    }
}
