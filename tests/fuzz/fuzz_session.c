/*
 * Bytes into a session with TLS left out: the first byte says in which pieces they come, the rest
 * is what the peer sends. The exchange is played so that sessions get beyond hello; everything the
 * session says back must be frames of ours.
 */
#include <stdlib.h>

#include "tests/unit/guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct guest guest;
    struct wire wire;
    size_t piece, at = 0;

    if (size == 0)
        return 0;
    guest_start(&guest);
    piece = data[0] ? data[0] : size;
    data++;
    size--;
    while (size > 0) {
        size_t part = piece < size ? piece : size;
        enum status status = guest_feed(&guest, data, part);
        if (guest_answer(&guest, NULL, NULL) != ST_OK || status == ST_CLOSED)
            break;
        data += part;
        size -= part;
    }
    (void)session_refuse(guest.session, NULL, "");
    while (guest_said(&guest, &at, &wire))
        continue;
    if (session_gone(guest.session) != ST_OK)
        abort();
    guest_stop(&guest);
    return 0;
}
