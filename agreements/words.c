#include "agreements/words.h"

#include <stdio.h>

#include "proto/header.pb-c.h"

static void add(char out[static WORDS_MAX], size_t *size, const char *separator, const char *word)
{
    if (*size >= WORDS_MAX)
        return;
    int n = snprintf(out + *size, WORDS_MAX - *size, "%s%s", *size ? separator : "", word);
    *size += n > 0 ? (size_t)n : 0;
}

void words_of_categories(category_set set, char out[static WORDS_MAX])
{
    size_t size = 0;

    out[0] = '\0';
    for (uint32_t c = 0; c < 32; c++)
        if (set & (1u << c))
            add(out, &size, ", ", category_name(c) ? category_name(c) : "an unknown category");
}

void words_of_capacities(uint32_t capacities, char out[static WORDS_MAX])
{
    size_t size = 0;

    out[0] = '\0';
    for (int i = 1; i < 32; i++)
        if (capacities & (1u << i)
            && protobuf_c_enum_descriptor_get_value(&concordat__subject_capacity__descriptor, i))
            add(out, &size, " or ", word_of_capacity(i));
}

uint32_t words_of_onward(const struct question *q, const struct agreement *a,
                         char out[static WORDS_MAX])
{
    uint32_t count = 0;
    size_t size = 0;

    out[0] = '\0';
    for (size_t i = 0; i < q->onward_count; i++) {
        if (agreement_allows_onward(a, q->onward[i]))
            continue;
        add(out, &size, ", ", q->onward[i]);
        count++;
    }
    return count;
}

const char *word_of_marking(int marking)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&concordat__marking__descriptor, marking);

    return value && marking ? value->name : "none";
}

const char *word_of_capacity(int capacity)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&concordat__subject_capacity__descriptor, capacity);

    return value && capacity ? value->name : "none";
}
