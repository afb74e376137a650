#include "tests/unit/agent_place.h"

#include <stdio.h>
#include <stdlib.h>

#include "agents/trees.h"

#define MAP_SIZE (512u << 20) /* bytes; what is not written takes none */

int place_open(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    struct reason why = {""};
    char path[80];

    if (!place)
        return -1;
    *state = place;
    (void)snprintf(place->folder, sizeof place->folder, "/tmp/concordat-place-XXXXXX");
    if (!mkdtemp(place->folder))
        return -1;
    (void)snprintf(path, sizeof path, "%s/store", place->folder);
    if (store_open(path, MAP_SIZE, tree_names, TREES, &place->store, &why) != ST_OK
        || store_begin(place->store, true, &place->txn) != ST_OK)
        return -1;
    return 0;
}

int place_close(void **state)
{
    struct place *place = *state;
    char command[96];

    store_abort(place->txn);
    store_close(place->store);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", place->folder);
    if (system(command) != 0)
        return -1;
    free(place);
    return 0;
}
