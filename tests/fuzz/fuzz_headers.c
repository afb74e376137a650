/* Any bytes as recorded headers: refused with line and reason, or fit to be decided again. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "agents/cli/headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(headers) headers = NULL;
    OWNED(agreement_set) none = NULL;
    OWNED(replay) replay = NULL;
    struct reason why = {{0}};
    enum status st = headers_parse("fuzz", (const char *)data, size, &headers, &why);

    if (st != ST_OK) {
        assert(!headers);
        assert(st != ST_INVALID || strncmp(why.text, "fuzz:", 5) == 0);
        return 0;
    }
    if (agreement_set_take(NULL, 0, &none, &why) != ST_OK
        || replay_new(none, NULL, 0, &replay) != ST_OK)
        return 0;
    for (size_t i = 0; i < headers->count; i++) {
        const struct past *past = &headers->items[i];
        struct replayed r = replay_decide(replay, past);

        assert(past->from[0] && past->to[0] && past->type[0]);
        assert(!(past->categories & 1) && past->retention_days <= RETENTION_DAYS_MAX);
        assert(r.outcome == REPLAY_NOT_JUDGED
               || r.code == CONCORDAT__REFUSAL_CODE__NO_AGREEMENT); /* there is none */
    }
    return 0;
}
