#include "agents/cli/tracked.h"

#include "agents/cli/show.h"

#define PAGE 1000 /* items: as many as an agent gives in one answer */

enum exit_code tracked_each(const struct cli *cli, struct concordat *agent, uint64_t limit,
                            enum exit_code (*visit)(void *context,
                                                    const struct concordat_item *item),
                            void *context)
{
    uint64_t before = 0, left = limit ? limit : UINT64_MAX;

    do {
        uint32_t wanted = left < PAGE ? (uint32_t)left : PAGE;
        OWNED_ANSWER page = concordat_track_older(agent, before, wanted);

        show_trouble(cli, page);
        if (page->outcome != CONCORDAT_DONE)
            return (enum exit_code)page->outcome;
        if (before && page->next >= before) { /* one that knows no pages begins again for ever */
            complain("the agent is older than this program: it gives no more than the newest %d",
                     PAGE);
            return EXIT_FAILED;
        }
        for (size_t i = 0; i < page->item_count; i++) {
            enum exit_code code = visit(context, &page->items[i]);

            if (code != EXIT_DONE)
                return code;
        }
        left -= page->item_count < left ? page->item_count : left;
        before = page->next;
    } while (before && left > 0);
    return EXIT_DONE;
}
