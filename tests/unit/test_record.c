/* What the agent stores comes back as it was: also through the initialiser that a compiler flag broke. */
#include "tests/unit/unit.h"

#include <string.h>

#include "agents/outbox.h"
#include "agents/record.h"

/* Not inlined, so that the compiler treats the caller's struct as it does in the product. */
__attribute__((noinline)) static struct digest first_of_path(const struct outbox_entry *entry)
{
    return entry->proof.path[0];
}

/* docs/decisions/0003-no-automatic-zeroing.md */
static void an_initialiser_copies_the_whole_proof(void **)
{
    struct proof proofs[3];
    struct digest expected;

    memset(proofs, 0xab, sizeof proofs);
    memset(&expected, 0xab, sizeof expected);
    for (size_t i = 0; i < LENGTH(proofs); i++) {
        struct outbox_entry entry = {
            .sealed = true, .lane = 1, .number = i, .proof = proofs[i], .body = {NULL, i}};
        struct digest got = first_of_path(&entry);
        assert_memory_equal(&got, &expected, sizeof got);
    }
}

static void a_proof_is_read_as_it_was_written(void **)
{
    uint8_t buffer[1024];

    for (uint32_t length = 0; length <= BATCH_PATH_MAX; length++) {
        struct proof proof = {.index = 3, .count = 60, .length = length}, back;
        struct writer w = writer_of(buffer, sizeof buffer);

        memset(proof.path, 0x5c, length * sizeof *proof.path);
        memset(proof.signature, 0x11, sizeof proof.signature);
        write_proof(&w, &proof);
        assert_false(w.failed);
        struct reader r = reader_of(buffer, w.size);
        read_proof(&r, &back);
        assert_true(reader_done(&r));
        assert_memory_equal(&proof, &back, sizeof proof);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_initialiser_copies_the_whole_proof),
        cmocka_unit_test(a_proof_is_read_as_it_was_written),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
