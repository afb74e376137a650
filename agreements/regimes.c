#include "agreements/regimes.h"

#include <assert.h>

/* Sch. 7 lists departments, chief officers, courts, prosecutors, providers of probation services,
 * youth offending teams, the Parole Board, and who runs prisons or monitoring by contract. A
 * department that pays benefits, a council, the health service, a charity, and the victims' desk
 * towards victims do not enforce the law; nor does a provider's contractor, whose work is a
 * service to a person. */
static const enum regime regimes[AGENCY_KINDS] = {
    [KIND_APPROVED_PREMISES] = REGIME_PART3,
    [KIND_COURT] = REGIME_PART3, /* in its judicial capacity exempt from much of it */
    [KIND_CPS] = REGIME_PART3,
    [KIND_CRC] = REGIME_PART3,
    [KIND_CSP] = REGIME_UK_GDPR,
    [KIND_DWP] = REGIME_UK_GDPR,
    [KIND_EM_PROVIDER] = REGIME_PART3,
    [KIND_FAMILIES_TEAM] = REGIME_UK_GDPR,
    [KIND_INTERVENTION_PROVIDER] = REGIME_UK_GDPR,
    [KIND_LA_ADULTS] = REGIME_UK_GDPR,
    [KIND_LA_CHILDREN] = REGIME_UK_GDPR,
    [KIND_LA_HOUSING] = REGIME_UK_GDPR,
    [KIND_MOJ_CONTRACT] = REGIME_PART3,
    [KIND_NHS_MENTAL_HEALTH] = REGIME_UK_GDPR,
    [KIND_NHS_OTHER] = REGIME_UK_GDPR,
    [KIND_NPS] = REGIME_PART3,
    [KIND_OPCC] = REGIME_UK_GDPR,
    [KIND_PAROLE_BOARD] = REGIME_PART3,
    [KIND_POLICE] = REGIME_PART3,
    [KIND_PPCS] = REGIME_PART3,
    [KIND_PRISON] = REGIME_PART3,
    [KIND_TREATMENT_PROVIDER] = REGIME_UK_GDPR,
    [KIND_VICTIM_SERVICE] = REGIME_UK_GDPR,
    [KIND_YOT] = REGIME_PART3,
};

enum regime regime_of(enum agency_kind kind)
{
    assert(kind < AGENCY_KINDS);
    return regimes[kind];
}

const char *regime_name(enum regime regime)
{
    return regime == REGIME_PART3 ? "PART3" : "UK_GDPR";
}
