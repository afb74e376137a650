#include "agreements/gateways.h"

#include <string.h>

/* In order of code. Where a row says false, nobody has compared our words with the enactment. */
static const struct gateway gateways[] = {
    {"CA1989_S17_S47", "Children Act 1989 ss.17, 27, 47: child in need, significant harm", false},
    {"CA2004_S11", "Children Act 2004 ss.10-11: duty to safeguard; never used alone", false},
    {"CARE2014_S42", "Care Act 2014 s.42: enquiry about an adult at risk", true},
    {"CARE2014_S45", "Care Act 2014 s.45: supply to a safeguarding adults board", true},
    {"CDA1998_S115", "Crime and Disorder Act 1998 s.115: to a relevant authority", true},
    {"CDA1998_S17A", "Crime and Disorder Act 1998 s.17A: depersonalised data", false},
    {"CJA2003_S22", "Criminal Justice Act 2003 ss.22-27: conditional cautions", false},
    {"CJA2003_S254", "Criminal Justice Act 2003 ss.244-256: licence and recall", false},
    {"CJA2003_S325", "Criminal Justice Act 2003 s.325: public protection arrangements", true},
    {"COURT_TO_PROBATION",
     "Sentencing Act 2020 ss.212, 298, and the court's own powers: lists and orders to probation",
     false},
    {"DEA2017_P5", "Digital Economy Act 2017 Part 5: public service delivery", false},
    {"DVCVA2004_S35", "Domestic Violence, Crime and Victims Act 2004 ss.35-44", false},
    {"HA1996_S213B", "Housing Act 1996 s.213B: duty to refer, with consent", false},
    {"OMA2007_S14", "Offender Management Act 2007 s.14: probation and prison purposes", true},
    {"PCSCA2022_MAPPA", "Police, Crime, Sentencing and Courts Act 2022: associates", false},
    {"POLICE_COMMON_LAW", "Common-law policing powers, PACE 1984: a pressing need", false},
    {"SC2020_MHTR", "Sentencing Act 2020 Sch. 9: treatment requirements", false},
    {"SC2020_S30", "Sentencing Act 2020 ss.30-32: the report to the court", true},
    {"SC2020_S30_REQUEST", "Sentencing Act 2020 s.30: the court obtains a report", false},
    {"SOA2003_P2", "Sexual Offences Act 2003 Part 2: notification", false},
    {"VITAL_INTEREST", "UK GDPR art. 6(1)(d), 9(2)(c): immediate danger to life", false},
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
