/*
 * join_pack.h - what a member was given by hand when it joined: the root and the governance keys.
 *
 *     # Compare every line with its agency, by telephone or in person, before trusting it.
 *     community Cambridgeshire
 *     root 4f0c...                     SHA-256 of the root certificate (DER)
 *     governance nps.cambs 91ab...     SHA-256 of the key's SubjectPublicKeyInfo
 *
 * For registrar.h, so that neither the broker nor an issuing authority can put other keys in the
 * place of these: the agent (`join-pack' in its settings) and `concordat
 * agreement verify` read it. Nobody signs it; it is
 * as good as the comparison. Lines in this order; an agency may have several;
 * comments begin with '#'. Made by `concordat pki join-pack`.
 */
#ifndef AGENTS_JOIN_PACK_H
#define AGENTS_JOIN_PACK_H

#include "agreements/registrar.h"

#define JOIN_PACK_KEYS_MAX 4096
#define JOIN_PACK_MAX (1024 * 1024) /* bytes */
#define COMMUNITY_NAME_MAX 64       /* bytes before the NUL */

struct join_pack {
    char community[COMMUNITY_NAME_MAX + 1];
    struct digest root;
    size_t count;
    struct known_key *keys; /* owned */
};

/*   ST_INVALID  not that; `why` has name and line
 *   ST_NOMEM */
enum status join_pack_parse(const char *name, const char *text, size_t size, struct join_pack **out,
                            struct reason *why);
/* The same from a file; ST_IO when it cannot be read (`why` says so). */
enum status join_pack_load(const char *path, struct join_pack **out, struct reason *why);
/* Is it this community's, and does it say of us what we hold? `name` stands in errors; `governance`
 * is our key's, zero when it is not known.
 *   ST_INVALID  another root, or for us other keys than ours; `why` says which */
enum status join_pack_check(const struct join_pack *pack, const char *name,
                            const struct digest *root, const char *agency,
                            const struct digest *governance, struct reason *why);
void join_pack_free(struct join_pack *pack); /* NULL is fine */
OWN(join_pack)

#endif
