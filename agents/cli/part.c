#include "agents/cli/part.h"

#include <stdlib.h>
#include <string.h>

#include "agents/base64.h"
#include "agents/body.h"
#include "agents/cli/case.h"
#include "agents/cli/files.h"
#include "agents/cli/show.h"
#include "lib/clock.h"
#include "lib/limits.h"

#define PART_TYPE "case.record.part"

void part_fini(struct part *part)
{
    json_decref(part->body);
    part->body = NULL;
}

bool part_read(const char *path, struct part *out)
{
    json_t *body = file_read_object(path);

    if (!body)
        return false;
    *out = (struct part){.path = path, .body = body};
    return true;
}

bool part_number(struct part *part, const struct concordat_id *manifest, uint32_t number,
                 struct arena *arena)
{
    struct problems problems = {0};
    struct bytes body;
    char *text;
    enum status status;

    json_put(part->body, "manifestId", json_of_id_bytes(manifest));
    json_put(part->body, "number", json_integer(number));
    text = json_dumps(part->body, JSON_COMPACT);
    if (!text) {
        complain("memory is out");
        return false;
    }
    arena_reset(arena, true);
    status = body_from_json(catalogue_find(PART_TYPE), text, strlen(text), clock_wall_ms(), arena,
                            &body, &problems);
    free(text);
    if (status == ST_OK) {
        part->measure = manifest_measure(body);
        return true;
    }
    for (size_t i = 0; i < problems.count && i < PROBLEMS_MAX; i++)
        complain("%s: %s: %s", part->path, problems.items[i].where, problems.items[i].text);
    if (problems.count == 0)
        complain("%s: %s", part->path,
                 status == ST_LIMIT ? "a part has at most 1 MiB" : "cannot be measured");
    return false;
}

const char *part_kind(const struct part *part)
{
    const char *key;
    json_t *value;

    json_object_foreach(part->body, key, value)
    {
        const char *kind = json_string_value(json_object_get(value, "kind"));

        if (kind)
            return kind;
    }
    return "";
}

json_t *json_of_part(const struct part *part)
{
    char digest[BASE64_SIZE(DIGEST_SIZE)];
    json_t *listed = json_object();

    base64_print(part->measure.sha256.bytes, DIGEST_SIZE, digest);
    json_put(listed, "number", json_incref(json_object_get(part->body, "number")));
    json_put(listed, "kind", json_string(part_kind(part)));
    json_put(listed, "size", json_integer((json_int_t)part->measure.size));
    json_put(listed, "sha256", json_string(digest));
    if (json_object_get(part->body, "nonDisclosure"))
        json_put(listed, "nonDisclosure", json_true());
    return listed;
}
