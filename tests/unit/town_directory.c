/* town_directory.c - the broker's directory in a town: certificates and sealing keys, and those of
 * an impostor, as the mischief says. */
#include "tests/unit/town_inside.h"

#include <stdio.h>
#include <stdlib.h>

static void fill_entry(const struct town *town, size_t index, struct directory_entry *entry)
{
    const struct resident *m = &town->members[index];

    entry->known = true;
    if (!town->mischief.hide_certificates)
        entry->certificates[entry->certificate_count++] = m->certificate;
    if (m->impostor.key)
        entry->certificates[entry->certificate_count++] = m->impostor.certificate;
    if (m->impostor.key && town->mischief.false_keys)
        entry->keys[entry->key_count++] = m->impostor.published;
    if (m->statement && !town->mischief.hide_keys
        && (!town->mischief.false_keys || town->mischief.true_keys_too))
        entry->keys[entry->key_count++] = m->published;
}

static bool is_of(struct bytes certificate, const struct digest *print)
{
    struct digest digest = sha256(certificate.data, certificate.size);

    return certificate.size > 0 && digest_equal(&digest, print);
}

void town_directory(struct town *town, size_t from, const struct wire *wire)
{
    struct directory_entry entries[DIRECTORY_ENTRIES_MAX] = {0};
    struct wire answer = {.kind = WIRE_DIRECTORY};
    struct resident *m = &town->members[from];
    uint32_t count = 0;

    if (wire->directory.has_publish) {
        free(m->statement);
        m->published = wire->directory.publish;
        m->statement = town_copy(m->published.statement);
        m->published.statement.data = m->statement;
    }
    for (uint32_t i = 0; i < wire->directory.wanted_count; i++) {
        size_t index = town_find(town, wire->directory.wanted[i]);

        (void)snprintf(entries[count].agency, sizeof entries[count].agency, "%s",
                       wire->directory.wanted[i]);
        if (index != SIZE_MAX && !town->mischief.hide_agencies)
            fill_entry(town, index, &entries[count]);
        count++;
    }
    for (uint32_t i = 0; i < wire->directory.certificate_count; i++) {
        for (size_t j = 0; j < town->count; j++) {
            const struct digest *wanted = &wire->directory.wanted_certificates[i];

            if (!is_of(town->members[j].certificate, wanted)
                && !is_of(town->members[j].impostor.certificate, wanted))
                continue;
            (void)snprintf(entries[count].agency, sizeof entries[count].agency, "%s",
                           town->members[j].agency);
            fill_entry(town, j, &entries[count++]);
        }
    }
    answer.directory.request = wire->directory.request;
    answer.directory.entries = entries;
    answer.directory.entry_count = count;
    town_frame_to(town, from, &answer, (struct bytes){NULL, 0});
}
