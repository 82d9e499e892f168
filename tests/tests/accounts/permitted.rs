//! What may be accepted although it looks wrong, and which errors may be the runtime's. Short, and each with its reason; an entry that
//! nothing meets any more fails the test. Which cases of an entry there are stands in `accepted.txt` and `refused_by_others.txt`. Whatever is accepted must still obey the law and leave the other vault as it is.

use crate::wrong::Kind::{self, *};

/// Substitutions that are legal by design.
pub struct Permitted {
    /// The calls; none for all.
    pub calls: &'static [&'static str],
    /// The slots; none for all.
    pub slots: &'static [&'static str],
    /// The kinds.
    pub kinds: &'static [Kind],
    /// Why.
    pub why: &'static str,
}

/// The substitutions.
pub const PERMITTED: &[Permitted] = &[
    // who signs and who pays
    Permitted {
        calls: &[],
        slots: &["caller", "executor", "guardian", "identity", "liquidator", "owner", "payer", "signer"],
        kinds: &[OtherOwner, Closed],
        why: "a signature is asked for and nothing else: a multisig's address signs by its program, and who creates nothing needs no lamports",
    },
    Permitted {
        calls: &["absorb_loss", "execute_change", "migrate_account", "migrate_account of a report"],
        slots: &["caller", "executor", "payer"],
        kinds: &[Wallet, Nobody, Duplicate],
        why: "anyone may call it, the curator too",
    },
    Permitted {
        calls: &["close_claim", "cancel_change", "execute_change"],
        slots: &["opener", "proposer"],
        kinds: &[OtherOwner, Closed],
        why: "rent goes to the address that the claim or the change names, whatever is there",
    },
    // whose tokens
    Permitted {
        calls: &[],
        slots: &[
            "liquidator_debt_tokens",
            "liquidator_deposit_tokens",
            "opener_tokens",
            "owner_tokens",
            "payer_fund_tokens",
            "payer_tokens",
            "recipient_tokens",
        ],
        kinds: &[Elsewhere],
        why: "any token account of the same person and mint will do",
    },
    Permitted {
        calls: &["soft_liquidate for shares"],
        slots: &["liquidator_deposit_tokens"],
        kinds: &[Frozen, OtherMint],
        why: "it is the liquidator's own and is not used where shares are paid",
    },
    // what may be left out, or is not used
    Permitted {
        calls: &["cover_loss"],
        slots: &["claim"],
        kinds: &[Absent],
        why: "without a claim the fund covers by itself, within its bounds",
    },
    Permitted {
        calls: &["settle_claim"],
        slots: &["opener_tokens"],
        kinds: &[Absent],
        why: "the bond stays owed until the claim is closed",
    },
    Permitted {
        calls: &["migrate_account", "migrate_account of a report"],
        slots: &["account"],
        kinds: &[Absent],
        why: "the vault migrates alone",
    },
    Permitted {
        calls: &["add_reserve in set-up"],
        slots: &["proposer"],
        kinds: &[Duplicate, Nobody, Program, Wallet],
        why: "without a change there is no rent to return, and the slot is not used",
    },
    Permitted {
        calls: &[
            "soft_liquidate",
            "soft_liquidate showing a frozen account",
            "soft_liquidate with a spare account",
        ],
        slots: &["shares_to"],
        kinds: &[Absent, Another, Duplicate],
        why: "not used where tokens are paid; of this vault all the same",
    },
    Permitted {
        calls: &["trip_breaker by all reserves"],
        slots: &["reserve"],
        kinds: &[Duplicate],
        why: "a signal of the vault does not read it; of this vault all the same",
    },
    // what is meant is the caller's choice
    Permitted {
        calls: &["propose_change", "step_breaker", "tighten"],
        slots: &["reserve"],
        kinds: &[Another],
        why: "it is done to whichever reserve of the vault is named",
    },
    Permitted {
        calls: &["deposit"],
        slots: &["obligation"],
        kinds: &[Another],
        why: "the owner's other obligation in the same vault",
    },
    // remaining accounts
    Permitted {
        calls: &["soft_liquidate showing a frozen account"],
        slots: &["remaining token account"],
        kinds: &[Repeated],
        why: "a debt that is left out of the comparison twice is left out",
    },
    Permitted {
        calls: &["refresh_reserves", "refresh_reserves with a rate"],
        slots: &["remaining price"],
        kinds: &[Elsewhere, Longer, Truncated],
        why: "anyone posts prices, at any address: owner, feed and verification count. The receiver's accounts end with spare bytes",
    },
    Permitted {
        calls: &["call_roll"],
        slots: &["remaining vote account"],
        kinds: &[
            Closed, Duplicate, Elsewhere, Longer, Missing, Nobody, OtherType, OtherOwner, Program, Reordered,
            Repeated, Revived, Truncated, Wallet, Zeroed,
        ],
        why: "any slice in any order: who is not enrolled changes nothing, and whose account cannot be read leaves the roll",
    },
    Permitted {
        calls: &["audit_book, last step"],
        slots: &["remaining Reserve"],
        kinds: &[Duplicate, Missing, Reordered, Repeated],
        why: "the last step compares any slice of the vault's reserves, and one that is shown twice counts once",
    },
    // what nobody can do to an account
    Permitted {
        calls: &[],
        slots: &[],
        kinds: &[Prefunded],
        why: "lamports at an address must not keep an account from being made there",
    },
    Permitted {
        calls: &[],
        slots: &[
            "attestation", "audit", "change", "claim", "debt_reserve", "deposit_reserve", "fund", "fund_reserve",
            "lost", "obligation", "reserve", "roll", "shares_to", "stake", "vault", "remaining FundAccount",
            "remaining Reserve",
        ],
        kinds: &[Longer],
        why: "only this program could lengthen its accounts, and it reads what the layout has",
    },
    Permitted {
        calls: &["add_reserve", "cancel_change", "execute_change"],
        slots: &["change"],
        kinds: &[Truncated],
        why: "only this program could shorten it, and a change is shorter than the longest for which there is room",
    },
    Permitted {
        calls: &["migrate_account of a report"],
        slots: &["account"],
        kinds: &[Longer, Truncated],
        why: "only this program could change its length; its version is renumbered and nothing else, and its readers check the length",
    },
    Permitted {
        calls: &["migrate_account", "migrate_account of a report"],
        slots: &["account"],
        kinds: &[OtherType],
        why: "its head says which kind of account it is, and only this program writes heads",
    },
    Permitted {
        calls: &["enroll_validator", "leave_roll"],
        slots: &["vote_account"],
        kinds: &[Longer, Truncated],
        why: "only the vote program could change its length, and the identity stands at its beginning",
    },
    Permitted {
        calls: &[],
        slots: &[
            "debt_mint", "deposit_mint", "deposit_tokens", "fund_mint", "liquidator_deposit_tokens", "mint",
            "tokens", "remaining token account",
        ],
        kinds: &[OtherTokenProgram],
        why: "no token program gives its accounts away: the address is the one that the reserve or fund stored with its token program",
    },
];

/// Errors of the runtime that may stand for the program's, with the reason.
pub const RUNTIME: &[(&str, &str)] = &[
    ("runtime: AccountBorrowFailed", "the same account stands in two slots that are written at once"),
    ("runtime: ExternalAccountDataModified", "a token program refuses to write what is not its own"),
    ("runtime: ExternalAccountLamportSpend", "the system program takes rent from wallets only"),
    ("runtime: IncorrectProgramId", "a token program makes accounts of its own mints only, and is one"),
    ("runtime: InvalidAccountData", "SPL's unpacking of a token account or mint of another length"),
    ("runtime: PrivilegeEscalation", "an account cannot be made without the flags that making it takes"),
    (
        "runtime: UninitializedAccount",
        "SPL's unpacking of a token account or mint that was never initialised",
    ),
];

/// The entry for a substitution, and its place.
pub fn find(call: &str, slot: &str, kind: Kind) -> Option<(usize, &'static Permitted)> {
    let has = |list: &[&str], name: &str| list.is_empty() || list.contains(&name);
    PERMITTED
        .iter()
        .enumerate()
        .find(|(_, entry)| has(entry.calls, call) && has(entry.slots, slot) && entry.kinds.contains(&kind))
}

/// The place of the entry for an error of the runtime.
pub fn find_runtime(name: &str) -> Option<usize> {
    RUNTIME.iter().position(|(known, _)| *known == name)
}
