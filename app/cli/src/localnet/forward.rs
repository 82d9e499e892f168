//! The validator picks free ports; people want known ones.

use anyhow::{Context as _, Result};
use tokio::net::{TcpListener, TcpStream};

/// Listens on a port of this machine (any free one for 0) and hands every connection on to `to`, until the process ends. Returns the
/// port.
pub async fn listen(port: u16, to: String) -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .with_context(|| format!("port {port} is taken: pass another --port"))?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let to = to.clone();
            tokio::spawn(async move {
                let Ok(mut far) = TcpStream::connect(&to).await else { return };
                let _ = near.set_nodelay(true);
                let _ = far.set_nodelay(true);
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    Ok(port)
}
