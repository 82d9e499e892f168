//! Updates as Pyth's own library makes them, and what becomes of them: the instructions are compared with the definitions of the
//! receiver's library, and every proof is checked against the root that guardians sign. The receiver and Wormhole themselves do not run
//! here: their programs are on clusters only.

use super::*;
use crate::send::pack::StepKind;
use anchor_lang::{prelude::AccountInfo, AnchorDeserialize, ToAccountMetas};
use pyth_solana_receiver_sdk::cpi::accounts::PostUpdate;
use pythnet_sdk::{
    accumulators::{
        merkle::{MerklePath, MerkleRoot, MerkleTree},
        Accumulator,
    },
    hashers::keccak256_160::Keccak160,
    messages::PriceFeedMessage,
    wire::to_vec,
};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
};

/// A signed update of feeds, with the root that is signed.
fn signed(feeds: &[FeedId]) -> (Vec<u8>, MerkleRoot<Keccak160>) {
    let messages: Vec<Vec<u8>> = feeds
        .iter()
        .map(|feed| {
            let message = PriceFeedMessage {
                feed_id: *feed,
                price: 15_000_000_000,
                conf: 1_000_000,
                exponent: -8,
                publish_time: 1_760_000_000,
                prev_publish_time: 1_759_999_999,
                ema_price: 15_100_000_000,
                ema_conf: 1_000_000,
            };
            to_vec::<_, byteorder::BE>(&Message::PriceFeedMessage(message)).unwrap()
        })
        .collect();
    let slices: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let tree = MerkleTree::<Keccak160>::from_set(slices.iter().copied()).unwrap();
    let updates = messages.iter().map(|message| MerklePriceUpdate {
        message: message.clone().into(),
        proof: tree.prove(message).unwrap(),
    });
    // version 1, guardian set 4, and what 13 signatures take
    let mut vaa = vec![1, 0, 0, 0, 4];
    vaa.resize(1_000, 7);
    let proof = Proof::WormholeMerkle { vaa: vaa.into(), updates: updates.collect() };
    (to_vec::<_, byteorder::BE>(&AccumulatorUpdateData::new(proof)).unwrap(), tree.root)
}

fn six_feeds() -> Vec<FeedId> {
    (1..=6).map(|number| [number; 32]).collect()
}

fn instructions(steps: &[Step]) -> Vec<Instruction> {
    let together = |step: &Step| match &step.kind {
        StepKind::Together(instructions) => instructions.clone(),
        StepKind::Refresh { .. } => panic!("posting refreshes nothing"),
    };
    steps.iter().flat_map(together).collect()
}

#[test]
fn a_signed_update_becomes_transactions_that_fit() {
    let feeds = six_feeds();
    let payer = Keypair::new();
    let fresh = posting(&signed(&feeds).0, &payer.pubkey(), &feeds).unwrap();
    assert_eq!(fresh.prices.len(), 6);
    assert_eq!(fresh.prices[0].price, 15_000_000_000);
    assert_eq!(fresh.keys.len(), 7);
    let packed = crate::send::pack::pack(&payer.pubkey(), &fresh.steps, &[]).unwrap();
    assert!(packed.len() >= 3, "{}", packed.len());
    let cleanup = crate::send::pack::pack(&payer.pubkey(), &fresh.cleanup, &[]).unwrap();
    assert_eq!(cleanup.len(), 1);
}

#[test]
fn prices_are_posted_as_the_receivers_own_library_would() {
    let feeds = six_feeds();
    let payer = Keypair::new().pubkey();
    let fresh = posting(&signed(&feeds).0, &payer, &feeds).unwrap();
    let encoded = fresh.keys.last().unwrap().pubkey();
    let posts: Vec<Instruction> = instructions(&fresh.steps)
        .into_iter()
        .filter(|one| one.program_id == pyth_solana_receiver_sdk::ID)
        .collect();
    assert_eq!(posts.len(), feeds.len());
    for (post, feed) in posts.iter().zip(&feeds) {
        let keys = [
            payer,
            encoded,
            get_config_address(),
            get_treasury_address(TREASURY),
            fresh.accounts[feed],
            system_program::ID,
        ];
        let owner = Pubkey::default();
        let mut lamports = [0u64; 7];
        let [a, b, c, d, e, f, g] = &mut lamports;
        let info = |key, lamports| AccountInfo::new(key, false, false, lamports, &mut [], &owner, false);
        let accounts = PostUpdate {
            write_authority: info(&keys[0], g),
            payer: info(&keys[0], a),
            encoded_vaa: info(&keys[1], b),
            config: info(&keys[2], c),
            treasury: info(&keys[3], d),
            price_update_account: info(&keys[4], e),
            system_program: info(&keys[5], f),
        };
        assert_eq!(post.accounts, accounts.to_account_metas(None));
        // `cpi::post_update` of the library begins with these.
        assert_eq!(post.data[..8], [133, 95, 207, 175, 11, 79, 118, 44]);
    }
}

#[test]
fn every_posted_price_is_proven_by_the_root_that_is_signed() {
    let feeds = six_feeds();
    let (update, root) = signed(&feeds);
    let fresh = posting(&update, &Pubkey::new_unique(), &feeds).unwrap();
    let receiver = pyth_solana_receiver_sdk::ID;
    let posts = instructions(&fresh.steps).into_iter().filter(|one| one.program_id == receiver);
    let mut proven = 0;
    for post in posts {
        let arguments = PostUpdateParams::try_from_slice(&post.data[8..]).unwrap();
        let MerklePriceUpdate { message, proof } = arguments.merkle_price_update;
        let path: MerklePath<Keccak160> = proof;
        assert!(root.check(path.clone(), message.as_ref()));
        let mut forged: Vec<u8> = message.into();
        *forged.last_mut().unwrap() ^= 1;
        assert!(!root.check(path, &forged), "a proof of something else");
        proven += 1;
    }
    assert_eq!(proven, feeds.len());
}

#[test]
fn the_signed_message_reaches_wormhole_whole_and_in_order() {
    let feeds = six_feeds();
    let payer = Pubkey::new_unique();
    let fresh = posting(&signed(&feeds).0, &payer, &feeds).unwrap();
    let all = instructions(&fresh.steps);
    let named = |name: &str| -> Vec<&Instruction> {
        all.iter()
            .filter(|one| one.program_id == WORMHOLE && one.data.starts_with(&discriminator(name)))
            .collect()
    };
    let mut message = vec![];
    for write in named("write_encoded_vaa") {
        let number = |at: usize| u32::from_le_bytes(write.data[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!((number(8), number(12)), (message.len(), write.data.len() - 16), "offset and length");
        message.extend_from_slice(&write.data[16..]);
    }
    assert_eq!((message.len(), &message[..5]), (1_000, &[1, 0, 0, 0, 4][..]));
    assert_eq!((named("init_encoded_vaa").len(), named("verify_encoded_vaa_v1").len()), (1, 1));
    // The account is made large enough: 46 bytes of header, then the message.
    let created = all.iter().find(|one| one.program_id == system_program::ID).unwrap();
    assert_eq!(u64::from_le_bytes(created.data[12..20].try_into().unwrap()), 1_046);
    assert_eq!(created.data[20..52], WORMHOLE.to_bytes());
    let (guardians, _) = Pubkey::find_program_address(&[b"GuardianSet", &[0, 0, 0, 4]], &WORMHOLE);
    assert_eq!(named("verify_encoded_vaa_v1")[0].accounts[2].pubkey, guardians);
}

#[tokio::test]
async fn a_hermes_is_asked_for_the_feeds_and_understood() {
    let feeds = six_feeds();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    // As Hermes answers `/v2/updates/price/latest`.
    let data = STANDARD.encode(signed(&feeds).0);
    let body = format!(r#"{{"binary":{{"encoding":"base64","data":["{data}"]}},"parsed":null}}"#);
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = String::new();
        BufReader::new(&stream).read_line(&mut asked).unwrap();
        let length = body.len();
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
            .unwrap();
        asked
    });
    let fresh = Hermes::new(&url).unwrap().fresh(&Pubkey::new_unique(), &feeds).await.unwrap();
    assert_eq!(fresh.prices.iter().map(|price| price.feed_id).collect::<Vec<_>>(), feeds);
    let asked = served.join().unwrap();
    assert!(asked.starts_with("GET /v2/updates/price/latest?encoding=base64"), "{asked}");
    assert!(feeds.iter().all(|feed| asked.contains(&format!("ids[]={}", hex(feed)))), "{asked}");
}

#[test]
fn a_feed_that_is_not_in_the_update_is_named() {
    let error = posting(&signed(&[[1; 32]]).0, &Pubkey::default(), &[[1; 32], [9; 32]]).err().unwrap();
    assert!(error.to_string().contains(&"09".repeat(32)), "{error}");
}

#[test]
fn what_is_no_update_is_refused() {
    assert!(matches!(posting(b"PNAU", &Pubkey::default(), &[]), Err(PriceError::Unexpected(_))));
}
