#include "proto/refusal.h"

#include <stddef.h>

const char *refusal_name(Concordat__RefusalCode code)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&concordat__refusal_code__descriptor, (int)code);

    return value ? value->name : "?";
}

const char *refusal_advice(Concordat__RefusalCode code)
{
    switch (code) {
    case CONCORDAT__REFUSAL_CODE__NO_AGREEMENT:
        return "No agreement of this name is in force between the two agencies.";
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_EXPIRED:
        return "The agreement has expired; its parties must renew it before anything flows.";
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED:
        return "The agreement is suspended; its single point of contact knows why.";
    case CONCORDAT__REFUSAL_CODE__PARTY_NOT_SIGNATORY:
        return "Sender or recipient is not a party to the agreement.";
    case CONCORDAT__REFUSAL_CODE__DIRECTION_NOT_ALLOWED:
        return "The clause does not run from this sender to this recipient.";
    case CONCORDAT__REFUSAL_CODE__TYPE_NOT_COVERED:
        return "The clause is for another message type.";
    case CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED:
        return "Remove the categories named: the clause does not permit them.";
    case CONCORDAT__REFUSAL_CODE__CATEGORY_MISSING:
        return "Add the categories named: the clause requires them.";
    case CONCORDAT__REFUSAL_CODE__PURPOSE_NOT_COVERED:
        return "The clause is for another purpose.";
    case CONCORDAT__REFUSAL_CODE__GATEWAY_NOT_AVAILABLE:
        return "The statutory gateway does not permit this disclosure.";
    case CONCORDAT__REFUSAL_CODE__MARKING_TOO_HIGH:
        return "The marking is above what the agreement carries.";
    case CONCORDAT__REFUSAL_CODE__SUBJECT_OUT_OF_SCOPE:
        return "The clause does not cover people in this capacity.";
    case CONCORDAT__REFUSAL_CODE__RETENTION_TOO_LONG:
        return "Ask for no longer retention than the agreement's.";
    case CONCORDAT__REFUSAL_CODE__ONWARD_NOT_ALLOWED:
        return "The agreement does not let the recipient pass it to the agencies named.";
    case CONCORDAT__REFUSAL_CODE__BAD_SIGNATURE:
        return "The signature does not hold for this sender's signing certificate.";
    case CONCORDAT__REFUSAL_CODE__TOO_LARGE:
        return "Send less than 1 MiB in one message.";
    case CONCORDAT__REFUSAL_CODE__RATE_LIMITED:
        return "Too much at once; the agent sends it again later.";
    case CONCORDAT__REFUSAL_CODE__BODY_CATEGORY_MISMATCH:
        return "A section held fields of another category than it said.";
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE:
        return "A newer version of the agreement is in force; send under that.";
    case CONCORDAT__REFUSAL_CODE__RECIPIENT_UNKNOWN:
        return "The recipient is not in the directory.";
    case CONCORDAT__REFUSAL_CODE__MARKING_TOO_LOW:
        return "The marking is below what the agreement or the message type demands.";
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_NOT_YET:
        return "The agreement is not in force yet.";
    case CONCORDAT__REFUSAL_CODE__CASE_NOT_YOURS:
        return "This agency has no part in a case of that handle.";
    case CONCORDAT__REFUSAL_CODE__STALE_VERSION:
        return "The case has changed, or another transfer of it is open; look at it again.";
    case CONCORDAT__REFUSAL_CODE__TRANSFER_UNKNOWN:
        return "No such transfer of the case is open between the two agencies.";
    case CONCORDAT__REFUSAL_CODE__COMPONENTS_WRONG:
        return "These components are not open to this act; look at the transfer again.";
    case CONCORDAT__REFUSAL_CODE__CONVERSATION_MISSING:
        return "An offer names every open conversation, and a case that has one is not closed.";
    case CONCORDAT__REFUSAL_CODE__CONVERSATION_UNKNOWN:
        return "The conversation has ended, or is not between these two agencies.";
    case CONCORDAT__REFUSAL_CODE__SEQUENCE_REUSED:
        return "Another message has this number in the conversation.";
    case CONCORDAT__REFUSAL_CODE__HEADER_MISMATCH:
        return "The body says otherwise than the header.";
    case CONCORDAT__REFUSAL_CODE__TOO_MANY_CASES:
        return "The agency has opened as many cases as the broker keeps; close some, or ask its "
               "operator.";
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED:
        return "A party has revoked the agreement; nothing flows under it any more.";
    case CONCORDAT__REFUSAL_CODE__SIGNER_NOT_PINNED:
        return "The agreement does not list the signing key; its owner publishes the new one.";
    case CONCORDAT__REFUSAL_CODE__NOT_CURRENT_HOLDER:
        return "Only the agency that holds the case may send this.";
    case CONCORDAT__REFUSAL_CODE__BREAK_GLASS_OFFICERS:
        return "Under a charter two officers must sign, each with credentials of their own.";
    case CONCORDAT__REFUSAL_CODE__BREAK_GLASS_QUOTA:
        return "The day's uses of the charter are spent; ring the recipient.";
    case CONCORDAT__REFUSAL_CODE__BREAK_GLASS_SUSPENDED:
        return "The agency's use of the charter is suspended until its owner's review.";
    case CONCORDAT__REFUSAL_CODE__RECIPIENT_LOST:
        return "The recipient's certificates are gone; ask who took its work over.";
    case CONCORDAT__REFUSAL_CODE__REPLY_REQUIRED:
        return "The clause permits this type only in reply to a message.";
    case CONCORDAT__REFUSAL_CODE__ID_REUSED:
        return "Another message already has this id; use a new one.";
    case CONCORDAT__REFUSAL_CODE__HEADER_INVALID:
        return "The header is not well formed.";
    case CONCORDAT__REFUSAL_CODE__TIME_OUT_OF_RANGE:
        return "Created too long ago or in the future, or expired; check the clock.";
    case CONCORDAT__REFUSAL_CODE__KEY_UNKNOWN:
        return "Sealed to a key that the recipient does not publish now; seal it again.";
    case CONCORDAT__REFUSAL_CODE__STORE_FULL:
        return "The broker has no room now; the agent sends it again later.";
    case CONCORDAT__REFUSAL_CODE__CANNOT_OPEN:
        return "The recipient could not open it; seal it again to the recipient's present key.";
    case CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED:
    case _CONCORDAT__REFUSAL_CODE_IS_INT_SIZE:
        break;
    }
    return "";
}

bool refusal_is_retryable(Concordat__RefusalCode code)
{
    return code == CONCORDAT__REFUSAL_CODE__RATE_LIMITED
        || code == CONCORDAT__REFUSAL_CODE__STORE_FULL;
}
