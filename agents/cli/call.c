#include "agents/cli/call.h"

#include "agents/cli/show.h"

struct concordat *call_begin(struct cli *cli, const struct command *self,
                             const struct option_spec *specs, size_t spec_count, int argc,
                             char **argv, struct arguments *arguments, enum exit_code *end)
{
    enum parsed parsed = arguments_parse(cli, self, specs, spec_count, argc, argv, arguments);
    struct concordat *agent;

    if (parsed != PARSED_OK) {
        *end = arguments_exit(parsed);
        return NULL;
    }
    agent = agent_open(cli);
    if (!agent)
        *end = EXIT_FAILED;
    return agent;
}

bool call_is_done(const struct cli *cli, const struct concordat_answer *answer)
{
    show_trouble(cli, answer);
    return answer->outcome == CONCORDAT_DONE;
}
