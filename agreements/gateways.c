#include "agreements/gateways.h"

#include <assert.h>
#include <string.h>

#include "proto/categories.pb-c.h"

#define K(name) (UINT32_C(1) << KIND_##name)
#define CATEGORY(name) (UINT32_C(1) << CONCORDAT__DATA_CATEGORY__DC_##name)
#define ANY ((UINT32_C(1) << AGENCY_KINDS) - 1)
static_assert(AGENCY_KINDS < 32, "a kind is a bit");

/* Who is who, where an enactment names bodies and we know kinds. */
#define PROVIDERS (K(NPS) | K(CRC)) /* of probation services */
#define COUNCIL (K(LA_ADULTS) | K(LA_CHILDREN) | K(LA_HOUSING))
#define NHS (K(NHS_MENTAL_HEALTH) | K(NHS_OTHER))

/* s.14(1): the Secretary of State (his contract managers, his recall team), providers, their
 * premises, and who carries out their activities under s.3(3)(c). A charity that acts for itself is
 * none of these: it joins under another identity and kind. */
#define S14_PROBATION                                                                              \
    (PROVIDERS | K(PPCS) | K(MOJ_CONTRACT) | K(APPROVED_PREMISES) | K(INTERVENTION_PROVIDER))
/* s.14(2): government department, local authority (so its youth and families teams), Parole Board,
 * contractors, chief officer of police, electronic monitoring. A prison may be the Secretary of
 * State's or a contractor's; its kind cannot tell, so it has what both have. Not the prosecutor: a
 * department, but no part of this list as it was read. */
#define S14_LISTED                                                                                 \
    (K(DWP) | COUNCIL | K(YOT) | K(FAMILIES_TEAM) | K(PAROLE_BOARD) | K(PRISON) | K(POLICE)        \
     | K(EM_PROVIDER))

/* s.325(1): chief officer, the relevant provider (in practice the national service, not every
 * company), the Minister for prisons. */
#define RESPONSIBLE (K(POLICE) | K(NPS) | K(PRISON))
/* s.325(6): youth offending teams, Jobcentres, councils, health, electronic monitoring. */
#define CO_OPERATES (K(YOT) | K(DWP) | COUNCIL | NHS | K(EM_PROVIDER))

/* s.115(2). "Health authority", with its successors, is who commissions and not each trust. Youth
 * and families teams act for the council. A company is a provider of probation services. */
#define RELEVANT_AUTHORITY                                                                         \
    (K(POLICE) | COUNCIL | K(YOT) | K(FAMILIES_TEAM) | PROVIDERS | K(NHS_OTHER))

/* Whom an enquiry about a child asks to assist: those whom s.11 of the Act of 2004 binds, and who
 * works for them (s.11(2)(b)). */
#define ASSISTS_CHILD                                                                              \
    (COUNCIL | NHS | K(POLICE) | PROVIDERS | K(PRISON) | K(YOT) | K(FAMILIES_TEAM)                 \
     | K(TREATMENT_PROVIDER))
/* s.6(7): other councils, health, police, Jobcentres, prisons, probation; and the services that the
 * council causes to enquire under s.42. */
#define ASSISTS_ADULT                                                                              \
    (COUNCIL | NHS | K(POLICE) | K(DWP) | K(PRISON) | PROVIDERS | K(TREATMENT_PROVIDER))

/* Community safety partnership: the responsible authorities, and the partnership's own analyst. */
#define PARTNERSHIP (RELEVANT_AUTHORITY | K(CSP))
/* Sch. 4: councils, police, probation, Jobcentres; not health. */
#define MATCHES (K(FAMILIES_TEAM) | COUNCIL | K(YOT) | K(POLICE) | PROVIDERS | K(DWP))
#define PRACTITIONERS (K(TREATMENT_PROVIDER) | NHS)
/* s.251A-B: who provides health care, or adult social care, to the same person. */
#define CARERS (PRACTITIONERS | K(LA_ADULTS))
/* Officer of a provider; under eighteen, youth offending team or social worker of a council. */
#define AUTHORS (PROVIDERS | K(YOT) | K(LA_CHILDREN))

/* In order of code. */
static const struct gateway gateways[] = {
    {.code = "CA1989_S17_S47",
     .source = "Children Act 1989 ss.17, 27, 47",
     .provision = "child in need, significant harm",
     .runs = "from anyone to children's social care, and from it to those it asks to assist "
             "(councils, health, police, probation, prisons, youth and treatment services)",
     .directions = {{ANY, K(LA_CHILDREN)}, {K(LA_CHILDREN), ASSISTS_CHILD}},
     .purposes = {"family_support", "safeguard_child"}},
    {.code = "CA2004_S11",
     .source = "Children Act 2004 ss.10-11",
     .provision = "duty to safeguard",
     .runs = "nowhere: a duty that supports a disclosure and grants none, so that a clause names "
             "the gateway that does"},
    {.code = "CARE2014_S42",
     .source = "Care Act 2014 ss.6-7, 42",
     .provision = "enquiry about an adult at risk",
     .runs = "from anyone to adult social care, and from it to those it causes to enquire or to "
             "co-operate (councils, health, police, Jobcentres, prisons, probation, treatment)",
     .text_read = true,
     .unread = "ss.6-7",
     .directions = {{ANY, K(LA_ADULTS)}, {K(LA_ADULTS), ASSISTS_ADULT}},
     .purposes = {"safeguard_adult"}},
    {.code = "CARE2014_S45",
     .source = "Care Act 2014 s.45",
     .provision = "supply to a safeguarding adults board",
     .runs = "from whoever was asked to the board, which adult social care hosts",
     .text_read = true,
     .replies = REPLY_ONLY,
     .directions = {{ANY, K(LA_ADULTS)}},
     .purposes = {"safeguard_adult"}},
    {.code = "CDA1998_S115",
     .source = "Crime and Disorder Act 1998 s.115",
     .provision = "to a relevant authority",
     .runs = "from anyone to police, councils, probation and health commissioners, and to nobody "
             "else",
     .text_read = true,
     .unread = "amendments",
     .directions = {{ANY, RELEVANT_AUTHORITY}}},
    {.code = "CDA1998_S17A",
     .source = "Crime and Disorder Act 1998 s.17A",
     .provision = "depersonalised data",
     .runs = "between members of the community safety partnership",
     .directions = {{PARTNERSHIP, PARTNERSHIP}},
     .purposes = {"partnership_statistics"},
     .carries = CATEGORY(AGGREGATE)},
    {.code = "CJA2003_S22",
     .source = "Criminal Justice Act 2003 ss.22-27",
     .provision = "conditional cautions",
     .runs = "from the police to the provider of a condition",
     .directions = {{K(POLICE), PROVIDERS | K(INTERVENTION_PROVIDER) | K(TREATMENT_PROVIDER)}},
     .purposes = {"diversion"}},
    /* The decision goes back to who asked for it, and custody tells both of the return: without
     * these a recall would be a request and nothing more. */
    {.code = "CJA2003_S254",
     .source = "Criminal Justice Act 2003 ss.244-256",
     .provision = "licence and recall",
     .runs = "from probation to the Secretary of State's recall team, from it to police, prison "
             "and back to probation, and from prison to both on return",
     .directions = {{PROVIDERS, K(PPCS)},
                    {K(PPCS), K(POLICE) | K(PRISON) | PROVIDERS},
                    {K(PRISON), K(PPCS) | PROVIDERS}},
     .purposes = {"recall", "release_planning"}},
    {.code = "CJA2003_S325",
     .source = "Criminal Justice Act 2003 s.325",
     .provision = "public protection arrangements",
     .runs = "among police, the national probation service and prisons, and those who must "
             "co-operate with them (councils, youth teams, Jobcentres, health, monitoring)",
     .text_read = true,
     .directions = {{RESPONSIBLE | CO_OPERATES, RESPONSIBLE | CO_OPERATES}},
     .purposes = {"mappa", "rso_management"}},
    {.code = "COURT_TO_PROBATION",
     .source = "Sentencing Act 2020 ss.212, 298, and the court's own powers",
     .provision = "lists and orders to probation",
     .runs = "from a court to providers of probation services",
     .directions = {{K(COURT), PROVIDERS}}},
    {.code = "DEA2017_P5",
     .source = "Digital Economy Act 2017 Part 5",
     .provision = "public service delivery",
     .runs = "between specified bodies (councils, families and youth teams, police, probation, "
             "Jobcentres)",
     .directions = {{MATCHES, MATCHES}},
     .purposes = {"family_support"},
     .carries = CATEGORY(IDENTITY)}, /* as tokens, before anything has matched */
    /* The national service stands on the offender's side too, so what names a victim goes to the
     * victims' desk, which has an agent of its own. */
    {.code = "DVCVA2004_S35",
     .source = "Domestic Violence, Crime and Victims Act 2004 ss.35-44",
     .provision = "telling victims",
     .runs = "from police or court to the national probation service and its victims' desk, and "
             "from that service and prisons to the desk",
     .directions = {{K(POLICE) | K(COURT), K(NPS) | K(VICTIM_SERVICE)},
                    {K(NPS) | K(PRISON), K(VICTIM_SERVICE)}},
     .purposes = {"victim_contact"},
     .guarded = CATEGORY(VICTIM),
     .guarded_to = K(VICTIM_SERVICE)},
    {.code = "HA1996_S213B",
     .source = "Housing Act 1996 s.213B",
     .provision = "duty to refer, with consent",
     .runs = "from prisons and probation to the housing authority",
     .directions = {{K(PRISON) | PROVIDERS, K(LA_HOUSING)}},
     .purposes = {"housing", "release_planning"},
     /* who, where, when released, what housing: never offence or assessment */
     .carries = CATEGORY(IDENTITY) | CATEGORY(CONTACT_ADDRESS) | CATEGORY(SENTENCE_ORDER)
              | CATEGORY(HOUSING) | CATEGORY(STAFF)},
    {.code = "HSCA2012_S251B",
     .source = "Health and Social Care Act 2012 s.251B",
     .provision = "direct care",
     .runs = "among those who care for the same person: health, treatment and adult social care",
     .directions = {{CARERS, CARERS}},
     .purposes = {"treatment"}},
    {.code = "OMA2007_S14",
     .source = "Offender Management Act 2007 s.14",
     .provision = "probation and prison purposes",
     .runs = "between probation bodies, and between them and police, councils, prisons, "
             "Jobcentres, the Parole Board and monitoring, but not among these",
     .text_read = true,
     .unread = "subsections after (4)(b)",
     .directions = {{S14_PROBATION, S14_PROBATION | S14_LISTED}, {S14_LISTED, S14_PROBATION}}},
    {.code = "PCSCA2022_MAPPA",
     .source = "Police, Crime, Sentencing and Courts Act 2022",
     .provision = "associates of the public protection arrangements",
     .runs = "from police, the national probation service and prisons to whom they think able to "
             "contribute",
     .directions = {{RESPONSIBLE, ANY}},
     .purposes = {"mappa"}},
    {.code = "POLICE_COMMON_LAW",
     .source = "Common-law policing powers, PACE 1984",
     .provision = "a pressing need",
     .runs = "from the police to anyone, unasked",
     .replies = REPLY_NEVER,
     .directions = {{K(POLICE), ANY}}},
    /* The company too: the responsible officer of a requirement is its own. */
    {.code = "SC2020_MHTR",
     .source = "Sentencing Act 2020 Sch. 9",
     .provision = "treatment requirements",
     .runs = "between court or probation and whoever treats",
     .directions = {{K(COURT) | PROVIDERS, PRACTITIONERS}, {PRACTITIONERS, K(COURT) | PROVIDERS}},
     .purposes = {"court_advice", "court_enforcement", "supervise_sentence", "treatment"}},
    /* s.32 has the court itself give the prosecutor a copy. */
    {.code = "SC2020_S30",
     .source = "Sentencing Act 2020 ss.30-32",
     .provision = "the report to the court",
     .runs = "from probation, youth offending team or social worker to the court, and from the "
             "court to the prosecutor",
     .text_read = true,
     .unread = "s.32",
     .directions = {{AUTHORS, K(COURT)}, {K(COURT), K(CPS)}},
     .purposes = {"court_advice"}},
    {.code = "SC2020_S30_REQUEST",
     .source = "Sentencing Act 2020 s.30",
     .provision = "the court obtains a report",
     .runs = "from a court to probation, youth offending team or social worker",
     .directions = {{K(COURT), AUTHORS}},
     .purposes = {"court_advice"}},
    {.code = "SC2020_SCH10",
     .source = "Sentencing Act 2020 Schs. 9, 10, 16",
     .provision = "review and breach of an order",
     .runs = "from probation to the court",
     .directions = {{PROVIDERS, K(COURT)}},
     .purposes = {"court_enforcement"}},
    {.code = "SOA2003_P2",
     .source = "Sexual Offences Act 2003 Part 2",
     .provision = "notification",
     .runs = "between police on one side, the national probation service and prisons on the other",
     .directions = {{K(POLICE), K(NPS) | K(PRISON)}, {K(NPS) | K(PRISON), K(POLICE)}},
     .purposes = {"mappa", "rso_management"}},
    {.code = "VITAL_INTEREST",
     .source = "UK GDPR art. 6(1)(d), 9(2)(c); Data Protection Act 2018 Sch. 8 para. 3",
     .provision = "immediate danger to life",
     .runs = "from anyone to police, social care, prison and health, under a charter",
     .charter_only = true,
     .directions = {{ANY, K(POLICE) | K(LA_CHILDREN) | K(LA_ADULTS) | K(PRISON) | NHS}}},
};

const struct gateway *gateway_find(const char *code)
{
    for (size_t i = 0; i < sizeof gateways / sizeof *gateways; i++)
        if (strcmp(gateways[i].code, code) == 0)
            return &gateways[i];
    return NULL;
}

const struct gateway *gateways_all(size_t *count)
{
    *count = sizeof gateways / sizeof *gateways;
    return gateways;
}

bool gateway_runs(const struct gateway *gateway, const char *from_kind, const char *to_kind)
{
    enum agency_kind from, to;

    if (!agency_kind_parse(from_kind, &from) || !agency_kind_parse(to_kind, &to))
        return false;
    for (size_t i = 0; i < DIRECTIONS_MAX; i++)
        if ((gateway->directions[i].from >> from & 1) && (gateway->directions[i].to >> to & 1))
            return true;
    return false;
}

bool gateway_serves(const struct gateway *gateway, const char *purpose)
{
    if (!gateway->purposes[0])
        return purpose_is_known(purpose);
    for (size_t i = 0; gateway->purposes[i]; i++)
        if (strcmp(gateway->purposes[i], purpose) == 0)
            return true;
    return false;
}
