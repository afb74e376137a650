/*
 * analysis_test.c - `concordat agreement test`: the cases that an agreement states of itself.
 */
#include <stdio.h>

#include "agents/cli/analysis.h"
#include "agents/cli/arguments.h"
#include "agents/cli/show.h"
#include "agreements/trial.h"
#include "proto/refusal.h"

static const char *expectation_name(int code)
{
    return code == 0 ? "permitted" : refusal_name((Concordat__RefusalCode)code);
}

static void show_case(const struct cli *cli, const struct agreement *a, const struct trial *trial,
                      const struct verdict *verdict)
{
    const char *got = expectation_name((int)verdict->decision.code);

    if (verdict->passed) {
        printf("%spass%s  %s: %s\n", tone_start(cli, TONE_GOOD), tone_end(cli), trial->name, got);
        return;
    }
    printf("%sFAIL%s  %s: %s\n", tone_start(cli, TONE_BAD), tone_end(cli), trial->name, got);
    printf("      %s:%u expects %s; %s\n", a->name, trial->line, expectation_name(trial->expected),
           verdict->said.text);
}

static json_t *json_of_case(const struct agreement *a, const struct trial *trial,
                            const struct verdict *verdict)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:b, s:s, s:s, s:s}", "file", a->name, "agreement",
                     a->id, "case", trial->name, "line", (int)trial->line, "passed",
                     verdict->passed, "expected", expectation_name(trial->expected), "got",
                     expectation_name((int)verdict->decision.code), "said", verdict->said.text);
}

/* How many cases of the file fail; adds each to the report. */
static size_t test_agreement(const struct cli *cli, const struct agreement *a, json_t *report)
{
    size_t failed = 0;

    for (size_t i = 0; i < a->trial_count; i++) {
        struct verdict verdict;

        if (trial_run(a, &a->trials[i], &verdict) != ST_OK) {
            complain("memory is out");
            return failed + 1;
        }
        failed += !verdict.passed;
        (void)json_array_append_new(report, json_of_case(a, &a->trials[i], &verdict));
        if (!cli->json)
            show_case(cli, a, &a->trials[i], &verdict);
    }
    if (!cli->json && a->trial_count == 0)
        printf("%s: %s states no cases\n", a->name, a->id);
    else if (!cli->json)
        printf("%s: %s, %zu of %zu pass\n", a->name, a->id, a->trial_count - failed,
               a->trial_count);
    return failed;
}

enum exit_code run_agreement_test(struct cli *cli, const struct command *self, int argc,
                                  char **argv)
{
    struct arguments arguments;
    enum exit_code code = EXIT_DONE;
    enum parsed parsed = arguments_parse(cli, self, NULL, 0, argc, argv, &arguments);
    json_t *report;

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    report = json_array();
    for (size_t i = 0; i < arguments.count && code != EXIT_BAD_INPUT; i++) {
        OWNED(agreement) agreement = NULL;
        struct reason why = {"memory is out"};

        if (agreement_load(arguments.items[i], &agreement, &why) != ST_OK) {
            complain("%s", why.text);
            code = EXIT_BAD_INPUT;
        } else if (test_agreement(cli, agreement, report) > 0) {
            code = EXIT_FAILED;
        }
    }
    if (cli->json)
        (void)show_json(json_pack("{s:O}", "cases", report));
    json_decref(report);
    return code;
}
