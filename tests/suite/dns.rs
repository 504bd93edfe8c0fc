//! The read-back over real UDP: the rehearsal's name server behind a path that loses packets, and liars beside it.

use std::net::SocketAddr;
use std::time::Duration;

use switchback::clock::Clock;
use switchback::dns::Resolver;
use switchback::domain::observation::{MarkerAnswers, Serving};
use switchback::domain::region::Role;
use switchback::rehearsal::name_server;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use crate::support::home::Home;
use crate::support::in_process::Rehearsed;

/// What a relay makes of the true server's reply to its `n`th question: the datagrams that it sends.
type Twist = fn(usize, &[u8]) -> Vec<Vec<u8>>;

/// Every second question is lost.
fn loses(n: usize, reply: &[u8]) -> Vec<Vec<u8>> {
    if n.is_multiple_of(2) {
        Vec::new()
    } else {
        vec![reply.to_vec()]
    }
}

/// The other region's name in place of the true one; both have nine letters.
fn turned(reply: &[u8]) -> Vec<u8> {
    let mut lie = reply.to_vec();
    let (from, to) = (b"us-east-1", b"us-west-2");
    let at = lie.windows(from.len()).position(|w| w == from);
    if let Some(at) = at {
        lie[at..at + to.len()].copy_from_slice(to);
    }
    lie
}

/// A forger off the path guesses the question's number wrong and is faster than the truth.
fn forges(_: usize, reply: &[u8]) -> Vec<Vec<u8>> {
    let mut forged = turned(reply);
    forged[0] ^= 0xff;
    vec![b"noise".to_vec(), forged, reply.to_vec()]
}

/// A resolver with an old answer, which speaks without authority.
fn remembers(_: usize, reply: &[u8]) -> Vec<Vec<u8>> {
    let mut old = turned(reply);
    old[2] &= !0x04;
    vec![old]
}

/// A name server of the zone that has another answer (or a liar that can't be told from one).
fn differs(_: usize, reply: &[u8]) -> Vec<Vec<u8>> {
    vec![turned(reply)]
}

/// Nothing but garbage.
fn babbles(_: usize, reply: &[u8]) -> Vec<Vec<u8>> {
    let cut = reply.len() / 2;
    vec![reply[..cut].to_vec(), vec![0xff; 12], Vec::new()]
}

/// A server that asks the true one and twists what it says.
async fn relay(tasks: &mut JoinSet<()>, upstream: SocketAddr, twist: Twist) -> SocketAddr {
    let here = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = here.local_addr().unwrap();
    let there = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    there.connect(upstream).await.unwrap();
    tasks.spawn(async move {
        let mut question = [0; 512];
        let mut reply = [0; 4096];
        for n in 0.. {
            let Ok((length, from)) = here.recv_from(&mut question).await else {
                return;
            };
            there.send(&question[..length]).await.unwrap();
            let got = there.recv(&mut reply).await.unwrap();
            for datagram in twist(n, &reply[..got]) {
                here.send_to(&datagram, from).await.unwrap();
            }
        }
    });
    address
}

/// Asks a steady world's name server behind these relays for the marker.
fn answers(twists: &[Twist]) -> Result<MarkerAnswers, String> {
    let home = Home::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let stage = Rehearsed::start("steady", &home.path("state")).await;
        let listen = "127.0.0.1:0".parse().unwrap();
        let (upstream, serving) = name_server::serve(stage.world.clone(), listen)
            .await
            .unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { serving.await.unwrap() });
        let mut servers = Vec::new();
        for twist in twists {
            servers.push(relay(&mut tasks, upstream, *twist).await);
        }
        let dns = Resolver::system(Clock::wall(), servers, Vec::new());
        let domain = stage.model().env.given.get("domainName").unwrap();
        let marker = format!("active-region.{domain}");
        let asked = tokio::time::timeout(Duration::from_secs(8), dns.marker(&marker));
        asked
            .await
            .expect("no read takes longer than its limit")
            .map_err(|e| e.to_string())
    })
}

fn serving(answers: &MarkerAnswers) -> Serving {
    answers.serving(|region| match region {
        "us-east-1" => Some(Role::Primary),
        "us-west-2" => Some(Role::Standby),
        _ => None,
    })
}

#[test]
fn lost_packets_are_asked_for_again() {
    let seen = answers(&[loses, loses]).unwrap();
    assert_eq!(serving(&seen), Serving::Primary, "{seen:?}");
    assert_eq!(seen.agreement("us-east-1"), (2, 2));
    assert!(!seen.via_resolver);
}

#[test]
fn a_forged_reply_is_not_taken_for_an_answer() {
    let seen = answers(&[forges, forges]).unwrap();
    assert_eq!(seen.agreement("us-east-1"), (2, 2), "{seen:?}");
}

#[test]
fn an_answer_without_authority_does_not_count_beside_one_with() {
    let seen = answers(&[loses, remembers]).unwrap();
    assert_eq!(serving(&seen), Serving::Primary, "{seen:?}");
    let doubted = seen.servers.iter().find(|s| s.answer.is_err()).unwrap();
    assert_eq!(doubted.answer, Err("answered without authority".to_owned()));
}

#[test]
fn servers_that_disagree_are_a_split_and_never_one_of_both() {
    let seen = answers(&[loses, differs, forges]).unwrap();
    assert_eq!(serving(&seen), Serving::Split, "{seen:?}");
    assert_eq!(seen.agreement("us-west-2"), (1, 3));
}

#[test]
fn garbage_is_no_answer() {
    let why = answers(&[babbles]).unwrap_err();
    assert!(why.contains("no name server answers"), "{why}");
    let seen = answers(&[babbles, loses]).unwrap();
    assert_eq!(seen.agreement("us-east-1"), (1, 2), "{seen:?}");
}
