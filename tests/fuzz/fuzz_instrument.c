/* Any bytes as an instrument, a signed one, or a file of them: refused with a reason, or canonical.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "agreements/instrument.h"

static void read_plain(struct bytes bytes)
{
    struct instrument i;
    uint8_t again[INSTRUMENT_MAX];
    struct reason why = {{0}};
    size_t size;
    enum status st = instrument_read(bytes, &i, &why);

    assert(st == ST_OK || (st == ST_INVALID && why.text[0]));
    if (st != ST_OK)
        return;
    st = instrument_write(&i, again, sizeof again, &size);
    assert(st == ST_OK && size == bytes.size && memcmp(again, bytes.data, size) == 0);
}

static void read_signed(struct bytes bytes)
{
    static const struct digest community;
    struct signed_instrument parts;
    struct instrument i;
    struct reason why = {{0}};

    if (signed_instrument_read(bytes, &parts, &why) != ST_OK) {
        assert(why.text[0]);
        return;
    }
    read_plain(parts.instrument);
    if (instrument_verify(&parts, &community, &i, &why) != ST_OK)
        assert(why.text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(instrument_file) file = NULL;
    struct reason why = {{0}};

    read_plain((struct bytes){data, size});
    read_signed((struct bytes){data, size});
    if (instrument_file_parse("fuzz", (const char *)data, size, &file, &why) != ST_OK) {
        assert(strncmp(why.text, "fuzz:", 5) == 0);
        return 0;
    }
    for (size_t i = 0; i < file->count; i++)
        read_signed(file->items[i]);
    return 0;
}
