/* Any bytes as an agreement: refused with a reason, or sound; and its decisions are sound too. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "agreements/decide.h"

static void ask(const struct agreement_set *set, const struct agreement *a, const struct clause *c)
{
    struct question q = {.from = a->parties[0].agency,
                         .to = a->parties[a->party_count - 1].agency,
                         .type = c->type->name,
                         .categories = c->required,
                         .in_reply = true};
    struct decision d = decide_first(&q, set, a->from_ms);
    struct reason why = {{0}};

    decision_explain(&d, &q, &why);
    assert(why.text[0]);
    assert(d.permitted == (d.code == CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED));
    assert(!d.permitted || decide(&q, set, a->from_ms).permitted);
    assert(!d.permitted || !decide(&q, set, a->until_ms).permitted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(agreement_set) set = NULL;
    struct agreement *agreement = NULL;
    struct reason why = {{0}};
    enum status st = agreement_parse("fuzz", (const char *)data, size, &agreement, &why);

    if (st != ST_OK) {
        assert(!agreement);
        assert(st != ST_INVALID || strncmp(why.text, "fuzz:", 5) == 0);
        return 0;
    }
    assert(agreement->party_count >= 2 && agreement->clause_count >= 1);
    if (agreement_set_take(&agreement, 1, &set, &why) != ST_OK)
        return 0;
    for (size_t i = 0; i < agreement->clause_count; i++)
        ask(set, agreement, &agreement->clauses[i]);
    return 0;
}
