#include "agents/common_platform/codes.h"

#include <string.h>
#include <strings.h>

/* P is what looks like police custody and is not: its description decides, and where the two
 * disagree (there are messages that say P and "custody") nothing is said. */
const struct bail_code bail_codes[] = {
    {"A", "Not applicable", "NA"},
    {"B", "Conditional bail", "CB"},
    {"C", "Custody", "PR"},
    {"C", "Custody or remanded into custody", "PR"},
    {"C", "Remanded into custody", "PR"},
    {"L", "Remanded into care of Local Authority", "LA"},
    {"P", "Conditional bail with pre-release conditions", "CB"},
    {"P", "Custody or remanded into custody", NULL},
    {"R", "Re-arrested after release on bail", NULL},
    {"S", "Remanded into secure accommodation", "SA"},
    {"S", "Remanded to youth detention accommodation", "SA"},
    {"U", "Unconditional bail", "UB"},
    {NULL, NULL, NULL},
};

const struct bail_code *bail_find(const char *code, const char *description)
{
    const struct bail_code *found = NULL;

    for (const struct bail_code *row = bail_codes; row->code; row++) {
        if (strcmp(row->code, code) != 0)
            continue;
        if (description && strcasecmp(row->description, description) == 0)
            return row->remand ? row : NULL;
        if (!description && (!row->remand || (found && strcmp(found->remand, row->remand) != 0)))
            return NULL;
        if (!description)
            found = row;
    }
    return found;
}

const struct word plea_words[] = {
    {"GUILTY", "G"},
    {"MCA_GUILTY", "G"},
    {"GUILTY_SINGLE_JUSTICE_PROCEDURE", "G"},
    {"CHANGE_TO_GUILTY_AFTER_SWORN_IN", "G"},
    {"CHANGE_TO_GUILTY_NO_SWORN_IN", "G"},
    {"CHANGE_TO_GUILTY_MAGISTRATES_COURT", "G"},
    {"NOT_GUILTY", "NG"},
    {"CHANGE_TO_NOT_GUILTY", "NG"},
    {"NO_PLEA", "NONE"},
    {"ADMITS", "ADM"},
    {"DENIES", "DEN"},
    {"CONSENTS", "CON"},
    {"OPPOSES", "OPP"},
    {NULL, NULL},
};

const struct word verdict_words[] = {
    {"G", "G"}, /* `cjsVerdictCode` */
    {"N", "NG"},
    {"A", "NA"},
    {"O", "NC"},
    {"GUILTY", "G"}, /* `categoryType` */
    {"GUILTY_BY_JURY_CONVICTED", "G"},
    {"NOT_GUILTY", "NG"},
    {NULL, NULL},
};

const struct word gender_words[] = {
    {"NOT_KNOWN", "NOT_KNOWN"},         {"MALE", "MALE"}, {"FEMALE", "FEMALE"},
    {"NOT_SPECIFIED", "NOT_SPECIFIED"}, {NULL, NULL},
};

const struct word language_words[] = {
    {"ENGLISH", "en"},
    {"WELSH", "cy"},
    {NULL, NULL},
};

const struct word jurisdiction_words[] = {
    {"MAGISTRATES", "MAGISTRATES"},
    {"CROWN", "CROWN"},
    {NULL, NULL},
};

const char *word_find(const struct word words[], const char *from)
{
    for (; words->from; words++) {
        if (strcmp(words->from, from) == 0)
            return words->to;
    }
    return NULL;
}

bool initiation_is_known(const char *code)
{
    return code[0] && !code[1] && strchr("JQSCROZ", code[0]);
}

/* Deferred sentences are interim results and no sentence yet; orders varied, revoked or breached
 * are not imposed here; a bind over and "no separate penalty" are no sentences. */
const struct result_code sentence_codes[] = {
    {"1002", "cfbe83c8-935b-4410-a68c-49452519f2d3", "LIFE_OR_IPP", "1002",
     "Mandatory life imprisonment"},
    {"1002", "d65f3285-f5f0-4ab1-b703-0c95f0f6ed89", "LIFE_OR_IPP", "1002",
     "Life imprisonment for second listed offence"},
    {"1002", "cf70d7ed-8049-4fe2-b02f-5a23b5e39184", "LIFE_OR_IPP", "1002",
     "Life imprisonment for serious offence"},
    {"1002", "d844cdd8-c110-4bb8-b8f2-1a8bd5fdc0c7", "LIFE_OR_IPP", "1002",
     "Custody for life for second listed offence"},
    {"1024", "96349367-2d04-4265-978f-6c6b417497fd", "LIFE_OR_IPP", "1024",
     "Mandatory custody for life"},
    {"1024", "3f608dba-20ad-4710-bebc-d78b4b3ff08d", "LIFE_OR_IPP", "1024", "Custody for life"},
    {"1024", "6e42d694-a785-4cbf-a4a8-09f2d1802d4d", "LIFE_OR_IPP", "1024",
     "Custody for life for serious offence"},
    {"1003", NULL, "LIFE_OR_IPP", "1003", "Detained at His Majesty's pleasure"},
    {"1002", "a920be42-b376-420b-ace9-d2d0634559b0", "EXTENDED", "1002",
     "Extended sentence of imprisonment"},
    {"1024", "752aab8f-ba5f-45a8-80c8-4df7770e70e4", "EXTENDED", "1024",
     "Extended sentence of detention (18 to 20)"},
    {"1007", "1dd2e245-a9af-4d04-84b6-92f64dc312fe", "EXTENDED", "1007",
     "Extended sentence of detention (under 18)"},
    {"1008", NULL, "HOSPITAL_ORDER", "1008", "Hospital order"},
    {"1088", NULL, "HOSPITAL_ORDER", "1088", "Hospital and limitation directions"},
    {"1002", NULL, "IMMEDIATE_CUSTODY", "1002", "Imprisonment"},
    {"1024", NULL, "IMMEDIATE_CUSTODY", "1024", "Young offender institution"},
    {"1007", NULL, "IMMEDIATE_CUSTODY", "1007", "Detention"},
    {"1507", NULL, "IMMEDIATE_CUSTODY", "1507", "Suspended sentence activated"},
    {"1081", NULL, "DETENTION_AND_TRAINING", "1081", "Detention and training order"},
    {"1115", NULL, "SUSPENDED_SENTENCE_ORDER", "1115", "Suspended imprisonment"},
    {"1134", NULL, "SUSPENDED_SENTENCE_ORDER", "1134",
     "Suspended detention in a young offender institution"},
    {"1116", NULL, "COMMUNITY_ORDER", "1116", "Community order"},
    {"1142", NULL, "YOUTH_REHABILITATION_ORDER", "1142",
     "Youth rehabilitation order, intensive supervision and surveillance"},
    {"1143", NULL, "YOUTH_REHABILITATION_ORDER", "1143",
     "Youth rehabilitation order with fostering"},
    {"1141", NULL, "YOUTH_REHABILITATION_ORDER", "1141", "Youth rehabilitation order"},
    {"1014", NULL, "OTHER", "1014", "Guardianship order"},
    {"1180", NULL, "OTHER", "1180", "Supervision default order"},
    {"1097", NULL, "OTHER", "1097", "Referral order"},
    {"1083", NULL, "OTHER", "1083", "Reparation order"},
    {"1015", NULL, "FINE", "1015", "Fine"},
    {"1018", NULL, "DISCHARGE", "1018", "Conditional discharge"},
    {"1017", NULL, "DISCHARGE", "1017", "Absolute discharge"},
    /* the same where the message has no result code */
    {NULL, "a96c1135-3057-453e-80c8-602a7f79013a", "HOSPITAL_ORDER", "1008", "Hospital order"},
    {NULL, "abb95a52-2a75-40c3-8d3f-a1d75a199c47", "IMMEDIATE_CUSTODY", "1002", "Imprisonment"},
    {NULL, "72393fb6-77dd-45b2-98f5-6612966de882", "IMMEDIATE_CUSTODY", "1024",
     "Young offender institution"},
    {NULL, "66a52d4d-7ec6-430d-a2fe-5963fe9ba095", "DETENTION_AND_TRAINING", "1081",
     "Detention and training order"},
    {NULL, "8b1cff00-a456-40da-9ce4-f11c20959084", "SUSPENDED_SENTENCE_ORDER", "1115",
     "Suspended imprisonment"},
    {NULL, "5679e5b7-0ca8-4d2a-ba80-7a50025fb589", "SUSPENDED_SENTENCE_ORDER", "1134",
     "Suspended detention in a young offender institution"},
    {NULL, "418b3aa7-65ab-4a4a-bab9-2f96b698118c", "COMMUNITY_ORDER", "1116", "Community order"},
    {NULL, "4f058bd0-31a2-11e8-b467-0ed5f89f718b", "YOUTH_REHABILITATION_ORDER", "1141",
     "Youth rehabilitation order"},
    {NULL, "73a4f6a2-b768-45de-beb7-3f4d2f933e11", "YOUTH_REHABILITATION_ORDER", "1141",
     "Youth rehabilitation order"},
    {NULL, "0b5ce679-b262-436d-8f94-aa78de85022a", "YOUTH_REHABILITATION_ORDER", "1142",
     "Youth rehabilitation order, intensive supervision and surveillance"},
    {NULL, "ae8c21a9-cf2a-487b-8fae-58d50c7104f0", "YOUTH_REHABILITATION_ORDER", "1143",
     "Youth rehabilitation order with fostering"},
    {NULL, "969f150c-cd05-46b0-9dd9-30891efcc766", "FINE", "1015", "Fine"},
    {NULL, "554c2622-c1cc-459e-a98d-b7f317ab065c", "DISCHARGE", "1018", "Conditional discharge"},
    {NULL, "b9c6047b-fb84-4b12-97a1-2175e4b8bbac", "DISCHARGE", "1017", "Absolute discharge"},
    {NULL, NULL, NULL, NULL, NULL},
};

const struct result_code life_codes[] = {
    {"1002", NULL, "LIFE_OR_IPP", "1002", "Imprisonment for life"},
    {"1024", NULL, "LIFE_OR_IPP", "1024", "Custody for life, by another definition"},
    {"1007", NULL, "LIFE_OR_IPP", "1007", "Detention for life"},
    {NULL, NULL, NULL, NULL, NULL},
};

/* Common Platform's own definition of the rehabilitation activity requirement has the code 3149,
 * which elsewhere means "found under a disability": it is known by its id. */
const struct result_code requirement_codes[] = {
    {"3101", NULL, "UNPAID_WORK", "3101", "Unpaid work"},
    {"3102", NULL, "ACTIVITY", "3102", "Activity"},
    {"3103", NULL, "PROGRAMME", "3103", "Programme"},
    {"3104", NULL, "PROHIBITED_ACTIVITY", "3104", "Prohibited activity"},
    {"3105", NULL, "CURFEW", "3105", "Curfew"},
    {"3106", NULL, "EXCLUSION", "3106", "Exclusion"},
    {"3107", NULL, "RESIDENCE", "3107", "Residence"},
    {"3108", NULL, "MHTR", "3108", "Mental health treatment"},
    {"3109", NULL, "DRR", "3109", "Drug rehabilitation"},
    {"3110", NULL, "ATR", "3110", "Alcohol treatment"},
    {"1044", NULL, "SUPERVISION", "1044", "Supervision"},
    {"3111", NULL, "ATTENDANCE_CENTRE", "3111", "Attendance centre"},
    {"3147", NULL, "FOREIGN_TRAVEL", "3147", "Foreign travel prohibition"},
    {"3272", NULL, "RAR", "3272", "Rehabilitation activity"},
    {"3149", "ce5f92f8-2b32-4364-964b-2ea4b6ec0cae", "RAR", "3272", "Rehabilitation activity"},
    {"3146", NULL, "AAMR", "3146", "Alcohol abstinence and monitoring"},
    {"3148", NULL, "ELECTRONIC_MONITORING", "3148", "Electronic monitoring of whereabouts"},
    {NULL, NULL, NULL, NULL, NULL},
};

const struct result_code ancillary_codes[] = {
    {"1177", NULL, NULL, "1177", "Criminal behaviour order"},
    {"1179", NULL, NULL, "1179", "Sexual harm prevention order"},
    {"3002", NULL, NULL, "3002", "Disqualified as company director"},
    {"3012", NULL, NULL, "3012", "Compensation"},
    {"3047", NULL, NULL, "3047", "Restraining order"},
    {"3052", NULL, NULL, "3052", "Sex offenders' notice"},
    {"3068", NULL, NULL, "3068", "Football banning order"},
    {"3070", NULL, NULL, "3070", "Disqualified from driving, obligatory"},
    {"3071", NULL, NULL, "3071", "Disqualified from driving, discretionary"},
    {"3072", NULL, NULL, "3072", "Disqualified from driving, penalty points"},
    {"3078", NULL, NULL, "3078", "Travel restriction order"},
    {"3117", NULL, NULL, "3117", "Surcharge"},
    {NULL, NULL, NULL, NULL, NULL},
};

const char *const requirement_kinds[] = {"COMMUNITY_ORDER", "SUSPENDED_SENTENCE_ORDER",
                                         "YOUTH_REHABILITATION_ORDER", "OTHER", NULL};

const char *requirement_unit(const char *kind)
{
    static const struct word units[] = {
        {"UNPAID_WORK", "HOURS"},
        {"ATTENDANCE_CENTRE", "HOURS"},
        {"RAR", "DAYS"},
        {"ACTIVITY", "DAYS"},
        {NULL, NULL},
    };

    return word_find(units, kind);
}

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* Ids are hexadecimal: in letters of either case. */
static bool same_id(const char *a, const char *b)
{
    return a && b && strcasecmp(a, b) == 0;
}

const struct result_code *result_find(const struct result_code codes[], const char *cjs_code,
                                      const char *type_id)
{
    for (const struct result_code *row = codes; row->label; row++) {
        if (same_id(row->type_id, type_id)
            && (!cjs_code || !row->cjs_code || same(row->cjs_code, cjs_code)))
            return row;
    }
    for (const struct result_code *row = codes; row->label; row++) {
        if (!row->type_id && same(row->cjs_code, cjs_code))
            return row;
    }
    return NULL;
}

const struct result_code *sentence_find(const char *cjs_code, const char *type_id, bool life)
{
    const struct result_code *found = result_find(sentence_codes, cjs_code, type_id), *of_life;

    if (!life || !found || strcmp(found->kind, "IMMEDIATE_CUSTODY") != 0)
        return found;
    of_life = result_find(life_codes, found->pnc_code, NULL);
    return of_life ? of_life : found;
}
