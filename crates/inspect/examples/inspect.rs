//! Inspects the files that are given, and prints what they still hide.

fn main() {
    for name in std::env::args_os().skip(1) {
        match faceveil_inspect::inspect_file(name.as_ref()) {
            Ok(seen) => {
                println!(
                    "{}: {} {}x{}, {} frames{}",
                    name.display(),
                    seen.format,
                    seen.width,
                    seen.height,
                    seen.frames,
                    seen.damage
                        .map_or(String::new(), |why| format!(", damaged: {why}"))
                );
                for finding in seen.findings {
                    let bytes = finding
                        .bytes
                        .map_or(String::new(), |n| format!(", {n} bytes"));
                    let (kind, place) = (finding.kind, finding.place);
                    println!("  {kind}  {place}{bytes}  {:?}", finding.detail);
                }
            }
            Err(why) => println!("{}: {why}", name.display()),
        }
    }
}
