#![allow(warnings)]
mod catalog;
use sluice_pipeline::*;
#[test]
fn fuzz() {
    let cat = catalog::catalog();
    let mut seeds = vec![];
    for d in std::fs::read_dir("../../tests/cases/check").unwrap() {
        seeds.push(std::fs::read(d.unwrap().path().join("pipeline.yaml")).unwrap());
    }
    let toks: Vec<&[u8]> = vec![
        b"${{",
        b"}}",
        b"'",
        b"\"",
        b"[",
        b"]",
        b"{",
        b"}",
        b": ",
        b"\n",
        b"  ",
        "\u{fc}".as_bytes(),
        b"inputs.",
        b"steps.",
        b"secrets.",
        b"[0]",
        b"\\",
        b"|\n",
        b"null",
        b"~",
        b"*",
        b"**",
        b"@",
        b"/",
        b".",
        b"has(",
        b")",
        b"- ",
        b"success()",
        b"!",
        "\u{1f600}".as_bytes(),
        b"\t",
        b"\r\n",
        b"'a'['b']",
    ];
    let mut r: u64 = 88172645463325252;
    let mut next = || {
        r ^= r << 13;
        r ^= r >> 7;
        r ^= r << 17;
        r as usize
    };
    let start = std::time::Instant::now();
    let mut n = 0;
    let mut ok = 0;
    let mut slow = std::time::Duration::ZERO;
    while start.elapsed().as_secs() < 60 {
        let mut s = seeds[next() % seeds.len()].clone();
        for _ in 0..1 + next() % 4 {
            if s.is_empty() {
                break;
            }
            let at = next() % s.len();
            match next() % 4 {
                0 => {
                    s.remove(at);
                }
                1 => {
                    let l = (next() % 12).min(s.len() - at);
                    s.drain(at..at + l);
                }
                _ => {
                    let t = toks[next() % toks.len()];
                    for (i, b) in t.iter().enumerate() {
                        s.insert(at + i, *b);
                    }
                }
            }
        }
        let Ok(text) = String::from_utf8(s) else {
            continue;
        };
        n += 1;
        let t = std::time::Instant::now();
        let src = diagnostic::Source::new("p", text.clone());
        let res = std::panic::catch_unwind(|| {
            let read = document::Document::read(&src).and_then(|d| {
                pipeline::uses_of(&d);
                pipeline::Pipeline::read(&d, &cat)
            });
            match read {
                Err(p) => {
                    p.render(&src, true);
                    p.to_json(&src);
                    false
                }
                Ok(p) => {
                    let pairs: Vec<_> = p
                        .inputs
                        .iter()
                        .map(|i| (i.name.clone(), "1".to_string()))
                        .collect();
                    if let Ok(i) = inputs::Inputs::from_pairs(&p, &pairs) {
                        if let Ok(sch) = schedule::Schedule::resolve(p, i, Default::default()) {
                            let run = serde_json::json!({});
                            let steps: Vec<schedule::StepView> =
                                sch.steps.iter().map(|_| Default::default()).collect();
                            let v = schedule::RunView {
                                run: &run,
                                cancelled: false,
                                steps: &steps,
                            };
                            for st in &sch.steps {
                                let _ = st.decide(&v);
                                let _ = st.config(&v, &|_| "P".into());
                            }
                            let _ = sch.outputs(&v);
                        }
                    }
                    true
                }
            }
        });
        match res {
            Ok(b) => ok += b as u32,
            Err(_) => panic!("{text}"),
        }
        slow = slow.max(t.elapsed());
    }
    eprintln!("{n} files, {ok} fine, slowest {slow:?}");
}
