//! The whole way on a local validator: plan, apply, everything stands, someone changes something, and the plan says what.
//!
//! Cheat codes only set the scene: mints, lamports, and an old program at the address that nobody has a key for. The upgrade, the
//! vaults and the reserves go through signed transactions.

use anchor_lang::{prelude::Pubkey, solana_program::program_pack::Pack};
use anchor_spl::token::spl_token::state::Mint;
use ballast::state::{Reserve, Vault};
use ballast_client::{address, decode, Asset};
use ballast_deploy::{
    apply,
    config::Config,
    loader::Deployer,
    plan,
    plan::Action,
    program::{sha256, Deployed},
    Chain, Finding, Plan,
};
use serde_json::json;
use solana_keypair::Keypair;
use solana_rpc_client_api::request::RpcRequest;
use solana_signer::Signer;
use std::path::{Path, PathBuf};
use surfpool_sdk::{cheatcodes::builders::DeployProgram, BlockProductionMode, SimnetCommand, Surfnet};

/// Mints of the example, with their decimals.
const MINTS: [(&str, u8); 6] = [
    ("3NZ9JMVBmGAqocybic2c7LQCJScmgsAZ6vQqTDzcqmJh", 8),
    ("7vfCXTUXx5WJV5JADk17DUJ4ksgau7utNKj4b963voxs", 8),
    ("So11111111111111111111111111111111111111112", 9),
    ("J1toso1uCk3RLmjorhTtrVwY9HJ7X8V9yYac6Y7kGCPn", 9),
    ("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", 6),
    ("DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263", 5),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The curator's address in the example.
fn curator_of(text: &str) -> String {
    let mut parts = text.split('"').filter(|part| part.starts_with("Curator"));
    parts.next().expect("the example has a curator").to_owned()
}

fn built(name: &str) -> PathBuf {
    folder().join("../target/deploy").join(name).with_extension("so")
}

/// A local validator with the example's mints.
struct Net {
    surfnet: Surfnet,
    chain: Chain,
    curator: Keypair,
}

impl Net {
    async fn start() -> Self {
        let builder = Surfnet::builder()
            .offline(true)
            .block_production_mode(BlockProductionMode::Clock)
            .slot_time_ms(20);
        let surfnet = builder.start().await.expect("the validator starts");
        // runs every instruction once instead of profiling each a second time
        surfnet.send_command(SimnetCommand::StartRunbookExecution("ballast-deploy".into())).unwrap();
        let net = Self { chain: Chain::connect(surfnet.rpc_url()), surfnet, curator: Keypair::new() };
        for (mint, decimals) in MINTS {
            net.mint(mint, decimals);
        }
        net.set(&net.curator.pubkey().to_string(), json!({ "lamports": 100_000_000_000u64 }));
        net
    }

    fn cheat(&self, method: &'static str, params: serde_json::Value) {
        let answer: Result<serde_json::Value, _> = self.chain.rpc.send(RpcRequest::Custom { method }, params);
        answer.unwrap_or_else(|error| panic!("{method}: {error}"));
    }

    fn set(&self, key: &str, account: serde_json::Value) {
        self.cheat("surfnet_setAccount", json!([key, account]));
    }

    fn mint(&self, mint: &str, decimals: u8) {
        let mut data = [0; Mint::LEN];
        Mint { decimals, is_initialized: true, ..Mint::default() }.pack_into_slice(&mut data);
        let owner = anchor_spl::token::ID.to_string();
        self.set(mint, json!({ "lamports": 10_000_000, "owner": owner, "data": hex(&data) }));
    }

    /// Puts a built program at the address that nobody has a key for.
    fn put_program(&self, name: &str, authority: &Pubkey) {
        self.surfnet.cheatcodes().deploy(DeployProgram::new(ballast::ID).so_path(built(name))).unwrap();
        self.cheat("surfnet_setProgramAuthority", json!([ballast::ID.to_string(), authority.to_string()]));
    }

    /// Changes an account of the program as no instruction would.
    fn tamper(&self, key: &Pubkey, change: impl FnOnce(&mut [u8])) {
        let mut account = self.chain.account(key).unwrap().unwrap();
        change(&mut account.data[8..]);
        self.set(&key.to_string(), json!({ "data": hex(&account.data) }));
    }

    /// The example, for this curator and with changes.
    fn config(&self, change: impl FnOnce(String) -> String) -> Config {
        let file = folder().join("example.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let placeholder = curator_of(&text);
        let text = change(text.replace(&placeholder, &self.curator.pubkey().to_string()));
        Config::parse(&text, &file).unwrap()
    }

    /// The example for this curator, as a file of its own.
    fn write(&self, config: &Config) -> PathBuf {
        let so = config.path(&config.program.so).canonicalize().unwrap();
        let text = std::fs::read_to_string(folder().join("example.toml")).unwrap();
        let placeholder = curator_of(&text);
        let text = text.replace(&placeholder, &self.curator.pubkey().to_string());
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.toml", self.curator.pubkey()));
        std::fs::write(&file, text.replace("../target/deploy/ballast.so", so.to_str().unwrap())).unwrap();
        file
    }

    /// What the command prints; it has to succeed.
    fn command(&self, command: &str, file: &Path) -> String {
        let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_ballast-deploy"));
        run.args([command, "--config", file.to_str().unwrap(), "--url", &self.chain.rpc.url()]);
        let output = run.output().unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{command}: {text}");
        text
    }

    fn plan(&self, config: &Config) -> Plan {
        plan(config, &self.chain, &self.curator.pubkey()).unwrap()
    }

    fn apply(&self, config: &Config, shown: &Plan) -> Plan {
        apply(config, &self.chain, &self.curator, shown, &|_| ()).unwrap()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Differences of the only thing that differs: its name, and fields.
fn differing(plan: &Plan) -> (String, Vec<String>) {
    let items: Vec<_> = plan.items.iter().filter(|item| item.finding != Finding::Stands).collect();
    let [item] = items[..] else { panic!("not one thing differs:\n{plan}") };
    let Finding::Differs(differences) = &item.finding else { panic!("it does not differ:\n{plan}") };
    (item.name.clone(), differences.iter().map(|d| format!("{} {} {}", d.field, d.found, d.wanted)).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_file_becomes_vaults_and_stands_until_someone_changes_something() {
    let net = Net::start().await;
    let config = net.config(|text| text);
    let curator = net.curator.pubkey();
    net.put_program("ballast", &curator);

    let shown = net.plan(&config);
    let names: Vec<_> = shown.to_do().map(|(item, _)| item.name.clone()).collect();
    assert_eq!(names.len(), 2 + 7 + 2, "two vaults, seven reserves, two openings:\n{shown}");
    assert!(shown.warnings.iter().any(|warning| warning.contains("ONE KEY")), "{shown}");
    let text = shown.to_string();
    for words in
        ["sha256", "security.txt name: Ballast", "SOL of rent", &format!("signed by curator {curator}")]
    {
        assert!(text.contains(words), "{words}:\n{text}");
    }

    // nobody else can do it
    let stranger = Keypair::new();
    let refused = apply(&config, &net.chain, &stranger, &shown, &|_| ()).unwrap_err().to_string();
    assert!(refused.contains("must be signed by"), "{refused}");

    let before = net.chain.rpc.get_balance(&curator).unwrap();
    let after = net.apply(&config, &shown);
    assert!(after.all_stands(), "{after}");
    assert!(net.plan(&config).to_string().contains("nothing to do"));
    let spent = before - net.chain.rpc.get_balance(&curator).unwrap();
    let said = shown.rent() + shown.fees();
    assert!(spent <= said && spent * 100 >= said * 99, "it said {said} lamports, and it took {spent}");

    // the command says so too, with its exit code
    let file = net.write(&config);
    assert!(net.command("verify", &file).contains("Verified: the program is the build with this sha256"));
    assert!(net.command("plan", &file).contains("nothing to do"));

    // it repeats nothing
    let again = net.apply(&config, &after);
    assert!(again.all_stands());

    // a vault's guardian and a reserve's cap are not what the file says
    let vault = address::vault(&curator, 1);
    let guardian = std::mem::offset_of!(Vault, guardian);
    net.tamper(&vault, |data| data[guardian] ^= 1);
    let (name, fields) = differing(&net.plan(&config));
    assert!(
        name == "vault \"main\"" && fields.len() == 1 && fields[0].starts_with("guardian "),
        "{name} {fields:?}"
    );
    net.tamper(&vault, |data| data[guardian] ^= 1);
    let mint: Pubkey = MINTS[0].0.parse().unwrap();
    let reserve = Asset { vault, mint, token_program: anchor_spl::token::ID }.reserve();
    net.tamper(&reserve, |data| {
        let at = std::mem::offset_of!(Reserve, caps);
        data[at..at + 8].copy_from_slice(&41_000_000_000u64.to_le_bytes());
    });
    let found = net.plan(&config);
    assert_eq!(
        differing(&found),
        ("vault \"main\", reserve \"BTC\"".into(), vec!["caps.deposits 41000000000 40000000000".into()])
    );
    assert!(found.to_string().contains("Only a proposed change can move what stands"));
    assert_eq!(found.to_do().count(), 0, "and this tool does not move it");

    // the file changes instead: less of one, a stranger's reserve, and an asset that is missing
    let changed = net.config(|text| {
        text.replace("deposits = 400,", "deposits = 410,").replacen("name = \"USDC\"", "name = \"dollar\"", 1)
    });
    assert!(net.plan(&changed).all_stands(), "names are for people");
    let mainnet = net.config(|text| text.replace("cluster = \"local\"", "cluster = \"mainnet-beta\""));
    assert!(plan(&mainnet, &net.chain, &curator)
        .unwrap_err()
        .to_string()
        .contains("but the file is for MainnetBeta"));
    let state: Vault = decode(&net.chain.account(&vault).unwrap().unwrap().data).unwrap();
    assert_eq!(state.reserve_count, 5);
    assert!(state.opened_at > 0, "it takes deposits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_program_is_deployed_replaced_by_a_larger_one_and_handed_over_for_good() {
    let net = Net::start().await;
    let (program, payer, multisig) = (Keypair::new(), &net.curator, Pubkey::new_unique());
    let [first, larger] = ["wide_math", "score_cost"].map(|name| std::fs::read(built(name)).unwrap());
    let deployer = Deployer { chain: &net.chain, payer, say: &|_| () };
    let read = || Deployed::read(&net.chain, &program.pubkey()).unwrap().unwrap();
    deployer.deploy(&program, &first).unwrap();
    assert_eq!((read().authority, read().bytes), (Some(payer.pubkey()), first.clone()));

    deployer.upgrade(&program.pubkey(), &larger, first.len()).unwrap();
    assert_eq!(read().sha256(larger.len()), sha256(&larger));

    deployer.hand_over(&program.pubkey(), Some(multisig)).unwrap();
    assert_eq!(read().authority, Some(multisig));
    assert!(deployer.hand_over(&program.pubkey(), None).is_err(), "it is not ours any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_a_plan_cannot_bring_about_is_blocked_with_what_to_do() {
    let net = Net::start().await;
    // no program, and no keypair to deploy it with
    let config = net.config(|text| text);
    let blocked = net.plan(&config).to_string();
    assert!(
        blocked.contains("BLOCKED  program") && blocked.contains("program.keypair is not set"),
        "{blocked}"
    );

    // another program, which this curator may replace, and then only someone else
    let room = std::fs::metadata(built("wide_math")).unwrap().len() as usize;
    net.put_program("wide_math", &net.curator.pubkey());
    assert_eq!(net.plan(&config).items[0].finding, Finding::Planned(Action::Upgrade(room)));
    let other = Pubkey::new_unique();
    net.put_program("wide_math", &other);
    let blocked = net.plan(&config).to_string();
    assert!(
        blocked.contains(&format!("only {other} may upgrade it")) && blocked.contains("write-buffer"),
        "{blocked}"
    );
    assert!(blocked.contains("DIFFERS  upgrade authority"), "{blocked}");
    let refused =
        apply(&config, &net.chain, &net.curator, &net.plan(&config), &|_| ()).unwrap_err().to_string();
    assert!(refused.contains("nothing was done: the program is not what"), "{refused}");

    // the build, to be handed to a multisig that is not there
    net.put_program("ballast", &net.curator.pubkey());
    let key = format!("{{ key = \"{}\" }}", net.curator.pubkey());
    let squads = format!("{{ squads = {{ multisig = \"{}\" }} }}", Pubkey::new_unique());
    let lost = net.plan(&net.config(|text| text.replace(&key, &squads)));
    assert!(
        matches!(&lost.items[1].finding, Finding::Blocked(why) if why.contains("would be lost")),
        "{lost}"
    );
    assert!(lost.warnings[0].contains("NO MULTISIG IS AT"), "{lost}");

    // a mint that is not there, is of another program, or has fewer decimals than an amount needs
    let failed =
        |config: &Config| format!("{:#}", plan(config, &net.chain, &net.curator.pubkey()).unwrap_err());
    let gone = net.config(|text| text.replace(MINTS[0].0, &Pubkey::new_unique().to_string()));
    assert!(failed(&gone).contains("reserve \"BTC\": mint: there is no mint"), "{}", failed(&gone));
    let of_another = net
        .config(|text| text.replacen("kind = \"btc\"", "kind = \"btc\"\ntoken_program = \"token-2022\"", 1));
    assert!(failed(&of_another).contains("token_program: the mint"), "{}", failed(&of_another));
    net.mint(MINTS[0].0, 0);
    assert!(failed(&config).contains("flows.outflow_floor") && failed(&config).contains("would be rounded"));
}
