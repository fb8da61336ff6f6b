//! The last word of `./test` on the attacks: how many of each class were tried, and of how
//! many all was seen that shows them blocked.

use super::attacks::Class;

/// What is known of one class.
#[derive(Default)]
struct Row {
    attempts: usize,
    blocked: usize,
    alive: usize,
}

/// Prints the table of what the tests wrote down in the file that `SLUICE_TEST_ATTEMPTS`
/// names. In CI each class must have been tried.
#[test]
#[ignore = "is the last word of ./test"]
fn table_of_attempts() {
    let file = std::env::var_os("SLUICE_TEST_ATTEMPTS").expect("`./test` sets it");
    let text = std::fs::read_to_string(file).expect("`./test` makes it");
    println!(
        "\n{:>8} {:>8} {:>8}  attacks",
        "attempts", "blocked", "alive"
    );
    let whole = std::env::var("CI").is_ok_and(|ci| ci == "true");
    let mut failed = Vec::new();
    let mut sum = Row::default();
    for class in Class::ALL {
        let row = row(&text, &class.to_string());
        let Row {
            attempts,
            blocked,
            alive,
        } = row;
        println!("{attempts:>8} {blocked:>8} {alive:>8}  {class}");
        if blocked < attempts || alive < attempts || whole && attempts == 0 {
            failed.push(class.to_string());
        }
        sum.attempts += attempts;
        sum.blocked += blocked;
        sum.alive += alive;
    }
    println!(
        "{:>8} {:>8} {:>8}  in all",
        sum.attempts, sum.blocked, sum.alive
    );
    assert_eq!(failed, Vec::<String>::new(), "not blocked, or not tried");
}

/// The lines of one class, each `class`, `name`, `blocked`, `alive` between tabs.
fn row(text: &str, class: &str) -> Row {
    let mut row = Row::default();
    for line in text.lines() {
        let mut parts = line.split('\t');
        if parts.next() != Some(class) {
            continue;
        }
        row.attempts += 1;
        row.blocked += usize::from(parts.nth(1) == Some("true"));
        row.alive += usize::from(parts.next() == Some("true"));
    }
    row
}
