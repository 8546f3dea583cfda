//! Generates Rust of the proto files by Debian's `protobuf-codegen-pure`. INTEROP_PROTO names their
//! directory. One output directory per package, since files of two packages share a name.

use protobuf_codegen_pure::{Codegen, Customize};
use std::{env, fs, path::Path};

fn main() {
    let proto = env::var("INTEROP_PROTO").expect("INTEROP_PROTO is not set");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    println!("cargo:rerun-if-env-changed=INTEROP_PROTO");
    println!("cargo:rerun-if-changed={proto}");
    for (package, files) in [
        ("grpc/health/v1", &["health.proto"][..]),
        ("google/rpc", &["error_details.proto"]),
        (
            "integration/v1",
            &["tenants.proto", "api_keys.proto", "events.proto"],
        ),
    ] {
        let folder = Path::new(&out).join(package);
        fs::create_dir_all(&folder).expect("cannot make a directory");
        Codegen::new()
            .customize(Customize {
                gen_mod_rs: Some(true),
                ..Default::default()
            })
            .include(&proto)
            .inputs(
                files
                    .iter()
                    .map(|file| Path::new(&proto).join(package).join(file)),
            )
            .out_dir(&folder)
            .run()
            .expect("cannot generate code");
    }
}
