/* Certificates that arrive as bytes (a signing certificate in a hello) must be judged, never
 * believed: whatever passes has a valid id, and is its own only encoding. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/id.h"
#include "lib/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (enum identity_use use = USE_BROKER; use <= USE_OFFICER; use++) {
        struct identity found;
        struct reason why;
        EVP_PKEY *key = NULL;

        if (identity_of_der(data, size, use, &found, &key, &why) == ST_OK) {
            assert(agency_is_valid(found.id));
            assert(key);
            EVP_PKEY_free(key);
        } else {
            assert(!key);
            assert(found.id[0] == '\0' || agency_is_valid(found.id));
        }
    }
    return 0;
}
