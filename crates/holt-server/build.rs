//! Makes sure that there is a page to put into the program: the built one, or a line that says how to build it.

use std::path::Path;
use std::{fs, io};

const NOT_BUILT: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Holt</title>
<h1>The page was not built</h1>
<p>This program was compiled without its web page. Run <code>make web</code> and compile it again.
Everything else works: see <a href=/docs>the interface</a>, or use <code>holt</code> on the command line.
</html>
";

fn main() -> io::Result<()> {
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/build");
    println!("cargo:rerun-if-changed={}", build.display());
    let index = build.join("index.html");
    if !index.exists() {
        fs::create_dir_all(&build)?;
        fs::write(index, NOT_BUILT)?;
    }
    Ok(())
}
