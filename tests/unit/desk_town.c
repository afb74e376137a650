#include "tests/unit/desk_town.h"

#include <string.h>

const char *const court_and_nps[2] = {COURT, NPS};

struct id id_of(const Concordat__Response *response)
{
    struct id id;

    assert_int_equal(response->message_id.len, ID_SIZE);
    memcpy(id.bytes, response->message_id.data, ID_SIZE);
    return id;
}

struct id send_request(struct town *town, Concordat__Outcome expected)
{
    const Concordat__Response *r = town_send(town, 0, "psr.request", NPS, "psr.request.json", NULL);

    if (r->outcome != expected)
        fail_msg("outcome %d, expected %d: %s %s", (int)r->outcome, (int)expected,
                 r->n_problems ? r->problems[0]->where : "",
                 r->n_problems ? r->problems[0]->text : r->advice);
    return id_of(r);
}
