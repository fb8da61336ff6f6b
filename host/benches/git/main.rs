//! What `mirror` and `svu-tag` cost beside git itself, and beside a clone with svu: whole
//! processes against the same lighttpd with `git http-backend`, in turn, medians as Markdown.
//!
//! Wants git, lighttpd and GNU time; svu, if there is one in `SVU`.

#[path = "../../../tests/it/git/lighttpd.rs"]
mod lighttpd;
mod meter;
mod mirrored;
mod repository;
mod tagged;

fn main() {
    let large = std::env::args().any(|arg| arg == "large");
    mirrored::table(&repository::Size::USUAL);
    println!();
    tagged::table(&repository::Size::USUAL);
    if large {
        println!();
        mirrored::once(&repository::Size::LARGE);
    }
}
