//! A door between keeper and validator that stays where it is, so that the validator behind it can be cut off or replaced, and what it
//! says held back.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{mpsc, Arc, Mutex},
    time::{Duration, Instant},
};

/// A TCP proxy on a port of its own.
pub struct Proxy {
    pub port: u16,
    /// Where connections go; `None` refuses them.
    target: Arc<Mutex<Option<u16>>>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    /// How much later than it was said everything arrives.
    late: Arc<Mutex<Duration>>,
}

impl Proxy {
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = Arc::new(Mutex::new(Some(port)));
        let open = Arc::new(Mutex::new(vec![]));
        let late = Arc::new(Mutex::new(Duration::ZERO));
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            target: target.clone(),
            open: open.clone(),
            late: late.clone(),
        };
        std::thread::spawn(move || {
            for inside in listener.incoming().flatten() {
                let port = *target.lock().unwrap();
                let Some(outside) = port.and_then(|port| TcpStream::connect(("127.0.0.1", port)).ok()) else {
                    let _ = inside.shutdown(Shutdown::Both);
                    continue;
                };
                for (from, to) in [(&inside, &outside), (&outside, &inside)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    open.lock().unwrap().push(from.try_clone().unwrap());
                    let late = late.clone();
                    std::thread::spawn(move || copy(from, to, &late));
                }
            }
        });
        proxy
    }

    /// Cuts every connection and refuses new ones.
    pub fn cut(&self) {
        *self.target.lock().unwrap() = None;
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Whatever is said arrives so much later from now on.
    pub fn lag(&self, late: Duration) {
        *self.late.lock().unwrap() = late;
    }

    /// Leads to this port from now on.
    pub fn lead_to(&self, port: u16) {
        *self.target.lock().unwrap() = Some(port);
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, late: &Mutex<Duration>) {
    let (say, said) = mpsc::channel::<(Instant, Vec<u8>)>();
    let out = to.try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for (at, bytes) in said {
                std::thread::sleep(at.saturating_duration_since(Instant::now()));
                if to.write_all(&bytes).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Both);
        });
        let mut buffer = [0; 16_384];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if say.send((Instant::now() + *late.lock().unwrap(), buffer[..count].to_vec())).is_err() {
                break;
            }
        }
        drop(say);
    });
    let _ = from.shutdown(Shutdown::Both);
    let _ = out.shutdown(Shutdown::Both);
}
