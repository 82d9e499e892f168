//! What the program reads of a vote account, against the vote program's own serialisation.

use anchor_lang::prelude::{AccountInfo, Pubkey};
use ballast::validators::{identity_of, VOTE_PROGRAM};
use solana_vote_interface::state::{
    vote_state_1_14_11::VoteState1_14_11, VoteStateV3, VoteStateV4, VoteStateVersions,
};

fn read(data: &mut [u8], owner: &Pubkey) -> Option<Pubkey> {
    let (key, mut lamports) = (Pubkey::new_unique(), 1);
    identity_of(&AccountInfo::new(&key, false, false, &mut lamports, data, owner, false))
}

#[test]
fn the_identity_is_read_from_every_layout_and_nothing_else_is() {
    let node = Pubkey::new_unique();
    let node_pubkey = node.to_bytes().into();
    let layouts = [
        VoteStateVersions::V1_14_11(Box::new(VoteState1_14_11 { node_pubkey, ..Default::default() })),
        VoteStateVersions::V3(Box::new(VoteStateV3 { node_pubkey, ..Default::default() })),
        VoteStateVersions::V4(Box::new(VoteStateV4 { node_pubkey, ..Default::default() })),
    ];
    for layout in layouts {
        let mut data = bincode::serialize(&layout).unwrap();
        assert_eq!(read(&mut data, &VOTE_PROGRAM), Some(node), "{layout:?}");
        assert_eq!(read(&mut data, &Pubkey::new_unique()), None, "of another program");
        assert_eq!(read(&mut data[..35], &VOTE_PROGRAM), None, "too short");
        data[0] = 4;
        assert_eq!(read(&mut data, &VOTE_PROGRAM), None, "a layout to come");
    }
    let mut none = bincode::serialize(&VoteStateVersions::Uninitialized).unwrap();
    none.resize(3_762, 0);
    assert_eq!(read(&mut none, &VOTE_PROGRAM), None);
    assert_eq!(VOTE_PROGRAM.to_bytes(), solana_vote_interface::program::id().to_bytes());
}
