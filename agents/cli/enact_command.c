/* enact_command.c - `concordat agreement enact`: enact.h for a person or a script. */
#include <stdio.h>

#include "agents/cli/arguments.h"
#include "agents/cli/enact.h"
#include "agents/cli/instrument.h"
#include "agents/cli/show.h"
#include "lib/bytes.h"

#define AWAIT_MS 30000

static enum exit_code exit_of(enum status status)
{
    return status == ST_INVALID || status == ST_FORGED ? EXIT_BAD_INPUT : EXIT_FAILED;
}

static void tell(const struct cli *cli, const struct agreement *draft,
                 const struct enacted *enacted, json_t *list)
{
    char hex[2 * DIGEST_SIZE + 1];

    hex_print(enacted->hash.bytes, DIGEST_SIZE, hex);
    (void)json_array_append_new(list, json_pack("{s:s, s:i, s:s, s:b}", "id", draft->id, "version",
                                                (int)draft->version, "sha256", hex, "before",
                                                (int)enacted->before));
    if (!cli->json)
        printf("%s version %u: in force%s, sha256 %s\n", draft->id, draft->version,
               enacted->before ? " already" : "", hex);
}

static enum status enact_file(const char *path, const char *pki, struct concordat *agent,
                              const struct cli *cli, json_t *list)
{
    OWNED(agreement) draft = NULL;
    struct enacted enacted;
    struct reason why = {"memory is out"};
    enum status status = agreement_load(path, &draft, &why);

    if (status == ST_IO)
        status = ST_INVALID; /* the user's file, not the agent */
    if (status == ST_OK)
        status = enact(pki, draft, agent, &enacted, &why);
    if (status == ST_OK && !enacted.before)
        status = enact_await(agent, draft->id, &enacted.hash, AWAIT_MS, &why);
    if (status == ST_OK)
        tell(cli, draft, &enacted, list);
    else
        complain("%s", why.text);
    return status;
}

enum exit_code run_enact(struct cli *cli, const struct command *self, int argc, char **argv)
{
    const char *pki = NULL;
    const struct option_spec specs[] = {
        {"pki", OPTION_TEXT, &pki, "DIR", "trust.pem and agencies/ID with every party's keys"},
    };
    struct arguments arguments;
    enum status status = ST_OK;
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (!pki) {
        complain("whose keys? --pki DIR");
        return EXIT_BAD_INPUT;
    }
    OWNED_AGENT agent = agent_open(cli);
    json_t *list = json_array();
    if (!agent || !list)
        status = ST_NOMEM;
    for (size_t i = 0; status == ST_OK && i < arguments.count; i++)
        status = enact_file(arguments.items[i], pki, agent, cli, list);
    if (status == ST_OK && cli->json)
        return show_json(json_pack("{s:o}", "agreements", list));
    json_decref(list);
    return status == ST_OK ? EXIT_DONE : exit_of(status);
}
