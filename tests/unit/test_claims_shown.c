/* What an agency signed about a case is shown out of a store, byte for byte, with whose certificate
 * holds. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/claims_shown.h"
#include "broker/state.h"
#include "tests/unit/samples.h"

static const uint8_t certificate[] = "certificate of nps.cambs";

static void gather(struct state *state, const struct event *event)
{
    uint8_t record[1024];
    struct writer w = writer_of(record, sizeof record);

    assert_int_equal(event_write(event, &w), ST_OK);
    assert_int_equal(state_gather(state, (struct bytes){record, w.size}), ST_OK);
    const struct journal_mark mark = {.segment = 1, .offset = 4096, .sequence = event->sequence};
    assert_int_equal(state_commit(state, &mark), ST_OK);
}

static void fill(const struct config *config)
{
    OWNED(state) state = NULL;
    uint8_t proof[DIGEST_SIZE + SIGNATURE_SIZE];
    const struct digest signer = sha256(certificate, sizeof certificate);
    struct event agency = {.kind = EVENT_AGENCY, .sequence = 1, .at_ms = 1};
    struct reason why = {""};

    assert_int_equal(state_open(config->store, (size_t)config->map_size, &state, &why), ST_OK);
    strcpy(agency.agency, "nps.cambs");
    agency.certificate = (struct bytes){certificate, sizeof certificate};
    gather(state, &agency);
    memcpy(proof, signer.bytes, DIGEST_SIZE);
    memset(proof + DIGEST_SIZE, 0xa5, SIGNATURE_SIZE);
    for (uint64_t sequence = 2; sequence <= 4; sequence++) {
        struct event claim = sample_claim(sequence, sequence == 3 ? 2 : 1);
        claim.statement_proof = (struct bytes){proof, sizeof proof};
        gather(state, &claim);
    }
}

static void assert_holds(const char *text, const char *name, const void *bytes, size_t size)
{
    char hex[2 * 256 + 1], field[1024];

    assert_true(size <= 256);
    hex_print(bytes, size, hex);
    (void)snprintf(field, sizeof field, "\"%s\":\"%s\"", name, hex);
    assert_non_null(strstr(text, field));
}

static void the_claims_about_a_case_are_shown_as_they_were_signed(void **)
{
    char folder[] = "/tmp/claims_shown.XXXXXX", command[64], *text = NULL;
    struct config config = {.map_size = 16 * 1024 * 1024};
    const struct id handle = {{1}}, unknown = {{9}};
    const struct event sample = sample_claim(2, 1);
    struct reason why = {""};
    size_t size = 0, count = 0;

    assert_non_null(mkdtemp(folder));
    (void)snprintf(config.store, sizeof config.store, "%s/store", folder);
    fill(&config);
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_int_equal(claims_show(&config, &handle, out, &count, &why), ST_OK);
    assert_int_equal(count, 2);
    assert_int_equal(fflush(out), 0);
    const char *second = strchr(text, '\n') + 1;
    assert_int_equal(strncmp(text, "{\"agency\":\"nps.cambs\",\"version\":3,", 33), 0);
    assert_non_null(strstr(text, "\"sequence\":2,"));
    assert_non_null(strstr(second, "\"sequence\":4,"));
    for (const char *line = text; line; line = line == text ? second : NULL) {
        assert_holds(line, "claim", sample.statement.data, sample.statement.size);
        assert_holds(line, "certificate", certificate, sizeof certificate);
    }
    assert_int_equal(claims_show(&config, &unknown, out, &count, &why), ST_OK);
    assert_int_equal(count, 0);
    (void)fclose(out);
    free(text);
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_claims_about_a_case_are_shown_as_they_were_signed),
    };
    return cmocka_run_group_tests_name("claims_shown", tests, NULL, NULL);
}
