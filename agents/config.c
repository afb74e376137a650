#include "agents/config.h"

#include <string.h>

static const struct conf_key keys[] = {
    CONF_ROW_TEXT("agency", CONF_AGENCY, config, agency, NULL),
    CONF_ROW_TEXT("broker", CONF_ADDRESS, config, broker, NULL),
    CONF_ROW_TEXT("folder", CONF_PATH, config, folder, "."),
    CONF_ROW_TEXT("socket", CONF_PATH, config, socket, "agent.sock"),
    CONF_ROW_TEXT("chain", CONF_PATH, config, chain, NULL),
    CONF_ROW_TEXT("key", CONF_PATH, config, key, NULL),
    CONF_ROW_TEXT("trust", CONF_PATH, config, trust, NULL),
    CONF_ROW_TEXT("crls", CONF_PATH, config, crls, NULL),
    CONF_ROW_TEXT("signing-certificate", CONF_PATH, config, signing_certificate, NULL),
    CONF_ROW_TEXT("signing-key", CONF_PATH, config, signing_key, NULL),
    CONF_ROW_TEXT("governance-certificate", CONF_PATH, config, governance_certificate, ""),
    CONF_ROW_TEXT("join-pack", CONF_PATH, config, join_pack, ""),
    CONF_ROW_TEXT("bank-holidays", CONF_PATH, config, bank_holidays, ""),
    CONF_ROW_TEXT("agreements", CONF_PATH, config, agreements, ""),
    CONF_ROW_NUMBER("map-size", CONF_SIZE, config, map_size, 16u << 20, UINT64_C(1) << 40, "4GiB"),
    CONF_ROW_NUMBER("key-epoch-hours", CONF_NUMBER, config, key_epoch_hours, 1,
                    SEAL_UNTIL_DAYS * 24 - 24, "24"),
};

enum status config_load(const char *path, struct config *out, struct reason *why)
{
    struct config config = {0};
    enum status status = conf_load(path, keys, sizeof keys / sizeof *keys, &config, why);

    if (status != ST_OK)
        return status;
    if (config.agreements[0]) {
        reason_set(why,
                   "%s: `agreements' is no setting any more: agreements now come signed through "
                   "the broker; remove the line",
                   path);
        return ST_INVALID;
    }
    if (strlen(config.socket) > SOCKET_PATH_MAX) {
        reason_set(why, "%s: `socket' has %zu bytes; the system takes %d", path,
                   strlen(config.socket), SOCKET_PATH_MAX);
        return ST_INVALID;
    }
    *out = config;
    return ST_OK;
}
