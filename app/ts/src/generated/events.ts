// Written by scripts/generate.mjs from the program's IDL: do not edit.
import * as types from "./types";

/** Every event of the program, by its name. */
export type BallastEvents = {
  AccountMigrated: types.AccountMigrated;
  BookAudited: types.BookAudited;
  BreakerChanged: types.BreakerChanged;
  ChangeCancelled: types.ChangeCancelled;
  ChangeExecuted: types.ChangeExecuted;
  ChangeProposed: types.ChangeProposed;
  ClaimClosed: types.ClaimClosed;
  ClaimOpened: types.ClaimOpened;
  ClaimSettled: types.ClaimSettled;
  ClaimVoted: types.ClaimVoted;
  FeesCollected: types.FeesCollected;
  FundCreated: types.FundCreated;
  InsuranceCollected: types.InsuranceCollected;
  LossAbsorbed: types.LossAbsorbed;
  LossCovered: types.LossCovered;
  LossRecorded: types.LossRecorded;
  ObligationClosed: types.ObligationClosed;
  ObligationOpened: types.ObligationOpened;
  ObligationRefreshed: types.ObligationRefreshed;
  PositionChanged: types.PositionChanged;
  ReserveAdded: types.ReserveAdded;
  ReserveRefreshed: types.ReserveRefreshed;
  RollChanged: types.RollChanged;
  SharesRetired: types.SharesRetired;
  SolvencyAttested: types.SolvencyAttested;
  StakeChanged: types.StakeChanged;
  TokensFrozen: types.TokensFrozen;
  TrancheExecuted: types.TrancheExecuted;
  VaultCreated: types.VaultCreated;
};

/** The first bytes of each event and how the rest is read. */
export const EVENTS: {
  readonly [Name in keyof BallastEvents]: {
    readonly discriminator: readonly number[];
    readonly decoder: () => { decode(bytes: Uint8Array): BallastEvents[Name] };
  };
} = {
  AccountMigrated: { discriminator: [153, 121, 252, 128, 30, 241, 166, 101], decoder: types.getAccountMigratedDecoder },
  BookAudited: { discriminator: [138, 193, 83, 2, 51, 143, 134, 218], decoder: types.getBookAuditedDecoder },
  BreakerChanged: { discriminator: [150, 231, 34, 202, 50, 167, 73, 145], decoder: types.getBreakerChangedDecoder },
  ChangeCancelled: { discriminator: [139, 179, 97, 81, 214, 21, 119, 93], decoder: types.getChangeCancelledDecoder },
  ChangeExecuted: { discriminator: [50, 115, 8, 12, 139, 8, 191, 26], decoder: types.getChangeExecutedDecoder },
  ChangeProposed: { discriminator: [170, 10, 10, 8, 244, 196, 146, 151], decoder: types.getChangeProposedDecoder },
  ClaimClosed: { discriminator: [73, 155, 63, 71, 195, 114, 28, 232], decoder: types.getClaimClosedDecoder },
  ClaimOpened: { discriminator: [149, 209, 22, 4, 147, 156, 128, 152], decoder: types.getClaimOpenedDecoder },
  ClaimSettled: { discriminator: [144, 220, 131, 115, 8, 187, 224, 236], decoder: types.getClaimSettledDecoder },
  ClaimVoted: { discriminator: [67, 12, 39, 230, 249, 12, 66, 9], decoder: types.getClaimVotedDecoder },
  FeesCollected: { discriminator: [233, 23, 117, 225, 107, 178, 254, 8], decoder: types.getFeesCollectedDecoder },
  FundCreated: { discriminator: [31, 8, 73, 167, 79, 82, 191, 82], decoder: types.getFundCreatedDecoder },
  InsuranceCollected: { discriminator: [107, 209, 122, 203, 220, 93, 83, 62], decoder: types.getInsuranceCollectedDecoder },
  LossAbsorbed: { discriminator: [44, 15, 89, 134, 228, 243, 159, 151], decoder: types.getLossAbsorbedDecoder },
  LossCovered: { discriminator: [185, 52, 233, 55, 164, 234, 139, 131], decoder: types.getLossCoveredDecoder },
  LossRecorded: { discriminator: [206, 157, 36, 201, 68, 101, 194, 248], decoder: types.getLossRecordedDecoder },
  ObligationClosed: { discriminator: [20, 115, 96, 148, 64, 187, 28, 205], decoder: types.getObligationClosedDecoder },
  ObligationOpened: { discriminator: [99, 190, 7, 244, 74, 31, 24, 84], decoder: types.getObligationOpenedDecoder },
  ObligationRefreshed: { discriminator: [242, 192, 134, 83, 14, 54, 46, 12], decoder: types.getObligationRefreshedDecoder },
  PositionChanged: { discriminator: [185, 99, 23, 242, 206, 25, 115, 41], decoder: types.getPositionChangedDecoder },
  ReserveAdded: { discriminator: [230, 77, 141, 117, 20, 226, 40, 100], decoder: types.getReserveAddedDecoder },
  ReserveRefreshed: { discriminator: [126, 73, 26, 34, 238, 71, 15, 176], decoder: types.getReserveRefreshedDecoder },
  RollChanged: { discriminator: [91, 81, 9, 75, 237, 21, 145, 248], decoder: types.getRollChangedDecoder },
  SharesRetired: { discriminator: [0, 145, 81, 190, 135, 101, 2, 166], decoder: types.getSharesRetiredDecoder },
  SolvencyAttested: { discriminator: [145, 211, 135, 201, 132, 149, 129, 208], decoder: types.getSolvencyAttestedDecoder },
  StakeChanged: { discriminator: [242, 117, 195, 222, 185, 209, 114, 219], decoder: types.getStakeChangedDecoder },
  TokensFrozen: { discriminator: [102, 144, 167, 146, 228, 158, 233, 59], decoder: types.getTokensFrozenDecoder },
  TrancheExecuted: { discriminator: [24, 103, 27, 54, 23, 211, 173, 48], decoder: types.getTrancheExecutedDecoder },
  VaultCreated: { discriminator: [117, 25, 120, 254, 75, 236, 78, 115], decoder: types.getVaultCreatedDecoder },
};
