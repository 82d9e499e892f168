//! A door between keeper and validator that stays where it is, so that the validator behind it can be cut off or replaced.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// A TCP proxy on a port of its own.
pub struct Proxy {
    pub port: u16,
    /// Where connections go; `None` refuses them.
    target: Arc<Mutex<Option<u16>>>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = Arc::new(Mutex::new(Some(port)));
        let open = Arc::new(Mutex::new(vec![]));
        let proxy =
            Self { port: listener.local_addr().unwrap().port(), target: target.clone(), open: open.clone() };
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
                    std::thread::spawn(move || copy(from, to));
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

    /// Leads to this port from now on.
    pub fn lead_to(&self, port: u16) {
        *self.target.lock().unwrap() = Some(port);
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 16_384];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
